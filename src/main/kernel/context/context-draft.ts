import {
  type ContextChange,
  ContextFold,
  type ContextItem,
  type ContextState,
  type EvictedItem,
  type Tier,
  tierTokens,
  type TokenBudget,
  type TokenCounting,
} from '../../../shared/context'
import type { ContentHash } from '../../../shared/ids'
import { fit, type Fitted, type TextAbout } from './compress/shorten'
import { relevanceTo, wordsOfTask } from './relevance'

/** What the context manager may use: content by hash, and a count of tokens. Deterministic functions of their arguments. */
export interface ContextEnv {
  /** The frame that will record the changes. */
  readonly frame: number
  put(text: string): ContentHash
  textOf(hash: ContentHash): string
  countTokens(text: string): number
}

/**
 * L1 and L2 as they are enforced: their own budgets, and together never more than the window less the reserves. Where tokens are estimated,
 * less by the margin.
 */
export function tierLimits(budget: TokenBudget, counting?: TokenCounting): { readonly L1: number; readonly L2: number } {
  const { system, tools, output } = budget.reserves
  const available = Math.max(0, budget.totalTokens - system - tools - output)
  const L1 = Math.min(budget.l1Tokens, available)
  const L2 = Math.min(budget.l2Tokens, available - L1)
  const share = 100 / (100 + (counting?.marginPercent ?? 0))
  return { L1: Math.floor(L1 * share), L2: Math.floor(L2 * share) }
}

export type NewItem = Pick<ContextItem, 'id' | 'kind' | 'title' | 'source' | 'reason'> & {
  readonly tier: 'L1' | 'L2'
  readonly text: string
  readonly pinned?: boolean
  readonly maxTokens: number
  /** Lines that matter now and where declarations begin, for files that have to be shortened. */
  readonly hints?: Pick<TextAbout, 'keyLines' | 'declarations'>
}

const SPEAKS_OF_LINES: ReadonlySet<ContextItem['kind']> = new Set(['error', 'tests', 'references', 'tool-result', 'query'])
const MOST_KEY_LINES = 40

/** Changes as they are decided, each applied by the same reducer that later folds the frame: what is enforced is what will be shown. */
export class ContextDraft {
  readonly changes: ContextChange[] = []
  /** Items that this event is about; they give way last. */
  readonly fresh = new Set<string>()
  readonly #env: ContextEnv
  readonly #texts = new Map<ContentHash, string>()
  readonly #fold: ContextFold
  readonly #budget: TokenBudget
  #limits: { readonly L1: number; readonly L2: number }
  #sums: { L1: number; L2: number }
  #byId: readonly ContextItem[] | null = null
  #taskWords: readonly string[] | null = null

  constructor(state: ContextState, env: ContextEnv) {
    this.#env = env
    this.#fold = new ContextFold(state)
    this.#budget = state.budget
    this.#limits = tierLimits(state.budget, state.tokenizer)
    this.#sums = { L1: tierTokens(state, 'L1'), L2: tierTokens(state, 'L2') }
  }

  get state(): ContextState {
    return this.#fold.state
  }

  get limits(): { readonly L1: number; readonly L2: number } {
    return this.#limits
  }

  get frame(): number {
    return this.#env.frame
  }

  get evicted(): readonly EvictedItem[] {
    return this.#fold.evicted
  }

  item(id: string): ContextItem | undefined {
    return this.#fold.item(id)
  }

  /** By id, so that changes come in the same order however the state's record was built. */
  items(): readonly ContextItem[] {
    this.#byId ??= this.#fold.items().sort((a, b) => (a.id < b.id ? -1 : 1))
    return this.#byId
  }

  /** For sums and searches whose result does not depend on the order. */
  unordered(): readonly ContextItem[] {
    return this.#byId ?? this.#fold.items()
  }

