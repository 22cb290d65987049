import { useStore } from 'zustand'
import { useWindow } from '../../app/window-context'
import { count, formatTokens } from '../../components/format'
import { contextView } from './context-view'
import type { Comparison } from './tier-rows'

/** What differs from the frame that is compared with, and the way to it and out of the comparison. */
export function CompareBar({ frame, comparison }: { frame: number; comparison: Comparison }) {
  const model = useWindow()
  const differencesOnly = useStore(contextView, (view) => view.differencesOnly)
  const { added, removed, moved, changed, tokensBy } = comparison
  const parts = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, 'changed'],
    [moved, 'moved'],
  ] as const
  const said = parts.filter(([number]) => number > 0)
  return (
    <section className="compare-bar" aria-label="Comparison">
      <span>
        Since{' '}
        <button type="button" className="link" onClick={() => model.select(frame)}>
          frame {frame}
        </button>
        : {said.length === 0 ? 'the same items' : said.map(([number, word]) => `${count(number, 'item')} ${word}`).join(', ')}
      </span>
      {(['L1', 'L2'] as const).map((tier) => (
        <span key={tier} className="number" title={`${tokensBy[tier]} tokens`}>
          <strong style={{ color: `var(--tier-${tier.toLowerCase()})` }}>{tier}</strong> {tokensBy[tier] < 0 ? '-' : '+'}
          {formatTokens(Math.abs(tokensBy[tier]))}
        </span>
      ))}
      <label className="compare-only">
        <input
          type="checkbox"
          checked={differencesOnly}
          onChange={(event) => contextView.setState({ differencesOnly: event.target.checked })}
        />
        Differences only
      </label>
      <button type="button" className="link" onClick={() => model.selection.setState({ compareWith: null })}>
        Stop comparing
      </button>
    </section>
  )
}
