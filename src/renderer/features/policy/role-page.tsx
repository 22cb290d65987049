import { Copy, Save, Trash2, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useStore } from 'zustand'
import type { PolicyOverview, RoleView } from '../../../shared/policy'
import { useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { FailureView } from '../../components/surfaces'
import { CapabilityList } from './capability-list'
import { CedarEditor } from './cedar-editor'
import { lineOfPolicy } from './cedar-tokens'
import { messageOf, placeOf } from './failure-place'
import { copyRole, discard, edit, policyView, removeRole, saveRole } from './policy-store'
import { draftOf, isChanged, isOvertaken, type RoleDraft, settingsOf } from './role-draft'
import { LimitTable, SettingsForm } from './role-settings'
import { TryIt } from './try-it'

export function RolePage({ roleKey, overview }: { roleKey: string; overview: PolicyOverview }) {
  const edited = useStore(policyView, (state) => state.drafts.get(roleKey))
  const [reveal, setReveal] = useState<{ line: number; serial: number } | null>(null)
  const view = overview.roles.find((role) => role.settings.id === roleKey) ?? null
  const draft = edited ?? (view?.source === 'user' ? draftOf(view) : null)
  const text = draft?.text ?? view?.text ?? ''
  const showPolicy = (id: string): void => {
    const line = lineOfPolicy(text, id)
    if (line !== null) setReveal((before) => ({ line, serial: (before?.serial ?? 0) + 1 }))
    else document.getElementById(placeId(id))?.scrollIntoView({ block: 'nearest' })
  }
  return (
    <>
      <RoleHeader roleKey={roleKey} view={view} draft={draft} overview={overview} />
      <div className="role-columns">
        <div className="role-facts">
          {view === null ? (
            <section>
              <h3>What it may do</h3>
              <p className="muted">Save the role, then Keyframe decides this over the files of the workspace.</p>
            </section>
          ) : (
            <>
              <CapabilityList role={roleKey} onPolicy={showPolicy} edited={edited !== undefined && isChanged(edited)} />
              <TryIt role={roleKey} onPolicy={showPolicy} />
            </>
          )}
          {draft === null && view !== null ? (
            <LimitTable view={view} />
          ) : (
            draft !== null && <SettingsForm roleKey={roleKey} view={view} draft={draft} />
          )}
        </div>
        <RoleText roleKey={roleKey} view={view} draft={draft} text={text} reveal={reveal} />
      </div>
    </>
  )
}

interface RoleProps {
  readonly roleKey: string
  readonly view: RoleView | null
  readonly draft: RoleDraft | null
}

function RoleHeader({ roleKey, view, draft, overview }: RoleProps & { overview: PolicyOverview }) {
  const model = useWindow()
  const saving = useStore(policyView, (state) => state.saving)
  const [removing, setRemoving] = useState(false)
  const changed = draft !== null && isChanged(draft)
  const sound = draft !== null && settingsOf(draft).settings !== null
  const title = draft?.title ?? view?.settings.title ?? roleKey
  return (
    <header className="role-header">
      <div className="role-title">
        <h2>{title}</h2>
        <code className="muted">{draft?.id ?? roleKey}</code>
        <span className="faint">{view === null ? 'not saved yet' : view.source === 'shipped' ? 'shipped, read only' : 'yours'}</span>
        <span className="spacer" />
        {draft !== null && (
          <button
            type="button"
            className="button"
            data-tone="primary"
            disabled={!changed || !sound || saving}
            onClick={() => void saveRole(model, roleKey)}
          >
            <Save size={14} aria-hidden /> Save
          </button>
        )}
        {changed && (
          <button type="button" className="button" disabled={saving} onClick={() => discard(roleKey)}>
            <Undo2 size={14} aria-hidden /> {view === null ? 'Discard' : 'Discard edits'}
          </button>
        )}
        {view !== null && (
          <button type="button" className="button" onClick={() => copyRole(view, overview.roles)}>
            <Copy size={14} aria-hidden /> Copy as my role
          </button>
        )}
        {view?.source === 'user' && !removing && (
          <button type="button" className="button" data-tone="danger" onClick={() => setRemoving(true)}>
            <Trash2 size={14} aria-hidden /> Remove
          </button>
        )}
      </div>
      {removing && (
        <div className="role-removing" role="alertdialog" aria-label={`Remove the role ${roleKey}`}>
          <p>
            Remove the role <code>{roleKey}</code> and its file? Runs that use it are refused from then on.
          </p>
          <button
            type="button"
            className="button"
            data-tone="danger"
            onClick={() => {
              setRemoving(false)
              removeRole(model, roleKey).catch(model.notices.fail)
            }}
          >
            Remove {roleKey}
          </button>
          <button type="button" className="button" autoFocus onClick={() => setRemoving(false)}>
            Keep it
          </button>
        </div>
      )}
      {draft === null && view !== null && <p className="muted">{view.settings.summary}</p>}
      {view?.path != null && <p className="faint mono role-path">{view.path}</p>}
    </header>
  )
}

function RoleText({ roleKey, view, draft, text, reveal }: RoleProps & { text: string; reveal: { line: number; serial: number } | null }) {
  const model = useWindow()
  const failure = useStore(policyView, (state) => state.failures.get(roleKey) ?? null)
  const place = failure === null ? null : placeOf(failure)
  const overtaken = draft !== null && view !== null && isOvertaken(draft, view)
  return (
    <section className="role-text">
      <h3>
        Policies <span className="faint">{view === null ? '' : count(view.policies.length, 'policy', 'policies')}</span>
      </h3>
      {overtaken && (
        <div className="role-overtaken" role="status">
          <p>The file of this role was changed outside of this window since you began to edit.</p>
          <button type="button" className="button" onClick={() => discard(roleKey)}>
            Take the file
          </button>
          <button type="button" className="button" onClick={() => edit(roleKey, view, { base: view })}>
            Keep my edits
          </button>
        </div>
      )}
      {failure !== null && place === null && <FailureView failure={failure} onRetry={() => void saveRole(model, roleKey)} />}
      <CedarEditor
        label={`Policies of ${roleKey}, Cedar`}
        text={text}
        onChange={draft === null ? null : (changed) => edit(roleKey, view, { text: changed })}
        onSave={() => void saveRole(model, roleKey)}
        error={failure !== null && place !== null ? { place, message: messageOf(failure) } : null}
        reveal={reveal}
      />
      {view !== null && <AlsoInForce view={view} />}
      <p className="faint">
        What no policy speaks of is asked, and denied where nobody can be asked. A forbid wins over every permit.
        {draft === null && ' Copy the role to change it.'}
      </p>
    </section>
  )
}

/** Policies that hold for the role and are not in its own text: those of every role. */
function AlsoInForce({ view }: { view: RoleView }) {
  const others = view.policies.filter((policy) => !policy.id.startsWith(`${view.settings.id}/`))
  if (others.length === 0) return null
  return (
    <details className="also-in-force" open>
      <summary>
        Also in force, for every role <span className="faint">{count(others.length, 'policy', 'policies')}</span>
      </summary>
      <dl>
        {others.map((policy) => (
          <div key={policy.id} id={placeId(policy.id)}>
            <dt className="mono">
              {policy.id} <span className={policy.effect === 'forbid' ? 'danger' : 'success'}>{policy.effect}</span>
            </dt>
            <dd className="muted">{policy.note}</dd>
          </div>
        ))}
      </dl>
    </details>
  )
}

function placeId(policy: string): string {
  return `policy-${policy.replaceAll(/[^\w-]/g, '-')}`
}
