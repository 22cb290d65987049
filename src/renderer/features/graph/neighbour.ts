import type { Place } from './layout-input'
import type { EdgeBundle } from './merge-results'

export type Direction = 'left' | 'right' | 'up' | 'down'

const ARROWS: Readonly<Record<string, Direction>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' }

export function directionOf(key: string): Direction | null {
  return ARROWS[key] ?? null
}

/**
 * The node that an arrow key leads to. Left and right follow relations, to the nearest related node on that side; up and
 * down go to the next node of the same column, related or not, so that every node can be reached.
 */
export function neighbourOf(
  at: string,
  direction: Direction,
  places: ReadonlyMap<string, Place>,
  bundles: readonly EdgeBundle[],
): string | null {
  const from = places.get(at)
  if (from === undefined) return null
  const sideways = direction === 'left' || direction === 'right'
  const sign = direction === 'left' || direction === 'up' ? -1 : 1
  const candidates = sideways ? related(at, bundles) : [...places.keys()]
  let best: string | null = null
  let bestCost = Number.POSITIVE_INFINITY
  for (const id of candidates) {
    const place = places.get(id)
    if (place === undefined || id === at) continue
    const dx = centreX(place) - centreX(from)
    const dy = place.y - from.y
    const ahead = (sideways ? dx : dy) * sign
    if (ahead <= 1) continue
    if (!sideways && !overlapsColumn(from, place)) continue
    const cost = ahead + Math.abs(sideways ? dy : dx)
    if (cost < bestCost) {
      bestCost = cost
      best = id
    }
  }
  return best
}

function related(at: string, bundles: readonly EdgeBundle[]): string[] {
  return bundles.flatMap((bundle) => (bundle.from === at ? [bundle.to] : bundle.to === at ? [bundle.from] : []))
}

function overlapsColumn(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width
}

function centreX(place: Place): number {
  return place.x + place.width / 2
}
