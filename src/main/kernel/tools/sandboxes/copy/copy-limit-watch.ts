import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { KeyframeError } from '../../../../../shared/failure'
import type { ResourceUsage } from '../../../../../shared/frames'
import { findProgram } from '../host-programs'
import { descendantsOf, proportionalBytes, residentBytes } from '../process-tree'
import type { SandboxLimits } from '../sandbox'
import type { CopyTree } from './copy-launch'

const POLL_MS = 150
/** Space that others free meanwhile hides growth, so the copy is measured this often in any case. */
const MEASURE_EVERY_MS = 15_000
/** A copy that takes longer to measure is not measured for each call that wants to know its size: an older figure will do. */
const CHEAP_MS = 40
/** Kernel clock ticks in a second, in which /proc counts; the same on every Linux that Node runs on. */
const TICKS = 100

interface DiskUse {
  readonly bytes: number
  readonly files: number
}

interface Measurement extends DiskUse {
  readonly freeBytes: number
  readonly freeFiles: number
  readonly atMs: number
  readonly tookMs: number
}

/**
 * Ends commands that take more than they may, and notes what they took. Everything is polled: a command can be beyond its limits for
 * a moment. `dir` is the whole folder of the branch, what it held at first does not count.
 */
export class CopyLimitWatch {
  readonly #limits: SandboxLimits
  readonly #dir: string
  readonly #watched = new Map<CopyTree, { end: (reason: string) => void; cpuMs: number }>()
  readonly #hit = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #polling: Promise<void> | null = null
  #isOver = false
  #start: DiskUse = { bytes: 0, files: 0 }
  #measured: Measurement | null = null
  #cpuMs = 0
  #peakMemoryBytes = 0
  #peakProcesses = 0

  constructor(limits: SandboxLimits, dir: string) {
    this.#limits = limits
    this.#dir = dir
  }

  /** Takes what is there now for the beginning. */
  async begin(): Promise<void> {
    this.#measured = await this.#measure()
    this.#start = this.#measured
  }

  add(tree: CopyTree, end: (reason: string) => void): void {
    this.#watched.set(tree, { end, cpuMs: 0 })
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref()
  }

