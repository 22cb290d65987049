import type { ContextChange, Tier } from '../../../shared/context'
import type { Frame } from '../../../shared/frames'

interface ItemEvent {
  readonly frame: number
  readonly atMs: number
  readonly words: string
  /** What it took from then on; null where the change says nothing of it. */
  readonly tokens: number | null
}

/** What happened to the item, oldest first; that it was merely used is left out. */
export function historyOf(path: readonly Frame[], id: string): ItemEvent[] {
  const events: ItemEvent[] = []
  let tier: Tier | null = null
  for (const frame of path) {
    if (frame.kind !== 'context.changed' && frame.kind !== 'context.edited') continue
    for (const change of frame.payload.changes) {
      if ((change.op === 'put' ? change.item.id : change.id) !== id) continue
      const words = wordsOf(change, tier)
      tier = tierAfter(change, tier)
      if (words === null) continue
      events.push({ frame: frame.n, atMs: frame.atMs, words, tokens: tokensAfter(change) })
    }
  }
  return events
}

function wordsOf(change: ContextChange, tier: Tier | null): string | null {
  switch (change.op) {
    case 'put':
      return tier === null
        ? `came into ${change.item.tier}: ${change.item.reason}`
        : `put anew into ${change.item.tier}: ${change.item.reason}`
    case 'move':
      return `moved from ${change.from} to ${change.to}: ${change.rule}`
    case 'evict':
      return `evicted${tier === null ? '' : ` from ${tier}`}: ${change.rule}`
    case 'bring-back':
      return `brought back to ${change.to}`
    case 'pin':
      return change.rule
    case 'stale':
      return change.stale ? 'stale: its file changed' : 'up to date again'
    case 'rewrite':
      return change.shortenedBy === undefined ? change.rule : `condensed (${change.shortenedBy}): ${change.rule}`
    case 'remove':
      return `taken out: ${change.rule}`
    case 'touch':
    case 'tokenizer':
    case 'unlist':
    case 'relist':
    case 'prompt':
      return null
  }
}

function tierAfter(change: ContextChange, tier: Tier | null): Tier | null {
  switch (change.op) {
    case 'put':
      return change.item.tier
    case 'move':
    case 'bring-back':
      return change.to
    case 'evict':
    case 'remove':
      return null
    default:
      return tier
  }
}

function tokensAfter(change: ContextChange): number | null {
  return change.op === 'put' ? change.item.tokens : change.op === 'rewrite' ? change.tokens : null
}
