import type { ContextState, Tier } from '../../../shared/context'
import { tierTokens } from '../../../shared/context'
import { formatTokens } from '../../components/format'
import { itemsOf, segmentsOf } from './tier-rows'

interface Props {
  readonly state: ContextState
  readonly selected: string | null
  readonly onSelect: (id: string) => void
}

const MEANING: Readonly<Record<'L1' | 'L2', string>> = { L1: 'works on now', L2: 'may need next' }

export function TierBars({ state, selected, onSelect }: Props) {
  const { reserves, totalTokens } = state.budget
  const reserved = reserves.system + reserves.tools + reserves.output
  const used = tierTokens(state, 'L1') + tierTokens(state, 'L2')
  return (
    <div className="tier-bars">
      <TierBar tier="L1" budgetTokens={state.budget.l1Tokens} state={state} selected={selected} onSelect={onSelect} />
      <TierBar tier="L2" budgetTokens={state.budget.l2Tokens} state={state} selected={selected} onSelect={onSelect} />
      <div className="tier-bar" data-testid="tier-bar-window">
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
    </div>
  )
}

function TierBar({ tier, budgetTokens, state, selected, onSelect }: Props & { tier: 'L1' | 'L2'; budgetTokens: number }) {
  const tokens = tierTokens(state, tier)
  const segments = segmentsOf(state, tier, budgetTokens)
  return (
    <div className="tier-bar" data-testid={`tier-bar-${tier}`}>
      <span className="tier-name">
        <strong style={{ color: `var(--tier-${tier.toLowerCase()})` }}>{tier}</strong> <span className="muted">{MEANING[tier]}</span>
      </span>
      <div className="bar" role="img" aria-label={`${tier}: ${tokens} of ${budgetTokens} tokens in ${itemsOf(state, tier).length} items`}>
        {segments.map((segment) => (
          <span
            key={segment.id}
            className="segment"
            data-selected={segment.id === selected}
            data-pinned={segment.pinned}
            title={`${segment.title}, ${segment.tokens} tokens${segment.pinned ? ', pinned' : ''}`}
            style={{ left: percent(segment.start), width: percent(segment.width), background: tierColour(tier) }}
            onClick={() => onSelect(segment.id)}
          />
        ))}
      </div>
      <span className="number" title={`${tokens} of ${budgetTokens} tokens`}>
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
