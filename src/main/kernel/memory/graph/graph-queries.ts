import type Database from 'better-sqlite3'
import type { GraphEdge, GraphNode, GraphResult } from '../../../../shared/graph'
import { identifierParts } from '../retrieval/identifier-words'

interface SymbolRow extends Omit<GraphNode, 'id' | 'exported'> {
  readonly node: number
  readonly id: string
  readonly exported: number
}
interface EdgeRow {
  readonly src: number
  readonly dst: number
  readonly kind: GraphEdge['kind']
  readonly confidence: number
  readonly method: string
  readonly line: number
}

const SYMBOL = `SELECT s.node_id AS node, n.key AS id, s.kind, s.name, s.path, s.start_line AS startLine, s.end_line AS endLine,
  s.name_line AS nameLine, s.name_column AS nameColumn, s.exported, s.signature FROM symbols s JOIN nodes n ON n.id = s.node_id`
const EDGE = 'SELECT src, dst, kind, confidence, method, line FROM edges'
/** A name that more symbols than this share tells nothing. */
const MOST_NAMESAKES = 3
/** Adjacent rows read of one node: a hub is cut off rather than waited for. */
const WIDEST = 2000
/** Nodes expanded in one search, about 15 ms. */
const MOST_EXPANDED = 4000
/** Edges read for one neighbourhood, about 20 ms. */
const MOST_ROWS = 6000
const PATHS = 3
const TEST_PATH = /(?:^|\/)(?:tests?|__tests__|spec|fixtures)\/|\.(?:test|spec)\./

/** Questions about symbols and their edges, as of now. Every one is bounded and synchronous. */
export class GraphQueries {
  private readonly sql: ReturnType<typeof statements>

  constructor(database: Database.Database) {
    this.sql = statements(database)
  }

  node(id: string): GraphNode | null {
    const row = this.sql.byKey.get(id)
    return row === undefined ? null : nodeOf(row)
  }

