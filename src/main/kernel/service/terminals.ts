import type { TerminalInfo } from '../../../shared/contract/methods'
import type { BranchId } from '../../../shared/ids'
import { branchOrigins, pathTo } from '../../../shared/run-state'
import type { RunEngine } from '../scheduler/run-engine'
import { TerminalLog } from '../scheduler/terminal-log'
import type { BranchDevice } from '../tools/branch-device'

const SCROLLBACK_CHARS = 2 * 1024 * 1024

interface Idle {
  readonly device: BranchDevice
  readonly log: TerminalLog
}

/**
 * Terminals as people use them. A branch that is under way lends its own; one that has ended gets a sandbox of its own on
 * the files of its last checkpoint, which is thrown away with the kernel.
 */
export class Terminals {
  readonly #idle = new Map<string, Promise<Idle>>()
  readonly #log: (line: string) => void

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  async list(run: RunEngine, branchId: BranchId): Promise<TerminalInfo[]> {
    const active = run.branch(branchId)
    if (active !== undefined) return active.device.set.shell.list()
    const idle = this.#idle.get(`${run.runId}/${branchId}`)
    const live = idle === undefined ? [] : (await idle).device.set.shell.list()
    const known = new Set(live.map((session) => session.session))
    return [...live, ...recordedSessions(run, branchId).filter((session) => !known.has(session.session))]
  }

  scrollback(run: RunEngine, branchId: BranchId, n: number, session: string): { data: string; truncated: boolean } {
    const parts: string[] = []
    for (const frame of pathTo(run.frames(), branchOrigins(run.frames()), branchId, n)) {
      if (frame.kind === 'terminal.data' && frame.payload.stream === 'output' && frame.payload.session === session)
        parts.push(frame.payload.data)
    }
    const data = parts.join('')
    return data.length > SCROLLBACK_CHARS ? { data: data.slice(-SCROLLBACK_CHARS), truncated: true } : { data, truncated: false }
  }

  async open(run: RunEngine, branchId: BranchId, session: string | null, cols: number, rows: number): Promise<TerminalInfo> {
    const device = await this.#device(run, branchId)
    await device.sandbox()
    return device.set.shell.open(session, cols, rows)
  }

  async close(run: RunEngine, branchId: BranchId, session: string): Promise<void> {
    await (await this.#device(run, branchId)).set.shell.close(session)
  }

  async write(run: RunEngine, branchId: BranchId, session: string, data: string): Promise<void> {
    ;(await this.#device(run, branchId)).set.shell.write(session, data)
  }

  async resize(run: RunEngine, branchId: BranchId, session: string, cols: number, rows: number): Promise<void> {
    ;(await this.#device(run, branchId)).set.shell.resize(session, cols, rows)
  }

  /** The device that stands for a branch: its own while it is under way. Language servers of the window use it too. */
  async device(run: RunEngine, branchId: BranchId): Promise<BranchDevice> {
    return this.#device(run, branchId)
  }

  async dispose(): Promise<void> {
    const idle = [...this.#idle.values()]
    this.#idle.clear()
    for (const one of await Promise.allSettled(idle)) {
      if (one.status !== 'fulfilled') continue
      one.value.log.close()
      await one.value.device.dispose()
    }
  }

  async #device(run: RunEngine, branchId: BranchId): Promise<BranchDevice> {
    const active = run.branch(branchId)
    if (active !== undefined) return active.device
    const key = `${run.runId}/${branchId}`
    let idle = this.#idle.get(key)
    if (idle === undefined) {
      idle = this.#openIdle(run, branchId)
      this.#idle.set(key, idle)
      idle.catch(() => this.#idle.delete(key))
    }
    return (await idle).device
  }

  async #openIdle(run: RunEngine, branchId: BranchId): Promise<Idle> {
    const { checkpoint } = run.stateAt(branchId)
    const origin = { manifest: checkpoint?.ref.manifest ?? null, shell: checkpoint?.ref.shell ?? null }
    const log = new TerminalLog((session, stream, data) => run.observe(branchId, 'terminal.data', { session, stream, data }), this.#log)
    const device = run.openDevice(
      await run.base(),
      branchId,
      origin,
      (session, stream, data) => log.push(session, stream, data),
      run.roleOf(run.optionsOf(branchId)),
      () => run.stateAt(branchId).grants ?? [],
    )
    return { device, log }
  }
}

function recordedSessions(run: RunEngine, branchId: BranchId): TerminalInfo[] {
  const sessions = new Set<string>()
  for (const frame of pathTo(run.frames(), branchOrigins(run.frames()), branchId, Number.MAX_SAFE_INTEGER)) {
    if (frame.kind === 'terminal.data') sessions.add(frame.payload.session)
  }
  return [...sessions].map((session) => ({
    session,
    title: session,
    cwd: '',
    live: false,
    running: null,
    processes: [],
    cols: 80,
    rows: 24,
  }))
}
