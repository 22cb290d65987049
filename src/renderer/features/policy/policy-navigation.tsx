import type { PolicyOverview } from '../../../shared/policy'
import { type PolicyPage, type PolicyView, show } from './policy-store'
import { isChanged } from './role-draft'

interface PolicyNavigationProps {
  readonly overview: PolicyOverview
  readonly drafts: PolicyView['drafts']
  readonly page: PolicyPage | null
}

export function PolicyNavigation({ overview, drafts, page }: PolicyNavigationProps) {
  const shipped = overview.roles.filter((role) => role.source === 'shipped')
  const own = overview.roles.filter((role) => role.source === 'user')
  const fresh = [...drafts].filter(([key, draft]) => draft.base === null && !overview.roles.some((role) => role.settings.id === key))
  const entry = (to: PolicyPage, title: string, note: string | null, tone?: 'warning'): React.JSX.Element => {
    const current = page?.page === to.page && (to.page !== 'role' || (page.page === 'role' && page.role === to.role))
    return (
      <li key={to.page === 'role' ? to.role : to.page}>
        <button
          type="button"
          className="policy-entry"
          aria-current={current ? 'page' : undefined}
          data-autofocus={current ? true : undefined}
          onClick={() => show(to)}
        >
          <span className="clip">{title}</span>
          {note !== null && <span className={`number ${tone ?? 'faint'}`}>{note}</span>}
        </button>
      </li>
    )
  }
  return (
    <nav className="policy-navigation" aria-label="Policy">
      <h3 className="section-title">Shipped roles</h3>
      <ul>{shipped.map(({ settings }) => entry({ page: 'role', role: settings.id }, settings.title, null))}</ul>
      <h3 className="section-title">Your roles</h3>
      <ul>
        {own.map(({ settings }) => {
          const draft = drafts.get(settings.id)
          const changed = draft !== undefined && isChanged(draft)
          return entry({ page: 'role', role: settings.id }, settings.title, changed ? 'edited' : null, 'warning')
        })}
        {fresh.map(([key, draft]) => entry({ page: 'role', role: key }, draft.title, 'not saved', 'warning'))}
        {own.length + fresh.length === 0 && <li className="faint policy-none">None yet. Copy a shipped one.</li>}
      </ul>
      <h3 className="section-title">In force beside them</h3>
      <ul>
        {entry({ page: 'grants' }, 'Permissions you gave', String(overview.grants.length))}
        {entry({ page: 'ignored' }, 'Ignored files', String(overview.ignored.length))}
        {entry({ page: 'problems' }, 'Problems', String(overview.problems.length), overview.problems.length > 0 ? 'warning' : undefined)}
      </ul>
    </nav>
  )
}
