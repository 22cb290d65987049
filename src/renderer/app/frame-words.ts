import type { Frame, ToolOutcome } from '../../shared/frames'
import { count, formatScore } from '../components/format'
import { visibleText } from '../components/visible-text'

const DENIED = 'policy.denied'

/** True when something that the call tried was refused, by the policy before it or by the system during it. */
export function isDenied(outcome: ToolOutcome): boolean {
  return (outcome.denials?.length ?? 0) > 0 || outcome.error?.code === DENIED
}

/** False for a call that was refused before anything of it ran: nothing is to be said of its sandbox. */
export function wasStarted(outcome: ToolOutcome): boolean {
  return outcome.ok || !isDenied(outcome) || outcome.isolation !== 'none'
}

/** What was refused and why, in a line. */
export function denialInBrief(outcome: ToolOutcome): string {
  const [first, ...others] = outcome.denials ?? []
  if (first === undefined) return outcome.error?.message ?? 'no reason given'
  const told = `${brief(visibleText(first.resource))}: ${first.reason}`
  return others.length === 0 ? told : `${told.replace(/\.$/, '')}, and ${count(others.length, 'more denial')}`
}

/** What a frame is to a reader; decides its shape and colour. */
export type FrameRole = 'tool' | 'change' | 'context' | 'human' | 'decision' | 'error' | 'denied' | 'judge' | 'agent' | 'branch' | 'system'

export function frameRole(frame: Frame): FrameRole {
  switch (frame.kind) {
    case 'tool.outcome':
      if (isDenied(frame.payload)) return 'denied'
      if (!frame.payload.ok) return 'error'
      return frame.payload.sideEffects.files.length > 0 ? 'change' : 'tool'
    case 'tool.intent':
      return 'tool'
    case 'merge.outcome':
      return frame.payload.conflicts.length > 0 ? 'error' : 'change'
    case 'context.changed':
    case 'context.edited':
      return 'context'
    case 'human.request':
    case 'human.answer':
    case 'policy.granted':
    case 'control':
      return 'human'
    case 'decision':
      return 'decision'
    case 'error':
      return frame.payload.code === DENIED ? 'denied' : 'error'
    case 'judge.intent':
    case 'judge.verdict':
      return 'judge'
    case 'agent.message':
    case 'agent.plan':
    case 'agent.state':
      return 'agent'
    case 'fork':
    case 'restore':
    case 'merge.intent':
    case 'speculate.intent':
    case 'speculate.outcome':
    case 'checkpoint':
      return 'branch'
    case 'run.ended':
      return frame.payload.outcome === 'failed' ? 'error' : 'system'
    case 'run.started':
    case 'recovery':
    case 'memory.changed':
    case 'terminal.data':
      return 'system'
  }
}

export const ROLE_NAME: Readonly<Record<FrameRole, string>> = {
  tool: 'Tool call',
  change: 'File change',
  context: 'Context change',
  human: 'Person',
  decision: 'Decision',
  error: 'Error',
  denied: 'Denied',
  judge: 'Judge',
  agent: 'Agent',
  branch: 'Branch',
  system: 'System',
}

