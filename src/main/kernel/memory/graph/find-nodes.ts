import type { GraphNode } from '../../../../shared/graph'
import { identifierParts } from '../retrieval/identifier-words'
import { type EntityRow, type GraphRows, nodeOf } from './graph-rows'

const MOST_NAMED = 500
const MOST_SIMILAR = 300
const LIKE_ENOUGH = 0.3
const TEST_PATH = /(?:^|\/)(?:tests?|__tests__|spec|fixtures)\/|\.(?:test|spec)\./

/** Exact key or path, exact name, qualified name, prefix, then names that share most of their letters. */
export function findNodes(rows: GraphRows, query: string, limit: number): GraphNode[] {
  const typed = query.trim()
  const lower = typed.toLowerCase()
  if (typed === '') return []
  const found = new Map<string, GraphNode>()
  const add = (more: readonly EntityRow[]) => {
    for (const row of more) if (found.size < limit && !found.has(row.id)) found.set(row.id, nodeOf(row))
  }
  const exact = rows.entityOf(typed)
  if (exact !== null) add([exact])
  const last = lower.split(/[.#/:]/).at(-1) ?? lower
  const sameName = rows.named(lower, MOST_NAMED)
  add(ranked(sameName.filter((row) => row.name === typed)))
  add(ranked(sameName))
  if (last !== lower && last !== '') {
    add(ranked(rows.named(last, MOST_NAMED).filter((row) => endsWithPart(row.id.toLowerCase(), lower))))
  }
  if (lower.includes('.') || lower.includes('/')) add(ranked(rows.filesEndingWith(typed, 100)))
  if (found.size < limit) add(ranked(rows.beginning(lower, limit * 4)))
  if (found.size < limit) add(similar(rows, lower, limit))
  return [...found.values()]
}

function similar(rows: GraphRows, lower: string, limit: number): EntityRow[] {
  const wanted = trigrams(lower)
  if (wanted.size === 0) return []
  const query = [...wanted].map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' OR ')
  const scored = rows.similar(query, MOST_SIMILAR).map((row) => ({ row, score: likeness(wanted, row.name.toLowerCase()) }))
  const close = scored.filter((entry) => entry.score >= LIKE_ENOUGH).sort((a, b) => b.score - a.score || (a.row.id < b.row.id ? -1 : 1))
  return close.slice(0, limit).map((entry) => entry.row)
}

function ranked(rows: readonly EntityRow[]): EntityRow[] {
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.name.length - b.name.length || (a.id < b.id ? -1 : 1))
}

/** Definitions that others can use come first, tests and members of types last. */
function rank(row: EntityRow): number {
  return (TEST_PATH.test(row.path) ? 4 : 0) + (row.exported === 1 ? 0 : 2) + (row.kind === 'property' || row.kind === 'variable' ? 1 : 0)
}

function endsWithPart(id: string, part: string): boolean {
  return id.endsWith(part) && /[.#/:]$/.test(id.slice(0, id.length - part.length) || '/')
}

function trigrams(text: string): Set<string> {
  const grams = new Set<string>()
  for (let at = 0; at + 3 <= text.length; at += 1) grams.add(text.slice(at, at + 3))
  return grams
}

/** Share of trigrams in common (Dice), with a little for names that begin with the same word. */
function likeness(wanted: ReadonlySet<string>, name: string): number {
  const grams = trigrams(name)
  let common = 0
  for (const gram of grams) if (wanted.has(gram)) common += 1
  const first = identifierParts(name)[0]
  const sameStart = first !== undefined && first.length >= 3 && wanted.has(first.slice(0, 3)) ? 0.05 : 0
  return (2 * common) / (wanted.size + grams.size) + sameStart
}
