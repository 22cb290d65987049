import { THE_FILE } from '../data/collect-facts'
import type { ExtraFacts } from '../facts-source'

/** With an edge from the file to each entity that it declares and that nothing else in it contains. */
export function containedInFile(facts: ExtraFacts): ExtraFacts {
  const held = new Set((facts.relations ?? []).flatMap(({ kind, to }) => (kind === 'contains' && to.is === 'key' ? [to.key] : [])))
  const contains = (facts.entities ?? [])
    .filter(({ key, declared }) => declared && !held.has(key))
    .map(({ key, startLine }) => {
      return { from: THE_FILE, to: { is: 'key', key }, kind: 'contains', line: startLine, confidence: 1, method: 'declaration' } as const
    })
  return contains.length === 0 ? facts : { ...facts, relations: [...(facts.relations ?? []), ...contains] }
}