  /** Exact key or path, exact name, qualified name, prefix, then names that share most of their letters. */
  find(query: string, limit: number): GraphNode[] {
    const typed = query.trim()
    const lower = typed.toLowerCase()
    if (typed === '') return []
    const found = new Map<string, GraphNode>()
    const add = (rows: readonly SymbolRow[]) => {
      for (const row of rows) if (found.size < limit && !found.has(row.id)) found.set(row.id, nodeOf(row))
    }
    const exact = this.sql.byKey.get(typed)
    if (exact !== undefined) add([exact])
    const last = lower.split(/[.#/]/).at(-1) ?? lower
    const sameName = this.sql.byName.all(lower)
    add(ranked(sameName.filter((row) => row.name === typed)))
    add(ranked(sameName))
    if (last !== lower) add(ranked(this.sql.byName.all(last).filter((row) => endsWithPart(row.id.toLowerCase(), lower))))
    if (lower.includes('.') || lower.includes('/')) add(ranked(this.sql.filesEndingWith.all(`%${escapeLike(typed)}`)))
    if (found.size < limit) add(ranked(this.sql.byPrefix.all(lower, `${lower}\u{10ffff}`, limit * 4)))
    if (found.size < limit) add(this.fuzzy(lower, limit))
    return [...found.values()]
  }

  /** Everything within `depth` edges in either direction, nearest first; `truncated` when there is more than `limit` nodes. */
  neighbourhood(id: string, depth: number, limit: number): GraphResult {
    const start = this.sql.nodeId.get(id)
    if (start === undefined || this.node(id) === null) return { nodes: [], edges: [], truncated: false }
    const within = new Set([start])
    const edges = new Map<string, EdgeRow>()
    let frontier = [start]
    let truncated = false
    let rows = 0
    for (let step = 0; step < depth && frontier.length > 0; step += 1) {
      const next: number[] = []
      for (const node of frontier) {
        // Names alone are followed from the symbol that was asked about only: further away they would drown what is certain.
        const adjacent = [...this.out(node, step === 0), ...this.in(node, step === 0)]
        rows += adjacent.length
        if (rows > MOST_ROWS) {
          truncated = true
          break
        }
        for (const edge of adjacent) {
          const other = edge.src === node ? edge.dst : edge.src
          if (!within.has(other)) {
            if (within.size >= limit) {
              truncated = true
              continue
            }
            within.add(other)
            next.push(other)
          }
          edges.set(`${edge.kind} ${edge.src} ${edge.dst}`, edge)
        }
      }
      frontier = next
    }
    return this.result([...within], [...edges.values()], truncated)
  }

  /**
   * Up to three shortest ways from one symbol to another along calls, values passed on, imports, members, and from an inherited or
   * declared member to those that implement it. Calls known by name only are used when there is no other way.
   */
  path(from: string, to: string, maxHops: number): GraphResult {
    const [source, target] = [this.endpoint(from), this.endpoint(to)]
    if (source === null || target === null) return { nodes: [], edges: [], truncated: false }
    const certain = this.search(source, target, maxHops, false)
    return certain.nodes.length > 0 ? certain : this.search(source, target, maxHops, true)
  }

  private endpoint(name: string): number | null {
    const exact = this.node(name) === null ? undefined : this.sql.nodeId.get(name)
    if (exact !== undefined) return exact
    const named = this.sql.byName.all(name.toLowerCase()).filter((row) => row.name === name)
    return named.length === 1 && named[0] !== undefined ? named[0].node : null
  }

  private search(source: number, target: number, maxHops: number, withMaybe: boolean): GraphResult {
    if (source === target) return this.result([source], [], false)
    // A file or class stands for its members as the start of a way, never in the middle of one: to make an object is not to call its methods.
    const within = new Set([source])
    const forward = new Side(
      source,
      (node) => {
        const steps = this.out(node, withMaybe).filter((edge) => isStep(edge) || (edge.kind === 'contains' && within.has(node)))
        for (const edge of steps) if (edge.kind === 'contains') within.add(edge.dst)
        return steps.concat(this.in(node, false).filter(isDispatch).map(reversed))
      },
      (edge) => edge.dst,
    )
    const backward = new Side(
      target,
      (node) => this.in(node, withMaybe).filter(isStep).concat(this.out(node, false).filter(isDispatch).map(reversed)),
      (edge) => edge.src,
    )
    let truncated = false
    for (let hops = 0; hops < maxHops; hops += 1) {
      const open = [forward, backward].filter((side) => side.frontier.length > 0).sort((a, b) => a.frontier.length - b.frontier.length)
      const side = open[0]
      // Only the forward side knows of members, so a way may be left when the backward side has seen all of its own.
      if (side === undefined || forward.frontier.length === 0) break
      side.expand()
      const meeting = side.frontier.filter((node) => (side === forward ? backward : forward).reached.has(node))
      if (meeting.length > 0) return this.joined(forward, backward, meeting)
      if (forward.expanded + backward.expanded > MOST_EXPANDED) {
        truncated = true
        break
      }
    }
    return { nodes: [], edges: [], truncated }
  }

  private joined(forward: Side, backward: Side, meeting: readonly number[]): GraphResult {
    const nodes = new Set<number>()
    const edges = new Map<string, EdgeRow>()
    let paths = 0
    for (const middle of meeting) {
      for (const before of forward.waysTo(middle, PATHS)) {
        for (const after of backward.waysTo(middle, PATHS)) {
          if (paths >= PATHS) break
          paths += 1
          const way = [...before.reverse(), ...after]
          for (const edge of way) {
            nodes.add(edge.src).add(edge.dst)
            edges.set(`${edge.kind} ${edge.src} ${edge.dst}`, edge)
          }
        }
      }
    }
    return this.result(
      [...nodes],
      [...edges.values()].map((edge) => (edge.kind === 'inherits' ? reversed(edge) : edge)),
      false,
    )
  }

  private out(node: number, withMaybe: boolean): EdgeRow[] {
    const edges = this.sql.edgesOut.all(node, WIDEST)
    if (!withMaybe) return edges
    for (const call of this.sql.unresolvedOut.all(node, WIDEST)) {
      const named = this.namesakes(call.name)
      if (named.length <= MOST_NAMESAKES) for (const target of named) edges.push(maybe(node, target, named.length, call.line))
    }
    return edges
  }

  private in(node: number, withMaybe: boolean): EdgeRow[] {
    const edges = this.sql.edgesIn.all(node, WIDEST)
    const name = withMaybe ? this.sql.callableName.get(node) : undefined
    if (name === undefined) return edges
    const namesakes = this.namesakes(name).length
    if (namesakes > MOST_NAMESAKES) return edges
    for (const call of this.sql.unresolvedIn.all(name, WIDEST)) edges.push(maybe(call.src, node, namesakes, call.line))
    return edges
  }

  private namesakes(name: string): number[] {
    return this.sql.callable.all(name.toLowerCase(), name, MOST_NAMESAKES + 1)
  }

  private fuzzy(lower: string, limit: number): SymbolRow[] {
    const wanted = trigrams(lower)
    if (wanted.size === 0) return []
    const query = [...wanted].map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' OR ')
    const scored = this.sql.byTrigram.all(query).map((row) => ({ row, score: likeness(wanted, row.name.toLowerCase()) }))
    const close = scored.filter((entry) => entry.score >= 0.3).sort((a, b) => b.score - a.score || (a.row.id < b.row.id ? -1 : 1))
    return close.slice(0, limit).map((entry) => entry.row)
  }

  private result(ids: readonly number[], edges: readonly EdgeRow[], truncated: boolean): GraphResult {
    const rows = new Map<number, SymbolRow>()
    for (const id of ids) {
      const row = this.sql.byNode.get(id)
      if (row !== undefined) rows.set(id, row)
    }
    const shown: GraphEdge[] = []
    for (const edge of edges) {
      const [from, to] = [rows.get(edge.src), rows.get(edge.dst)]
      if (from !== undefined && to !== undefined)
        shown.push({ from: from.id, to: to.id, kind: edge.kind, confidence: edge.confidence, method: edge.method, line: edge.line })
    }
    return { nodes: [...rows.values()].map(nodeOf), edges: shown, truncated }
  }
}

/** One direction of a bidirectional breadth-first search; remembers every edge that reaches a node on its first level. */
class Side {
  readonly reached = new Map<number, { level: number; by: EdgeRow[] }>()
  frontier: number[]
  expanded = 0
  private level = 0

