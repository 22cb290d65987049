import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'

/** The build that is tested; KEYFRAME_E2E_ROOT names another checkout than this one. */
const APP_ROOT = resolve(process.env['KEYFRAME_E2E_ROOT'] ?? join(import.meta.dirname, '..'))
const NODE = join(APP_ROOT, 'node_modules', 'node', 'bin', 'node')
const CLI = join(APP_ROOT, 'out', 'main', 'cli.js')
const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A kernel that serves the window, in a process of its own. */
export interface Served {
  /** Works once. */
  readonly address: string
  readonly origin: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
  /** SIGKILL: no handler of the kernel runs. */
  kill(): Promise<void>
}

/** A private copy of the sample workspace with a data folder of its own, both under a temporary folder. */
export interface Workspace {
  readonly repo: string
  cli(...args: string[]): Promise<CliResult>
  /** Runs a command with `--json` and answers what it printed. */
  json<T>(...args: string[]): Promise<T>
  serve(port?: number): Promise<Served>
  /** Content by path of every file of the repository, `.git` included. */
  snapshot(): ReadonlyMap<string, string>
  dispose(): Promise<void>
}

export async function createWorkspace(): Promise<Workspace> {
  const folder = mkdtempSync(join(tmpdir(), 'keyframe-e2e-'))
  const repo = join(folder, 'workspace')
  const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: folder, LANG: 'C.UTF-8', KEYFRAME_HOME: join(folder, 'home') }
  const serving = new Set<Served>()

  const workspace: Workspace = {
    repo,
    cli: (...args) =>
      new Promise((done) => {
        execFile(
          NODE,
          ['--disable-warning=ExperimentalWarning', CLI, ...args],
          { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 },
          (error, stdout, stderr) => {
            done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr })
          },
        )
      }),
    async json<T>(...args: string[]) {
      const { code, stdout, stderr } = await workspace.cli(...args, '--json')
      if (code !== 0) throw new Error(`keyframe ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`)
      return JSON.parse(stdout) as T
    },
    async serve(port = 0) {
      const child = spawn(NODE, ['--disable-warning=ExperimentalWarning', CLI, 'serve', repo, '--port', String(port), '--json'], {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const ended = new Promise<void>((done) => child.once('close', () => done()))
      const { address, port: bound } = await firstJson(child)
      const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
        serving.delete(served)
        child.kill(signal)
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
        await ended
        clearTimeout(timer)
      }
      const served: Served = {
        address,
        origin: new URL(address).origin,
        port: bound,
        pid: child.pid ?? 0,
        stop: () => end('SIGTERM'),
        kill: () => end('SIGKILL'),
      }
      serving.add(served)
      return served
    },
    snapshot: () => new Map(filesBelow(repo).map((path) => [relative(repo, path), readFileSync(path, 'latin1')])),
    async dispose() {
      for (const served of serving) await served.stop()
      for (const path of foldersBelow(folder)) chmodSync(path, 0o700)
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
  const { code, stderr } = await workspace.cli('sample', repo)
  if (code !== 0) throw new Error(`keyframe sample ended with ${code}:\n${stderr}\nIs ${APP_ROOT} built?`)
  return workspace
}

/** What `serve --json` prints once it answers. */
function firstJson(child: ChildProcess): Promise<{ address: string; port: number }> {
  return new Promise((done, fail) => {
    let stdout = ''
    let stderr = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(new Error(`keyframe serve printed no address in time:\n${stdout}\n${stderr}`))
    }, START_TIMEOUT_MS)
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (!stdout.trimEnd().endsWith('}')) return
      clearTimeout(timer)
      done(JSON.parse(stdout) as { address: string; port: number })
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      fail(new Error(`keyframe serve ended with ${code}:\n${stderr}`))
    })
  })
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

/** Parents first, so that each can be made readable before it is read: an overlay's work folder has mode 000. */
function* foldersBelow(folder: string): Generator<string> {
  yield folder
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (lstatSync(path).isDirectory()) yield* foldersBelow(path)
  }
}
