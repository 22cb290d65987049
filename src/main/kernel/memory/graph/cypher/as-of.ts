import type { AsOf } from './cypher-syntax'
import { parseCypher } from './parse-cypher'

/** The point that a query names by `AS OF RUN/BRANCH/FRAME`; null without one. Throws as `parseCypher` does. */
export function asOfIn(cypher: string): AsOf | null {
  return parseCypher(cypher).asOf
}
