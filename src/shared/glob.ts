const MOST_ALTERNATIVES = 64

/**
 * A glob of paths: `*` and `?` within a part of a path, `**` over any number of parts, `{a,b}` for alternatives; names with a dot in front
 * are names like any other. There is no other sign, so that a match takes time of at most length by length, whoever wrote the pattern.
 * Throws SyntaxError with the reason.
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  const alternatives = expanded(pattern).map((one) => one.split('/').map((part) => (part === '**' ? part : [...part])))
  return (path) => {
    const parts = path.split('/').map((part) => [...part])
    return alternatives.some((alternative) =>
      matches(
        alternative,
        parts,
        (part) => part === '**',
        (part, of) => part !== '**' && matchesPart(part, of),
      ),
    )
  }
}

function matchesPart(pattern: string | readonly string[], part: readonly string[]): boolean {
  return matches(
    [...pattern],
    part,
    (sign) => sign === '*',
    (sign, letter) => sign === '?' || sign === letter,
  )
}

/** Wildcards over a list: only the last one that was passed needs to be tried again, since an earlier one could do no better. */
function matches<P, T>(
  pattern: readonly P[],
  list: readonly T[],
  isStar: (sign: P) => boolean,
  isSame: (sign: P, item: T) => boolean,
): boolean {
  let at = 0
  let star = -1
  let from = 0
  for (let index = 0; index < list.length;) {
    const sign = pattern[at]
    const item = list[index]
    if (sign !== undefined && isStar(sign)) {
      star = at
      from = index
      at += 1
    } else if (sign !== undefined && item !== undefined && isSame(sign, item)) {
      at += 1
      index += 1
    } else if (star !== -1) {
      at = star + 1
      from += 1
      index = from
    } else return false
  }
  return pattern.slice(at).every(isStar)
}

function expanded(pattern: string): string[] {
  const open = pattern.indexOf('{')
  if (open === -1) {
    if (pattern.includes('}')) throw new SyntaxError('a } has no {')
    return [pattern]
  }
  const close = pattern.indexOf('}', open)
  if (close === -1) throw new SyntaxError('a { is not closed')
  const inside = pattern.slice(open + 1, close)
  if (inside.includes('{')) throw new SyntaxError('a { is inside another')
  const rest = expanded(pattern.slice(close + 1))
  const all = inside.split(',').flatMap((one) => rest.map((end) => pattern.slice(0, open) + one + end))
  if (all.length > MOST_ALTERNATIVES) throw new SyntaxError(`it has more than ${MOST_ALTERNATIVES} alternatives`)
  return all
}
