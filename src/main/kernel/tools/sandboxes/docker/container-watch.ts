import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import { findProgram } from '../host-programs'
import type { SandboxLimits } from '../sandbox'
import type { ContainerCounters, ContainerUsage } from './container-usage'

const POLL_MS = 200
/** Space that others free meanwhile hides growth, so the folders are measured this often in any case. */
const MEASURE_EVERY_MS = 15_000

interface Measurement {
  readonly bytes: number
  readonly files: number
  readonly freeBytes: number
  readonly freeFiles: number
  readonly atMs: number
}

export interface WatchedUse {
  readonly cpuMs: number
  readonly peakMemoryBytes: number
  readonly peakProcesses: number
  readonly diskBytes: number
  readonly limits: readonly string[]
}

/**
 * Follows what a container uses while commands run in it. Memory, processes and CPU time are limited by the system itself; the size
 * of the branch's folders is not, so that is measured: when the file system they lie on lost more space since the last time than
 * the branch has left, and every fifteen seconds.
 */
export class ContainerWatch {
  readonly #counters: ContainerCounters
  readonly #limits: SandboxLimits
  readonly #dir: string
  readonly #fillable: readonly string[]
  readonly #onFull: () => void
  #timer: NodeJS.Timeout | null = null
  #polling: Promise<void> | null = null
  #measured: Measurement | null = null
  #before: ContainerUsage
  #peakMemoryBytes = 0
  #peakProcesses = 0
  #reached = new Set<string>()

  constructor(options: {
    counters: ContainerCounters
    limits: SandboxLimits
    dir: string
    fillable: readonly string[]
    onFull: () => void
  }) {
    this.#counters = options.counters
    this.#limits = options.limits
    this.#dir = options.dir
    this.#fillable = options.fillable
    this.#onFull = options.onFull
    this.#before = options.counters.read()
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref()
  }

  /** Nothing runs any more, for now. */
  pause(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  async end(): Promise<void> {
    this.pause()
    await this.#polling
  }

  /** Processes that the system ended for want of memory until now. */
  memoryKills(): number {
    return this.#counters.read().memoryKills ?? 0
  }

  /** A limit that ended something. */
  note(limit: string): void {
    this.#reached.add(limit)
  }

  /** Since the last call. */
  async take(): Promise<WatchedUse> {
    const now = this.#sample()
    if (now.memoryKills !== null && now.memoryKills > (this.#before.memoryKills ?? 0)) this.note('memory')
    if (now.refusedProcesses !== null && now.refusedProcesses > (this.#before.refusedProcesses ?? 0)) this.note('processes')
    const use = {
      cpuMs: Math.max(0, (now.cpuMs ?? 0) - (this.#before.cpuMs ?? 0)),
      peakMemoryBytes: this.#peakMemoryBytes,
      peakProcesses: this.#peakProcesses,
      diskBytes: (await this.#measure()).bytes,
      limits: [...this.#reached],
    }
    this.#before = now
    this.#peakMemoryBytes = 0
    this.#peakProcesses = 0
    this.#reached = new Set()
    return use
  }

  /** Throws `sandbox.disk-full` while the branch's files take more than they may. */
  async refuseWhenFull(): Promise<void> {
    if (this.#measured === null || !this.#isBeyond(this.#measured)) return
    const { bytes, files } = await this.#measure()
    if (!this.#isBeyond({ bytes, files })) return
    throw new KeyframeError({
      code: 'sandbox.disk-full',
      message: `The branch's files take ${Math.ceil(bytes / 1024 ** 2)} MiB in ${files} files; ${Math.floor(this.#limits.maxDiskBytes / 1024 ** 2)} MiB in ${this.#limits.maxFiles} files are allowed.`,
      action: 'Fork from an earlier frame, or raise the limits of the run.',
      details: { bytes, files },
    })
  }

  #sample(): ContainerUsage {
    const now = this.#counters.read()
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, now.memoryBytes ?? 0)
    this.#peakProcesses = Math.max(this.#peakProcesses, now.processes ?? 0)
    return now
  }

  #poll(): void {
    this.#sample()
    // A slow measurement is not queued behind itself.
    this.#polling ??= this.#checkDisk()
      .catch((thrown: unknown) => {
        // A limit that cannot be watched is not enforced: what runs ends rather than go on without it.
        process.emitWarning(`The sandbox's limits could not be watched: ${String(thrown)}`)
        this.#onFull()
      })
      .finally(() => {
        this.#polling = null
      })
  }

  async #checkDisk(): Promise<void> {
    const { maxDiskBytes, maxFiles } = this.#limits
    const now = await statfs(this.#dir)
    if (this.#measured !== null && performance.now() - this.#measured.atMs < MEASURE_EVERY_MS) {
      const lostBytes = this.#measured.freeBytes - now.bavail * now.bsize
      const lostFiles = this.#measured.freeFiles - now.ffree
      if (lostBytes <= maxDiskBytes - this.#measured.bytes && lostFiles <= maxFiles - this.#measured.files) return
    }
    if (!this.#isBeyond(await this.#measure())) return
    this.note('disk')
    this.#onFull()
  }

  #isBeyond(use: { bytes: number; files: number }): boolean {
    return use.bytes > this.#limits.maxDiskBytes || use.files > this.#limits.maxFiles
  }

  async #measure(): Promise<Measurement> {
    const now = await statfs(this.#dir)
    const folders = this.#fillable.map((folder) => join(this.#dir, folder))
    const [bytes, files] = await Promise.all([measure('--block-size=1', folders), measure('--inodes', folders)])
    const measured = { bytes, files, freeBytes: now.bavail * now.bsize, freeFiles: now.ffree, atMs: performance.now() }
    this.#measured = measured
    return measured
  }
}

/** Files that went away while it counted make du complain and count on. */
function measure(unit: string, folders: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile(findProgram('du') ?? 'du', ['-scx', unit, '--', ...folders], { env: {}, cwd: '/' }, (error, stdout, stderr) => {
      const total = Number.parseInt(/^(\d+)\ttotal$/m.exec(stdout)?.[1] ?? '', 10)
      if (Number.isFinite(total)) resolve(total)
      else reject(new Error(stderr.trim() || error?.message || 'du said nothing'))
    })
  })
}
