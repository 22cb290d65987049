/** A run of lines of the whole text that the shortened one does not have; lines from 1, inclusive. */
interface LeftOut {
  readonly from: number
  readonly to: number
  readonly text: string
}

/**
 * What a shortened text leaves out of the whole. Lines are matched in order, each with the nearest place of the same line after the one
 * before it; lines that the shortening made itself match nothing. Linear in the lines of both, but for the places of lines that repeat.
 */
export function leftOut(whole: string, shown: string): LeftOut[] {
  const lines = whole.split('\n')
  const places = new Map<string, number[]>()
  for (const [at, line] of lines.entries()) {
    const known = places.get(line)
    if (known === undefined) places.set(line, [at])
    else known.push(at)
  }
  const kept = new Set<number>()
  let next = 0
  for (const line of shown.split('\n')) {
    const at = firstFrom(places.get(line) ?? [], next)
    // An empty line is everywhere: it must not carry the match past what follows.
    if (at === undefined || (line.trim() === '' && at !== next)) continue
    kept.add(at)
    next = at + 1
  }
  const parts: LeftOut[] = []
  let from: number | null = null
  for (let at = 0; at <= lines.length; at += 1) {
    const isOut = at < lines.length && !kept.has(at)
    if (isOut && from === null) from = at
    if (isOut || from === null) continue
    const text = lines.slice(from, at).join('\n')
    if (text.trim() !== '') parts.push({ from: from + 1, to: at, text })
    from = null
  }
  return parts
}

/** The first of the ascending places that is not before `least`, by bisection. */
function firstFrom(places: readonly number[], least: number): number | undefined {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((places[middle] ?? 0) < least) low = middle + 1
    else high = middle
  }
  return places[low]
}
