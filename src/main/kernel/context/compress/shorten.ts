import type { ContextItemKind } from '../../../../shared/context'
import type { ContentHash } from '../../../../shared/ids'
import { condense } from '../condense'
import { condenseDiff, looksLikeDiff } from './condense-diff'
import { condenseJson, looksLikeJson } from './condense-json'
import { condenseLog } from './condense-log'
import { condenseTests, looksLikeTests } from './condense-tests'
import { extractConversation } from './extract-conversation'
import { outline, type SourceHints } from './outline'
import type { Room, Shortener } from './select-lines'

export interface TextAbout extends SourceHints {
  readonly kind: ContextItemKind
  readonly path?: string
}

export interface Fitted {
  readonly text: string
  readonly tokens: number
  /** The whole text and how it was shortened; null when nothing was left out. */
  readonly shortened: { readonly whole: ContentHash; readonly by: string } | null
}

/** Below this, remarks would take more than they save: the beginning and the end say as much. */
const LEAST_TOKENS = 96
/** Ways of shortening look at each line a few times: what is far larger is cut to its beginning and end first. */
const MAX_CHARS = 4_000_000

/**
 * The text itself when it has at most `maxTokens`; otherwise shortened by what it is: an outline of a file, the distinct errors of a log, the
 * hunks of a diff, the failures of tests, the structure of JSON, the decisions of a conversation; where that does not fit or leaves half of
 * the room (few and very long lines), its beginning and end. Never more than `maxTokens`. `storeWhole` is called with the whole text only when something is left out. Deterministic, and linear in
 * the text.
 */
export function fit(
  text: string,
  maxTokens: number,
  about: TextAbout,
  countTokens: (text: string) => number,
  storeWhole: (text: string) => ContentHash,
): Fitted {
  // A token of source text is seldom more than 16 characters long: what is far beyond is not worth counting whole.
  const tokens = text.length <= maxTokens * 16 ? countTokens(text) : null
  if (tokens !== null && tokens <= maxTokens) return { text, tokens, shortened: null }
  if (maxTokens >= LEAST_TOKENS && text.length <= MAX_CHARS) {
    const [by, shorten] = shortenerOf(text, about)
    const whole = storeWhole(text)
    const shorter = shorten(text, { maxTokens, whole, countTokens })
    if (shorter !== null && (by === 'structure' || shorter.tokens > maxTokens / 2)) return { ...shorter, shortened: { whole, by } }
  }
  let whole: ContentHash | null = null
  const shorter = condense(text, maxTokens, countTokens, (all) => (whole ??= storeWhole(all)))
  return { text: shorter.text, tokens: shorter.tokens, shortened: { whole: whole ?? storeWhole(text), by: 'head and tail' } }
}

function shortenerOf(text: string, about: TextAbout): readonly [by: string, Shortener] {
  switch (about.kind) {
    case 'file':
      if (about.path !== undefined && /\.(?:json|lock)$/.test(about.path) && looksLikeJson(text)) return ['structure', condenseJson]
      if (about.path !== undefined && /\.(?:log|out|txt|csv|tsv)$/.test(about.path)) return ['log', condenseLog]
      return ['outline', (whole: string, room: Room) => outline(whole, room, about)]
    case 'tests':
      return ['failures', condenseTests]
    case 'scratchpad':
    case 'note':
    case 'plan':
    case 'task':
    case 'instruction':
      return ['extract', extractConversation]
    default:
      if (looksLikeJson(text)) return ['structure', condenseJson]
      if (looksLikeDiff(text)) return ['hunks', condenseDiff]
      return looksLikeTests(text) ? ['failures', condenseTests] : ['log', condenseLog]
  }
}
