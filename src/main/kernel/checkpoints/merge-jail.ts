import { spawn } from 'node:child_process'
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'

const Report = z.union([
  z.object({ states: z.array(z.enum(['done', 'conflict'])) }),
  z.object({ failed: z.object({ code: z.string(), message: z.string() }) }),
])
export type GuestReport = z.infer<typeof Report>

/**
 * Runs the merge guest in bubblewrap: no network, no processes but its own, and of the machine's files only the system's programs,
 * the pinned Node, the repository and the prepared merge. As root it keeps the three capabilities that writing another user's files needs.
 * Throws `merge.no-jail` when bubblewrap is missing or refused, `merge.failed` when the guest ends badly.
 */
export async function runMergeGuest(root: string, journalDir: string, nodePath: string): Promise<GuestReport> {
  const node = realpathSync(nodePath)
  const args = [...jailArgs(), '--ro-bind', dirname(node), '/keyframe/node', '--bind', root, '/target', '--ro-bind', journalDir, '/merge']
  args.push('--chdir', '/', '--', `/keyframe/node/${basename(node)}`, '/merge/apply.mjs')
  const { code, out, complaint } = await run('bwrap', args)
  if (code !== 0) {
    const jail = complaint.includes('bwrap:')
    throw new KeyframeError({
      code: jail ? 'merge.no-jail' : 'merge.failed',
      message: jail ? `The merge cannot be isolated: ${complaint}` : `The merge ended with ${code}: ${complaint}`,
      action: jail ? 'Run `keyframe doctor` to see what bubblewrap needs here.' : 'Merge again: it goes on where it stopped.',
      retryable: true,
    })
  }
  return Report.parse(JSON.parse(out))
}

function jailArgs(): string[] {
  const args = [
    '--die-with-parent',
    '--new-session',
    '--unshare-ipc',
    '--unshare-pid',
    '--unshare-net',
    '--unshare-uts',
    '--unshare-cgroup-try',
  ]
  if (process.getuid?.() === 0) for (const cap of ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER']) args.push('--cap-add', cap)
  else args.push('--unshare-user')
  args.push('--clearenv', '--setenv', 'PATH', '/usr/bin:/bin', '--setenv', 'ELECTRON_RUN_AS_NODE', '1', '--ro-bind', '/usr', '/usr')
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32']) {
    const path = `/${name}`
    if (!existsSync(path)) continue
    if (lstatSync(path).isSymbolicLink()) args.push('--symlink', readlinkSync(path), path)
    else args.push('--ro-bind', path, path)
  }
  for (const path of ['/nix/store', '/gnu/store', '/etc/ld.so.cache']) if (existsSync(path)) args.push('--ro-bind', path, path)
  args.push('--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp')
  return args
}

function run(program: string, args: readonly string[]): Promise<{ code: number; out: string; complaint: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: { PATH: process.env['PATH'] ?? join('/usr', 'bin') }, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let complaint = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
    child.on('error', (cause) =>
      reject(
        new KeyframeError(
          {
            code: 'merge.no-jail',
            message: 'bubblewrap (bwrap) is not installed: Keyframe does not write to your repository without it.',
            action: 'Install it (`sudo apt install bubblewrap`, or your distribution’s package) and merge again.',
            retryable: true,
          },
          { cause },
        ),
      ),
    )
    child.on('close', (code, signal) => resolve({ code: code ?? 128, out, complaint: complaint.trim() || (signal ?? '') }))
  })
}
