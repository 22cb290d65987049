export type CedarTokenKind = 'plain' | 'keyword' | 'annotation' | 'comment' | 'text' | 'number' | 'entity'

export interface CedarToken {
  readonly kind: CedarTokenKind
  readonly text: string
}

const KEYWORDS = new Set([
  'permit',
  'forbid',
  'when',
  'unless',
  'principal',
  'action',
  'resource',
  'context',
  'in',
  'is',
  'has',
  'like',
  'if',
  'then',
  'else',
  'true',
  'false',
])

const TOKEN =
  /(?<comment>\/\/[^\n]*)|(?<text>"(?:\\[^\n]|[^"\\\n])*"?)|(?<annotation>@\w+)|(?<entity>\w+(?:::\w+)*::(?="))|(?<word>[A-Za-z_]\w*)|(?<number>\d+)/g

/** Cedar text in coloured pieces that together are the text again. A broken text has tokens too: nothing is checked here. */
export function cedarTokens(text: string): CedarToken[] {
  const tokens: CedarToken[] = []
  let end = 0
  const plain = (to: number): void => {
    if (to > end) tokens.push({ kind: 'plain', text: text.slice(end, to) })
  }
  for (const found of text.matchAll(TOKEN)) {
    const kind = kindOf(found.groups ?? {})
    if (kind === 'plain') continue
    plain(found.index)
    tokens.push({ kind, text: found[0] })
    end = found.index + found[0].length
  }
  plain(text.length)
  return tokens
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): CedarTokenKind {
  const { word } = groups
  if (word !== undefined) return KEYWORDS.has(word) ? 'keyword' : 'plain'
  const kinds = ['comment', 'text', 'annotation', 'entity', 'number'] as const
  return kinds.find((kind) => groups[kind] !== undefined) ?? 'plain'
}

/** The line (from 1) on which the policy of an `@id` begins; null when the text has none of that id. */
export function lineOfPolicy(text: string, id: string): number | null {
  const name = id.slice(id.indexOf('/') + 1)
  const at = text.indexOf(`@id("${name}")`)
  return at === -1 ? null : text.slice(0, at).split('\n').length
}
