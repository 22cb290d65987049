import {
  ChevronRight,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleMinus,
  CircleX,
  type LucideIcon,
  OctagonX,
  ShieldAlert,
} from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useStore } from 'zustand'
import type { Plan } from '../../../shared/frames'
import { argumentsInBrief, denialInBrief, isDenied, wasStarted } from '../../app/frame-words'
import { useIsPast, useOpenRunSummary, useWindow } from '../../app/window-context'
import { count, formatDuration, formatScore } from '../../components/format'
import { isUnisolated, LEVEL_MEANING } from '../../components/policy-words'
import { StateBadge } from '../../components/surfaces'
import { UntrustedInline } from '../../components/untrusted-text'
import { visibleText } from '../../components/visible-text'
import type { Entry, ToolCall } from './conversation'

export function EntryView({ entry }: { entry: Entry }) {
  switch (entry.kind) {
    case 'instruction':
      return (
        <Block frame={entry.frame} tone="person" who={nameOf(entry.by)} note={entry.note}>
          {entry.text}
        </Block>
      )
    case 'message':
      return (
        <Block frame={entry.frame} tone={entry.level} who="Agent">
          {entry.text}
        </Block>
      )
    case 'plan':
      return (
        <Block frame={entry.frame} tone="plain" who="Plan">
          <PlanView plan={entry.plan} />
        </Block>
      )
    case 'tools':
      return <ToolCalls entry={entry} />
    case 'question':
      return <Question entry={entry} />
    case 'rehearsal':
      return <Rehearsal entry={entry} />
    case 'verdict':
      return (
        <Block frame={entry.frame} tone="plain" who={`Judge ${entry.verdict.judge}`}>
          <StateBadge
            state={entry.verdict.passed ? 'passed' : 'failed'}
            label={`${entry.verdict.passed ? 'passed' : 'not passed'}, ${formatScore(entry.verdict.score)}`}
          />
          <ul className="checks">
            {entry.verdict.checks.map((check) => (
              <li key={check.check}>
                {check.check}: {check.state === 'not-available' ? 'not available' : check.state}
              </li>
            ))}
          </ul>
        </Block>
      )
    case 'merge':
      return (
        <Block frame={entry.frame} tone={entry.outcome.conflicts.length > 0 ? 'warning' : 'success'} who="Merge">
          {count(entry.outcome.applied.length, 'file')} merged from {entry.outcome.branchId}
          {entry.outcome.skipped.length > 0 && `, ${entry.outcome.skipped.length} left out`}
          {entry.outcome.conflicts.map((conflict) => (
            <p key={conflict.path} className="danger">
              <code>{conflict.path}</code>: {conflict.reason}
            </p>
          ))}
        </Block>
      )
    case 'decision':
      return (
        <Block frame={entry.frame} tone="warning" who={`Scheduler: ${entry.outcome}`}>
          {entry.reasons.join('; ')}
        </Block>
      )
    case 'failure':
      return (
        <Block frame={entry.frame} tone="error" who={`Error in ${entry.where}`}>
          {entry.failure.message}
          {entry.failure.action !== undefined && <p className="muted">{entry.failure.action}</p>}
        </Block>
      )
    case 'end':
      return (
        <Block
          frame={entry.frame}
          tone={entry.outcome === 'completed' ? 'success' : entry.outcome === 'failed' ? 'error' : 'plain'}
          who={`Run ${entry.outcome}`}
        >
          {entry.summary}
          {entry.failure !== null && <p className="danger">{entry.failure.message}</p>}
          {entry.failure?.action !== undefined && <p className="muted">{entry.failure.action}</p>}
        </Block>
      )
  }
}

