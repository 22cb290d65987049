import { z } from 'zod'
import { ContentHash } from './ids'

/**
 * The context hierarchy. L1 is what the agent works on now, L2 what it may need next, L3 the unbounded index
 * (memory), L4 the journal. Only L1 and L2 are shown to a model and only they have token budgets; an item that is
 * listed in L3 is one that was demoted and can be brought back by its content hash.
 */
export const Tier = z.enum(['L1', 'L2', 'L3', 'L4'])
export type Tier = z.infer<typeof Tier>

export const ContextItemKind = z.enum([
  'task',
  'instruction',
  'file',
  'tool-result',
  'error',
  'scratchpad',
  'note',
  'plan',
  'symbols',
  'references',
  'tests',
  'git',
  /** What is next to a file or symbol in the graph. */
  'dependencies',
  /** The answer to a search or a query of the graph. */
  'query',
])
export type ContextItemKind = z.infer<typeof ContextItemKind>

/** Where an item came from: enough to open the origin in the window. */
export const Provenance = z.object({
  by: z.enum(['kernel', 'agent', 'human']),
  /** The frame whose outcome made the item; null for what was there before the run (instruction files). */
  frame: z.number().int().nullable(),
  tool: z.string().optional(),
  path: z.string().optional(),
  /** Hash of the file's content when it was read. */
  version: ContentHash.optional(),
  query: z.string().optional(),
  score: z.number().optional(),
  /** Lines of the file from 1, inclusive, where the item shows a part of it. */
  lines: z.object({ from: z.number().int(), to: z.number().int() }).optional(),
  /** Key of the node in the graph that the item is about. */
  node: z.string().optional(),
})
export type Provenance = z.infer<typeof Provenance>

export const ContextItem = z.object({
  /** Stable within a branch: `file:src/a.ts`, `tool:12`, `task`, `note:3`. A second item with the same id replaces the first. */
  id: z.string().min(1).max(512),
  tier: Tier,
  kind: ContextItemKind,
  title: z.string(),
  content: ContentHash,
  tokens: z.number().int().min(0),
  source: Provenance,
  /** Why it is in this tier, in words: "read by the agent", "definition of applyDiscount". */
  reason: z.string(),
  addedAt: z.number().int(),
  lastUsedAt: z.number().int(),
  pinned: z.boolean(),
  /** True once the file that it shows has changed after it was read. */
  stale: z.boolean(),
  /** The whole text where `content` is a shortened one; absent when nothing was left out. */
  whole: ContentHash.optional(),
  /** How it was shortened: "outline", "log", "head and tail". Goes with `whole`. */
  shortenedBy: z.string().optional(),
  /** Share of the task's words that its text and title speak of, 0 to 1; absent when it was not looked at. */
  relevance: z.number().optional(),
  /** The frame that gave it its present text, where that is later than `addedAt`: its place in the prompt. */
  textAt: z.number().int().optional(),
})
export type ContextItem = z.infer<typeof ContextItem>

export const EvictedItem = z.object({ item: ContextItem, rule: z.string(), atFrame: z.number().int() })
export type EvictedItem = z.infer<typeof EvictedItem>

/**
 * Who counts tokens. Where the encoding of the model is known the counts are exact and the margin is 0 (unbroken runs of hundreds of
 * characters may count a little more than they are, never less); otherwise counts are an estimate
 * and budgets are enforced as if each text took `marginPercent` more.
 */
export const TokenCounting = z.object({ name: z.string(), exact: z.boolean(), marginPercent: z.number().int().min(0).max(200) })
export type TokenCounting = z.infer<typeof TokenCounting>

/** What a change does to a provider's prompt cache: everything behind the first difference is read anew. */
export const CacheImpact = z.object({
  /** Tokens before the first difference. */
  keptTokens: z.number().int(),
  /** Tokens behind it, which are read anew. */
  refillTokens: z.number().int(),
  /** By how much the prompt is shorter now. */
  savedTokens: z.number().int(),
})
export type CacheImpact = z.infer<typeof CacheImpact>

