import { ArrowDownToLine, ArrowUpFromLine, CircleX, PencilLine, Pin, PinOff, Undo2, X } from 'lucide-react'
import { useMemo } from 'react'
import { useStore } from 'zustand'
import type { ContextItem } from '../../../shared/context'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { formatClock, formatTokens } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { UntrustedInline } from '../../components/untrusted-text'
import { homeOf, stagePlace } from './context-actions'
import { contextView, selectItem } from './context-view'
import { stagedEdits } from './edits-store'
import { ItemContent } from './item-content'
import { historyOf } from './item-history'
import { KIND_LOOK } from './item-kinds'
import { Provenance } from './item-provenance'

interface Props {
  readonly item: ContextItem
  /** Where it is at the selected frame; of what is absent the text and the past can still be looked at. */
  readonly place: 'tier' | 'evicted' | 'absent'
}

/** One item: what can be done with it, why it is there, where it came from, what happened to it, and its text. */
export function ItemInspector({ item, place }: Props) {
  const editing = useStore(contextView, (view) => view.editing)
  const { icon: Icon, word } = KIND_LOOK[item.kind]
  return (
    <section className="inspector" aria-label={`Context item ${item.title}`}>
      <header className="inspector-head">
        <Icon size={14} aria-hidden className="muted" />
        <h3 className="clip" title={item.id}>
          {item.title}
        </h3>
        <IconButton icon={X} label="Close the inspector" onClick={() => selectItem(null)} />
      </header>
      <p className="inspector-facts muted">
        {place === 'tier' ? (
          <span>{item.tier}</span>
        ) : (
          <span className="warning">{place === 'evicted' ? 'evicted' : 'not in the context at this frame'}</span>
        )}
        <span>{word}</span>
        <span title={`${item.tokens} tokens`}>{formatTokens(item.tokens)} tokens</span>
        {item.pinned && <span>pinned</span>}
        {item.relevance !== undefined && (
          <span title="Share of the task's words that its text and title speak of">relevance {Math.round(item.relevance * 100)} %</span>
        )}
        {item.stale && <span className="warning">stale: the file changed after it was read</span>}
      </p>
      {place !== 'absent' && <Actions item={item} evicted={place === 'evicted'} />}
      <dl>
        <dt>Why</dt>
        <dd>{item.reason}</dd>
        <dt>Used</dt>
        <dd>
          since frame {item.addedAt}, last at frame {item.lastUsedAt}
        </dd>
      </dl>
      <Provenance item={item} />
      <History id={item.id} />
      <ItemContent item={item} editing={editing && place === 'tier'} />
    </section>
  )
}

function Actions({ item, evicted }: { item: ContextItem; evicted: boolean }) {
  const { commands, settings } = useWindow()
  const keymap = useStore(settings.store, (state) => state.keymap)
  const keyOf = (id: string): string => {
    const command = commands.store.getState().commands.find((candidate) => candidate.id === id)
    const key = command === undefined ? null : commands.keyOf(command, keymap)
    return key === null ? '' : ` (${key})`
  }
  if (evicted) {
    return (
      <div className="inspector-actions">
        {(['L1', 'L2'] as const).map((tier) => (
          <button
            key={tier}
            type="button"
            className="button"
            title={tier === homeOf(item) ? `Bring back to where it was${keyOf('context.bringBack')}` : undefined}
            onClick={() => stagePlace({ item, evicted }, tier)}
          >
            <Undo2 size={14} aria-hidden /> Bring back to {tier}
          </button>
        ))}
      </div>
    )
  }
  return (
    <div className="inspector-actions">
      <button
        type="button"
        className="button"
        title={`${item.pinned ? 'Unpin' : 'Pin'}${keyOf('context.pin')}`}
        onClick={() => stagedEdits.stage({ op: 'pin', id: item.id, pinned: !item.pinned })}
      >
        {item.pinned ? <PinOff size={14} aria-hidden /> : <Pin size={14} aria-hidden />} {item.pinned ? 'Unpin' : 'Pin'}
      </button>
      {item.tier !== 'L1' && (
        <button
          type="button"
          className="button"
          title={`Promote to L1${keyOf('context.promote')}`}
          onClick={() => stagePlace({ item, evicted }, 'L1')}
        >
          <ArrowUpFromLine size={14} aria-hidden /> Promote to L1
        </button>
      )}
      {item.tier === 'L1' && (
        <button
          type="button"
          className="button"
          title={`Demote to L2${keyOf('context.demote')}`}
          onClick={() => stagePlace({ item, evicted }, 'L2')}
        >
          <ArrowDownToLine size={14} aria-hidden /> Demote to L2
        </button>
      )}
      <button
        type="button"
        className="button"
        title={`Evict${keyOf('context.evict')}`}
        onClick={() => stagePlace({ item, evicted }, 'out')}
      >
        <CircleX size={14} aria-hidden /> Evict
      </button>
      <button
        type="button"
        className="button"
        title={`Edit text${keyOf('context.edit')}`}
        onClick={() => contextView.setState({ editing: true })}
      >
        <PencilLine size={14} aria-hidden /> Edit text
      </button>
    </div>
  )
}

function History({ id }: { id: string }) {
  const model = useWindow()
  const point = usePoint()
  const { cache } = useRunFrames()
  const events = useMemo(() => (point === null ? [] : historyOf(cache.path(point.branchId, point.n), id)), [cache, point, id])
  if (events.length === 0) return null
  return (
    <details className="history" open={events.length <= 3}>
      <summary>History, {events.length}</summary>
      <ol>
        {events.map((event, index) => (
          <li key={`${event.frame} ${index}`} title={formatClock(event.atMs)}>
            <button type="button" className="link number" aria-label={`frame ${event.frame}`} onClick={() => model.select(event.frame)}>
              {event.frame}
            </button>
            <span>
              <UntrustedInline text={event.words} atMost={200} />
              {event.tokens !== null && <span className="number faint"> {formatTokens(event.tokens)}</span>}
            </span>
          </li>
        ))}
      </ol>
    </details>
  )
}
