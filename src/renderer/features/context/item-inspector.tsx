import { useMemo, useState } from 'react'
import type { ContextItem } from '../../../shared/context'
import type { Frame } from '../../../shared/frames'
import { useKernelQuery, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { formatTokens } from '../../components/format'
import { FailureView, Skeleton } from '../../components/surfaces'
import { stagedEdits } from './edits-store'

const CONTENT_AT_MOST_BYTES = 262_144

/** One item: its content, where it came from, what happened to it, and the edits that can be made by hand. */
export function ItemInspector({ item, evicted }: { item: ContextItem; evicted: boolean }) {
  const model = useWindow()
  const content = useKernelQuery(item.content, (link, signal) =>
    link.call('content.text', { hash: item.content, maxBytes: CONTENT_AT_MOST_BYTES }, { signal }),
  )
  const [draft, setDraft] = useState<string | null>(null)
  const { source } = item
  return (
    <section className="inspector" aria-label={`Context item ${item.title}`}>
      <header>
        <h3 className="clip" title={item.id}>
          {item.title}
        </h3>
        <p className="muted">
          {evicted ? 'evicted' : item.tier}, {item.kind}, <span title={`${item.tokens} tokens`}>{formatTokens(item.tokens)} tokens</span>
          {item.pinned && ', pinned'}
          {item.stale && <span className="warning">, stale: the file changed after it was read</span>}
        </p>
      </header>
      <div className="inspector-actions">
        {evicted ? (
          <button type="button" className="button" onClick={() => stagedEdits.stage({ op: 'bring-back', id: item.id, to: item.tier })}>
            Bring back
          </button>
        ) : (
          <>
            <button type="button" className="button" onClick={() => stagedEdits.stage({ op: 'pin', id: item.id, pinned: !item.pinned })}>
              {item.pinned ? 'Unpin' : 'Pin'}
            </button>
            {item.tier === 'L1' && (
              <button type="button" className="button" onClick={() => stagedEdits.stage({ op: 'move', id: item.id, to: 'L2' })}>
                Demote to L2
              </button>
            )}
            {item.tier === 'L2' && (
              <button type="button" className="button" onClick={() => stagedEdits.stage({ op: 'move', id: item.id, to: 'L1' })}>
                Promote to L1
              </button>
            )}
            <button type="button" className="button" onClick={() => stagedEdits.stage({ op: 'evict', id: item.id })}>
              Evict
            </button>
            <button
              type="button"
              className="button"
              disabled={content.value === null || content.value.truncated || draft !== null}
              onClick={() => setDraft(content.value?.text ?? '')}
            >
              Edit text
            </button>
          </>
        )}
      </div>
      <dl>
        <dt>Why</dt>
        <dd>{item.reason}</dd>
        <dt>From</dt>
        <dd>
          {source.by}
          {source.tool !== undefined && <> with {source.tool}</>}
          {source.query !== undefined && <> for "{source.query}"</>}
          {source.score !== undefined && <>, score {source.score.toFixed(2)}</>}
          {source.frame === null ? (
            ', before the run'
          ) : (
            <>
              {' at '}
              <button type="button" className="link" onClick={() => source.frame !== null && model.select(source.frame)}>
                frame {source.frame}
              </button>
            </>
          )}
        </dd>
        {source.path !== undefined && (
          <>
            <dt>File</dt>
            <dd>
              <button type="button" className="link mono" onClick={() => source.path !== undefined && model.showFile(source.path, null)}>
                {source.path}
              </button>{' '}
              {source.version !== undefined && <span className="mono faint">version {source.version.slice(0, 12)}</span>}
            </dd>
          </>
        )}
        <dt>Used</dt>
        <dd>
          added at frame {item.addedAt}, last used at frame {item.lastUsedAt}
        </dd>
      </dl>
      <History id={item.id} />
      {content.status === 'failed' && <FailureView failure={content.failure} onRetry={content.reload} />}
      {content.value === null && content.status === 'loading' && <Skeleton rows={6} />}
      {draft === null ? (
        content.value !== null && (
          <pre className="inspector-content" tabIndex={0} aria-label="Content">
            {content.value.text}
            {content.value.truncated && `\n... cut at ${CONTENT_AT_MOST_BYTES} of ${content.value.sizeBytes} bytes`}
          </pre>
        )
      ) : (
        <div className="inspector-edit">
          <textarea
            className="field mono"
            aria-label="New text"
            rows={14}
            value={draft}
            onChange={(event) => setDraft(event.target.value)}
          />
          <div className="inspector-actions">
            <button
              type="button"
              className="button"
              data-tone="primary"
              disabled={draft === content.value?.text}
              onClick={() => stagedEdits.stage({ op: 'edit', id: item.id, text: draft })}
            >
              Preview this text
            </button>
            <button type="button" className="button" onClick={() => setDraft(null)}>
              Discard
            </button>
          </div>
        </div>
      )}
    </section>
  )
}

interface Event {
  readonly frame: number
  readonly words: string
}

function History({ id }: { id: string }) {
  const model = useWindow()
  const point = usePoint()
  const { cache } = useRunFrames()
  const events = useMemo(() => (point === null ? [] : historyOf(cache.path(point.branchId, point.n), id)), [cache, point, id])
  if (events.length === 0) return null
  return (
    <details className="history">
      <summary>History, {events.length}</summary>
      <ol>
        {events.map((event, index) => (
          <li key={`${event.frame} ${index}`}>
            <button type="button" className="link number" onClick={() => model.select(event.frame)}>
              {event.frame}
            </button>{' '}
            {event.words}
          </li>
        ))}
      </ol>
    </details>
  )
}

/** What happened to the item, oldest first; that it was merely used is left out. */
function historyOf(path: readonly Frame[], id: string): Event[] {
  const events: Event[] = []
  for (const frame of path) {
    if (frame.kind !== 'context.changed' && frame.kind !== 'context.edited') continue
    const by = frame.kind === 'context.edited' ? ' by hand' : ''
    for (const change of frame.payload.changes) {
      if (change.op === 'put') {
        if (change.item.id === id) events.push({ frame: frame.n, words: `put into ${change.item.tier}${by}: ${change.item.reason}` })
      } else if (change.id === id && change.op !== 'touch') {
        const to = change.op === 'move' || change.op === 'bring-back' ? ` to ${change.to}` : ''
        events.push({ frame: frame.n, words: `${change.op}${to}${by}${'rule' in change ? `: ${change.rule}` : ''}` })
      }
    }
  }
  return events
}
