import { useState } from 'react'
import { type Failure, toFailure } from '../../../shared/failure'
import type { PolicyGrant } from '../../../shared/policy'
import { useWindow } from '../../app/window-context'
import { formatWhen } from '../../components/format'
import { ACTION_TITLE, GRANT_SCOPE } from '../../components/policy-words'
import { EmptyState, FailureView } from '../../components/surfaces'
import { UntrustedInline } from '../../components/untrusted-text'
import { CedarEditor } from './cedar-editor'
import { placeOf } from './failure-place'

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
      <div className="policy-table-scroll">
        <table className="policy-table">
          <thead>
            <tr>
              <th scope="col">Permitted</th>
              <th scope="col">Pattern</th>
              <th scope="col">Role</th>
              <th scope="col">Holds</th>
              <th scope="col">Given</th>
              <th scope="col">
                <span className="visually-hidden">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {grants.map((grant) => (
              <GrantRow key={grant.id} grant={grant} open={open === grant.id} onOpen={() => setOpen(open === grant.id ? null : grant.id)} />
            ))}
          </tbody>
        </table>
      </div>
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
  return (
    <>
      <tr>
        <td className="keep">{ACTION_TITLE[grant.action]}</td>
        <td>
          <UntrustedInline text={grant.pattern} />
        </td>
        <td className="mono keep">{grant.role}</td>
        <td className="keep">{GRANT_SCOPE[grant.scope]}</td>
        <td className="number keep" title={new Date(grant.createdAtMs).toLocaleString()}>
          {formatWhen(grant.createdAtMs, Date.now())}
        </td>
        <td className="policy-table-actions">
          <button type="button" className="button" aria-expanded={open} onClick={onOpen}>
            {open ? 'Close' : 'Edit'}
          </button>
          <button
            type="button"
            className="button"
            data-tone="danger"
            disabled={busy}
            aria-label={`Revoke ${ACTION_TITLE[grant.action].toLowerCase()} ${grant.pattern}`}
            onClick={revoke}
          >
            Revoke
          </button>
        </td>
      </tr>
      {open && (
        <tr>
          <td colSpan={6}>
            <GrantText key={grant.text} grant={grant} />
          </td>
        </tr>
      )}
    </>
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
        error={failure !== null && place !== null ? { place, message: failure.message } : null}
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
