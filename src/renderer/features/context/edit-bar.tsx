import { useState } from 'react'
import { useStore } from 'zustand'
import { useIsPast, useKernelQuery, useWindow } from '../../app/window-context'
import type { Point } from '../../app/window-model'
import { count, formatTokens } from '../../components/format'
import { FailureView } from '../../components/surfaces'
import { editInWords, stagedEdits } from './edits-store'

/** The edits that wait, what they would do (asked from the kernel), and the button that does it. */
export function EditBar({ point, onApplied }: { point: Point; onApplied: () => void }) {
  const model = useWindow()
  const past = useIsPast()
  const edits = useStore(stagedEdits.store, (state) => state.edits)
  const [busy, setBusy] = useState(false)
  const key = edits.length === 0 ? null : JSON.stringify([point, edits])
  const preview = useKernelQuery(key, (link, signal) => link.call('context.preview', { at: point, edits: [...edits] }, { signal }))
  if (edits.length === 0) return null
  const words = edits.map(editInWords).join(', ')

  async function apply(): Promise<void> {
    setBusy(true)
    try {
      await model.link.call('context.apply', { runId: point.runId, branchId: point.branchId, edits: [...edits], note: words })
      stagedEdits.discard()
      onApplied()
    } catch (thrown) {
      model.notices.fail(thrown)
    } finally {
      setBusy(false)
    }
  }

  function fork(): void {
    model.dialog.setState({ kind: 'fork', at: point, edits: [...edits] }, true)
  }

  const changed = (preview.value?.after ?? []).flatMap((after) => {
    const before = preview.value?.before.find((view) => view.tier === after.tier)
    return before === undefined || (before.tokens === after.tokens && before.items === after.items) ? [] : [{ before, after }]
  })
  const refused = preview.value?.failure ?? (preview.status === 'failed' ? preview.failure : null)
  return (
    <section className="edit-bar" aria-label="Edits by hand">
      <p>
        <strong>{count(edits.length, 'edit')}</strong> <span className="muted">{words}</span>
      </p>
      {refused !== null && <FailureView failure={refused} />}
      {preview.value !== null && preview.value.failure === null && (
        <div className="edit-effects" role="status">
          {changed.length === 0 && <span className="muted">No tier changes in size.</span>}
          {changed.map(({ before, after }) => {
            const difference = after.tokens - before.tokens
            return (
              <span key={after.tier} className="number">
                {after.tier} {formatTokens(before.tokens)} to {formatTokens(after.tokens)} ({difference > 0 ? '+' : ''}
                {difference})
              </span>
            )
          })}
          {preview.value.fallsOut.length > 0 && <span className="warning">falls out: {preview.value.fallsOut.join(', ')}</span>}
        </div>
      )}
      <div className="inspector-actions">
        {past ? (
          <button type="button" className="button" data-tone="primary" disabled={refused !== null} onClick={fork}>
            Fork with this edit
          </button>
        ) : (
          <>
            <button
              type="button"
              className="button"
              data-tone="primary"
              disabled={busy || refused !== null || preview.value === null}
              onClick={() => void apply()}
            >
              Apply {count(edits.length, 'edit')}
            </button>
            <button type="button" className="button" disabled={refused !== null} onClick={fork}>
              Fork with this edit
            </button>
          </>
        )}
        <button type="button" className="button" onClick={() => stagedEdits.discard()}>
          Discard
        </button>
      </div>
    </section>
  )
}
