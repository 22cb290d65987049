import { type CSSProperties, useEffect, useRef } from 'react'
import { createPortal } from 'react-dom'
import { KindIcon } from '../../components/kind-icon'
import type { GraphNode } from '../../../shared/graph'
import type { Completion } from './cypher-text'

export interface Offer extends Completion {
  /** For names of nodes. */
  readonly node?: GraphNode
}

interface Props {
  readonly id: string
  readonly offers: readonly Offer[]
  readonly active: number
  readonly place: CSSProperties
  readonly onActive: (index: number) => void
  readonly onPick: (offer: Offer) => void
}

/** What can be written at the caret. */
export function CompletionList({ id, offers, active, place, onActive, onPick }: Props) {
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active, offers])
  return createPortal(
    <ul id={id} ref={list} style={place} role="listbox" aria-label="Completions" className="popup graph-found cypher-offers">
      {offers.map((offer, index) => (
        <li
          key={offer.node?.id ?? `${offer.kind} ${offer.text}`}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          // The editor would lose the focus, and with it the list, before a click.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onPick(offer)}
          onPointerMove={() => onActive(index)}
        >
          {offer.node !== undefined && <KindIcon kind={offer.node.kind} />}
          <span className={`mono clip cypher-${offer.kind}`}>{offer.text}</span>
          <span className="faint clip graph-place">{offer.detail}</span>
        </li>
      ))}
    </ul>,
    document.body,
  )
}