  constructor(
    start: number,
    private readonly adjacent: (node: number) => EdgeRow[],
    private readonly other: (edge: EdgeRow) => number,
  ) {
    this.frontier = [start]
    this.reached.set(start, { level: 0, by: [] })
  }

  expand(): void {
    this.level += 1
    const next: number[] = []
    for (const node of this.frontier) {
      this.expanded += 1
      for (const edge of this.adjacent(node)) {
        const at = this.other(edge)
        const known = this.reached.get(at)
        if (known === undefined) {
          this.reached.set(at, { level: this.level, by: [edge] })
          next.push(at)
        } else if (
          known.level === this.level &&
          known.by.length < PATHS &&
          !known.by.some((way) => way.src === edge.src && way.dst === edge.dst)
        )
          known.by.push(edge)
      }
    }
    this.frontier = next
  }

  /** Edges from a node back to this side's start, nearest to the node first. */
  waysTo(node: number, most: number): EdgeRow[][] {
    const by = this.reached.get(node)?.by ?? []
    if (by.length === 0) return [[]]
    const ways: EdgeRow[][] = []
    for (const edge of by) {
      const before = this.other(edge) === edge.dst ? edge.src : edge.dst
      for (const way of this.waysTo(before, most)) if (ways.length < most) ways.push([edge, ...way])
    }
    return ways
  }
}

const STEPS = new Set<GraphEdge['kind']>(['calls', 'maybe_calls', 'references', 'imports'])

function isStep(edge: EdgeRow): boolean {
  return STEPS.has(edge.kind)
}

/** From a member of a base or interface to the member that stands in for it: `inherits`, walked against its direction. */
function isDispatch(edge: EdgeRow): boolean {
  return edge.kind === 'inherits'
}

function reversed(edge: EdgeRow): EdgeRow {
  return { ...edge, src: edge.dst, dst: edge.src }
}

function maybe(src: number, dst: number, namesakes: number, line: number): EdgeRow {
  return { src, dst, kind: 'maybe_calls', confidence: 0.3 / namesakes, method: 'name only', line }
}

function nodeOf(row: SymbolRow): GraphNode {
  const { node: _, exported, ...rest } = row
  return { ...rest, exported: exported === 1 }
}

function ranked(rows: readonly SymbolRow[]): SymbolRow[] {
  return [...rows].sort((a, b) => rank(a) - rank(b) || a.name.length - b.name.length || (a.id < b.id ? -1 : 1))
}

/** Definitions that others can use come first, tests and members of types last. */
function rank(row: SymbolRow): number {
  return (TEST_PATH.test(row.path) ? 4 : 0) + (row.exported === 1 ? 0 : 2) + (row.kind === 'property' || row.kind === 'variable' ? 1 : 0)
}

function endsWithPart(id: string, part: string): boolean {
  return id.endsWith(part) && /[.#/]$/.test(id.slice(0, id.length - part.length) || '/')
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
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

function statements(db: Database.Database) {
  return {
    nodeId: db.prepare<[string], number>('SELECT id FROM nodes WHERE key = ?').pluck(),
    byKey: db.prepare<[string], SymbolRow>(`${SYMBOL} WHERE n.key = ? AND s.valid_to IS NULL`),
    byNode: db.prepare<[number], SymbolRow>(`${SYMBOL} WHERE s.node_id = ? AND s.valid_to IS NULL`),
    byName: db.prepare<[string], SymbolRow>(`${SYMBOL} WHERE s.name_lower = ? AND s.valid_to IS NULL LIMIT 500`),
    byPrefix: db.prepare<[string, string, number], SymbolRow>(
      `${SYMBOL} WHERE s.name_lower >= ? AND s.name_lower < ? AND s.valid_to IS NULL LIMIT ?`,
    ),
    filesEndingWith: db.prepare<[string], SymbolRow>(
      `${SYMBOL} WHERE s.kind = 'file' AND s.valid_to IS NULL AND s.path LIKE ? ESCAPE '\\' LIMIT 100`,
    ),
    byTrigram: db.prepare<[string], SymbolRow>(
      `${SYMBOL} WHERE s.valid_to IS NULL AND s.id IN (SELECT rowid FROM symbol_trigrams WHERE symbol_trigrams MATCH ? ORDER BY rank LIMIT 300)`,
    ),
    edgesOut: db.prepare<[number, number], EdgeRow>(`${EDGE} WHERE src = ? AND valid_to IS NULL LIMIT ?`),
    edgesIn: db.prepare<[number, number], EdgeRow>(`${EDGE} WHERE dst = ? AND valid_to IS NULL LIMIT ?`),
    unresolvedOut: db.prepare<[number, number], { name: string; line: number }>(
      'SELECT name, line FROM unresolved_calls WHERE src = ? AND valid_to IS NULL LIMIT ?',
    ),
    unresolvedIn: db.prepare<[string, number], { src: number; line: number }>(
      'SELECT src, line FROM unresolved_calls WHERE name = ? AND valid_to IS NULL LIMIT ?',
    ),
    callable: db
      .prepare<[string, string, number], number>(
        "SELECT node_id FROM symbols WHERE name_lower = ? AND name = ? AND kind IN ('function', 'method') AND valid_to IS NULL LIMIT ?",
      )
      .pluck(),
    callableName: db
      .prepare<[number], string>("SELECT name FROM symbols WHERE node_id = ? AND kind IN ('function', 'method') AND valid_to IS NULL")
      .pluck(),
  }
}