/** One step of the context manager; each names by `id` what it is about, a `put` in its item. Every change is recorded in a frame, so tiers at a frame are a fold of these. */
export const ContextChange = z.discriminatedUnion('op', [
  z.object({ op: z.literal('put'), item: ContextItem }),
  z.object({ op: z.literal('move'), id: z.string(), from: Tier, to: Tier, rule: z.string() }),
  z.object({ op: z.literal('evict'), id: z.string(), rule: z.string() }),
  z.object({ op: z.literal('bring-back'), id: z.string(), to: Tier }),
  z.object({ op: z.literal('pin'), id: z.string(), pinned: z.boolean(), rule: z.string() }),
  z.object({ op: z.literal('touch'), id: z.string() }),
  z.object({ op: z.literal('stale'), id: z.string(), stale: z.boolean() }),
  z.object({
    op: z.literal('rewrite'),
    id: z.string(),
    content: ContentHash,
    tokens: z.number().int().min(0),
    rule: z.string(),
    /** As in the item; absent when the new text is a whole one. */
    whole: ContentHash.optional(),
    shortenedBy: z.string().optional(),
    /** Present in changes since places in the prompt follow the text. */
    textAt: z.number().int().optional(),
  }),
  /** Who counts from here on; `id` is its name. */
  z.object({ op: z.literal('tokenizer'), id: z.string(), exact: z.boolean(), marginPercent: z.number().int().min(0).max(200) }),
  /** Parts of an undo. Out of the tiers without being listed, out of the list of evicted items, and into it again at its old place. */
  z.object({ op: z.literal('remove'), id: z.string(), rule: z.string() }),
  z.object({ op: z.literal('unlist'), id: z.string(), atFrame: z.number().int() }),
  z.object({ op: z.literal('relist'), id: z.string(), entry: EvictedItem, at: z.number().int().min(0) }),
  /**
   * Changes nothing: says what the changes before it in the same frame cost a provider's prompt cache. Only where they break the prefix;
   * `id` is the item at which the prompt starts to differ, as it was before.
   */
  z.object({ op: z.literal('prompt'), id: z.string(), cache: CacheImpact }),
])
export type ContextChange = z.infer<typeof ContextChange>

/** Token budgets. `totalTokens` is the model's window; what remains after the reserves is shared by L1 and L2. */
export const TokenBudget = z.object({
  totalTokens: z.number().int().positive(),
  reserves: z.object({ system: z.number().int().min(0), tools: z.number().int().min(0), output: z.number().int().min(0) }),
  l1Tokens: z.number().int().positive(),
  l2Tokens: z.number().int().positive(),
})
export type TokenBudget = z.infer<typeof TokenBudget>

/** Reserves of 2000, 8000 and 4000 tokens and tiers of 32k and 128k are the source article's figures. */
export const DEFAULT_BUDGET: TokenBudget = {
  totalTokens: 200_000,
  reserves: { system: 2_000, tools: 8_000, output: 4_000 },
  l1Tokens: 32_000,
  l2Tokens: 128_000,
}

export const ContextState = z.object({
  budget: TokenBudget,
  items: z.record(z.string(), ContextItem),
  /** Out of every tier but listed, so that the window can show why and bring them back. Newest last, at most 200. */
  evicted: z.array(EvictedItem),
  /** Absent in runs of before it was recorded: their counts are the o200k encoding's, without a margin. */
  tokenizer: TokenCounting.optional(),
})
export type ContextState = z.infer<typeof ContextState>

const EVICTED_LISTED = 200

export function emptyContext(budget: TokenBudget = DEFAULT_BUDGET): ContextState {
  return { budget, items: {}, evicted: [] }
}

/** Sum of the tokens of a tier: never more than its budget after the context manager has run. */
export function tierTokens(state: ContextState, tier: Tier): number {
  let sum = 0
  for (const item of Object.values(state.items)) if (item.tier === tier) sum += item.tokens
  return sum
}

/** Pure. A change that names an item which is not there leaves the state as it is: old journals stay readable. */
export function reduceContext(state: ContextState, change: ContextChange, frame: number): ContextState {
  return reduceChanges(state, [change], frame)
}

/** The same for all changes of a frame: one copy of the state, however many they are. */
export function reduceChanges(state: ContextState, changes: readonly ContextChange[], frame: number): ContextState {
  const fold = new ContextFold(state)
  for (const change of changes) fold.apply(change, frame)
  return fold.state
}

/** A state under change. Reads see every change at once; the state that it began with is never touched. */
export class ContextFold {
  #state: ContextState
  #owned = false

  constructor(state: ContextState) {
    this.#state = state
  }

  /** The state now. What is applied afterwards goes into another copy. */
  get state(): ContextState {
    this.#owned = false
    return this.#state
  }

