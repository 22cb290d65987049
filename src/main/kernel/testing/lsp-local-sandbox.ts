import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandResult, Sandbox, SandboxCommand, SandboxProcess, ToolBind } from '../tools/sandboxes/sandbox'

export const APP_ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..')
export const GUEST_NODE = '/opt/keyframe/bin/node'

export interface LocalSandbox extends Sandbox {
  /** The folder that is /workspace inside: written directly, there is no overlay. */
  readonly dir: string
  /** Host pids of the direct children alive, for tests that kill them. */
  readonly pids: () => number[]
  write(path: string, text: string): void
  remove(path: string): void
}

/**
 * A plain folder in bubblewrap: the guest's paths and clean environment without layers, limits or terminals. For tests of what runs
 * in a sandbox, not of sandboxes.
 */
export function openLocalSandbox(files: Readonly<Record<string, string>>, binds: readonly ToolBind[] = []): LocalSandbox {
  const root = mkdtempSync(join(tmpdir(), 'keyframe-local-'))
  const dir = join(root, 'workspace')
  const exchangeDir = join(root, 'exchange')
  mkdirSync(dir)
  mkdirSync(exchangeDir)
  const children = new Set<ChildProcessWithoutNullStreams>()
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  for (const [path, text] of Object.entries(files)) write(path, text)

  const start = (command: SandboxCommand): ChildProcessWithoutNullStreams => {
    const node = realpathSync(join(APP_ROOT, 'node_modules/.bin/node'))
    const env = { PATH: `${dirname(GUEST_NODE)}:/usr/bin:/bin`, HOME: '/home/agent', ...command.env }
    const child = spawn('bwrap', [
      ...'--unshare-all --die-with-parent --clearenv --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib'.split(' '),
      ...'--symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp --dir /home/agent'.split(' '),
      ...['--bind', dir, '/workspace', '--ro-bind', node, GUEST_NODE],
      ...binds.flatMap((bind) => ['--ro-bind', bind.hostPath, bind.guestPath]),
      ...Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]),
      ...['--chdir', join('/workspace', command.cwd ?? '.'), '--', ...command.argv],
    ])
    children.add(child)
    child.once('close', () => children.delete(child))
    // A pipe that breaks because the child ended; `exited` tells.
    child.stdin.on('error', () => undefined)
    return child
  }

  return {
    level: 'copy',
    dir,
    upperDir: dir,
    exchangeDir,
    pids: () => [...children].flatMap((child) => child.pid ?? []),
    write,
    remove: (path) => rmSync(join(dir, path), { recursive: true }),
    run: (command, options) =>
      new Promise<CommandResult>((done, fail) => {
        const startedAt = performance.now()
        const child = start(command)
        const outputs = { stdout: '', stderr: '' }
        let timedOut = false
        const timer = setTimeout(() => {
          timedOut = true
          child.kill('SIGKILL')
        }, options.timeoutMs)
        const onAbort = (): void => void child.kill('SIGKILL')
        options.signal?.addEventListener('abort', onAbort, { once: true })
        for (const stream of ['stdout', 'stderr'] as const) {
          child[stream].setEncoding('utf8').on('data', (chunk: string) => {
            outputs[stream] += chunk
            options.onOutput?.(stream, chunk)
          })
        }
        child.once('error', fail)
        child.once('close', (code) => {
          clearTimeout(timer)
          options.signal?.removeEventListener('abort', onAbort)
          const exitCode = code ?? 137
          done({ exitCode, ...outputs, truncated: false, durationMs: performance.now() - startedAt, timedOut, limit: null })
        })
        child.stdin.end(options.stdin ?? '')
      }),
    spawn: (command) => {
      const child = start(command)
      const process: SandboxProcess = {
        pid: child.pid ?? -1,
        write: (data) => void child.stdin.write(data),
        end: () => void child.stdin.end(),
        onStdout: (listener) => void child.stdout.on('data', listener),
        onStderr: (listener) => void child.stderr.on('data', listener),
        exited: new Promise((done) => child.once('close', (code) => done(code ?? 137))),
        kill: () => void child.kill('SIGKILL'),
      }
      return Promise.resolve(process)
    },
    pty: () => Promise.reject(new Error('The local sandbox of the tests has no terminals.')),
    frozen: (during) => during(),
    processes: () => Promise.resolve([]),
    dispose: async () => {
      const ends = [...children].map((child) => new Promise((done) => child.once('close', done)))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(ends)
      rmSync(root, { recursive: true, force: true })
    },
  }
}