function Block({
  frame,
  tone,
  who,
  note = null,
  children,
}: {
  frame: number
  tone: string
  who: string
  note?: string | null
  children: ReactNode
}) {
  const model = useWindow()
  return (
    <article className="entry" data-tone={tone}>
      <header>
        <span className="who">{who}</span>
        {note !== null && <span className="faint">{note}</span>}
        <button type="button" className="frame-link number" aria-label={`Go to frame ${frame}`} onClick={() => model.select(frame)}>
          {frame}
        </button>
      </header>
      <div className="entry-body">{children}</div>
    </article>
  )
}

const STEP_ICON: Readonly<Record<Plan['steps'][number]['state'], LucideIcon>> = {
  pending: CircleDashed,
  running: CircleDot,
  done: CircleCheck,
  failed: CircleX,
  skipped: CircleMinus,
}

function PlanView({ plan }: { plan: Plan }) {
  return (
    <>
      <p>{plan.title}</p>
      <ol className="plan-steps">
        {plan.steps.map((step) => {
          const Icon = STEP_ICON[step.state]
          return (
            <li key={step.id} data-state={step.state}>
              <Icon size={14} aria-label={step.state} />
              <span>{step.title}</span>
            </li>
          )
        })}
      </ol>
      {plan.notes.map((note) => (
        <p key={note} className="muted">
          {note}
        </p>
      ))}
    </>
  )
}

function ToolCalls({ entry }: { entry: Extract<Entry, { kind: 'tools' }> }) {
  const [open, setOpen] = useState(false)
  const denied = entry.calls.filter((call) => call.outcome !== null && isDenied(call.outcome)).length
  const failed = entry.calls.filter((call) => call.outcome?.ok === false && !isDenied(call.outcome)).length
  const running = entry.calls.filter((call) => call.outcome === null).length
  const changed = new Set(entry.calls.flatMap((call) => call.outcome?.sideEffects.files.map((file) => file.path) ?? [])).size
  const first = entry.calls[0]
  const title =
    entry.calls.length === 1 && first !== undefined
      ? `${first.tool} ${argumentsInBrief(first.args)}`
      : count(entry.calls.length, 'tool call')
  return (
    <details className="entry tools" data-tone={denied > 0 ? 'denied' : 'plain'} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <ChevronRight size={14} aria-hidden />
        <span className="clip mono">{title}</span>
        <span className="tools-facts">
          {changed > 0 && <span className="muted">{count(changed, 'file')} changed</span>}
          {denied > 0 && (
            <span className="danger denied-mark">
              <OctagonX size={13} aria-hidden /> {denied} denied
            </span>
          )}
          {failed > 0 && <span className="danger">{failed} failed</span>}
          {running > 0 && <span className="muted">{running} running</span>}
        </span>
      </summary>
      {open && (
        <ul>
          {entry.calls.map((call) => (
            <ToolRow key={call.frame} call={call} />
          ))}
        </ul>
      )}
    </details>
  )
}

function ToolRow({ call }: { call: ToolCall }) {
  const model = useWindow()
  const state = call.outcome === null ? 'running' : isDenied(call.outcome) ? 'denied' : call.outcome.ok ? 'done' : 'failed'
  const Icon = state === 'denied' ? OctagonX : STEP_ICON[state]
  const red = state === 'failed' || state === 'denied'
  return (
    <li>
      <button
        type="button"
        className="tool-row"
        data-state={state}
        onClick={() => model.select(call.outcomeFrame ?? call.frame)}
        title={call.outcome?.text}
      >
        <Icon size={13} aria-label={state} className={red ? 'danger' : 'faint'} />
        <span className="mono">{call.tool}</span>
        <span className="mono faint clip">{argumentsInBrief(call.args)}</span>
        {call.outcome !== null && wasStarted(call.outcome) && isUnisolated(call.outcome.isolation) && (
          <ShieldAlert size={13} className="warning" aria-label={LEVEL_MEANING[call.outcome.isolation].name} />
        )}
        <span className="number faint">{call.outcome === null ? '' : formatDuration(call.outcome.durationMs)}</span>
      </button>
      {state === 'denied' && call.outcome !== null && <p className="danger denied-reason">{denialInBrief(call.outcome)}</p>}
    </li>
  )
}

