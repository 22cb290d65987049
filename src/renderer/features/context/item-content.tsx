import { useMemo, useState } from 'react'
import type { ContextItem } from '../../../shared/context'
import { useKernelQuery } from '../../app/window-context'
import { count, formatBytes } from '../../components/format'
import { FailureView, Skeleton } from '../../components/surfaces'
import { UntrustedText } from '../../components/untrusted-text'
import { TEXT_AT_MOST_BYTES } from './context-actions'
import { contextView } from './context-view'
import { stagedEdits } from './edits-store'
import { leftOut } from './left-out'

type Shown = 'item' | 'left-out' | 'whole'

const SHOWN: Readonly<Record<Shown, string>> = { item: 'As the agent sees it', 'left-out': 'Left out', whole: 'Whole' }

/** The text of an item; of a condensed one also what was left out, from the journal. */
export function ItemContent({ item, editing }: { item: ContextItem; editing: boolean }) {
  const [shown, setShown] = useState<Shown>('item')
  const content = useText(item.content)
  const whole = useText(shown === 'item' ? null : (item.whole ?? null))
  const asked = shown === 'item' ? content : whole
  if (editing && content.value !== null && !content.value.truncated) return <TextForm id={item.id} text={content.value.text} />
  return (
    <div className="inspector-content">
      {item.whole !== undefined && (
        <div className="content-kinds" role="group" aria-label="What is shown of the text">
          {(['item', 'left-out', 'whole'] as const).map((kind) => (
            <button key={kind} type="button" className="content-kind" aria-pressed={shown === kind} onClick={() => setShown(kind)}>
              {SHOWN[kind]}
            </button>
          ))}
          <span className="faint">condensed: {item.shortenedBy ?? 'shortened'}</span>
        </div>
      )}
      {editing && content.value?.truncated === true && (
        <p className="warning">This text has {formatBytes(content.value.sizeBytes)}: it is too long to be edited here.</p>
      )}
      {asked.status === 'failed' && <FailureView failure={asked.failure} onRetry={asked.reload} />}
      {asked.value === null && asked.status === 'loading' && <Skeleton rows={6} />}
      {asked.value !== null &&
        (shown === 'left-out' ? (
          <LeftOutParts whole={asked.value.text} text={content.value?.text ?? ''} />
        ) : (
          <UntrustedText text={asked.value.text} label={shown === 'whole' ? 'Whole text' : 'Content'} cutAt={24_000} cutLines={400} />
        ))}
      {asked.value?.truncated === true && (
        <p className="faint">
          The first {formatBytes(TEXT_AT_MOST_BYTES)} of {formatBytes(asked.value.sizeBytes)}.
        </p>
      )}
      {shown === 'whole' && item.whole !== undefined && whole.value !== null && (
        <p className="content-foot">
          <span className="mono faint clip" title={item.whole}>
            journal {item.whole.slice(0, 16)}, {formatBytes(whole.value.sizeBytes)}
          </span>
          <button type="button" className="button" onClick={() => stagedEdits.stage({ op: 'uncompress', id: item.id })}>
            Show the agent the whole
          </button>
        </p>
      )}
    </div>
  )
}

function useText(hash: ContextItem['content'] | null) {
  return useKernelQuery(hash, async (link, signal) => {
    if (hash === null) return null
    return link.call('content.text', { hash, maxBytes: TEXT_AT_MOST_BYTES }, { signal })
  })
}

function LeftOutParts({ whole, text }: { whole: string; text: string }) {
  const parts = useMemo(() => leftOut(whole, text), [whole, text])
  const lines = parts.reduce((sum, part) => sum + part.to - part.from + 1, 0)
  if (parts.length === 0) return <p className="muted">No whole line was left out: lines were shortened.</p>
  return (
    <>
      <p className="muted">
        {count(lines, 'line')} of {whole.split('\n').length} in {count(parts.length, 'place')}
      </p>
      <ol className="left-out" aria-label="Left out">
        {parts.map((part) => (
          <li key={part.from}>
            <span className="number faint">{part.from === part.to ? `line ${part.from}` : `lines ${part.from} to ${part.to}`}</span>
            <UntrustedText text={part.text} label={`Left out, lines ${part.from} to ${part.to}`} cutLines={8} />
          </li>
        ))}
      </ol>
    </>
  )
}

function TextForm({ id, text }: { id: string; text: string }) {
  const [draft, setDraft] = useState(text)
  const close = (): void => contextView.setState({ editing: false })
  const preview = (): void => {
    if (draft === text) return
    stagedEdits.stage({ op: 'edit', id, text: draft })
    close()
  }
  return (
    <form
      className="inspector-edit"
      onSubmit={(event) => {
        event.preventDefault()
        preview()
      }}
    >
      <textarea
        className="field mono"
        aria-label="New text"
        rows={10}
        autoFocus
        spellCheck={false}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.preventDefault()
            event.stopPropagation()
            close()
          } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.altKey) {
            event.preventDefault()
            event.stopPropagation()
            preview()
          }
        }}
      />
      <div className="inspector-actions">
        <button type="submit" className="button" data-tone="primary" disabled={draft === text}>
          Preview this text
        </button>
        <button type="button" className="button" onClick={close}>
          Discard
        </button>
      </div>
    </form>
  )
}
