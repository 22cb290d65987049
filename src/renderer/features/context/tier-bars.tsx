import { type DragEvent, useState } from 'react'
import type { ContextState, Tier, TokenCounting } from '../../../shared/context'
import { tierTokens } from '../../../shared/context'
import type { ContextPreview } from '../../../shared/contract/methods'
import { formatTokens } from '../../components/format'
import { itemOf, type ShownTier, stagePlace } from './context-actions'
import { selectItem } from './context-view'
import { droppedItem, isItemDragged } from './item-drag'
import { itemsOf, segmentsOf } from './tier-rows'

interface Props {
  readonly state: ContextState
  readonly selected: string | null
  /** What the edits that wait would lead to; null while none wait. */
  readonly preview: ContextPreview | null
}

const MEANING: Readonly<Record<ShownTier, string>> = { L1: 'works on now', L2: 'may need next' }

/** Each tier against its budget, and both against the model's window with its reserves. */
export function TierBars({ state, selected, preview }: Props) {
  const { reserves, totalTokens, l1Tokens, l2Tokens } = state.budget
  const reserved = reserves.system + reserves.tools + reserves.output
  const used = tierTokens(state, 'L1') + tierTokens(state, 'L2')
  return (
    <div className="tier-bars">
      <TierBar tier="L1" budgetTokens={l1Tokens} state={state} selected={selected} preview={preview} />
      <TierBar tier="L2" budgetTokens={l2Tokens} state={state} selected={selected} preview={preview} />
      <div className="tier-bar" data-testid="tier-bar-window" title={countingInWords(state.tokenizer)}>
        <span className="tier-name muted">Window</span>
        <div
          className="bar bar-window"
          role="img"
          aria-label={`Model window of ${totalTokens} tokens: ${used} used, ${reserved} reserved for system, tools and output`}
        >
          <span className="segment" style={{ left: 0, width: percent(used / totalTokens), background: 'var(--text-faint)' }} />
          <span
            className="segment reserve"
            title={`Reserved: system ${reserves.system}, tools ${reserves.tools}, output ${reserves.output}`}
            style={{ right: 0, width: percent(reserved / totalTokens) }}
          />
        </div>
        <span className="number muted" title={`${used} of ${totalTokens} tokens, ${reserved} reserved`}>
          {formatTokens(used)} / {formatTokens(totalTokens)}
        </span>
      </div>
      <p className="counting faint">{countingInWords(state.tokenizer)}</p>
    </div>
  )
}

export function countingInWords(counting: TokenCounting | undefined): string {
  if (counting === undefined) return 'Tokens counted with o200k_base'
  if (counting.exact) return `Tokens counted exactly, ${counting.name}`
  return `Tokens estimated, ${counting.name}: budgets keep ${counting.marginPercent} % in hand`
}

function TierBar({ tier, budgetTokens, state, selected, preview }: Props & { tier: ShownTier; budgetTokens: number }) {
  const [over, setOver] = useState(false)
  const tokens = tierTokens(state, tier)
  const items = itemsOf(state, tier)
  const pinned = items.reduce((sum, item) => sum + (item.pinned ? item.tokens : 0), 0)
  const after = preview?.failure === null ? preview.after.find((view) => view.tier === tier) : undefined
  const said = `${tokens} of ${budgetTokens} tokens in ${items.length} items, ${pinned} of them pinned`

  function drop(event: DragEvent): void {
    setOver(false)
    const found = itemOf(state, droppedItem(event))
    if (found === null) return
    event.preventDefault()
    selectItem(found.item.id)
    stagePlace(found, tier)
  }

  return (
    <div className="tier-bar" data-testid={`tier-bar-${tier}`}>
      <span className="tier-name">
        <strong style={{ color: `var(--tier-${tier.toLowerCase()})` }}>{tier}</strong>{' '}
        <span className="muted tier-meaning">{MEANING[tier]}</span>
      </span>
      <div
        className="bar"
        role="img"
        aria-label={`${tier}: ${said}`}
        data-over={over}
        onDragOver={(event) => {
          if (!isItemDragged(event)) return
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        {segmentsOf(state, tier, budgetTokens).map((segment) => (
          <span
            key={segment.id}
            className="segment"
            data-selected={segment.id === selected}
            data-pinned={segment.pinned}
            title={`${segment.title}, ${segment.tokens} tokens${segment.pinned ? ', pinned' : ''}`}
            style={{ left: percent(segment.start), width: percent(segment.width), background: tierColour(tier) }}
            onClick={() => selectItem(segment.id)}
          />
        ))}
        {after !== undefined && after.tokens !== tokens && (
          <span
            className="bar-after"
            title={`${after.tokens} tokens after the edits`}
            style={{ left: percent(after.tokens / budgetTokens) }}
          />
        )}
      </div>
      <span className="number" title={said}>
        {formatTokens(tokens)} / {formatTokens(budgetTokens)}
      </span>
    </div>
  )
}

function tierColour(tier: Tier): string {
  return `var(--tier-${tier.toLowerCase()})`
}

function percent(share: number): string {
  return `${(Math.min(1, Math.max(0, share)) * 100).toFixed(3)}%`
}
