import type { TerminalInfo } from '../../../../../shared/contract/methods'
import { KeyframeError } from '../../../../../shared/failure'
import type { Driver } from '../../driver'
import type { Sandbox } from '../../sandboxes/sandbox'
import { PERSON_SESSION, sessionTitle } from './session-names'
import { ShellJobs } from './shell-jobs'
import { ShellSession } from './shell-session'
import { CapturedShells, type CapturedSession } from './shell-state'
import { shellTools } from './shell-tools'

export { PERSON_SESSION }

export interface ShellDriverOptions {
  /** Everything that goes over a session's terminal, in order: what it printed (without Keyframe's own marks), what was typed, `COLSxROWS`. */
  onTerminalData(session: string, stream: 'output' | 'input' | 'resize', data: string): void
  /** Monotonic milliseconds, for durations. */
  readonly clock?: () => number
}

export interface ShellDriver extends Driver {
  /** The sandbox in which sessions are opened from now on. Calls of tools attach theirs. */
  attach(sandbox: Sandbox): Promise<void>
  /** A session for a person, opened when there is none of this name (null: the person's own). Throws `shell.no-sandbox` before a sandbox was attached. */
  open(session: string | null, cols: number, rows: number): Promise<TerminalInfo>
  /** Ends a session with everything that runs in it. Throws `shell.no-session`. */
  close(session: string): Promise<void>
  /** Types into a session, starting it when it was restored and not used yet. Throws `shell.no-session`. */
  write(session: string, data: string): void
  resize(session: string, cols: number, rows: number): void
  list(): TerminalInfo[]
}

const MAX_SESSIONS = 8
const DEFAULT_SIZE = { cols: 120, rows: 30 }

/** Persistent shells of one branch. State is as of each session's last prompt; see shell-session.ts. */
export function createShellDriver(options: ShellDriverOptions): ShellDriver {
  const clock = options.clock ?? (() => performance.now())
  const sessions = new Map<string, ShellSession>()
  let jobs = new ShellJobs()
  let current: Sandbox | null = null

  function make(name: string, size: { cols: number; rows: number }, restored: CapturedSession | null): ShellSession {
    if (current === null) throw new KeyframeError({ code: 'shell.no-sandbox', message: 'The branch has no open sandbox.' })
    return new ShellSession({
      name,
      sandbox: current,
      ...size,
      restored,
      clock,
      onTerminalData: (stream, data) => options.onTerminalData(name, stream, data),
    })
  }

  function session(name: string, size = DEFAULT_SIZE, restored: CapturedSession | null = null): ShellSession {
    const existing = sessions.get(name)
    if (existing !== undefined) return existing
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name) || /^job-\d+$/.test(name)) {
      throw new KeyframeError({
        code: 'shell.bad-session',
        message: `"${name}" is no name for a session: use a-z, 0-9 and "-"; job-NUMBER is taken.`,
      })
    }
    if (sessions.size >= MAX_SESSIONS) {
      throw new KeyframeError({
        code: 'shell.too-many-sessions',
        message: `There are ${MAX_SESSIONS} sessions already.`,
        action: 'Use one of them, or close one.',
      })
    }
    const made = make(name, size, restored)
    sessions.set(name, made)
    return made
  }

  /** Jobs whose terminal is still there come after the sessions. */
  function all(): ShellSession[] {
    const ofJobs = jobs.all().flatMap((job) => (job.state === 'running' || job.session.live ? [job.session] : []))
    return [...sessions.values(), ...ofJobs]
  }

  function known(name: string): ShellSession {
    const found = sessions.get(name) ?? jobs.find(name)?.session
    if (found !== undefined) return found
    const there = [...sessions.keys(), ...jobs.all().map((job) => job.name)]
    throw new KeyframeError({
      code: 'shell.no-session',
      message: `There is no session ${name}.`,
      action: there.length === 0 ? 'Open a terminal first.' : `There are: ${there.join(', ')}.`,
    })
  }

  async function close(name: string): Promise<void> {
    const closing = known(name)
    const job = jobs.find(name)
    if (job !== undefined) return await jobs.stop(job)
    sessions.delete(name)
    await closing.close()
  }

  async function closeAll(): Promise<void> {
    const closing = [...sessions.values()]
    sessions.clear()
    await Promise.all([jobs.stopAll(), ...closing.map((one) => one.close())])
  }

  async function captureAll(): Promise<CapturedSession[]> {
    return await Promise.all([...sessions.values()].map((one) => one.capture()))
  }

  function adopt(captured: readonly CapturedSession[]): void {
    for (const one of captured) session(one.session, { cols: one.cols, rows: one.rows }, one)
  }

  async function attach(sandbox: Sandbox): Promise<void> {
    if (current === sandbox) return
    const kept = await captureAll()
    await closeAll()
    current = sandbox
    adopt(kept)
  }

  /** Made at once, so that what could not be brought back is known now. A shell that does not start is tried again when it is used. */
  async function startRestored(captured: CapturedSession): Promise<string[]> {
    const restored = known(captured.session)
    if (captured.shell === null) return []
    try {
      await restored.start()
    } catch (error) {
      if (!(error instanceof KeyframeError)) throw error
      return [`the shell: ${error.message}`]
    }
    return restored.takeLost()
  }

  const tools = shellTools({
    attach,
    session: (name) => session(name),
    known,
    sessions: all,
    jobs: () => jobs,
    close,
    async startJob(command, from) {
      const base = sessions.get(from)
      const captured = base === undefined ? null : { ...(await base.capture()), jobs: [] }
      return await jobs.start(command, (name) => Promise.resolve(make(name, captured ?? DEFAULT_SIZE, captured)))
    },
  })

  return {
    name: 'shell',
    tools,
    attach,
    async open(name, cols, rows) {
      const opened = session(name ?? PERSON_SESSION, { cols, rows })
      opened.resize(cols, rows)
      await opened.start()
      return infoOf(opened)
    },
    close,
    write: (name, data) => known(name).type(data),
    resize: (name, cols, rows) => known(name).resize(cols, rows),
    list: () => all().map(infoOf),
    async capture() {
      const captured = await captureAll()
      if (captured.length === 0 && jobs.last === 0) return null
      const running = jobs.running().map((job) => `${job.name}: ${job.command}`)
      return { version: 1, sessions: captured, jobs: running, lastJob: jobs.last }
    },
    async restore(captured, sandbox) {
      const parsed = CapturedShells.nullable().safeParse(captured)
      if (!parsed.success)
        throw new KeyframeError({ code: 'shell.bad-capture', message: `Captured shells are damaged: ${parsed.error.message}` })
      await closeAll()
      current = sandbox
      jobs = new ShellJobs(parsed.data?.lastJob ?? 0)
      const kept = parsed.data?.sessions ?? []
      adopt(kept)
      const ofSessions = await Promise.all(
        kept.map(async (one) => {
          const different = await startRestored(one)
          return [...one.jobs, ...(one.lost ?? []), ...different].map((what) => `${one.session}: ${what}`)
        }),
      )
      return { notRestored: [...(parsed.data?.jobs ?? []), ...ofSessions.flat()] }
    },
    filesChanged: async () => undefined,
    dispose: closeAll,
  }
}

function infoOf(one: ShellSession): TerminalInfo {
  const { name, cwd, live, cols, rows } = one
  return {
    session: name,
    title: sessionTitle(name),
    cwd,
    live,
    running: one.running(),
    processes: one.processes().map(({ line }) => line),
    cols,
    rows,
  }
}
