import {
  type ContextChange,
  type ContextItem,
  type ContextState,
  reduceContext,
  type Tier,
  tierTokens,
  type TokenBudget,
} from '../../../shared/context'
import type { ContentHash } from '../../../shared/ids'
import { condense } from './condense'

/** What the context manager may use: content by hash, and a count of tokens. Deterministic functions of their arguments. */
export interface ContextEnv {
  /** The frame that will record the changes. */
  readonly frame: number
  put(text: string): ContentHash
  textOf(hash: ContentHash): string
  countTokens(text: string): number
}

/** L1 and L2 as they are enforced: their own budgets, and together never more than the window less the reserves. */
export function tierLimits(budget: TokenBudget): { readonly L1: number; readonly L2: number } {
  const { system, tools, output } = budget.reserves
  const available = Math.max(0, budget.totalTokens - system - tools - output)
  const L1 = Math.min(budget.l1Tokens, available)
  return { L1, L2: Math.min(budget.l2Tokens, available - L1) }
}

export type NewItem = Pick<ContextItem, 'id' | 'kind' | 'title' | 'source' | 'reason'> & {
  readonly tier: 'L1' | 'L2'
  readonly text: string
  readonly pinned?: boolean
  readonly maxTokens: number
}

/** Changes as they are decided, each applied by the same reducer that later folds the frame: what is enforced is what will be shown. */
export class ContextDraft {
  readonly changes: ContextChange[] = []
  /** Items that this event is about; they give way last. */
  readonly fresh = new Set<string>()
  readonly limits: { readonly L1: number; readonly L2: number }
  private readonly texts = new Map<ContentHash, string>()
  private readonly sums: { L1: number; L2: number }
  private current: ContextState

  constructor(
    state: ContextState,
    private readonly env: ContextEnv,
  ) {
    this.current = state
    this.limits = tierLimits(state.budget)
    this.sums = { L1: tierTokens(state, 'L1'), L2: tierTokens(state, 'L2') }
  }

  get state(): ContextState {
    return this.current
  }

  get frame(): number {
    return this.env.frame
  }

  item(id: string): ContextItem | undefined {
    // Ids come from callers too: `__proto__` is no item.
    return Object.hasOwn(this.current.items, id) ? this.current.items[id] : undefined
  }

  /** By id, so that changes come in the same order however the state's record was built. */
  items(): ContextItem[] {
    return Object.values(this.current.items).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** For sums and searches whose result does not depend on the order. */
  unordered(): ContextItem[] {
    return Object.values(this.current.items)
  }

  tokens(tier: 'L1' | 'L2'): number {
    return this.sums[tier]
  }

  apply(change: ContextChange): void {
    const id = change.op === 'put' ? change.item.id : change.id
    this.count(this.item(id), -1)
    this.current = reduceContext(this.current, change, this.env.frame)
    this.count(this.item(id), 1)
    this.changes.push(change)
  }

  /** Adds or replaces an item; keeps when it was first added. Text beyond `maxTokens` is condensed and the reason says so. */
  put(item: NewItem): void {
    const { text, maxTokens, pinned, ...rest } = item
    const fitted = condense(
      text,
      maxTokens,
      (piece) => this.env.countTokens(piece),
      (whole) => this.store(whole),
    )
    const content = this.store(fitted.text)
    const before = this.item(item.id)
    this.fresh.add(item.id)
    this.apply({
      op: 'put',
      item: {
        ...rest,
        content,
        tokens: fitted.tokens,
        reason: fitted.whole ? item.reason : `${item.reason}; condensed to ${maxTokens} tokens`,
        addedAt: before === undefined || item.id.startsWith('tool:') ? this.frame : before.addedAt,
        lastUsedAt: this.frame,
        pinned: pinned ?? before?.pinned ?? false,
        stale: false,
      },
    })
  }

  /** Puts another text in an item's place, condensed when it has more than `maxTokens`. */
  rewrite(id: string, text: string, maxTokens: number, rule: string): void {
    const fitted = condense(
      text,
      maxTokens,
      (piece) => this.env.countTokens(piece),
      (whole) => this.store(whole),
    )
    this.apply({ op: 'rewrite', id, content: this.store(fitted.text), tokens: fitted.tokens, rule })
  }

  /** Shortens an item to at most `maxTokens`; does nothing when it is not longer. */
  shorten(item: ContextItem, maxTokens: number, rule: string): void {
    if (item.tokens > maxTokens) this.rewrite(item.id, this.text(item.content), maxTokens, rule)
  }

  move(item: ContextItem, to: Tier, rule: string): void {
    this.apply({ op: 'move', id: item.id, from: item.tier, to, rule })
  }

  touch(id: string): void {
    this.fresh.add(id)
    this.apply({ op: 'touch', id })
  }

  text(hash: ContentHash): string {
    return this.texts.get(hash) ?? this.env.textOf(hash)
  }

  private store(text: string): ContentHash {
    const hash = this.env.put(text)
    this.texts.set(hash, text)
    return hash
  }

  private count(item: ContextItem | undefined, sign: 1 | -1): void {
    if (item?.tier === 'L1' || item?.tier === 'L2') this.sums[item.tier] += sign * item.tokens
  }
}
