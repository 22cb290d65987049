import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import * as pty from 'node-pty'
import {
  type CommandResult,
  MOUNTED_GUEST,
  type Sandbox,
  type SandboxCommand,
  type SandboxProcess,
  type SandboxPty,
} from '../tools/sandboxes/sandbox'

/** Runs commands directly in a temporary folder: for tests of drivers that do not depend on isolation. */
export interface LocalSandbox extends Sandbox {
  readonly workspaceDir: string
  /** What runs now, to be ended by tests. */
  children(): { kill(): void }[]
}

export async function openLocalSandbox(): Promise<LocalSandbox> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'keyframe-local-')))
  const workspaceDir = join(root, 'workspace')
  const exchangeDir = join(root, 'exchange')
  const home = join(root, 'home')
  for (const dir of [workspaceDir, exchangeDir, home]) await mkdir(dir)
  const children = new Set<{ kill(): void; readonly exited: Promise<number> }>()
  const environment = (command: SandboxCommand): Record<string, string> => ({ PATH: '/usr/bin:/bin', HOME: home, ...command.env })
  const track = <Child extends { kill(): void; readonly exited: Promise<number> }>(child: Child): Child => {
    children.add(child)
    void child.exited.then(() => children.delete(child))
    return child
  }

  function start(command: SandboxCommand): { child: ChildProcess; process: SandboxProcess } {
    const [program = '', ...args] = command.argv
    const cwd = join(workspaceDir, command.cwd ?? '')
    const child = spawn(program, args, { cwd, env: environment(command), stdio: 'pipe', detached: true })
    const exited = new Promise<number>((resolve) => {
      child.once('error', () => resolve(127))
      child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
    })
    child.stdin.on('error', () => child.stdin.destroy())
    const process = track({
      pid: child.pid ?? 0,
      write: (data: string | Uint8Array) => void child.stdin.write(data),
      end: () => void child.stdin.end(),
      onStdout: (listener: (chunk: Buffer) => void) => void child.stdout.on('data', listener),
      onStderr: (listener: (chunk: Buffer) => void) => void child.stderr.on('data', listener),
      exited,
      kill: () => killGroup(child.pid),
    })
    return { child, process }
  }

  return {
    level: 'none',
    upperDir: workspaceDir,
    copyDir: null,
    guest: MOUNTED_GUEST,
    notices: [],
    activity: () =>
      Promise.resolve({
        network: [],
        unroutable: 0,
        ports: [],
        usage: { cpuMs: 0, peakMemoryBytes: 0, maxMemoryBytes: 0, peakProcesses: 0, maxProcesses: 0, diskBytes: 0, maxDiskBytes: 0 },
        limits: [],
        killedByFilter: 0,
      }),
    exchangeDir,
    workspaceDir,
    children: () => [...children],
    async run(command, options): Promise<CommandResult> {
      const { process } = start(command)
      let stdout = ''
      let stderr = ''
      let timedOut = false
      process.onStdout((chunk) => (stdout += chunk.toString('utf8')))
      process.onStderr((chunk) => (stderr += chunk.toString('utf8')))
      if (options.stdin !== undefined) process.write(options.stdin)
      process.end()
      const timer = setTimeout(() => {
        timedOut = true
        process.kill()
      }, options.timeoutMs)
      const exitCode = await process.exited
      clearTimeout(timer)
      return { exitCode, stdout, stderr, truncated: false, durationMs: 0, timedOut, limit: null }
    },
    spawn: async (command) => start(command).process,
    async pty(command, size): Promise<SandboxPty> {
      const [program = '', ...args] = command.argv
      const terminal = pty.spawn(program, args, {
        name: 'xterm-256color',
        ...size,
        cwd: join(workspaceDir, command.cwd ?? ''),
        env: environment(command),
      })
      const exited = new Promise<number>((resolve) => {
        terminal.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode))
      })
      return track({
        pid: terminal.pid,
        write: (data: string) => terminal.write(data),
        resize: (cols: number, rows: number) => terminal.resize(cols, rows),
        onData: (listener: (data: string) => void) => void terminal.onData(listener),
        exited,
        kill: () => killGroup(terminal.pid),
      })
    },
    frozen: (during) => during(),
    processes: async () => [],
    async dispose() {
      const ending = [...children]
      for (const child of ending) child.kill()
      await Promise.all(ending.map(({ exited }) => exited))
      await rm(root, { recursive: true, force: true })
    },
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
