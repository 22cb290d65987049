import { Check, CircleQuestionMark, OctagonX } from 'lucide-react'
import type { EnforcedBy, PolicyDecision, PolicyOutcome } from '../../shared/policy'
import './decision-list.css'
import { ACTION_TITLE, ENFORCED_BY, OUTCOME_NAME } from './policy-words'
import { UntrustedInline } from './untrusted-text'

const ICON = { allow: Check, deny: OctagonX, ask: CircleQuestionMark } as const
const TONE = { allow: 'success', deny: 'danger', ask: 'warning' } as const

/** What the policy says of each thing that a call needs, why, and who sees to it. */
export function DecisionList({ decisions }: { decisions: readonly PolicyDecision[] }) {
  return (
    <ul className="decisions" aria-label="Decisions of the policy">
      {decisions.map((decision, index) => (
        <li key={index}>
          <OutcomeMark outcome={decision.outcome} />
          <div>
            <p>
              {ACTION_TITLE[decision.action]} <UntrustedInline text={decision.resource} />
            </p>
            <p className="muted">
              {decision.reason} {decision.policies.length > 0 && <span className="faint mono">{decision.policies.join(', ')}</span>}{' '}
              <EnforcedMark by={decision.enforcedBy} />
            </p>
          </div>
        </li>
      ))}
    </ul>
  )
}

export function OutcomeMark({ outcome }: { outcome: PolicyOutcome }) {
  const Icon = ICON[outcome]
  return (
    <span className={`outcome-mark ${TONE[outcome]}`}>
      <Icon size={14} aria-hidden /> {OUTCOME_NAME[outcome]}
    </span>
  )
}

/** Solid for what the system enforces, dashed for what only Keyframe checks. */
export function EnforcedMark({ by, how }: { by: EnforcedBy; how?: string }) {
  return (
    <span className="enforced-mark" data-by={by} title={how ?? ENFORCED_BY[by].meaning}>
      {ENFORCED_BY[by].name}
    </span>
  )
}
