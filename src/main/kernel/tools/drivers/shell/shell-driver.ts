import type { z } from 'zod'
import type { TerminalInfo as TerminalInfoSchema } from '../../../../../shared/contract/methods'
import { KeyframeError } from '../../../../../shared/failure'
import { SHELL_RCFILE } from '../../guest/guest-binds'
import { type Driver, defineTool } from '../../driver'
import type { Sandbox } from '../../sandboxes/sandbox'
import { ToolSchemas } from '../../schemas'
import { type CommandOutcome, ShellSession } from './shell-session'
import { CapturedShells, type CapturedSession } from './shell-state'

type TerminalInfo = z.infer<typeof TerminalInfoSchema>

export interface ShellDriverOptions {
  /** Everything that goes over a session's terminal, in order: what it printed (without Keyframe's own marks), what was typed, `COLSxROWS`. */
  onTerminalData(session: string, stream: 'output' | 'input' | 'resize', data: string): void
  /** Inside the sandbox; default where `shellGuestBinds` puts it. */
  readonly rcfile?: string
  /** What the sandbox's exchange folder is called inside; default `/run/keyframe`. */
  readonly guestExchangeDir?: string
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

export const AGENT_SESSION = 'main'
export const PERSON_SESSION = 'user'

const DEFAULT_TIMEOUT_MS = 120_000
const MAX_SESSIONS = 8
const DEFAULT_SIZE = { cols: 120, rows: 30 }

/** Persistent shells of one branch. State is as of each session's last prompt; see shell-session.ts. */
export function createShellDriver(options: ShellDriverOptions): ShellDriver {
  const sessions = new Map<string, ShellSession>()
  let current: Sandbox | null = null

  function session(name: string, size = DEFAULT_SIZE, restored: CapturedSession | null = null): ShellSession {
    const existing = sessions.get(name)
    if (existing !== undefined) return existing
    if (current === null) throw new KeyframeError({ code: 'shell.no-sandbox', message: 'The branch has no open sandbox.' })
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
      throw new KeyframeError({ code: 'shell.bad-session', message: `"${name}" is no name for a session: use a-z, 0-9 and "-".` })
    }
    if (sessions.size >= MAX_SESSIONS) {
      throw new KeyframeError({
        code: 'shell.too-many-sessions',
        message: `There are ${MAX_SESSIONS} sessions already.`,
        action: 'Use one of them.',
      })
    }
    const made = new ShellSession({
      name,
      sandbox: current,
      guestExchangeDir: options.guestExchangeDir ?? '/run/keyframe',
      rcfile: options.rcfile ?? SHELL_RCFILE,
      ...size,
      restored,
      onTerminalData: (stream, data) => options.onTerminalData(name, stream, data),
    })
    sessions.set(name, made)
    return made
  }

  async function closeAll(): Promise<void> {
    const closing = [...sessions.values()]
    sessions.clear()
    await Promise.all(closing.map((one) => one.close()))
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

  const run = defineTool({
    name: 'shell.run',
    description:
      'Runs a bash command in the persistent terminal of the agent: directory, variables, functions and jobs stay for the next one. ' +
      'Interactive programs get no answers; a command over its time is interrupted, then killed.',
    ...ToolSchemas['shell.run'],
    effect: 'workspace',
    timeoutMs: 3_700_000,
    capabilities: (args) => [{ action: 'process.spawn', resource: args.command }],
    async execute(args, call) {
      await attach(call.sandbox)
      const name = args.session ?? AGENT_SESSION
      const request = {
        command: args.command,
        timeoutMs: args.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        signal: call.signal,
        onOutput: (chunk: string) => call.onOutput(chunk),
      }
      const { restarted, ...outcome } = await session(name).run(request)
      return { output: { session: name, ...outcome }, text: readable({ restarted, ...outcome }) }
    },
  })

  return {
    name: 'shell',
    tools: [run],
    attach,
    async open(name, cols, rows) {
      const opened = session(name ?? PERSON_SESSION, { cols, rows })
      opened.resize(cols, rows)
      await opened.start()
      return infoOf(opened)
    },
    async close(name) {
      const closing = known(sessions, name)
      sessions.delete(name)
      await closing.close()
    },
    write: (name, data) => known(sessions, name).type(data),
    resize: (name, cols, rows) => known(sessions, name).resize(cols, rows),
    list: () => [...sessions.values()].map(infoOf),
    async capture() {
      const captured = await captureAll()
      return captured.length === 0 ? null : { version: 1, sessions: captured }
    },
    async restore(captured, sandbox) {
      const parsed = CapturedShells.nullable().safeParse(captured)
      if (!parsed.success)
        throw new KeyframeError({ code: 'shell.bad-capture', message: `Captured shells are damaged: ${parsed.error.message}` })
      await closeAll()
      current = sandbox
      const kept = parsed.data?.sessions ?? []
      adopt(kept)
      return { notRestored: kept.flatMap(({ session: name, jobs }) => jobs.map((job) => `${name}: ${job}`)) }
    },
    filesChanged: async () => undefined,
    dispose: closeAll,
  }
}

function known(sessions: ReadonlyMap<string, ShellSession>, name: string): ShellSession {
  const found = sessions.get(name)
  if (found === undefined)
    throw new KeyframeError({ code: 'shell.no-session', message: `There is no session ${name}.`, action: 'Open a terminal first.' })
  return found
}

function infoOf(one: ShellSession): TerminalInfo {
  const title = one.name === AGENT_SESSION ? 'Agent' : one.name === PERSON_SESSION ? 'You' : one.name
  return { session: one.name, title, cwd: one.cwd, live: one.live, running: null, processes: [], cols: one.cols, rows: one.rows }
}

function readable({ output, exitCode, timedOut, restarted }: CommandOutcome): string {
  const notes: string[] = []
  if (timedOut) notes.push('[timed out]')
  if (exitCode !== 0) notes.push(`[exit code ${exitCode}]`)
  if (restarted) notes.push('[the shell ended; a new one has its directory and variables]')
  return [output.replace(/\n$/, ''), ...notes].filter((part) => part !== '').join('\n')
}
