const IDENTIFIER = /[\p{L}_$][\p{L}\p{N}_$]*|\p{N}{2,}/gu
const PARTS = /\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}]+|\p{N}+|[^\p{Lu}\p{Ll}\p{N}_$]+/gu

/** `parseHTTPRequest` -> parse, http, request. */
export function identifierParts(identifier: string): string[] {
  return (identifier.match(PARTS) ?? []).map((part) => part.toLowerCase())
}

/** Every identifier of a text both joined and split, so that `userId`, `user id` and `user_id` find each other. */
export function searchableWords(text: string): string {
  const words: string[] = []
  for (const identifier of text.match(IDENTIFIER) ?? []) {
    const parts = identifierParts(identifier)
    if (parts.length > 1) words.push(parts.join(''), ...parts)
    else if (parts.length === 1) words.push(identifier.toLowerCase())
  }
  return words.join(' ')
}

/** An FTS5 query: any of the words of what a person typed, in both forms, each quoted; null when there is none. */
export function wordQuery(typed: string): string | null {
  const words = new Set<string>()
  const identifiers = typed.match(IDENTIFIER) ?? []
  for (const identifier of identifiers) {
    const parts = identifierParts(identifier)
    for (const part of parts) words.add(part)
    if (parts.length > 1) words.add(parts.join(''))
  }
  if (identifiers.length > 1 && identifiers.length <= 4) words.add(identifiers.flatMap(identifierParts).join(''))
  return words.size === 0
    ? null
    : [...words]
        .slice(0, 24)
        .map((word) => `"${word}"`)
        .join(' OR ')
}