/** One line that says what happened at the frame. */
export function frameTitle(frame: Frame): string {
  switch (frame.kind) {
    case 'run.started':
      return `Run started: ${frame.payload.options.task}`
    case 'run.ended':
      return `Run ${frame.payload.outcome}: ${frame.payload.summary}`
    case 'fork':
      return `Fork "${frame.payload.label}" from frame ${frame.payload.fromFrame}`
    case 'decision':
      return `Decision: ${frame.payload.outcome}, ${frame.payload.inputs.request}`
    case 'context.changed':
      return `Context: ${count(frame.payload.changes.length, 'change')}`
    case 'context.edited':
      return `Context edited by hand: ${frame.payload.note === '' ? count(frame.payload.changes.length, 'change') : frame.payload.note}`
    case 'tool.intent':
      return `${frame.payload.tool} ${argumentsInBrief(frame.payload.args)}`.trim()
    case 'tool.outcome':
      if (isDenied(frame.payload)) {
        return `Denied: ${frame.payload.tool} ${denialInBrief(frame.payload)}${changedFiles(frame.payload.sideEffects.files.length)}`
      }
      return `${frame.payload.tool} ${frame.payload.ok ? 'done' : `failed: ${frame.payload.error?.message ?? 'no reason given'}`}${changedFiles(frame.payload.sideEffects.files.length)}`
    case 'judge.intent':
      return `Judge ${frame.payload.judge} on ${frame.payload.branchId}`
    case 'judge.verdict':
      return `Verdict of ${frame.payload.judge}: ${frame.payload.passed ? 'passed' : 'not passed'}, ${formatScore(frame.payload.score)}`
    case 'merge.intent':
      return `Merge of ${frame.payload.branchId}`
    case 'merge.outcome':
      return `Merged ${frame.payload.branchId}: ${count(frame.payload.applied.length, 'file')}${frame.payload.conflicts.length > 0 ? `, ${count(frame.payload.conflicts.length, 'conflict')}` : ''}`
    case 'speculate.intent':
      return `Rehearse ${count(frame.payload.variants.length, 'variant')}`
    case 'speculate.outcome':
      return `Rehearsed ${count(frame.payload.branches.length, 'variant')}`
    case 'human.request':
      return `Asked: ${visibleText(frame.payload.title)}`
    case 'human.answer':
      return `Answered: ${frame.payload.decision}${frame.payload.scope === undefined ? '' : ` (${frame.payload.scope})`}${frame.payload.optionId === undefined ? '' : ` ${frame.payload.optionId}`}`
    case 'checkpoint':
      return `Checkpoint${frame.payload.name === null ? '' : ` "${frame.payload.name}"`}: ${frame.payload.reason}`
    case 'restore':
      return `Restore to frame ${frame.payload.toFrame}: ${frame.payload.reason}`
    case 'recovery':
      return `Recovery of frame ${frame.payload.intent}: ${frame.payload.resolution}`
    case 'control':
      return `${frame.payload.by}: ${frame.payload.action}${frame.payload.text === null ? '' : ` "${frame.payload.text}"`}`
    case 'policy.granted':
      return `Permitted: ${frame.payload.grants.map((grant) => `${grant.action} ${grant.pattern}`).join(', ')}`
    case 'agent.message':
      return frame.payload.text
    case 'agent.plan':
      return `Plan: ${frame.payload.title}`
    case 'agent.state':
      return `State: ${frame.payload.state}`
    case 'memory.changed':
      return `Index version ${frame.payload.version}: ${count(frame.payload.files, 'file')}`
    case 'terminal.data':
      return `Terminal ${frame.payload.session}: ${frame.payload.stream}`
    case 'error':
      return `Error: ${frame.payload.message}`
  }
}

/** Tokens that the frame put into the tiers a model sees. */
export function frameTokens(frame: Frame): number {
  if (frame.kind !== 'context.changed' && frame.kind !== 'context.edited') return 0
  let tokens = 0
  for (const change of frame.payload.changes) {
    if (change.op === 'put' && (change.item.tier === 'L1' || change.item.tier === 'L2')) tokens += change.item.tokens
  }
  return tokens
}

/** How long the frame's effect took; null for frames that have no duration. */
export function frameDurationMs(frame: Frame): number | null {
  if (frame.kind === 'tool.outcome') return frame.payload.durationMs
  if (frame.kind === 'judge.verdict') return frame.payload.checks.reduce((sum, check) => sum + check.durationMs, 0)
  if (frame.kind === 'human.answer') return frame.payload.waitedMs
  return null
}

function changedFiles(files: number): string {
  return files === 0 ? '' : `, ${count(files, 'file')} changed`
}

const BRIEF_AT_MOST = 80

function brief(text: string): string {
  return text.length > BRIEF_AT_MOST ? `${text.slice(0, BRIEF_AT_MOST)}...` : text
}

/** The argument that tells calls of one tool apart: its path, command or query. */
export function argumentsInBrief(args: unknown): string {
  if (typeof args !== 'object' || args === null) return args === undefined || args === null ? '' : String(args)
  const record = args as Readonly<Record<string, unknown>>
  for (const name of ['command', 'path', 'pattern', 'query', 'from']) {
    const value = record[name]
    if (typeof value === 'string') return brief(visibleText(value))
  }
  return ''
}
