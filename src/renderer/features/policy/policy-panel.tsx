import { useEffect } from 'react'
import { useStore } from 'zustand'
import type { PolicyOverview, RoleView } from '../../../shared/policy'
import type { PanelProps } from '../../app/panel-registry'
import { usePolicyOverview } from '../../app/policy-overview'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { GrantList } from './grant-list'
import { IgnoredFiles, Problems } from './policy-files'
import { PolicyNavigation } from './policy-navigation'
import './policy.css'
import { type PolicyPage, policyView, show } from './policy-store'
import { RolePage } from './role-page'

export default function PolicyPanel({ params }: PanelProps) {
  const overview = usePolicyOverview()
  const asked = params['page']
  useEffect(() => {
    if (asked === 'grants') show({ page: 'grants' })
  }, [asked])
  if (overview.value === null) {
    return overview.status === 'failed' ? <FailureView failure={overview.failure} onRetry={overview.reload} /> : <Skeleton rows={9} />
  }
  return (
    <div className="policy">
      {overview.status === 'failed' && <FailureView failure={overview.failure} onRetry={overview.reload} />}
      <Pages overview={overview.value} />
    </div>
  )
}

function Pages({ overview }: { overview: PolicyOverview }) {
  const shown = useStore(policyView, (state) => state.shown)
  const drafts = useStore(policyView, (state) => state.drafts)
  const page = existing(shown, overview.roles, new Set(drafts.keys()))
  return (
    <div className="policy-columns">
      <PolicyNavigation overview={overview} drafts={drafts} page={page} />
      <div className="policy-page" data-page={page?.page}>
        {page === null ? (
          <EmptyState title="No roles">No role could be read. Look at the problems of your files, or install Keyframe again.</EmptyState>
        ) : (
          <Page overview={overview} page={page} />
        )}
      </div>
    </div>
  )
}

function Page({ overview, page }: { overview: PolicyOverview; page: PolicyPage }) {
  switch (page.page) {
    case 'role':
      return <RolePage key={page.role} roleKey={page.role} overview={overview} />
    case 'grants':
      return <GrantList grants={overview.grants} folder={overview.folder} />
    case 'ignored':
      return <IgnoredFiles ignored={overview.ignored} />
    case 'problems':
      return <Problems problems={overview.problems} folder={overview.folder} />
  }
}

/** The page that was chosen; the first role when it is gone. */
function existing(shown: PolicyPage | null, roles: readonly RoleView[], drafts: ReadonlySet<string>): PolicyPage | null {
  const there = (role: string): boolean => drafts.has(role) || roles.some((view) => view.settings.id === role)
  if (shown !== null && (shown.page !== 'role' || there(shown.role))) return shown
  const [first] = roles
  return first === undefined ? null : { page: 'role', role: first.settings.id }
}
