import { createStore } from 'zustand/vanilla'
import { type Failure, toFailure } from '../../../shared/failure'
import type { PolicyAction, PolicyDecision, RoleView } from '../../../shared/policy'
import type { WindowModel } from '../../app/window-model'
import { copyOf, draftOf, type RoleDraft, settingsOf } from './role-draft'

export type PolicyPage = { readonly page: 'role'; readonly role: string } | { readonly page: 'grants' | 'ignored' | 'problems' }

export type Check =
  | { readonly status: 'none' | 'asking' }
  | { readonly status: 'answered'; readonly decision: PolicyDecision }
  | { readonly status: 'failed'; readonly failure: Failure }

export interface PolicyView {
  /** Null: the first role. */
  readonly shown: PolicyPage | null
  /** Edits that were not saved, by the id under which the role is listed. They outlive the panel. */
  readonly drafts: ReadonlyMap<string, RoleDraft>
  /** Why a role was not saved, by the same id. */
  readonly failures: ReadonlyMap<string, Failure>
  readonly saving: boolean
  /** What was typed into "Try it", and the answer. */
  readonly action: PolicyAction
  readonly resource: string
  readonly check: Check
}

export const policyView = createStore<PolicyView>(() => ({
  shown: null,
  drafts: new Map(),
  failures: new Map(),
  saving: false,
  action: 'fs.write',
  resource: '',
  check: { status: 'none' },
}))

export function show(shown: PolicyPage): void {
  policyView.setState({ shown, check: { status: 'none' } })
}

export function edit(key: string, view: RoleView | null, change: Partial<RoleDraft>): void {
  policyView.setState(({ drafts, failures }) => {
    const draft = drafts.get(key) ?? (view === null ? undefined : draftOf(view))
    if (draft === undefined) return {}
    return { drafts: new Map(drafts).set(key, { ...draft, ...change }), failures: without(failures, key) }
  })
}

export function discard(key: string): void {
  policyView.setState(({ drafts, failures, shown }) => ({
    drafts: without(drafts, key),
    failures: without(failures, key),
    shown: drafts.get(key)?.base === null && shown?.page === 'role' && shown.role === key ? null : shown,
  }))
}

/** Lists a copy of the role under "Yours"; nothing is written before it is saved. */
export function copyRole(view: RoleView, roles: readonly RoleView[]): void {
  const { drafts } = policyView.getState()
  const draft = copyOf(view, new Set([...roles.map((role) => role.settings.id), ...drafts.keys()]))
  policyView.setState({ drafts: new Map(drafts).set(draft.id, draft) })
  show({ page: 'role', role: draft.id })
}

export async function saveRole(model: WindowModel, key: string): Promise<void> {
  const draft = policyView.getState().drafts.get(key)
  const settings = draft === undefined ? null : settingsOf(draft).settings
  if (draft === undefined || settings === null || policyView.getState().saving) return
  policyView.setState(({ failures }) => ({ saving: true, failures: without(failures, key) }))
  try {
    await model.link.call('policy.saveRole', { settings, text: draft.text })
    // What was typed while it was saved stays an edit.
    policyView.setState(({ drafts, shown }) => ({
      drafts: drafts.get(key) === draft ? without(drafts, key) : drafts,
      shown: shown?.page === 'role' && shown.role === key ? { page: 'role', role: settings.id } : shown,
      check: { status: 'none' },
    }))
    model.notices.add({ level: 'success', message: `The role ${settings.id} was saved. It holds from the next call on.` })
  } catch (thrown) {
    policyView.setState(({ failures }) => ({ failures: new Map(failures).set(key, toFailure(thrown)) }))
  } finally {
    policyView.setState({ saving: false })
  }
}

export async function removeRole(model: WindowModel, role: string): Promise<void> {
  await model.link.call('policy.removeRole', { role })
  discard(role)
  policyView.setState({ shown: null })
}

let asked = 0

export async function tryIt(model: WindowModel, role: string): Promise<void> {
  const { action, resource } = policyView.getState()
  if (resource.trim() === '') return
  asked += 1
  const mine = asked
  policyView.setState({ check: { status: 'asking' } })
  let check: Check
  try {
    check = { status: 'answered', decision: await model.link.call('policy.check', { role, action, resource: resource.trim() }) }
  } catch (thrown) {
    check = { status: 'failed', failure: toFailure(thrown) }
  }
  if (mine === asked) policyView.setState({ check })
}

function without<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map
  const left = new Map(map)
  left.delete(key)
  return left
}
