import { z } from 'zod'
import type { Frame } from '../../../shared/frames'

/** How the last command of a session, or a background job, stands as of a frame. */
export interface SessionState {
  readonly command: string | null
  readonly state: 'running' | 'ended' | 'stopped'
  /** Null while it runs and where it is not known. */
  readonly exitCode: number | null
}

const State = z.enum(['running', 'ended', 'stopped'])
const Outcome = z.object({
  session: z.string(),
  exitCode: z.number().nullable().optional(),
  state: State.optional(),
  command: z.string().optional(),
})
const Started = z.object({ job: z.string(), command: z.string() })
const Jobs = z.object({ jobs: z.array(z.object({ job: z.string(), command: z.string(), state: State, exitCode: z.number().nullable() })) })
const Closed = z.object({ session: z.string() })

/** By session, from what agents were told of them in these frames. What a tool of a later version says otherwise is passed over. */
export function sessionStates(frames: readonly Frame[]): ReadonlyMap<string, SessionState> {
  const states = new Map<string, SessionState>()
  for (const frame of frames) {
    if (frame.kind === 'tool.outcome' && frame.payload.ok) addOutcome(states, frame.payload.tool, frame.payload.output)
  }
  return states
}

function addOutcome(states: Map<string, SessionState>, tool: string, output: unknown): void {
  if (tool === 'shell.start') {
    const { data } = Started.safeParse(output)
    if (data !== undefined) states.set(data.job, { command: data.command, state: 'running', exitCode: null })
  } else if (tool === 'shell.jobs') {
    const { data } = Jobs.safeParse(output)
    for (const { job, command, state, exitCode } of data?.jobs ?? []) states.set(job, { command, state, exitCode })
  } else if (tool === 'shell.close') {
    const { data } = Closed.safeParse(output)
    const before = data === undefined ? undefined : states.get(data.session)
    if (data !== undefined && before !== undefined && before.state === 'running') states.set(data.session, { ...before, state: 'stopped' })
  } else if (tool.startsWith('shell.')) {
    const { data } = Outcome.safeParse(output)
    if (data === undefined || data.exitCode === undefined) return
    const state = data.state ?? 'ended'
    const command = data.command ?? (tool === 'shell.run' ? null : (states.get(data.session)?.command ?? null))
    states.set(data.session, { command, state, exitCode: state === 'running' ? null : data.exitCode })
  }
}

/** "exit 3", "running", "stopped"; null for what ended well or is not known. */
export function stateLabel({ state, exitCode }: SessionState): string | null {
  if (state !== 'ended') return state
  return exitCode === null || exitCode === 0 ? null : `exit ${exitCode}`
}