  remove(tree: CopyTree): void {
    this.#watched.delete(tree)
    if (this.#watched.size === 0) this.#stop()
  }

  /** Throws `sandbox.disk-full` while the branch's files take more than they may. */
  async refuseWhenFull(): Promise<void> {
    if (this.#measured === null || !this.#isBeyond(this.#measured)) return
    this.#measured = await this.#measure()
    if (this.#isBeyond(this.#measured)) throw this.#full(this.#measured)
  }

  /** Since the last call; disk as it is now, or was at most fifteen seconds ago where the copy is large. */
  async usage(): Promise<{ usage: ResourceUsage; limits: string[] }> {
    this.#sample()
    const isRecent = this.#measured !== null && performance.now() - this.#measured.atMs < MEASURE_EVERY_MS
    if (this.#measured === null || !isRecent || this.#measured.tookMs < CHEAP_MS) this.#measured = await this.#measure()
    const { maxMemoryBytes, maxProcesses, maxDiskBytes } = this.#limits
    const usage: ResourceUsage = {
      cpuMs: this.#cpuMs,
      peakMemoryBytes: this.#peakMemoryBytes,
      maxMemoryBytes,
      peakProcesses: this.#peakProcesses,
      maxProcesses,
      diskBytes: Math.max(0, this.#measured.bytes - this.#start.bytes),
      maxDiskBytes,
    }
    const limits = [...this.#hit]
    this.#cpuMs = this.#peakMemoryBytes = this.#peakProcesses = 0
    this.#hit.clear()
    return { usage, limits }
  }

  /** For good: waits for a measurement that is under way. */
  async end(): Promise<void> {
    this.#isOver = true
    this.#stop()
    await this.#polling
  }

  #stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  #poll(): void {
    // A slow measurement is not queued behind itself.
    this.#polling ??= this.#check().finally(() => {
      this.#polling = null
    })
  }

  async #check(): Promise<void> {
    try {
      for (const { tree, pids, resident } of this.#sample()) {
        const end = this.#watched.get(tree)?.end
        if (pids.length > this.#limits.maxProcesses) this.#end(end, 'processes')
        if (resident <= this.#limits.maxMemoryBytes) continue
        const proportional = (await Promise.all(pids.map(proportionalBytes))).reduce((sum, bytes) => sum + bytes, 0)
        if (proportional > this.#limits.maxMemoryBytes) this.#end(end, 'memory')
      }
      await this.#checkDisk()
    } catch (thrown) {
      if (this.#isOver) return
      // A limit that cannot be watched is not enforced: the commands end rather than go on without it.
      process.emitWarning(`The branch's limits could not be watched: ${String(thrown)}`)
      for (const { end } of this.#watched.values()) end('watch')
    }
  }

  /** What every command's processes take now. */
  #sample(): { tree: CopyTree; pids: number[]; resident: number }[] {
    const samples = [...this.#watched.keys()]
      .filter((tree) => tree.isAlive())
      .map((tree) => {
        const pids = [tree.pid, ...descendantsOf(tree.pid)]
        const watched = this.#watched.get(tree)
        const cpuMs = pids.reduce((sum, pid) => sum + cpuMsOf(pid), 0)
        // Children that ended before they were waited for are missed; the sum never goes back.
        if (watched !== undefined && cpuMs > watched.cpuMs) {
          this.#cpuMs += cpuMs - watched.cpuMs
          watched.cpuMs = cpuMs
        }
        return { tree, pids, resident: pids.reduce((sum, pid) => sum + residentBytes(pid), 0) }
      })
    this.#peakMemoryBytes = Math.max(
      this.#peakMemoryBytes,
      samples.reduce((sum, { resident }) => sum + resident, 0),
    )
    this.#peakProcesses = Math.max(
      this.#peakProcesses,
      samples.reduce((sum, { pids }) => sum + pids.length, 0),
    )
    return samples
  }

  #end(end: ((reason: string) => void) | undefined, reason: string): void {
    this.#hit.add(reason)
    end?.(reason)
  }

  async #checkDisk(): Promise<void> {
    const { maxDiskBytes, maxFiles } = this.#limits
    const now = await statfs(this.#dir)
    const free = { freeBytes: now.bavail * now.bsize, freeFiles: now.ffree }
    if (this.#measured !== null && performance.now() - this.#measured.atMs < MEASURE_EVERY_MS) {
      const left = { bytes: maxDiskBytes + this.#start.bytes, files: maxFiles + this.#start.files }
      const lostBytes = this.#measured.freeBytes - free.freeBytes
      const lostFiles = this.#measured.freeFiles - free.freeFiles
      if (lostBytes <= left.bytes - this.#measured.bytes && lostFiles <= left.files - this.#measured.files) return
    }
    this.#measured = await this.#measure()
    if (!this.#isBeyond(this.#measured)) return
    for (const { end } of this.#watched.values()) this.#end(end, 'disk')
  }

  #isBeyond(use: DiskUse): boolean {
    return use.bytes - this.#start.bytes > this.#limits.maxDiskBytes || use.files - this.#start.files > this.#limits.maxFiles
  }

  #full(use: DiskUse): KeyframeError {
    const { maxDiskBytes, maxFiles } = this.#limits
    const [bytes, files] = [use.bytes - this.#start.bytes, use.files - this.#start.files]
    return new KeyframeError({
      code: 'sandbox.disk-full',
      message: `The branch's files grew by ${Math.ceil(bytes / 1024 ** 2)} MiB in ${files} files; ${Math.floor(maxDiskBytes / 1024 ** 2)} MiB in ${maxFiles} files are allowed.`,
      action: 'Fork from an earlier frame, or raise the limits of the run.',
      details: { bytes, files },
    })
  }

  async #measure(): Promise<Measurement> {
    const startedAt = performance.now()
    const now = await statfs(this.#dir)
    const [bytes, files] = await Promise.all([sizeOf(this.#dir, '--block-size=1'), sizeOf(this.#dir, '--inodes')])
    return {
      bytes,
      files,
      freeBytes: now.bavail * now.bsize,
      freeFiles: now.ffree,
      atMs: performance.now(),
      tookMs: performance.now() - startedAt,
    }
  }
}

function sizeOf(dir: string, unit: string): Promise<number> {
  const du = findProgram('du') ?? 'du'
  return new Promise((resolve, reject) => {
    execFile(du, ['-sx', unit, dir], { env: {}, cwd: '/' }, (error, stdout, stderr) => {
      // Files that went away while it counted, and folders that it may not enter, make du complain and count on.
      const size = Number.parseInt(stdout, 10)
      if (Number.isFinite(size)) resolve(size)
      else reject(new Error(stderr.trim() || error?.message || 'du said nothing'))
    })
  })
}

/** Of the process and those of its children that it waited for. */
function cpuMsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * 1000) / TICKS
  } catch (thrown) {
    if (['ENOENT', 'ESRCH'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return 0
    throw thrown
  }
}
