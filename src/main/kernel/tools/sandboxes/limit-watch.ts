import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { KeyframeError } from '../../../../shared/failure'
import { guestOwner, mustDropRoot } from './guest-owner'
import { descendantsOf, proportionalBytes, residentBytes } from './process-tree'
import type { LaunchContext, Launched } from './sandbox-launch'

const POLL_MS = 150
/** Space that others free meanwhile hides growth, so the upper is measured this often in any case. */
const MEASURE_EVERY_MS = 15_000

export interface DiskUse {
  readonly bytes: number
  readonly files: number
}

interface Measurement extends DiskUse {
  readonly freeBytes: number
  readonly freeFiles: number
  readonly atMs: number
}

/**
 * Ends commands that go beyond what rlimits can express: the memory of a whole tree of processes, and the size of the
 * upper directory. A quota would need root. Memory is polled by resident size, which costs one small read a process, and
 * only a tree that seems too large is measured exactly. The upper is measured only when the file system it lies on lost
 * more space or inodes since the last measurement than the branch has left, and every fifteen seconds.
 */
export class LimitWatch {
  readonly #context: LaunchContext
  readonly #upperDir: string
  readonly #watched = new Map<Launched, (reason: string) => void>()
  #timer: NodeJS.Timeout | null = null
  #polling: Promise<void> | null = null
  #isOver = false
  #measured: Measurement | null = null

  constructor(context: LaunchContext, upperDir: string) {
    this.#context = context
    this.#upperDir = upperDir
  }

  add(launched: Launched, end: (reason: string) => void): void {
    this.#watched.set(launched, end)
    this.#timer ??= setInterval(() => this.#poll(), POLL_MS).unref()
  }

  remove(launched: Launched): void {
    this.#watched.delete(launched)
    if (this.#watched.size === 0) this.stop()
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Throws `sandbox.disk-full` while the branch's files take more than they may. */
  async refuseWhenFull(): Promise<void> {
    if (this.#measured === null || !this.#isBeyond(this.#measured)) return
    this.#measured = await this.#measure()
    if (this.#isBeyond(this.#measured)) throw this.#full(this.#measured)
  }

  /** For good: waits for a measurement that is under way. */
  async end(): Promise<void> {
    this.#isOver = true
    this.stop()
    await this.#polling
  }

  #poll(): void {
    // A slow measurement is not queued behind itself.
    this.#polling ??= this.#check().finally(() => {
      this.#polling = null
    })
  }

  async #check(): Promise<void> {
    try {
      await this.#checkMemory()
      await this.#checkDisk()
    } catch (thrown) {
      // The namespaces that the measurement ran in went away with the sandbox.
      if (this.#isOver || !this.#context.holder.isAlive()) return
      // A limit that cannot be watched is not enforced: the commands end rather than go on without it.
      process.emitWarning(`The sandbox's limits could not be watched: ${String(thrown)}`)
      this.#endAll('watch')
    }
  }

  async #checkMemory(): Promise<void> {
    const { maxMemoryBytes } = this.#context.limits
    for (const [launched, end] of this.#watched) {
      const pids = descendantsOf(launched.supervisor)
      const resident = pids.reduce((sum, pid) => sum + residentBytes(pid), 0)
      if (resident <= maxMemoryBytes) continue
      const proportional = (await Promise.all(pids.map(proportionalBytes))).reduce((sum, bytes) => sum + bytes, 0)
      if (proportional > maxMemoryBytes) end('memory')
    }
  }

  async #checkDisk(): Promise<void> {
    const { maxDiskBytes, maxFiles } = this.#context.limits
    const now = await statfs(this.#upperDir)
    const free = { freeBytes: now.bavail * now.bsize, freeFiles: now.ffree }
    if (this.#measured !== null && performance.now() - this.#measured.atMs < MEASURE_EVERY_MS) {
      const lostBytes = this.#measured.freeBytes - free.freeBytes
      const lostFiles = this.#measured.freeFiles - free.freeFiles
      if (lostBytes <= maxDiskBytes - this.#measured.bytes && lostFiles <= maxFiles - this.#measured.files) return
    }
    this.#measured = await this.#measure()
    if (this.#isBeyond(this.#measured)) this.#endAll('disk')
  }

  #endAll(reason: string): void {
    for (const end of this.#watched.values()) end(reason)
  }

  #isBeyond(use: DiskUse): boolean {
    return use.bytes > this.#context.limits.maxDiskBytes || use.files > this.#context.limits.maxFiles
  }

  #full(use: DiskUse): KeyframeError {
    const { maxDiskBytes, maxFiles } = this.#context.limits
    return new KeyframeError({
      code: 'sandbox.disk-full',
      message: `The branch's files take ${Math.ceil(use.bytes / 1024 ** 2)} MiB in ${use.files} files; ${Math.floor(maxDiskBytes / 1024 ** 2)} MiB in ${maxFiles} files are allowed.`,
      action: 'Fork from an earlier frame, or raise the limits of the run.',
      details: { bytes: use.bytes, files: use.files },
    })
  }

  /** In the holder's namespace, where folders that the guest made unreadable can be read too. */
  async #measure(): Promise<Measurement> {
    const now = await statfs(this.#upperDir)
    const [bytes, files] = await Promise.all([this.#du('--block-size=1'), this.#du('--inodes')])
    return { bytes, files, freeBytes: now.bavail * now.bsize, freeFiles: now.ffree, atMs: performance.now() }
  }

  #du(unit: string): Promise<number> {
    const { programs, holder } = this.#context
    const args = ['--preserve-credentials', '-U', '-m', '-t', `${holder.pid}`, programs.du, '-sx', unit, `${holder.branch}/upper`]
    return new Promise((resolve, reject) => {
      execFile(programs.nsenter, args, { env: {}, cwd: '/', ...(mustDropRoot() ? guestOwner() : {}) }, (error, stdout, stderr) => {
        // Files that went away while it counted make du complain and count on.
        const size = Number.parseInt(stdout, 10)
        if (Number.isFinite(size)) resolve(size)
        else reject(new Error(stderr.trim() || error?.message || 'du said nothing'))
      })
    })
  }
}
