import { useEffect } from 'react'
import { useStore } from 'zustand'
import { PolicyAction } from '../../../shared/policy'
import { useWindow } from '../../app/window-context'
import { EnforcedMark, OutcomeMark } from '../../components/decision-list'
import { ACTION_TITLE, RESOURCE_EXAMPLE } from '../../components/policy-words'
import { FailureView } from '../../components/surfaces'
import { UntrustedInline } from '../../components/untrusted-text'
import { PolicyLinks } from './policy-links'
import { policyView, tryIt } from './policy-store'

/** Asks the kernel what it would decide for one resource, as it would for a call of the role. */
export function TryIt({ role, onPolicy }: { role: string; onPolicy: (id: string) => void }) {
  const model = useWindow()
  const action = useStore(policyView, (state) => state.action)
  const resource = useStore(policyView, (state) => state.resource)
  const check = useStore(policyView, (state) => state.check)
  const { link } = model
  // An answer of before the change could be wrong now.
  useEffect(() => link.on('policy.changed', () => policyView.setState({ check: { status: 'none' } })), [link])
  return (
    <section>
      <h3>Try it</h3>
      <form
        className="try-it"
        onSubmit={(event) => {
          event.preventDefault()
          void tryIt(model, role)
        }}
      >
        <select
          className="field"
          aria-label="Action"
          value={action}
          onChange={(event) => policyView.setState({ action: PolicyAction.parse(event.target.value), check: { status: 'none' } })}
        >
          {PolicyAction.options.map((option) => (
            <option key={option} value={option}>
              {ACTION_TITLE[option]}
            </option>
          ))}
        </select>
        <input
          className="field mono"
          aria-label="Resource"
          spellCheck={false}
          placeholder={RESOURCE_EXAMPLE[action]}
          value={resource}
          onChange={(event) => policyView.setState({ resource: event.target.value, check: { status: 'none' } })}
        />
        <button type="submit" className="button" disabled={resource.trim() === '' || check.status === 'asking'}>
          Check
        </button>
      </form>
      <div role="status" aria-label="Answer">
        {check.status === 'failed' && <FailureView failure={check.failure} onRetry={() => void tryIt(model, role)} />}
        {check.status === 'answered' && (
          <div className="try-answer">
            <p>
              <OutcomeMark outcome={check.decision.outcome} /> <UntrustedInline text={check.decision.resource} />
            </p>
            <p>{check.decision.reason}</p>
            <p>
              <PolicyLinks policies={check.decision.policies} onPolicy={onPolicy} /> <EnforcedMark by={check.decision.enforcedBy} />
            </p>
          </div>
        )}
      </div>
    </section>
  )
}
