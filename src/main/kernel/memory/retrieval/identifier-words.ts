const IDENTIFIER = /[\p{L}_$][\p{L}\p{N}_$]*|\p{N}{2,}/gu
const PARTS = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}]+|\p{N}+|[^\p{Lu}\p{Ll}\p{N}_$]+/gu

/** `parseHTTPRequest` -> parse, http, request. */
export function identifierParts(identifier: string): string[] {
  return (identifier.match(PARTS) ?? []).map((part) => part.toLowerCase())
}

const PLAIN = /^[a-z]+$/
const KNOWN_FORMS = 50_000
const forms = new Map<string, string>()

/** Every identifier of a text both joined and split, so that `userId`, `user id` and `user_id` find each other. */
export function searchableWords(text: string): string {
  const words: string[] = []
  for (const identifier of text.match(IDENTIFIER) ?? []) {
    const known = PLAIN.test(identifier) ? identifier : (forms.get(identifier) ?? bothForms(identifier))
    if (known !== '') words.push(known)
  }
  return words.join(' ')
}

/** Code says the same names again and again: splitting them was an eighth of the time of indexing. */
function bothForms(identifier: string): string {
  const parts = identifierParts(identifier)
  const both = parts.length > 1 ? [parts.join(''), ...parts].join(' ') : parts.length === 1 ? identifier.toLowerCase() : ''
  if (forms.size >= KNOWN_FORMS) forms.clear()
  forms.set(identifier, both)
  return both
}

/** In nearly every text, so that they find everything and tell nothing apart; looking for them is what takes time. */
const EVERYWHERE = new Set(
  'a an and are as at be but by can do does for from get has have how if in into is it its no not of on or set should so than that the their them then there these they this to up use was we were what when where which who why will with without'.split(
    ' ',
  ),
)

/**
 * FTS5 queries for what a person typed: chunks with all of its identifiers, and chunks with any word of it. An identifier is there joined or as
 * all of its parts. Words that are everywhere count only where there are no others. Null when there is no word.
 */
export function wordQueries(typed: string): { readonly all: string; readonly any: string } | null {
  const named = [...new Set(typed.match(IDENTIFIER) ?? [])]
  const telling = named.filter((word) => !EVERYWHERE.has(word.toLowerCase()))
  const identifiers = (telling.length > 0 ? telling : named)
    .slice(0, 12)
    .map(identifierParts)
    .filter((parts) => parts.length > 0)
  if (identifiers.length === 0) return null
  const forms = identifiers.map((parts) => {
    const split = parts.map((part) => `"${part}"`).join(' AND ')
    return parts.length === 1 ? split : `("${parts.join('')}" OR (${split}))`
  })
  const words = new Set(identifiers.flatMap((parts) => [...parts, parts.join('')]))
  // Two to four words may be one identifier: `user id` is `userId`.
  if (identifiers.length > 1 && identifiers.length <= 4) words.add(identifiers.flat().join(''))
  return { all: forms.join(' AND '), any: [...words].map((word) => `"${word}"`).join(' OR ') }
}
