import type Database from 'better-sqlite3'
import type { GraphEdge } from '../../../../shared/graph'
import type { LinkedFile } from '../code/link-edges'
import type { KnownFile } from '../code/name-resolution'
import type { AnsweredCall, OpenCall } from '../upgrade/open-calls'
import type { NodeIds } from './node-ids'

export const BY_LANGUAGE_SERVER = 'language server'
const CONFIDENCE = 0.99
const CALLABLE: ReadonlySet<string> = new Set(['function', 'method', 'class'])
/** A class is called by its own name, and defined where its constructor is. */
const CONSTRUCTORS: ReadonlySet<string> = new Set(['constructor', '__init__'])

/** An open call with the graph key of what is called. */
interface KnownCall extends OpenCall {
  readonly to: string
}

/** What language servers said of calls that syntax leaves open. It holds for one content of the file that calls. */
export class CallAnswers {
  readonly #nodes: NodeIds
  readonly #sql: ReturnType<typeof statements>

  constructor(database: Database.Database, nodes: NodeIds) {
    this.#nodes = nodes
    this.#sql = statements(database)
  }

  /** Inside a transaction of the caller's. True when any of them names something that is known: the file is to be linked again then. */
  keep(path: string, hash: string, answers: readonly AnsweredCall[], file: (path: string) => KnownFile | null): boolean {
    const known = answers.flatMap(({ from, name, line, target }): KnownCall[] => {
      const to = target === null ? null : keyAt(file(target.path), name, target)
      return to === null ? [] : [{ from, name, line, to }]
    })
    this.#sql.add.run(this.#nodes.of(path), hash, JSON.stringify(known))
    this.#sql.forget.run(this.#nodes.of(path), hash, path)
    return known.length > 0
  }

  /** A file's links with the calls that were answered; those whose target is gone stay open. `holds` leaves others out. */
  merged(
    path: string,
    hash: string,
    linked: LinkedFile,
    file: (path: string) => KnownFile | null,
    holds: (call: { from: string; to: string }) => boolean = () => true,
  ): LinkedFile {
    if (linked.unresolved.length === 0) return linked
    const node = this.#nodes.known(path)
    const stored = node === null ? undefined : this.#sql.answers.get(node, hash)
    if (stored === undefined) return linked
    const used = new Set(linked.used)
    const names = new Set(linked.names)
    const answered = new Map<string, KnownCall>()
    // Written by this program into its own database; the schema version says which shape it has.
    for (const call of JSON.parse(stored) as KnownCall[]) {
      const [target, key] = [pathOf(call.to), call.to.slice(pathOf(call.to).length + 1)]
      // It may come back: the file is linked again then.
      used.add(target)
      names.add(key.slice(key.lastIndexOf('.') + 1))
      if (holds(call) && file(target)?.symbols.has(key) === true) answered.set(placeOf(call), call)
    }
    const edges = new Map<string, GraphEdge>()
    const direct = new Set(linked.edges.filter((edge) => edge.kind === 'calls').map((edge) => `${edge.from} ${edge.to}`))
    const unresolved = linked.unresolved.filter((open) => {
      const call = answered.get(placeOf(open))
      if (call === undefined) return true
      const pair = `${call.from} ${call.to}`
      if (!direct.has(pair) && !edges.has(pair)) {
        const { from, to, line } = call
        edges.set(pair, { from, to, kind: 'calls', confidence: CONFIDENCE, method: BY_LANGUAGE_SERVER, line })
      }
      return false
    })
    return { ...linked, edges: [...linked.edges, ...edges.values()], unresolved, used, names }
  }
}

/** Graph key of what is defined at a place; null where the graph has nothing there. */
function keyAt(file: KnownFile | null, name: string, { line, column }: { readonly line: number; readonly column: number }): string | null {
  const callable = (file?.facts.symbols ?? []).filter((symbol) => CALLABLE.has(symbol.kind))
  const onLine = callable.filter((symbol) => symbol.nameLine === line)
  const innermost = onLine.toSorted((a, b) => a.endLine - a.startLine - (b.endLine - b.startLine))
  const found =
    // Wherever it is called by another name.
    onLine.find((symbol) => symbol.nameColumn === column) ??
    innermost.find((symbol) => symbol.name === name || CONSTRUCTORS.has(symbol.name)) ??
    // One of several declarations of the same function.
    callable.find((symbol) => symbol.kind !== 'class' && symbol.name === name && symbol.startLine <= line && line <= symbol.endLine)
  return file === null || found === undefined ? null : `${file.path}#${found.key}`
}

function placeOf({ from, name, line }: OpenCall): string {
  return `${line} ${name} ${from}`
}

function pathOf(key: string): string {
  const hash = key.indexOf('#')
  return hash === -1 ? key : key.slice(0, hash)
}

function statements(db: Database.Database) {
  return {
    add: db.prepare<[number, string, string]>('INSERT OR REPLACE INTO answered_calls (file, hash, answers) VALUES (?, ?, ?)'),
    // Those of contents that a branch may still see stay.
    forget: db.prepare<[number, string, string]>(
      `DELETE FROM answered_calls WHERE file = ? AND hash <> ?
         AND NOT EXISTS (SELECT 1 FROM files f WHERE f.path = ? AND f.hash = answered_calls.hash)`,
    ),
    answers: db.prepare<[number, string], string>('SELECT answers FROM answered_calls WHERE file = ? AND hash = ?').pluck(),
  }
}