const PERMISSION_ANSWER = { once: 'allowed once', run: 'allowed for this run', always: 'always allowed', deny: 'denied' } as const

function Question({ entry }: { entry: Extract<Entry, { kind: 'question' }> }) {
  const model = useWindow()
  const { request, answer } = entry
  const runId = useStore(model.selection, (state) => state.runId)
  const pending = useStore(model.inbox.store, (state) =>
    state.requests.some((candidate) => candidate.runId === runId && candidate.requestId === request.requestId),
  )
  const interrupted = useOpenRunSummary()?.state === 'interrupted'
  const option = request.options?.find((candidate) => candidate.id === answer?.optionId)
  return (
    <Block
      frame={entry.frame}
      tone={answer === null ? 'question' : 'plain'}
      who={request.authorize === undefined ? 'Question' : 'Permission asked'}
    >
      <p>{visibleText(request.title)}</p>
      {answer === null && pending && request.authorize !== undefined && (
        <p className="muted">You are asked below this conversation, and in the inbox.</p>
      )}
      {answer === null && pending && request.authorize === undefined && (
        <button
          type="button"
          className="button"
          data-tone="primary"
          onClick={() => model.dock.open('request', { params: { runId, requestId: request.requestId } })}
        >
          Answer
        </button>
      )}
      {answer === null && !pending && <p className="muted">{interrupted ? 'Resume the run to answer.' : 'Not answered at this frame.'}</p>}
      {answer !== null && (
        <p className="muted">
          {nameOf(answer.by)}:{' '}
          {request.authorize === undefined
            ? answer.decision
            : PERMISSION_ANSWER[answer.decision === 'approve' ? (answer.scope ?? 'once') : 'deny']}
          {answer.scope !== undefined && answer.scope !== 'once' && answer.patterns !== undefined && (
            <>
              {' '}
              <UntrustedInline text={answer.patterns.map((grant) => grant.pattern).join(', ')} />
            </>
          )}
          {option !== undefined && ` ${option.label}`}
          {answer.branchId !== undefined &&
            ` ${request.branches?.find((branch) => branch.branchId === answer.branchId)?.label ?? answer.branchId}`}
          {answer.text !== undefined && answer.text !== '' && `, "${answer.text}"`}
        </p>
      )}
    </Block>
  )
}

/** Who did it, as the reader is addressed: the one person of this window is "you". */
function nameOf(by: string): string {
  return by === 'person' ? 'You' : by
}

function Rehearsal({ entry }: { entry: Extract<Entry, { kind: 'rehearsal' }> }) {
  const model = useWindow()
  const past = useIsPast()
  const summary = useOpenRunSummary()
  return (
    <Block frame={entry.frame} tone="plain" who={`Rehearsal of ${count(entry.intent.variants.length, 'variant')}`}>
      <ul className="variants">
        {entry.intent.variants.map((variant) => {
          const result = entry.outcome?.branches.find((branch) => branch.branchId === variant.branchId)
          // The line of a variant does not hold the outcome of all of them; at its live end their own states say it.
          const now = past ? undefined : summary?.branches.find((branch) => branch.branchId === variant.branchId)
          const state =
            result === undefined
              ? (now?.state ?? 'running')
              : result.ok
                ? result.verdict?.passed === false
                  ? 'failed'
                  : 'passed'
                : 'failed'
          return (
            <li key={variant.branchId}>
              <button type="button" className="tool-row" title={variant.detail} onClick={() => model.select('live', variant.branchId)}>
                <span className="clip">{variant.label}</span>
                <span className="number">{result === undefined ? '' : formatScore(result.verdict?.score ?? null)}</span>
                <StateBadge state={state} />
              </button>
            </li>
          )
        })}
      </ul>
    </Block>
  )
}
