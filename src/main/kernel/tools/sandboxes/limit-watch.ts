import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import type { ResourceUsage } from '../../../../shared/frames'
import { guestOwner, mustDropRoot } from './guest-owner'
import { descendantsOf, processState, proportionalBytes, residentBytes } from './process-tree'
import { FILE_BYTES_WHEN_FULL, type LaunchContext, type Launched } from './sandbox-launch'

const POLL_MS = 150
const FIRST_LOOK_MS = 15
/** Space that others free meanwhile hides growth, so the folders are measured this often in any case. */
const MEASURE_EVERY_MS = 15_000
/** What a branch that is full may still grow by before what it runs is ended: lock files, folders, the last page of a log. */
const FULL_SLACK = { bytes: 4 * 1024 ** 2, files: 1000 }
/** An answer about the disk that is not older than this is given again. */
const FRESH_MS = 1000
/** A branch that takes longer than this to measure is not measured while somebody waits. */
const QUICK_MS = 30

export interface DiskUse {
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
 * Ends commands that go beyond what rlimits can express: the memory of a whole tree of processes, and the size of what the
 * branch wrote. A quota would need root. Memory is polled by resident size, which costs one small read a process, and
 * only a tree that seems too large is measured exactly; control groups, where there are any, are faster. The folders are
 * measured only when the file system they lie on lost more space or inodes since the last measurement than the branch has
 * left, and every fifteen seconds. Counts what is used on the way.
 */
export class LimitWatch {
  readonly #context: LaunchContext
  readonly #dir: string
  readonly #watched = new Map<Launched, { end: (reason: string) => void; cpuMs: number }>()
  #timer: NodeJS.Timeout | null = null
  #polling: Promise<void> | null = null
  #measuring: Promise<Measurement> | null = null
  #isOver = false
  #measured: Measurement | null = null
  /** The least that was measured since the branch became full; null while it is not. */
  #floor: DiskUse | null = null
  /** Ended for the disk, and still growing until they are gone. */
  readonly #ending = new Set<Launched>()
  #endedCpuMs = 0
  #reportedCpuMs = 0
  #peakMemoryBytes = 0
  #peakProcesses = 0
  readonly #hit = new Set<string>()

  constructor(context: LaunchContext, dir: string) {
    this.#context = context
    this.#dir = dir
  }

