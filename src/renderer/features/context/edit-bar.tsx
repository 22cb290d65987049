import { X } from 'lucide-react'
import { useStore } from 'zustand'
import type { ContextState } from '../../../shared/context'
import type { ContextPreview } from '../../../shared/contract/methods'
import type { Failure } from '../../../shared/failure'
import { editInWords } from '../../app/edit-words'
import { useIsPast, useWindow } from '../../app/window-context'
import type { Edit, Point } from '../../app/window-model'
import { count, formatTokens } from '../../components/format'
import { FailureView } from '../../components/surfaces'
import { applyStaged, forkWithStaged, itemOf } from './context-actions'
import { selectItem } from './context-view'
import { sideEffectsOf } from './edit-effects'
import { stagedEdits } from './edits-store'
import { countingInWords } from './tier-bars'

interface Props {
  readonly point: Point
  readonly state: ContextState
  /** Null while the kernel is asked. */
  readonly preview: ContextPreview | null
  /** Why it could not be asked. */
  readonly failure: Failure | null
}

/** The edits that wait, what they would do as the kernel says, and the button that does it. */
export function EditBar({ point, state, preview, failure }: Props) {
  const model = useWindow()
  const past = useIsPast()
  const { edits, applying } = useStore(stagedEdits.store)
  if (edits.length === 0) return null
  const refused = failure ?? preview?.failure ?? null
  const ready = refused === null && preview !== null
  return (
    <section className="edit-bar" aria-label="Edits by hand">
      <ul className="edit-list" aria-label={`${count(edits.length, 'edit')} at frame ${point.n}`}>
        <li>
          <strong>{count(edits.length, 'edit')}</strong>
        </li>
        {edits.map((edit) => {
          const words = editInWords(titled(edit, state))
          return (
            <li key={editInWords(edit)} className="edit-chip">
              <span className="clip" title={editInWords(edit)}>
                {words}
              </span>
              <button type="button" aria-label={`Take out: ${words}`} onClick={() => stagedEdits.unstage(edit)}>
                <X size={12} aria-hidden />
              </button>
            </li>
          )
        })}
      </ul>
      {refused !== null && <FailureView failure={refused} />}
      {preview === null && refused === null && (
        <p className="muted" role="status" aria-label="Loading">
          Working out what this changes
        </p>
      )}
      {preview?.failure === null && <Effects preview={preview} edits={edits} state={state} />}
      <div className="inspector-actions">
        {!past && (
          <button
            type="button"
            className="button"
            data-tone="primary"
            disabled={applying || !ready}
            onClick={() => void applyStaged(model)}
          >
            {applying ? 'Waits for the next step' : `Apply ${count(edits.length, 'edit')}`}
          </button>
        )}
        <button
          type="button"
          className="button"
          data-tone={past ? 'primary' : undefined}
          disabled={applying || !ready}
          onClick={() => forkWithStaged(model)}
        >
          Fork with {edits.length === 1 ? 'this edit' : 'these edits'}
        </button>
        <button type="button" className="button" disabled={applying} onClick={() => stagedEdits.discard()}>
          Discard
        </button>
        <span className="faint edit-counting">
          {past && `Frame ${point.n} stays as it is; `}
          {lowerFirst(countingInWords(state.tokenizer))}
        </span>
      </div>
    </section>
  )
}

/** Tokens before and after of each tier, what falls out, and what the provider has to read again. */
function Effects({ preview, edits, state }: { preview: ContextPreview; edits: readonly Edit[]; state: ContextState }) {
  const { before, after, cache } = preview
  const others = sideEffectsOf(preview, edits)
  const changed = after.flatMap((view) => {
    const was = before.find((candidate) => candidate.tier === view.tier)
    return was === undefined || view.tier === 'L3' || (was.tokens === view.tokens && was.items === view.items) ? [] : [{ was, view }]
  })
  return (
    <div className="edit-effects" role="status">
      {changed.length === 0 && <span className="muted">No tier changes in size.</span>}
      {changed.map(({ was, view }) => {
        const by = view.tokens - was.tokens
        return (
          <span key={view.tier} className="number" title={`${was.tokens} to ${view.tokens} of ${view.budgetTokens ?? 0} tokens`}>
            <strong style={{ color: `var(--tier-${view.tier.toLowerCase()})` }}>{view.tier}</strong> {formatTokens(was.tokens)} to{' '}
            {formatTokens(view.tokens)} ({by > 0 ? '+' : ''}
            {by})
          </span>
        )
      })}
      {cache !== null && (
        <span className="number muted" title="A provider's prompt cache holds up to the first difference; what is behind it is read anew">
          cache keeps {formatTokens(cache.keptTokens)}, reads {formatTokens(cache.refillTokens)} anew
          {cache.refillUsd !== null && ` for ${formatUsd(cache.refillUsd)}`}
          {cache.savedTokens > 0 && `, saves ${formatTokens(cache.savedTokens)}`}
        </span>
      )}
      <Others words="falls out" ids={others.evicted} state={state} warns />
      <Others words="moves to L2" ids={others.demoted} state={state} />
      <Others words="is condensed" ids={others.condensed} state={state} />
    </div>
  )
}

function Others({ words, ids, state, warns = false }: { words: string; ids: readonly string[]; state: ContextState; warns?: boolean }) {
  if (ids.length === 0) return null
  return (
    <span className={warns ? 'warning' : 'muted'}>
      {words}:{' '}
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <button type="button" className="link" onClick={() => selectItem(id)}>
            {state.items[id]?.title ?? id}
          </button>
        </span>
      ))}
    </span>
  )
}

/** The same edit with the title of its item in the place of the id, for reading. */
function titled(edit: Edit, state: ContextState): Edit {
  if (!('id' in edit) || edit.op === 'add-symbol') return edit
  const found = itemOf(state, edit.id)
  return found === null ? edit : { ...edit, id: found.item.title }
}

/** Four digits below one cent. */
function formatUsd(usd: number): string {
  return usd < 0.01 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`
}

function lowerFirst(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1)
}