  /** Those for which `is` holds, by id. */
  where(is: (item: ContextItem) => boolean): ContextItem[] {
    return this.unordered()
      .filter(is)
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  tokens(tier: 'L1' | 'L2'): number {
    return this.#sums[tier]
  }

  apply(change: ContextChange): void {
    const id = change.op === 'put' ? change.item.id : change.id
    this.#count(this.item(id), -1)
    this.#fold.apply(change, this.#env.frame)
    this.#count(this.item(id), 1)
    this.changes.push(change)
    this.#byId = null
    if (change.op === 'tokenizer') this.#limits = tierLimits(this.#budget, { name: change.id, ...change })
  }

  /** Adds or replaces an item; keeps when it was first added. Text beyond `maxTokens` is shortened and the reason says so. */
  put(item: NewItem): void {
    const { text, maxTokens, pinned, hints, ...rest } = item
    const fitted = this.#fit(text, maxTokens, this.#about(item, hints))
    const content = this.#store(fitted.text)
    const before = this.item(item.id)
    this.fresh.add(item.id)
    const addedAt = before === undefined || item.id.startsWith('tool:') ? this.frame : before.addedAt
    const textAt = before?.content === content ? (before.textAt ?? before.addedAt) : this.frame
    const relevance = relevanceTo(this.#wordsOfTask(), item.title, text)
    this.apply({
      op: 'put',
      item: {
        ...rest,
        content,
        tokens: fitted.tokens,
        reason: fitted.shortened === null ? item.reason : `${item.reason}; condensed to ${maxTokens} tokens`,
        addedAt,
        lastUsedAt: this.frame,
        pinned: pinned ?? before?.pinned ?? false,
        stale: false,
        ...shortenedOf(fitted),
        ...(relevance === 0 ? {} : { relevance }),
        ...(textAt === addedAt ? {} : { textAt }),
      },
    })
  }

  /** Puts another text in an item's place, shortened when it has more than `maxTokens`. */
  rewrite(item: ContextItem, text: string, maxTokens: number, rule: string): void {
    const fitted = this.#fit(text, maxTokens, this.#about(item))
    const content = this.#store(fitted.text)
    const textAt = content === item.content ? item.textAt : this.frame
    this.apply({
      op: 'rewrite',
      id: item.id,
      content,
      tokens: fitted.tokens,
      rule,
      ...shortenedOf(fitted),
      ...(textAt === undefined ? {} : { textAt }),
    })
  }

  /** Puts a summary in an item's place; what it leaves out stays in the whole text. */
  summarise(item: ContextItem, text: string, rule: string): void {
    const whole = item.whole ?? item.content
    const tokens = this.#env.countTokens(text)
    if (tokens >= item.tokens) return
    this.apply({ op: 'rewrite', id: item.id, content: this.#store(text), tokens, rule, whole, shortenedBy: 'summary', textAt: this.frame })
  }

  /** Shortens an item to at most `maxTokens`, from its whole text; does nothing when it is not longer. */
  shorten(item: ContextItem, maxTokens: number, rule: string): void {
    if (item.tokens > maxTokens) this.rewrite(item, this.wholeText(item), maxTokens, rule)
  }

  move(item: ContextItem, to: Tier, rule: string): void {
    this.apply({ op: 'move', id: item.id, from: item.tier, to, rule })
  }

  touch(id: string): void {
    this.fresh.add(id)
    if (this.item(id)?.lastUsedAt !== this.frame) this.apply({ op: 'touch', id })
  }

  text(hash: ContentHash): string {
    return this.#texts.get(hash) ?? this.#env.textOf(hash)
  }

  wholeText(item: ContextItem): string {
    return this.text(item.whole ?? item.content)
  }

  #fit(text: string, maxTokens: number, about: TextAbout): Fitted {
    return fit(
      text,
      maxTokens,
      about,
      (piece) => this.#env.countTokens(piece),
      (whole) => this.#store(whole),
    )
  }

  #about({ kind, source }: Pick<ContextItem, 'kind' | 'source'>, hints: NewItem['hints'] = {}): TextAbout {
    const { path } = source
    if (path === undefined) return { kind, ...hints }
    // Looked for only when the file has to be shortened.
    const keyLines = (): readonly number[] => [...(hints.keyLines?.() ?? []), ...this.#linesSpokenOf(path)]
    return { kind, path, ...hints, keyLines }
  }

  /** Lines of a file that unresolved errors, failures and results in the tiers name as `path:line`. */
  #linesSpokenOf(path: string): number[] {
    const lines = new Set<number>()
    for (const item of this.where((one) => SPEAKS_OF_LINES.has(one.kind) && (one.tier === 'L1' || one.kind === 'error'))) {
      const text = this.text(item.content)
      for (let at = text.indexOf(`${path}:`); at !== -1 && lines.size < MOST_KEY_LINES; at = text.indexOf(`${path}:`, at + 1)) {
        const line = Number.parseInt(text.slice(at + path.length + 1, at + path.length + 9), 10)
        if (line > 0) lines.add(line)
      }
    }
    return [...lines].sort((a, b) => a - b)
  }

  #wordsOfTask(): readonly string[] {
    const task = this.item('task')
    this.#taskWords ??= task === undefined ? [] : wordsOfTask(this.text(task.content))
    return this.#taskWords
  }

  #store(text: string): ContentHash {
    const hash = this.#env.put(text)
    this.#texts.set(hash, text)
    return hash
  }

  #count(item: ContextItem | undefined, sign: 1 | -1): void {
    if (item?.tier === 'L1' || item?.tier === 'L2') this.#sums[item.tier] += sign * item.tokens
  }
}

function shortenedOf({ shortened }: Fitted): Pick<ContextItem, 'whole' | 'shortenedBy'> {
  return shortened === null ? {} : { whole: shortened.whole, shortenedBy: shortened.by }
}
