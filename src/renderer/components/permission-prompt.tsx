import { ShieldQuestionMark } from 'lucide-react'
import { type ReactNode, type Ref, useEffect, useImperativeHandle, useState } from 'react'
import type { GrantPattern, PolicyAction, PolicyDecision } from '../../shared/policy'
import { DecisionList } from './decision-list'
import { count } from './format'
import {
  type AuthorizeView,
  beyondOnce,
  type ChosenPatterns,
  deny,
  offeredFirst,
  once,
  patternsOf,
  type PermissionDecision,
  permitsEverything,
  readablePatterns,
} from './grant-choice'
import './permission-prompt.css'
import { ACTION_TITLE } from './policy-words'
import { UntrustedInline, UntrustedText } from './untrusted-text'
import { visibleText } from './visible-text'

/** A prompt that appears under the pointer or the keys takes no answer before it could be seen. */
const UNREAD_MS = 400
const PATTERN_SHOWN = 48

/** What the prompt can be told from outside, by commands. */
export interface PermissionActions {
  allowOnce(): void
  allowRun(): void
  allowAlways(): void
  deny(): void
}

export interface PermissionPromptProps {
  readonly authorize: AuthorizeView
  readonly busy: boolean
  readonly onAnswer: (decision: PermissionDecision) => void
  readonly ref?: Ref<PermissionActions>
  /** Keys of the commands, for the tooltips. */
  readonly keys?: Partial<Record<keyof PermissionActions, string | null>>
  /** What stands beside the heading: where it was asked. */
  readonly origin?: ReactNode
}

/**
 * Asks whether a tool call may happen. No button has the focus at first and none is submitted by Enter; all that comes from the
 * agent is plain text in a block of its own, between words that only this component writes.
 */
export function PermissionPrompt({ authorize, busy, onAnswer, ref, keys = {}, origin }: PermissionPromptProps) {
  const [chosen, setChosen] = useState<ChosenPatterns>(() => offeredFirst(authorize))
  const [message, setMessage] = useState('')
  const [unread, setUnread] = useState(true)
  useEffect(() => {
    const timer = setTimeout(() => setUnread(false), UNREAD_MS)
    return () => clearTimeout(timer)
  }, [])
  const offered = readablePatterns(authorize)
  const patterns = patternsOf(chosen)
  const blocked = busy || unread
  const answer = (decision: PermissionDecision): void => {
    if (!blocked) onAnswer(decision)
  }
  const acts: PermissionActions = {
    allowOnce: () => answer(once()),
    allowRun: () => patterns.length > 0 && answer(beyondOnce('run', chosen)),
    allowAlways: () => patterns.length > 0 && answer(beyondOnce('always', chosen)),
    deny: () => answer(deny(message)),
  }
  useImperativeHandle(ref, () => acts)
  const button = (act: keyof PermissionActions, label: ReactNode, disabled = false, tone?: string): ReactNode => (
    <button
      type="button"
      className="button"
      data-tone={tone}
      title={keys[act] ?? undefined}
      disabled={busy || disabled}
      aria-disabled={blocked || disabled}
      onClick={acts[act]}
    >
      {label}
    </button>
  )
  return (
    <section className="permission" aria-label="Permission needed">
      <header tabIndex={-1} data-autofocus>
        <ShieldQuestionMark size={16} aria-hidden />
        <h3>Permission needed</h3>
        {origin}
      </header>
      <div className="permission-scroll">
        <p>
          The agent wants to use <UntrustedInline text={authorize.tool} /> with the role <code>{authorize.role}</code>. That needs:
        </p>
        <Decisions decisions={authorize.decisions} />
        <div>
          <p className="section-title">What it asks for, in the agent&rsquo;s words</p>
          <Arguments args={authorize.args} />
        </div>
        {offered.length === 0 && <p className="muted">No pattern names this, so it can be permitted this once only.</p>}
        {offered.length > 0 && <Patterns offers={offered} chosen={chosen} onChange={setChosen} />}
      </div>
      <div className="permission-actions">
        {button('allowOnce', 'Allow once')}
        {button('allowRun', 'Allow for this run', patterns.length === 0)}
        {patterns.length > 0 &&
          button(
            'allowAlways',
            <>
              Always allow <span className="mono clip">{patternLabel(patterns.map(({ pattern }) => pattern))}</span>
            </>,
          )}
      </div>
      <div className="permission-actions">
        {button('deny', message.trim() === '' ? 'Deny' : 'Deny with this message', false, 'danger')}
        <input
          className="field"
          aria-label="Message for the agent"
          placeholder="Message for the agent, optional"
          value={message}
          onChange={(event) => setMessage(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.nativeEvent.isComposing) acts.deny()
          }}
        />
      </div>
    </section>
  )
}

