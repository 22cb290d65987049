import { spawn } from 'node:child_process'
import { KeyframeError } from '../../../shared/failure'
import { bytesOfPath } from '../workspace/path-bytes'

/**
 * Which of these directories of an upper hide everything below them (`user.overlay.opaque`). Paths relative to `upperDir`.
 *
 * Node cannot read extended attributes and `getfattr` is often not installed, but GNU tar can: it writes them into the pax headers
 * of an archive of the bare directories (no recursion, so nothing is read). One child process for all candidates, about 5 ms.
 * The order of the archive is that of the list, so names need not be compared. Throws `checkpoint.no-xattr`.
 */
export async function readOpaqueWithTar(upperDir: string, candidates: readonly string[]): Promise<Set<string>> {
  if (candidates.length === 0) return new Set()
  const args = [
    '--format=posix',
    '--xattrs',
    '--xattrs-include=user.overlay.opaque',
    '--no-recursion',
    '--null',
    '--verbatim-files-from',
    '-T',
    '-',
    '-cf',
    '-',
  ]
  const archive = await runTar(upperDir, args, Buffer.concat(candidates.flatMap((path) => [bytesOfPath(`./${path}`), Buffer.from([0])])))
  const flags = parseOpaqueFlags(archive)
  if (flags.length !== candidates.length) throw noXattr(`tar listed ${flags.length} of ${candidates.length} directories`)
  return new Set(candidates.filter((_, i) => flags[i] === true))
}

function runTar(cwd: string, args: readonly string[], input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('tar', args, {
      cwd,
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const out: Buffer[] = []
    let complaint = ''
    child.on('error', (error) => reject(noXattr(error.message)))
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString('utf8')))
    child.stdin.on('error', (error) => reject(noXattr(error.message)))
    child.on('close', (code) => (code === 0 ? resolve(Buffer.concat(out)) : reject(noXattr(complaint.trim() || `tar ended with ${code}`))))
    child.stdin.end(input)
  })
}

/** One flag for each directory of a pax archive, in order. */
function parseOpaqueFlags(archive: Buffer): boolean[] {
  const flags: boolean[] = []
  let opaque = false
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0;) {
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0
    const type = String.fromCharCode(archive[at + 156] ?? 0)
    if (type === 'x') {
      opaque = archive.toString('latin1', at + 512, at + 512 + size).includes(' SCHILY.xattr.user.overlay.opaque=y\n')
    } else if (type !== 'g') {
      flags.push(opaque)
      opaque = false
    }
    at += 512 + Math.ceil(size / 512) * 512
  }
  return flags
}

function noXattr(detail: string): KeyframeError {
  return new KeyframeError({
    code: 'checkpoint.no-xattr',
    message: `Deleted directories cannot be told from unchanged ones: reading overlay marks failed (${detail}).`,
    action: 'Install GNU tar (package tar).',
  })
}
