import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram } from '../host-programs'
import type { SandboxLimits } from '../sandbox'
import type { ContainerCounters, ContainerUsage } from './container-usage'

const POLL_MS = 200
/** Space that others free meanwhile hides growth, so the folders are measured this often in any case. */
const MEASURE_EVERY_MS = 15_000

/** What a full branch may still grow by, before what runs is ended: empty files, folders, times. */
const FULL_SLACK = { bytes: 1024 ** 2, files: 100 }

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
  /** The least that was taken since the branch was full; null while it is not. */
  #floor: { readonly bytes: number; readonly files: number } | null = null
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

  /** Measures again when the branch was full the last time. */
  async isFull(): Promise<boolean> {
    if (this.#floor === null) return false
    await this.#measure()
    return this.#floor !== null
  }

  /** What to tell whoever runs a command in a full branch. */
  fullMessage(): string {
    const { maxDiskBytes, maxFiles } = this.#limits
    const { bytes, files } = this.#measured ?? { bytes: 0, files: 0 }
    const taken = `The branch's files take ${Math.ceil(bytes / 1024 ** 2)} MiB in ${files} files`
    const allowed = `${Math.floor(maxDiskBytes / 1024 ** 2)} MiB in ${maxFiles} files are allowed`
    return `${taken}; ${allowed}. Until some are deleted no file can grow beyond 1 MiB. Delete some, fork from an earlier frame, or raise the limits of the run.`
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
    if (this.#measured !== null && this.#floor === null && performance.now() - this.#measured.atMs < MEASURE_EVERY_MS) {
      const lostBytes = this.#measured.freeBytes - now.bavail * now.bsize
      const lostFiles = this.#measured.freeFiles - now.ffree
      if (lostBytes <= maxDiskBytes - this.#measured.bytes && lostFiles <= maxFiles - this.#measured.files) return
    }
    const floor = this.#floor
    const use = await this.#measure()
    if (this.#floor === null) return
    const hasGrown = floor === null || use.bytes > floor.bytes + FULL_SLACK.bytes || use.files > floor.files + FULL_SLACK.files
    if (!hasGrown) return
    this.note('disk')
    this.#onFull()
  }

  async #measure(): Promise<Measurement> {
    const now = await statfs(this.#dir)
    const folders = this.#fillable.map((folder) => join(this.#dir, folder))
    const [bytes, files] = await Promise.all([measure('--block-size=1', folders), measure('--inodes', folders)])
    const measured = { bytes, files, freeBytes: now.bavail * now.bsize, freeFiles: now.ffree, atMs: performance.now() }
    this.#measured = measured
    const isBeyond = bytes > this.#limits.maxDiskBytes || files > this.#limits.maxFiles
    const least = this.#floor ?? measured
    this.#floor = isBeyond ? { bytes: Math.min(bytes, least.bytes), files: Math.min(files, least.files) } : null
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
