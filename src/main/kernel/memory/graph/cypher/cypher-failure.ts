import { KeyframeError } from '../../../../../shared/failure'

type Code = 'syntax' | 'read-only' | 'unknown-name' | 'unknown-parameter' | 'type' | 'pattern'

export interface Mistake {
  readonly code: Code
  readonly message: string
  /** Offset in the query. */
  readonly at: number
  readonly expected?: string
  /** What would be right, as a sentence. */
  readonly hint?: string
}

/** `cypher.CODE` with the line and column (both from 1) of the mistake in `details`. */
export function cypherFailure(source: string, mistake: Mistake): KeyframeError {
  const before = source.slice(0, mistake.at)
  const line = before.split('\n').length
  const column = mistake.at - before.lastIndexOf('\n')
  return new KeyframeError({
    code: `cypher.${mistake.code}`,
    message: `Line ${line}, column ${column}: ${mistake.message}`,
    action: mistake.hint ?? 'See "Asking the graph" in the README for what can be written.',
    details: {
      ...{ line, column },
      ...(mistake.expected === undefined ? {} : { expected: mistake.expected }),
      ...(mistake.hint === undefined ? {} : { hint: mistake.hint }),
    },
  })
}

/** "Did you mean X or Y?" of what is spelt most like it; undefined when nothing is. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[_\-\s]/g, '')
  const wanted = plain(word)
  const near = known
    .map((name) => ({ name, distance: editDistance(wanted, plain(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(Math.min(wanted.length, plain(name).length) / 2.5)))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
  const best = near.filter(({ distance }) => distance <= (near[0]?.distance ?? 0) + 1).slice(0, 3)
  return best.length === 0 ? undefined : `Did you mean ${best.map(({ name }) => name).join(' or ')}?`
}

/** Levenshtein's, with a swap of two neighbours counted once. */
function editDistance(one: string, other: string): number {
  const a = one.slice(0, 40)
  const b = other.slice(0, 40)
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, (before[j - 2] ?? 0) + 1)
      next.push(cost)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}
