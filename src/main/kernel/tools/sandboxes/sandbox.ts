import type { IsolationLevel } from '../../../../shared/frames'

/** What a sandbox may use. Enforced by the operating system where the level allows it; see `DoctorReport.proofs`. */
export interface SandboxLimits {
  readonly maxProcesses: number
  readonly maxOpenFiles: number
  readonly maxCpuSeconds: number
  /** Proportional memory of all processes of one command together; a watchdog ends the command beyond it. */
  readonly maxMemoryBytes: number
  /** Bytes and files in the branch's upper directory; commands fail with `sandbox.disk-full` beyond it. */
  readonly maxDiskBytes: number
  readonly maxFiles: number
}

export const DEFAULT_LIMITS: SandboxLimits = {
  maxProcesses: 512,
  maxOpenFiles: 4096,
  maxCpuSeconds: 1800,
  maxMemoryBytes: 8 * 1024 ** 3,
  maxDiskBytes: 8 * 1024 ** 3,
  maxFiles: 500_000,
}

/** An ignored dependency folder of the live repository, mounted copy-on-write over the base. */
export interface DependencyMount {
  /** Relative to the workspace, e.g. `node_modules` or `packages/web/node_modules`. */
  readonly path: string
  readonly liveDir: string
}

/** Read-only extra bind: tools of Keyframe's own that run inside (guest scripts, language servers, the pinned Node). */
export interface ToolBind {
  readonly hostPath: string
  readonly guestPath: string
}

export interface SandboxSpec {
  /** The branch's own folder in the workspace's data folder; the provider makes `upper/`, `work/`, ... inside it. */
  readonly dir: string
  /** Frozen copy of the repository; never written. */
  readonly baseDir: string
  /** Materialised checkpoint on top of the base; never written. Null for a branch that starts at the base. */
  readonly layerDir: string | null
  readonly dependencies: readonly DependencyMount[]
  readonly binds: readonly ToolBind[]
  readonly limits: SandboxLimits
  /** Puts the pinned Node before the system's on the PATH: for workspaces whose `engines` exclude the system's. */
  readonly pinnedNodeFirst?: boolean
}

export interface SandboxCommand {
  /** Program and arguments, resolved on the guest's PATH. No shell is involved unless named. */
  readonly argv: readonly string[]
  /** Relative to the workspace; default the workspace itself. */
  readonly cwd?: string
  /** Added to the guest's small clean environment. Host variables are never inherited. */
  readonly env?: Readonly<Record<string, string>>
}

export interface CommandResult {
  /** 128 + signal when it was ended by one. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** True when output beyond `maxOutputBytes` was cut out of the middle (first and last halves are kept). */
  readonly truncated: boolean
  readonly durationMs: number
  readonly timedOut: boolean
  /** Set when a limit ended the command: `memory`, `cpu`, `disk`. */
  readonly limit: string | null
}

export interface SandboxProcess {
  readonly pid: number
  write(data: string | Uint8Array): void
  end(): void
  onStdout(listener: (chunk: Buffer) => void): void
  onStderr(listener: (chunk: Buffer) => void): void
  /** Resolves once with the exit code (128 + signal). */
  readonly exited: Promise<number>
  kill(): void
}

export interface SandboxPty {
  readonly pid: number
  write(data: string): void
  resize(cols: number, rows: number): void
  onData(listener: (data: string) => void): void
  readonly exited: Promise<number>
  kill(): void
}

/**
 * The place where one branch's tools run. Inside, the workspace is `/workspace`, HOME is `/home/agent` (private, empty,
 * on a tmpfs), the network is empty, nobody is uid 0. All its processes die with the kernel. Not shared by branches.
 */
export interface Sandbox {
  readonly level: IsolationLevel
  /** Host path of the writable layer: untrusted data, read by capture only, with O_NOFOLLOW. */
  readonly upperDir: string
  /** Host path of a folder that is `/run/keyframe` inside, writable there: untrusted data. */
  readonly exchangeDir: string
  /** Runs to the end, in its own process tree. Throws KeyframeError only when the sandbox itself fails. */
  run(
    command: SandboxCommand,
    options: {
      timeoutMs: number
      signal?: AbortSignal
      maxOutputBytes?: number
      stdin?: string
      onOutput?: (stream: 'stdout' | 'stderr', chunk: string) => void
    },
  ): Promise<CommandResult>
  /** A long-living child with pipes: language servers, the file guest. */
  spawn(command: SandboxCommand): Promise<SandboxProcess>
  pty(command: SandboxCommand, size: { cols: number; rows: number }): Promise<SandboxPty>
  /** Stops every process of the sandbox (SIGSTOP), runs `during`, lets them go on. For captures. */
  frozen<T>(during: () => Promise<T>): Promise<T>
  /** Command lines of the processes alive inside, longest-living first. */
  processes(): Promise<string[]>
  /** Ends everything in it. The upper directory stays. Idempotent. */
  dispose(): Promise<void>
}

export interface SandboxProvider {
  readonly level: IsolationLevel
  open(spec: SandboxSpec): Promise<Sandbox>
}
