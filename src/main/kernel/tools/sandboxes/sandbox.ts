import type { IsolationLevel, NetworkRequest, OpenPort, ResourceUsage } from '../../../../shared/frames'
import type { SeccompProfile } from '../../../../shared/policy'

/** What a sandbox may use. Enforced by the operating system where the level allows it; see `DoctorReport.proofs`. */
export interface SandboxLimits {
  readonly maxProcesses: number
  readonly maxOpenFiles: number
  readonly maxCpuSeconds: number
  /** Proportional memory of all processes of one command together; a watchdog ends the command beyond it. */
  readonly maxMemoryBytes: number
  /** Bytes and files that the branch wrote; beyond it commands end with the limit `disk`, and no file grows until some are deleted. */
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

/** What the proxy is told about a request before it dials. `address` is the one that will be dialled; null when the name has none. */
export interface EgressRequest {
  /** As the client named it, lower case, without a trailing dot; an address literal stays one. */
  readonly host: string
  readonly port: number
  readonly address: string | null
}

/** Decides one request; never throws. Called for each connection, so that a revoked permission counts at once. */
export type EgressGate = (request: EgressRequest) => { readonly allowed: boolean; readonly reason: string }

/**
 * What the operating system enforces of a role's policies. A level that cannot enforce one of them says so in its guarantees; it
 * never gives more than asked for.
 */
export interface SandboxProfile {
  readonly workspace: 'read-write' | 'read-only'
  /** False: nothing that lies in the workspace can be executed (mounted `noexec`). */
  readonly executable: boolean
  readonly seccomp: SeccompProfile
  /** Whether processes of the same command may trace each other (debuggers). */
  readonly trace: boolean
  /** Files and folders of the base that the role may not read: they are not there inside. Relative, `/`-separated. */
  readonly masked: readonly string[]
  /** Null: no network but the branch's own loopback. */
  readonly egress: EgressGate | null
}

/** What a sandbox is opened with when no role says otherwise: judges, scratch commands of a person. */
export const DEFAULT_PROFILE: SandboxProfile = {
  workspace: 'read-write',
  executable: true,
  seccomp: 'build-tools',
  trace: false,
  masked: [],
  egress: null,
}

/** Ports that are the branch's own: programs find them in PORT, KEYFRAME_PORT_FIRST and KEYFRAME_PORT_LAST. */
export interface PortRange {
  readonly first: number
  readonly last: number
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
  /** Default `DEFAULT_PROFILE`. */
  readonly profile?: SandboxProfile
  /** Default: none are announced. */
  readonly ports?: PortRange
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

/** Where programs inside find things. */
export interface GuestPaths {
  readonly workspace: string
  readonly exchange: string
  /** The path inside of a `ToolBind.guestPath`. */
  resolve(guestPath: string): string
}

/** With a mount namespace, where every path inside can be chosen. */
export const MOUNTED_GUEST: GuestPaths = { workspace: '/workspace', exchange: '/run/keyframe', resolve: (guestPath) => guestPath }

/** What happened in a sandbox since the last time it was asked. */
export interface SandboxActivity {
  /** Requests that the proxy decided. */
  readonly network: readonly NetworkRequest[]
  /** Attempts to reach the network past the proxy, which had no route. */
  readonly unroutable: number
  /** Ports that are listened on now. */
  readonly ports: readonly OpenPort[]
  /** CPU, memory and processes since the last time; disk as it is now. */
  readonly usage: ResourceUsage
  /** Limits that ended something: "memory", "cpu", "disk", "processes". */
  readonly limits: readonly string[]
  /** Processes that the system call filter killed. */
  readonly killedByFilter: number
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
 * The place where one branch's tools run. Inside, the workspace is `/workspace` (on level copy: `guestWorkspace`), HOME is
 * private, the network is the branch's own loopback, nobody is uid 0. All its processes die with the kernel. Not shared by branches.
 */
export interface Sandbox {
  readonly level: IsolationLevel
  /** Host path of the writable layer: untrusted data, read by capture only, with O_NOFOLLOW. */
  readonly upperDir: string
  /** Host path of the whole workspace where there are no layers (level copy): captured by comparison. Null elsewhere. */
  readonly copyDir: string | null
  readonly guest: GuestPaths
  /** What the user should know about this sandbox: a dependency folder that was left out, a limit that is only polled. */
  readonly notices: readonly string[]
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
  /** What happened since the last call of this method; the first time, since it was opened. */
  activity(): Promise<SandboxActivity>
  /** Ends everything in it. The upper directory stays. Idempotent. */
  dispose(): Promise<void>
}

export interface SandboxProvider {
  readonly level: IsolationLevel
  /** What this level gives of each boundary, in the order of the table in the README. */
  readonly guarantees: readonly Guarantee[]
  open(spec: SandboxSpec): Promise<Sandbox>
}

export interface Guarantee {
  /** "Files outside the workspace", "Network", "Memory", ... the same list for every provider. */
  readonly what: string
  readonly given: 'yes' | 'partly' | 'no'
  readonly how: string
}
