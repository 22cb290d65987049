import { Shield, ShieldAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Frame, FramePayload, IsolationLevel } from '../../../shared/frames'
import { isDenied, wasStarted } from '../../app/frame-words'
import { DecisionList } from '../../components/decision-list'
import { formatDuration } from '../../components/format'
import { isUnisolated, LEVEL_MEANING } from '../../components/policy-words'
import { UntrustedText } from '../../components/untrusted-text'
import { Part } from './part'
import { DenialList, EffectList } from './side-effects'
import { UsageBars } from './usage-bars'

/** Output is read whole more often than arguments are. */
const OUTPUT_CUT_AT = 12_000
const OUTPUT_CUT_LINES = 80

/** A call as it was about to happen. */
export function ToolIntentView({ intent }: { intent: FramePayload<'tool.intent'> }) {
  return (
    <>
      <Arguments args={intent.args} />
      <PolicyPart intent={intent} />
    </>
  )
}

/** A call and what came of it: the arguments and decisions are those of its intent. */
export function ToolOutcomeView({ outcome, intent }: { outcome: FramePayload<'tool.outcome'>; intent: Frame | undefined }) {
  const denials = outcome.denials ?? []
  return (
    <>
      {isDenied(outcome) && (
        <Part title="Denied" tone="danger">
          {denials.length > 0 ? <DenialList denials={denials} /> : <p className="danger">{outcome.error?.message}</p>}
          {outcome.error?.action !== undefined && <p className="muted">{outcome.error.action}</p>}
        </Part>
      )}
      {outcome.error !== undefined && !isDenied(outcome) && (
        <Part title="Error">
          <p className="danger">{outcome.error.message}</p>
          {outcome.error.action !== undefined && <p className="muted">{outcome.error.action}</p>}
        </Part>
      )}
      {intent?.kind === 'tool.intent' && <Arguments args={intent.payload.args} />}
      <Part title="Output">
        {outcome.text === '' ? (
          <p className="muted">None.</p>
        ) : (
          <UntrustedText label="Output" text={outcome.text} cutAt={OUTPUT_CUT_AT} cutLines={OUTPUT_CUT_LINES} />
        )}
      </Part>
      <Part title="Side effects">
        <EffectList effects={outcome.sideEffects} />
      </Part>
      {intent?.kind === 'tool.intent' && <PolicyPart intent={intent.payload} />}
      <Part title="Isolation and limits">
        {wasStarted(outcome) ? (
          <>
            <IsolationLine level={outcome.isolation} />
            <p>
              Took <span className="number">{formatDuration(outcome.durationMs)}</span>
            </p>
            {outcome.usage === undefined ? (
              <p className="muted">What it used was not measured.</p>
            ) : (
              <UsageBars usage={outcome.usage} durationMs={outcome.durationMs} />
            )}
          </>
        ) : (
          <p className="muted">Refused before anything of it ran.</p>
        )}
      </Part>
    </>
  )
}

function IsolationLine({ level }: { level: IsolationLevel }): ReactNode {
  const weak = isUnisolated(level)
  const Icon = weak ? ShieldAlert : Shield
  return (
    <p className={weak ? 'isolation-line warning' : 'isolation-line'}>
      <Icon size={13} aria-hidden />
      <span>
        <strong>{LEVEL_MEANING[level].name}</strong> <span className={weak ? '' : 'muted'}>{LEVEL_MEANING[level].meaning}</span>
      </span>
    </p>
  )
}

function Arguments({ args }: { args: unknown }) {
  return (
    <Part title="Arguments">
      <UntrustedText label="Arguments" text={JSON.stringify(args, null, 2) ?? 'none'} />
    </Part>
  )
}

function PolicyPart({ intent }: { intent: FramePayload<'tool.intent'> }) {
  const { role, decisions } = intent
  return (
    <Part title={role === undefined ? 'Policy' : `Policy of ${role}`}>
      {decisions !== undefined && decisions.length > 0 && <DecisionList decisions={decisions} />}
      <p className="muted">
        Effect {intent.effect}
        {(decisions === undefined || decisions.length === 0) &&
          (intent.allowedBy.length === 0 ? ', allowed by no rule' : `, allowed by ${intent.allowedBy.join(', ')}`)}
      </p>
    </Part>
  )
}