  item(id: string): ContextItem | undefined {
    // Ids come from callers too: `__proto__` is no item.
    return Object.hasOwn(this.#state.items, id) ? this.#state.items[id] : undefined
  }

  /** In no order that may matter. */
  items(): ContextItem[] {
    return Object.values(this.#state.items)
  }

  get evicted(): readonly EvictedItem[] {
    return this.#state.evicted
  }

  apply(change: ContextChange, frame: number): void {
    switch (change.op) {
      case 'put':
        this.#set(change.item)
        return
      case 'tokenizer':
        this.#own().tokenizer = { name: change.id, exact: change.exact, marginPercent: change.marginPercent }
        return
      case 'prompt':
        return
      case 'bring-back': {
        const at = this.evicted.findLastIndex((entry) => entry.item.id === change.id)
        const found = this.evicted[at]
        if (found === undefined) return
        this.#own().evicted = this.evicted.toSpliced(at, 1)
        this.#set({ ...found.item, tier: change.to, lastUsedAt: frame })
        return
      }
      case 'unlist': {
        const at = this.evicted.findLastIndex((entry) => entry.item.id === change.id && entry.atFrame === change.atFrame)
        if (at !== -1) this.#own().evicted = this.evicted.toSpliced(at, 1)
        return
      }
      case 'relist':
        this.#own().evicted = this.evicted.toSpliced(change.at, 0, change.entry).slice(-EVICTED_LISTED)
        return
    }
    const item = this.item(change.id)
    if (item === undefined) return
    if (change.op === 'evict' || change.op === 'remove') {
      const own = this.#own()
      delete own.items[change.id]
      if (change.op === 'evict') own.evicted = [...own.evicted, { item, rule: change.rule, atFrame: frame }].slice(-EVICTED_LISTED)
      return
    }
    this.#set(changedItem(item, change, frame))
  }

  #set(item: ContextItem): void {
    const { items } = this.#own()
    // Assignment to `__proto__` would not make a property.
    Object.defineProperty(items, item.id, { value: item, writable: true, enumerable: true, configurable: true })
  }

  #own(): ContextState {
    if (!this.#owned) this.#state = { ...this.#state, items: { ...this.#state.items } }
    this.#owned = true
    return this.#state
  }
}

type ItemChange = Extract<ContextChange, { op: 'move' | 'pin' | 'touch' | 'stale' | 'rewrite' }>

function changedItem(item: ContextItem, change: ItemChange, frame: number): ContextItem {
  switch (change.op) {
    case 'move':
      return { ...item, tier: change.to, reason: change.rule }
    case 'pin':
      return { ...item, pinned: change.pinned }
    case 'touch':
      return { ...item, lastUsedAt: frame }
    case 'stale':
      return { ...item, stale: change.stale }
    case 'rewrite': {
      const { whole: _whole, shortenedBy: _by, textAt: _at, ...rest } = item
      return {
        ...rest,
        ...{ content: change.content, tokens: change.tokens, reason: change.rule, lastUsedAt: frame },
        ...(change.whole === undefined ? {} : { whole: change.whole }),
        ...(change.shortenedBy === undefined ? {} : { shortenedBy: change.shortenedBy }),
        ...(change.textAt === undefined ? {} : { textAt: change.textAt }),
      }
    }
  }
}

const orders = new WeakMap<ContextState, readonly ContextItem[]>()

/**
 * The items of L1 and L2 in the order in which a model is shown them: instructions, the task, then the others by the frame that gave them
 * their text. What is new or changed comes last, and neither pinning nor moving between the tiers changes the order, so that a provider's
 * prompt cache holds as far as it can. Computed once a state.
 */
export function promptOrder(state: ContextState): readonly ContextItem[] {
  const known = orders.get(state)
  if (known !== undefined) return known
  const shown = Object.values(state.items).filter((item) => item.tier === 'L1' || item.tier === 'L2')
  const order = shown.sort((a, b) => promptRank(a) - promptRank(b) || placeOf(a) - placeOf(b) || (a.id < b.id ? -1 : 1))
  orders.set(state, order)
  return order
}

function promptRank(item: ContextItem): number {
  return item.kind === 'instruction' ? 0 : item.kind === 'task' ? 1 : 2
}

function placeOf(item: ContextItem): number {
  return item.textAt ?? item.addedAt
}

/** What going from one state to the other costs a prompt cache that holds all of the first. */
export function cacheImpact(before: ContextState, after: ContextState): CacheImpact {
  const [had, has] = [promptOrder(before), promptOrder(after)]
  const differs = firstDifference(had, has)
  const keptTokens = sumTokens(had.slice(0, differs))
  const [wasTokens, isTokens] = [sumTokens(had), sumTokens(has)]
  return { keptTokens, refillTokens: isTokens - keptTokens, savedTokens: Math.max(0, wasTokens - isTokens) }
}

/** The change that says so; null when everything that was there before stays the beginning of the prompt. */
export function promptChange(before: ContextState, after: ContextState): ContextChange | null {
  const had = promptOrder(before)
  const first = had[firstDifference(had, promptOrder(after))]
  return first === undefined ? null : { op: 'prompt', id: first.id, cache: cacheImpact(before, after) }
}

function firstDifference(had: readonly ContextItem[], has: readonly ContextItem[]): number {
  const at = had.findIndex((item, index) => has[index]?.id !== item.id || has[index]?.content !== item.content)
  return at === -1 ? had.length : at
}

function sumTokens(items: readonly ContextItem[]): number {
  let sum = 0
  for (const item of items) sum += item.tokens
  return sum
}
