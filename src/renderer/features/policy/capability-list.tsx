import { Check, ChevronRight, CircleDot, CircleQuestionMark, type LucideIcon, OctagonX } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { RoleCapability } from '../../../shared/policy'
import { useKernelQuery, useWindow } from '../../app/window-context'
import { EnforcedMark, OutcomeMark } from '../../components/decision-list'
import { FailureView, Skeleton } from '../../components/surfaces'
import { PolicyLinks } from './policy-links'

const OUTCOME: Readonly<Record<RoleCapability['outcome'], { readonly icon: LucideIcon; readonly name: string; readonly tone: string }>> = {
  all: { icon: Check, name: 'All', tone: 'success' },
  some: { icon: CircleDot, name: 'Some', tone: 'success' },
  ask: { icon: CircleQuestionMark, name: 'Asks you', tone: 'warning' },
  none: { icon: OctagonX, name: 'Nothing', tone: 'danger' },
}

interface CapabilityListProps {
  readonly role: string
  readonly onPolicy: (id: string) => void
  /** There are edits that this does not know of. */
  readonly edited: boolean
}

/** "What could this role do?", decided by the kernel for each action. */
export function CapabilityList({ role, onPolicy, edited }: CapabilityListProps) {
  const { link } = useWindow()
  const capabilities = useKernelQuery(role, (kernel, signal) => kernel.call('policy.capabilities', { role }, { signal }))
  const { reload } = capabilities
  useEffect(() => link.on('policy.changed', () => reload()), [link, reload])
  return (
    <section>
      <h3>What it may do {edited && <span className="faint">as saved, without your edits</span>}</h3>
      {capabilities.status === 'failed' && <FailureView failure={capabilities.failure} onRetry={reload} />}
      {capabilities.value === null && capabilities.status !== 'failed' && <Skeleton rows={8} />}
      <ul className="capabilities" aria-label={`What ${role} may do`}>
        {capabilities.value?.map((capability) => (
          <Capability key={capability.title} capability={capability} onPolicy={onPolicy} />
        ))}
      </ul>
    </section>
  )
}

function Capability({ capability, onPolicy }: { capability: RoleCapability; onPolicy: (id: string) => void }) {
  const [open, setOpen] = useState(false)
  const { icon: Icon, name, tone } = OUTCOME[capability.outcome]
  return (
    <li className="capability">
      <button type="button" className="capability-summary" aria-expanded={open} onClick={() => setOpen(!open)}>
        <ChevronRight size={14} aria-hidden className="capability-arrow" />
        <span className="capability-title">{capability.title}</span>
        <span className={`outcome-mark ${tone}`}>
          <Icon size={14} aria-hidden /> {name}
        </span>
        <span className="capability-detail muted">{capability.detail}</span>
        <EnforcedMark by={capability.enforcedBy} how={capability.how} />
      </button>
      {open && (
        <div className="capability-more">
          <p className="muted">{capability.how}</p>
          {capability.examples.length > 0 && (
            <table>
              <thead className="visually-hidden">
                <tr>
                  <th scope="col">Example</th>
                  <th scope="col">Outcome</th>
                  <th scope="col">Policies</th>
                </tr>
              </thead>
              <tbody>
                {capability.examples.map((example) => (
                  <tr key={`${example.resource} ${example.outcome}`}>
                    <td className="mono">{example.resource}</td>
                    <td>
                      <OutcomeMark outcome={example.outcome} />
                    </td>
                    <td>
                      <PolicyLinks policies={example.policies} onPolicy={onPolicy} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
      )}
    </li>
  )
}
