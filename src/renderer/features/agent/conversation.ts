import type { Failure } from '../../../shared/failure'
import type { Frame, FramePayload, HumanRequest, MergeOutcome, Plan, ToolOutcome, Verdict } from '../../../shared/frames'
import { isUnisolated } from '../../components/policy-words'

export interface ToolCall {
  readonly frame: number
  readonly tool: string
  readonly args: unknown
  /** Null while it runs. */
  readonly outcome: ToolOutcome | null
  readonly outcomeFrame: number | null
}

/** One piece of the conversation; `frame` is the one that is selected when it is clicked. */
export type Entry = { readonly frame: number } & (
  | { readonly kind: 'instruction'; readonly text: string; readonly by: string; readonly note: string | null }
  | { readonly kind: 'message'; readonly text: string; readonly level: 'info' | 'success' | 'warning' | 'error' }
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'tools'; readonly calls: ToolCall[] }
  | { readonly kind: 'question'; readonly request: HumanRequest; readonly answer: FramePayload<'human.answer'> | null }
  | {
      readonly kind: 'rehearsal'
      readonly intent: FramePayload<'speculate.intent'>
      readonly outcome: FramePayload<'speculate.outcome'> | null
    }
  | { readonly kind: 'verdict'; readonly verdict: Verdict }
  | { readonly kind: 'merge'; readonly outcome: MergeOutcome }
  | { readonly kind: 'decision'; readonly outcome: string; readonly reasons: readonly string[] }
  | { readonly kind: 'failure'; readonly failure: Failure; readonly where: string }
  | {
      readonly kind: 'end'
      readonly outcome: 'completed' | 'failed' | 'cancelled'
      readonly summary: string
      readonly failure: Failure | null
    }
)

/** Longer rows of calls are split, so that opening one stays quick. */
const CALLS_AT_MOST = 100

/** Outcomes of the scheduler that say no more than that the run goes on. */
const QUIET: ReadonlySet<string> = new Set(['continue', 'use-tool', 'refresh-context', 'complete'])

/**
 * The run as a conversation, from the frames on the way to the selected one. Consecutive tool calls are one entry, so that
 * a run of hundreds of calls reads in a minute. O(frames): lists of calls grow in place until they are returned.
 */
export function conversationOf(path: readonly Frame[]): Entry[] {
  const entries: Entry[] = []
  const places = new Map<number, number>()
  for (const frame of path) addFrame(entries, places, frame)
  return entries
}

/** `places`: index of the entry that an intent or request frame made, for its outcome. */
function addFrame(entries: Entry[], places: Map<number, number>, frame: Frame): void {
  const at = { frame: frame.n }
  const add = (entry: Entry): void => {
    places.set(frame.n, entries.length)
    entries.push(entry)
  }
  const caused = frame.cause === null ? undefined : places.get(frame.cause)
  const origin = caused === undefined ? undefined : entries[caused]
  switch (frame.kind) {
    case 'run.started':
      return add({ ...at, kind: 'instruction', text: frame.payload.options.task, by: 'person', note: startNote(frame.payload) })
    case 'fork':
      if (frame.payload.task !== null) add({ ...at, kind: 'instruction', text: frame.payload.task, by: 'person', note: null })
      return
    case 'control':
      if (frame.payload.action === 'instruct' && frame.payload.text !== null) {
        add({ ...at, kind: 'instruction', text: frame.payload.text, by: frame.payload.by, note: 'queued instruction' })
      }
      return
    case 'agent.message':
      return add({ ...at, kind: 'message', text: frame.payload.text, level: frame.payload.level })
    case 'agent.plan': {
      const last = entries.findLastIndex((entry) => entry.kind === 'plan')
      // A plan is told again whenever one of its steps changes: the newest replaces the one that is shown.
      const shown = entries[last]
      if (shown?.kind === 'plan' && shown.plan.title === frame.payload.title) entries[last] = { ...shown, plan: frame.payload }
      else add({ ...at, kind: 'plan', plan: frame.payload })
      return
    }
    case 'tool.intent': {
      const call: ToolCall = { frame: frame.n, tool: frame.payload.tool, args: frame.payload.args, outcome: null, outcomeFrame: null }
      const last = entries.at(-1)
      if (last?.kind !== 'tools' || last.calls.length >= CALLS_AT_MOST) return add({ ...at, kind: 'tools', calls: [call] })
      places.set(frame.n, entries.length - 1)
      last.calls.push(call)
      return
    }
    case 'tool.outcome': {
      if (origin?.kind !== 'tools') return
      const index = origin.calls.findLastIndex((call) => call.frame === frame.cause)
      const call = origin.calls[index]
      if (call !== undefined) origin.calls[index] = { ...call, outcome: frame.payload, outcomeFrame: frame.n }
      return
    }
    case 'human.request':
      return add({ ...at, kind: 'question', request: frame.payload, answer: null })
    case 'human.answer': {
      const index = entries.findLastIndex((entry) => entry.kind === 'question' && entry.request.requestId === frame.payload.requestId)
      const question = entries[index]
      if (question?.kind === 'question') entries[index] = { ...question, answer: frame.payload }
      return
    }
    case 'speculate.intent':
      return add({ ...at, kind: 'rehearsal', intent: frame.payload, outcome: null })
    case 'speculate.outcome':
      if (origin?.kind === 'rehearsal' && caused !== undefined) entries[caused] = { ...origin, outcome: frame.payload }
      return
    case 'judge.verdict':
      return add({ ...at, kind: 'verdict', verdict: frame.payload })
    case 'merge.outcome':
      return add({ ...at, kind: 'merge', outcome: frame.payload })
    case 'decision':
      if (!QUIET.has(frame.payload.outcome))
        add({ ...at, kind: 'decision', outcome: frame.payload.outcome, reasons: frame.payload.reasons })
      return
    case 'error':
      return add({ ...at, kind: 'failure', failure: frame.payload, where: frame.payload.where })
    case 'run.ended':
      return add({
        ...at,
        kind: 'end',
        outcome: frame.payload.outcome,
        summary: frame.payload.summary,
        failure: frame.payload.failure ?? null,
      })
    case 'context.changed':
    case 'context.edited':
    case 'judge.intent':
    case 'merge.intent':
    case 'checkpoint':
    case 'restore':
    case 'recovery':
    case 'agent.state':
    case 'memory.changed':
    case 'terminal.data':
      return
  }
}

/** Under which policies and in what kind of sandbox the run works, where that is not what its reader expects. */
function startNote({ options, isolation }: FramePayload<'run.started'>): string | null {
  const notes = [...(options.role === undefined ? [] : [`role ${options.role}`]), ...(isUnisolated(isolation) ? ['not isolated'] : [])]
  return notes.length === 0 ? null : notes.join(', ')
}