/** What is asked comes first; what is permitted anyway can be looked at. */
function Decisions({ decisions }: { decisions: readonly PolicyDecision[] }) {
  const asked = decisions.filter((decision) => decision.outcome !== 'allow')
  const allowed = decisions.filter((decision) => decision.outcome === 'allow')
  return (
    <>
      <DecisionList decisions={asked.length > 0 ? asked : allowed} />
      {asked.length > 0 && allowed.length > 0 && (
        <details>
          <summary className="muted">{count(allowed.length, 'other decision')} of this call: allowed</summary>
          <DecisionList decisions={allowed} />
        </details>
      )}
    </>
  )
}

/** Each argument under its name, so that the content of a file is read as it is and not as one line of JSON. */
function Arguments({ args }: { args: unknown }) {
  const entries: [string, unknown][] =
    typeof args === 'object' && args !== null && !Array.isArray(args) ? Object.entries(args) : [['arguments', args]]
  return (
    <dl className="permission-arguments">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt className="mono">{visibleText(name)}</dt>
          <dd>
            <UntrustedText
              label={`Argument ${visibleText(name)}`}
              text={typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'none')}
            />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Patterns({
  offers,
  chosen,
  onChange,
}: {
  offers: readonly GrantPattern[]
  chosen: ChosenPatterns
  onChange: (chosen: ChosenPatterns) => void
}) {
  const set = (action: PolicyAction, pattern: string): void => onChange(new Map([...chosen, [action, pattern]]))
  return (
    <fieldset className="permission-patterns">
      <legend>For this run or always, permit all that these patterns name</legend>
      {[...chosen].map(([action, pattern]) => {
        const offered = offers.filter((candidate) => candidate.action === action).map((candidate) => candidate.pattern)
        return (
          <div key={action} className="permission-pattern">
            <span>{ACTION_TITLE[action]}</span>
            <select
              className="field mono"
              aria-label={`Offered patterns, ${ACTION_TITLE[action].toLowerCase()}`}
              value={offered.includes(pattern) ? pattern : ''}
              onChange={(event) => set(action, event.target.value)}
            >
              {!offered.includes(pattern) && (
                <option value="" disabled>
                  Your own
                </option>
              )}
              {offered.map((candidate) => (
                <option key={candidate} value={candidate}>
                  {candidate}
                </option>
              ))}
            </select>
            <input
              className="field mono"
              spellCheck={false}
              aria-label={`Pattern, ${ACTION_TITLE[action].toLowerCase()}`}
              value={pattern}
              onChange={(event) => set(action, event.target.value)}
            />
            {permitsEverything(pattern) && <p className="warning">This permits everything of the kind: nothing will be asked any more.</p>}
            {visibleText(pattern) !== pattern && (
              <p className="warning">
                It holds characters that cannot be seen: <UntrustedInline text={pattern} />
              </p>
            )}
          </div>
        )
      })}
    </fieldset>
  )
}

function patternLabel(patterns: readonly string[]): string {
  const [first = ''] = patterns
  if (patterns.length > 1) return `these ${patterns.length} patterns`
  const visible = visibleText(first)
  return visible.length > PATTERN_SHOWN ? `${visible.slice(0, PATTERN_SHOWN)}...` : visible
}
