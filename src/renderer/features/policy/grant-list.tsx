import { useState } from 'react'
import { type Failure, toFailure } from '../../../shared/failure'
import type { PolicyGrant } from '../../../shared/policy'
import { useWindow } from '../../app/window-context'
import { formatWhen } from '../../components/format'
import { ACTION_TITLE, GRANT_SCOPE } from '../../components/policy-words'
import { EmptyState, FailureView } from '../../components/surfaces'
import { UntrustedInline } from '../../components/untrusted-text'
import { visibleText } from '../../components/visible-text'
import { CedarEditor } from './cedar-editor'
import { messageOf, placeOf } from './failure-place'

/** What was permitted at prompts: each is a policy that can be read, changed and taken back. */
export function GrantList({ grants, folder }: { grants: readonly PolicyGrant[]; folder: string }) {
  const [open, setOpen] = useState<string | null>(null)
  if (grants.length === 0) {
    return (
      <EmptyState title="No permission given">
        When a call needs something that no policy speaks of, you are asked. What you always allow is kept here as a policy, to be changed
        or revoked.
      </EmptyState>
    )
  }
  return (
    <section className="grants">
      <h2>Permissions you gave</h2>
      <p className="muted">
        Each is a Cedar policy in <code>{folder}</code>. A revocation counts from the next call on, also in runs that are under way.
      </p>
      <ul className="grant-list" aria-label="Permissions">
        {grants.map((grant) => (
          <GrantRow key={grant.id} grant={grant} open={open === grant.id} onOpen={() => setOpen(open === grant.id ? null : grant.id)} />
        ))}
      </ul>
    </section>
  )
}

function GrantRow({ grant, open, onOpen }: { grant: PolicyGrant; open: boolean; onOpen: () => void }) {
  const model = useWindow()
  const [busy, setBusy] = useState(false)
  const revoke = (): void => {
    setBusy(true)
    model.link
      .call('policy.revoke', { id: grant.id })
      .catch(model.notices.fail)
      .finally(() => setBusy(false))
  }
  const title = `${ACTION_TITLE[grant.action].toLowerCase()} ${visibleText(grant.pattern)}`
  return (
    <li className="grant">
      <div className="grant-row">
        <p>
          {ACTION_TITLE[grant.action]} <UntrustedInline text={grant.pattern} />
        </p>
        <p className="muted">
          {GRANT_SCOPE[grant.scope]}, role <code>{grant.role}</code>, given{' '}
          <span className="number" title={new Date(grant.createdAtMs).toLocaleString()}>
            {formatWhen(grant.createdAtMs, Date.now())}
          </span>
        </p>
        <div className="grant-buttons">
          <button type="button" className="button" aria-expanded={open} aria-label={`Edit: ${title}`} onClick={onOpen}>
            Edit
          </button>
          <button type="button" className="button" data-tone="danger" disabled={busy} aria-label={`Revoke: ${title}`} onClick={revoke}>
            Revoke
          </button>
        </div>
      </div>
      {open && <GrantText key={grant.text} grant={grant} />}
    </li>
  )
}

function GrantText({ grant }: { grant: PolicyGrant }) {
  const model = useWindow()
  const [text, setText] = useState(grant.text)
  const [failure, setFailure] = useState<Failure | null>(null)
  const place = failure === null ? null : placeOf(failure)
  const save = (): void => {
    if (text === grant.text) return
    model.link.call('policy.saveGrant', { id: grant.id, text }).then(
      () => setFailure(null),
      (thrown: unknown) => setFailure(toFailure(thrown)),
    )
  }
  return (
    <div className="grant-text">
      <CedarEditor
        label={`Policy of the permission ${grant.pattern}, Cedar`}
        text={text}
        onChange={(changed) => {
          setText(changed)
          setFailure(null)
        }}
        onSave={save}
        error={failure !== null && place !== null ? { place, message: messageOf(failure) } : null}
        reveal={null}
      />
      {failure !== null && place === null && <FailureView failure={failure} onRetry={save} />}
      <div className="grant-actions">
        <button type="button" className="button" data-tone="primary" disabled={text === grant.text} onClick={save}>
          Save policy
        </button>
        <button type="button" className="button" disabled={text === grant.text} onClick={() => setText(grant.text)}>
          Discard edits
        </button>
      </div>
    </div>
  )
}
