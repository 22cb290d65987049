import type Database from 'better-sqlite3'
import { GraphReader } from '../graph/graph-reader'
import type { HybridSearch } from '../retrieval/hybrid-search'
import { TextSearch } from '../retrieval/text-search'
import { LIVE, type View } from '../view'
import type { OpenCallReader } from './open-call-reader'

/** One connection for questions. Readers of views are made when they are asked first, and kept. */
export interface Connection {
  readonly database: Database.Database
  readonly hybrid: HybridSearch
  readonly openCalls: OpenCallReader
  readonly views: Map<string, { readonly graph: GraphReader; readonly text: TextSearch }>
  readonly restricted: WeakMap<View, { readonly graph: GraphReader; readonly text: TextSearch }>
  /** View of a state that has been indexed. */
  readonly state: Database.Statement<[string, string], { layer: number; version: number; baseVersion: number }>
  readonly live: Database.Statement<[], string>
}

const VIEWS_KEPT = 8

function keyOf(view: View): string {
  return view.layers.map(({ layer, version }) => `${layer}@${version}`).join(' ')
}

export function readersOf(connection: Connection, view: View): { graph: GraphReader; text: TextSearch } {
  // What a role may read changes with what a person permits: such readers live as long as their view.
  if (view.readable !== undefined) {
    const own = connection.restricted.get(view) ?? openReaders(connection, view)
    connection.restricted.set(view, own)
    return own
  }
  const key = keyOf(view)
  const known = connection.views.get(key)
  // The one that was asked last is the last to go; that of the live repository stays.
  if (known !== undefined) {
    connection.views.delete(key)
    connection.views.set(key, known)
    return known
  }
  for (const old of connection.views.keys()) {
    if (connection.views.size < VIEWS_KEPT) break
    if (old !== keyOf(LIVE)) connection.views.delete(old)
  }
  const made = openReaders(connection, view)
  connection.views.set(key, made)
  return made
}

function openReaders({ database }: Connection, view: View): { graph: GraphReader; text: TextSearch } {
  return { graph: new GraphReader(database, view), text: new TextSearch(database, view) }
}