  add(launched: Launched, end: (reason: string) => void): void {
    this.#watched.set(launched, { end, cpuMs: 0 })
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref()
    // Most commands are over before the first poll.
    setTimeout(() => this.#sample(), FIRST_LOOK_MS).unref()
  }

  /** Nothing of it is left; its control group is still there. */
  remove(launched: Launched): void {
    const watched = this.#watched.get(launched)
    if (watched === undefined) return
    this.#watched.delete(launched)
    const { cgroup } = launched
    this.#endedCpuMs += cgroup?.cpuMs() ?? watched.cpuMs
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, cgroup?.peakMemoryBytes() ?? 0)
    this.#peakProcesses = Math.max(this.#peakProcesses, cgroup?.peakProcesses() ?? 0)
    for (const limit of cgroup?.limitsHit() ?? []) this.#hit.add(limit)
    if (this.#watched.size === 0) this.stop()
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  /** A limit that the system enforced by itself. */
  note(limit: string): void {
    this.#hit.add(limit)
  }

  /** Whether the branch's files take more than they may. Measures again while they do. */
  async isFull(): Promise<boolean> {
    if (this.#floor === null) return false
    await this.#measure()
    return this.#floor !== null
  }

  /** What to tell whoever runs a command in a full branch. */
  fullMessage(): string {
    const { maxDiskBytes, maxFiles } = this.#context.limits
    const use = this.#measured ?? { bytes: 0, files: 0 }
    const taken = `The branch's files take ${Math.ceil(use.bytes / 1024 ** 2)} MiB in ${use.files} files`
    const allowed = `${Math.floor(maxDiskBytes / 1024 ** 2)} MiB in ${maxFiles} files are allowed`
    return `${taken}; ${allowed}. Until some are deleted no file can grow beyond ${FILE_BYTES_WHEN_FULL / 1024 ** 2} MiB. Delete some, fork from an earlier frame, or raise the limits of the run.`
  }

  /** Since the last call of this method; the disk as it is now, or was a moment ago. */
  async usage(): Promise<{ usage: ResourceUsage; limits: string[] }> {
    this.#sample()
    const { maxMemoryBytes, maxProcesses, maxDiskBytes } = this.#context.limits
    const diskBytes = await this.#diskBytes()
    const cpuMs = [...this.#watched].reduce(
      (sum, [launched, { cpuMs: polled }]) => sum + (launched.cgroup?.cpuMs() ?? polled),
      this.#endedCpuMs,
    )
    const usage = {
      cpuMs: Math.max(0, cpuMs - this.#reportedCpuMs),
      peakMemoryBytes: this.#peakMemoryBytes,
      maxMemoryBytes,
      peakProcesses: this.#peakProcesses,
      maxProcesses,
      diskBytes,
      maxDiskBytes,
    }
    const limits = [...this.#hit].sort()
    this.#reportedCpuMs = Math.max(cpuMs, this.#reportedCpuMs)
    this.#peakMemoryBytes = 0
    this.#peakProcesses = 0
    this.#hit.clear()
    return { usage, limits }
  }

  /** For good: waits for a measurement that is under way. */
  async end(): Promise<void> {
    this.#isOver = true
    this.stop()
    await this.#polling
    // Its namespaces may have gone away under it.
    await this.#measuring?.catch(() => undefined)
  }

  #poll(): void {
    // A slow measurement is not queued behind itself.
    this.#polling ??= this.#check().finally(() => {
      this.#polling = null
    })
  }

  async #check(): Promise<void> {
    try {
      await this.#checkMemory(this.#sample())
      await this.#checkDisk()
    } catch (thrown) {
      // The namespaces that the measurement ran in went away with the sandbox.
      if (this.#isOver || !this.#context.holder.isAlive()) return
      // A limit that cannot be watched is not enforced: the commands end rather than go on without it.
      process.emitWarning(`The sandbox's limits could not be watched: ${String(thrown)}`)
      this.#endAll('watch')
    }
  }

  /** Looks at every process once. Returns the commands whose resident memory is beyond the limit, with their processes. */
  #sample(): { launched: Launched; pids: number[] }[] {
    const large: { launched: Launched; pids: number[] }[] = []
    for (const [launched, watched] of this.#watched) {
      const pids = descendantsOf(launched.supervisor)
      launched.cgroup?.gather(pids)
      const resident = pids.reduce((sum, pid) => sum + residentBytes(pid), 0)
      const cpuMs = pids.reduce((sum, pid) => sum + (processState(pid)?.cpuMs ?? 0), 0)
      watched.cpuMs = Math.max(watched.cpuMs, cpuMs)
      this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, resident)
      // The first is bubblewrap's own.
      this.#peakProcesses = Math.max(this.#peakProcesses, pids.length - 1)
      if (resident > this.#context.limits.maxMemoryBytes) large.push({ launched, pids })
    }
    return large
  }

  async #checkMemory(large: readonly { launched: Launched; pids: number[] }[]): Promise<void> {
    for (const { launched, pids } of large) {
      const proportional = (await Promise.all(pids.map(proportionalBytes))).reduce((sum, bytes) => sum + bytes, 0)
      if (proportional <= this.#context.limits.maxMemoryBytes) continue
      this.#hit.add('memory')
      this.#watched.get(launched)?.end('memory')
    }
  }

  async #checkDisk(): Promise<void> {
    const { maxDiskBytes, maxFiles } = this.#context.limits
    const now = await statfs(this.#dir)
    const free = { freeBytes: now.bavail * now.bsize, freeFiles: now.ffree }
    if (this.#measured !== null && this.#floor === null && performance.now() - this.#measured.atMs < MEASURE_EVERY_MS) {
      const lostBytes = this.#measured.freeBytes - free.freeBytes
      const lostFiles = this.#measured.freeFiles - free.freeFiles
      if (lostBytes <= maxDiskBytes - this.#measured.bytes && lostFiles <= maxFiles - this.#measured.files) return
    }
    const floor = this.#floor
    const use = await this.#measure()
    if (this.#floor === null) return
    const hasGrown = floor === null || use.bytes > floor.bytes + FULL_SLACK.bytes || use.files > floor.files + FULL_SLACK.files
    if (hasGrown) this.#endAll('disk')
  }

  #endAll(reason: string): void {
    if (this.#watched.size > 0 && reason !== 'watch') this.#hit.add(reason)
    for (const [launched, { end }] of this.#watched) {
      this.#ending.add(launched)
      end(reason)
    }
  }

  async #diskBytes(): Promise<number> {
    const last = this.#measured
    if (last !== null && performance.now() - last.atMs < FRESH_MS) return last.bytes
    if (!this.#context.holder.isAlive()) return last?.bytes ?? 0
    const measuring = this.#measure()
    if (last !== null && last.tookMs > QUICK_MS) {
      // The next answer has it.
      measuring.catch((thrown: unknown) => {
        if (!this.#isOver) process.emitWarning(`The sandbox's files could not be measured: ${String(thrown)}`)
      })
      return last.bytes
    }
    return (await measuring).bytes
  }

  #measure(): Promise<Measurement> {
    this.#measuring ??= this.#measureNow().finally(() => {
      this.#measuring = null
    })
    return this.#measuring
  }

  /** In the holder's namespace, where folders that the guest made unreadable can be read too. */
  async #measureNow(): Promise<Measurement> {
    const startedAt = performance.now()
    const settling = [...this.#ending]
    for (const launched of settling) if (!this.#watched.has(launched)) this.#ending.delete(launched)
    const now = await statfs(this.#dir)
    const [bytes, files] = await Promise.all([this.#du('--block-size=1'), this.#du('--inodes')])
    const endedAt = performance.now()
    const use = { bytes, files, freeBytes: now.bavail * now.bsize, freeFiles: now.ffree, atMs: endedAt, tookMs: endedAt - startedAt }
    this.#measured = use
    const { maxDiskBytes, maxFiles } = this.#context.limits
    const isBeyond = bytes > maxDiskBytes || files > maxFiles
    const least = settling.length > 0 ? use : (this.#floor ?? use)
    this.#floor = isBeyond ? { bytes: Math.min(bytes, least.bytes), files: Math.min(files, least.files) } : null
    return use
  }

  #du(unit: string): Promise<number> {
    const { programs, holder } = this.#context
    const folders = this.#context.fillable.map((name) => `${holder.branch}/${name}`)
    const args = ['--preserve-credentials', '-U', '-m', '-t', `${holder.pid}`, programs.du, '-scx', unit, ...folders]
    return new Promise((resolve, reject) => {
      execFile(programs.nsenter, args, { env: {}, cwd: '/', ...(mustDropRoot() ? guestOwner() : {}) }, (error, stdout, stderr) => {
        // Files that went away while it counted make du complain and count on.
        const total = /^(\d+)\s+total$/m.exec(stdout)?.[1]
        if (total !== undefined) resolve(Number(total))
        else reject(new Error(stderr.trim() || error?.message || 'du said nothing'))
      })
    })
  }
}
