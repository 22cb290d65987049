import type Database from 'better-sqlite3'
import { z } from 'zod'
import { type EdgeKind, type GraphEdge, type GraphNode, NodeAttribute, type NodeKind } from '../../../../shared/graph'
import { type Placed, Sight, type View } from '../view'

/** One row of an entity: what one file says of it. */
export interface EntityRow {
  readonly row: number
  readonly node: number
  readonly id: string
  readonly kind: NodeKind
  readonly name: string
  readonly path: string
  readonly startLine: number
  readonly endLine: number
  readonly nameLine: number
  readonly nameColumn: number
  readonly exported: number
  readonly declared: number
  readonly signature: string
  readonly doc: string
  readonly language: string | null
  readonly attributes: string | null
}

export interface EdgeRow {
  /** Number of the row; below zero for one that was made of an unresolved call. */
  readonly id: number
  readonly src: number
  readonly dst: number
  readonly kind: EdgeKind
  readonly confidence: number
  readonly method: string
  readonly line: number
}

export interface CallByName {
  readonly id: number
  readonly src: number
  readonly name: string
  readonly line: number
}

type Seen<Row> = Row & Placed
type Bound = string | number
type EdgeStatement = Database.Statement<Bound[], Seen<EdgeRow>>

const ENTITY = `SELECT e.id AS row, e.node_id AS node, n.key AS id, e.kind, e.name, e.path, e.start_line AS startLine, e.end_line AS endLine,
  e.name_line AS nameLine, e.name_column AS nameColumn, e.exported, e.declared, e.signature, e.doc, e.language, e.attributes`
const PLACED = 'layer, file, valid_from AS validFrom, valid_to AS validTo'
/** Of several files that say something of a key, those that declare it come first, then the path decides. */
const BEST = 'ORDER BY e.declared DESC, e.path'
/** A name that more symbols than this share tells nothing. */
const MOST_NAMESAKES = 3
/** Rows of the history that are read for one that is seen, at most. */
const HISTORY = 8
const MOST_AT_ONCE = 2000
const ANY_KIND: readonly EdgeKind[] = []
const CALLABLE = "('function', 'method', 'test')"

/**
 * Rows of the graph's tables as one view sees them. Of the live repository SQLite filters, of any other view `Sight`. Nothing is kept
 * between two questions but prepared statements.
 */
export class GraphRows {
  readonly #database: Database.Database
  readonly #sight: Sight | null
  readonly #earliest: number
  readonly #prepared = new Map<string, Database.Statement<Bound[], unknown>>()
  readonly #edgesBy = { src: new WeakMap<readonly EdgeKind[], EdgeStatement>(), dst: new WeakMap<readonly EdgeKind[], EdgeStatement>() }
  #byNode: Database.Statement<Bound[], Seen<EntityRow>> | null = null
  readonly #inOneState: Database.Transaction<(question: () => unknown) => unknown>

  constructor(database: Database.Database, view: View) {
    this.#database = database
    this.#sight = isLive(view) ? null : new Sight(database, view)
    this.#earliest = Math.min(...view.layers.map(({ version }) => version))
    this.#inOneState = database.transaction((question) => question())
  }

  /** Every row that the question reads is of the same state of the index, whatever is written meanwhile. */
  inOneState<T>(question: () => T): T {
    let answer: { readonly value: T } | undefined
    this.#inOneState(() => {
      answer = { value: question() }
    })
    if (answer === undefined) throw new Error('a question to the graph was not asked')
    return answer.value
  }

  /** Number of a key; the view may not see it. */
  numberOf(key: string): number | null {
    const [row] = this.#all<{ id: number }>('SELECT id FROM nodes WHERE key = ?', [key])
    return row?.id ?? null
  }

  entity(node: number): EntityRow | null {
    this.#byNode ??= this.#statement<Seen<EntityRow>>(`${this.#entity()} WHERE e.node_id = ? ${this.#now('e')} ${BEST} LIMIT ?`)
    return this.#visible(this.#byNode.all(node, this.#most(1)), 'content')[0] ?? null
  }

  /** The same of many at once, which is a few times faster; those that the view does not see are not among them. */
  entities(nodes: readonly number[]): EntityRow[] {
    const which = `e.node_id IN (SELECT value FROM json_each(?)) ${this.#now('e')}`
    const rows = this.#all<Seen<EntityRow>>(`${this.#entity()} WHERE ${which} LIMIT ?`, [JSON.stringify(nodes), MOST_AT_ONCE])
    if (rows.length >= MOST_AT_ONCE) return nodes.flatMap((node) => this.entity(node) ?? [])
    const best = new Map<number, EntityRow>()
    for (const row of this.#visible(rows, 'content')) {
      const known = best.get(row.node)
      const isBetter = known === undefined || row.declared > known.declared || (row.declared === known.declared && row.path < known.path)
      if (isBetter) best.set(row.node, row)
    }
    return [...best.values()]
  }

  entityOf(key: string): EntityRow | null {
    return this.#entities(`n.key = ? ${this.#now('e')} ${BEST}`, [key], 1)[0] ?? null
  }

  /** Every row of a key, best first. */
  mentions(node: number, limit: number): EntityRow[] {
    return this.#entities(`e.node_id = ? ${this.#now('e')} ${BEST}`, [node], limit)
  }

  named(nameLower: string, limit: number): EntityRow[] {
    return this.#best(this.#entities(`e.name_lower = ? ${this.#now('e')}`, [nameLower], limit))
  }

  /** Of a kind, by number of the row after `after`; `last` is where to go on, null at the end. */
  ofKind(kind: NodeKind | null, after: number, limit: number): { readonly rows: readonly EntityRow[]; readonly last: number | null } {
    const which = kind === null ? 'e.id > ?' : 'e.kind = ? AND e.id > ?'
    const rows = this.#all<Seen<EntityRow>>(
      `${this.#entity()} WHERE ${which} ${this.#now('e')} ORDER BY e.id LIMIT ?`,
      kind === null ? [after, limit] : [kind, after, limit],
    )
    const last = rows.length < limit ? null : (rows.at(-1)?.row ?? null)
    return { rows: this.#best(this.#visible(rows, 'content')), last }
  }

  /** What a file says, and what it only mentions. */
  ofFile(path: string, limit: number): EntityRow[] {
    const file = this.numberOf(path)
    if (file === null) return []
    const still = this.#entities(`e.file = ? AND e.valid_to IS NULL ${this.#now('e')}`, [file], limit)
    if (this.#sight === null) return this.#best(still)
    // No index leads from a file to rows that have ended: those that ended after the view are few.
    return this.#best([...still, ...this.#entities('e.valid_to > ? AND e.file = ?', [this.#earliest, file], limit)])
  }

  beginning(prefixLower: string, limit: number): EntityRow[] {
    const rows = this.#entities(
      `e.name_lower >= ? AND e.name_lower < ? ${this.#now('e')}`,
      [prefixLower, `${prefixLower}\u{10ffff}`],
      limit,
    )
    return this.#best(rows)
  }

  filesEndingWith(end: string, limit: number): EntityRow[] {
    const like = `%${end.replace(/[\\%_]/g, '\\$&')}`
    return this.#entities(`e.path LIKE ? ESCAPE '\\' AND n.key = e.path ${this.#now('e')}`, [like], limit)
  }

  /** By trigrams of the name, most in common first; `match` is an FTS5 query. */
  similar(match: string, limit: number): EntityRow[] {
    const matching = `e.id IN (SELECT rowid FROM entity_trigrams WHERE entity_trigrams MATCH ? ORDER BY rank LIMIT ?)`
    const found = this.#all<Seen<EntityRow>>(`${this.#entity()} WHERE ${matching} ${this.#now('e')}`, [match, this.#most(limit)])
    return this.#best(this.#visible(found, 'content')).slice(0, limit)
  }

  out(node: number, kinds: readonly EdgeKind[] | null, limit: number): EdgeRow[] {
    return this.#edges('src', node, kinds, limit)
  }

  in(node: number, kinds: readonly EdgeKind[] | null, limit: number): EdgeRow[] {
    return this.#edges('dst', node, kinds, limit)
  }

  /** The file that says so. */
  fileOfEdge(id: number): string | null {
    const [row] = this.#all<{ key: string }>('SELECT n.key FROM edges e JOIN nodes n ON n.id = e.file WHERE e.id = ?', [id])
    return row?.key ?? null
  }

  /** `maybe_calls` from a node: its calls of which only the name is known, where few enough have that name. */
  maybeOut(node: number, limit: number): EdgeRow[] {
    return this.#calls('src', node, limit).flatMap((call) => {
      const targets = this.namesakes(call.name)
      return targets.length > MOST_NAMESAKES ? [] : targets.map((target, at) => maybe(call, target, targets.length, at))
    })
  }

  maybeIn(node: number, limit: number): EdgeRow[] {
    const entity = this.entity(node)
    if (entity === null || !['function', 'method', 'test'].includes(entity.kind)) return []
    const targets = this.namesakes(entity.name)
    const at = targets.indexOf(node)
    if (at === -1 || targets.length > MOST_NAMESAKES) return []
    return this.#calls('name', entity.name, limit).map((call) => maybe(call, node, targets.length, at))
  }

  /** Functions and methods of a name, one more than tell anything at most. */
  namesakes(name: string): number[] {
    const which = `e.name_lower = ? AND e.name = ? AND e.kind IN ${CALLABLE} ${this.#now('e')}`
    return this.#entities(which, [name.toLowerCase(), name], MOST_NAMESAKES + 1).map((row) => row.node)
  }

  /** Chunks of a file that hold a line, smallest first. */
  chunksAt(path: string, line: number): { readonly startLine: number; readonly endLine: number; readonly text: string }[] {
    const file = this.numberOf(path)
    if (file === null) return []
    const chunks = this.#all<Seen<{ startLine: number; endLine: number; text: string }>>(
      `SELECT start_line AS startLine, end_line AS endLine, text${this.#placed('chunks')} FROM chunks
       WHERE file = ? AND start_line <= ? AND end_line >= ? ${this.#now('chunks')} ORDER BY end_line - start_line LIMIT 40`,
      [file, line, line],
    )
    return this.#visible(chunks, 'content')
  }

  /** Changes with whatever another connection writes; null where the view never changes. */
  get dataVersion(): unknown {
    return this.#sight === null ? this.#database.pragma('data_version', { simple: true }) : null
  }

  counts(): { readonly nodes: ReadonlyMap<NodeKind, number>; readonly edges: ReadonlyMap<EdgeKind, number> } {
    if (this.#sight === null) return { nodes: this.#countNodes(), edges: this.#countEdges() }
    const nodes = new Map<NodeKind, Set<number>>()
    const edges = new Map<EdgeKind, number>()
    const kindOf = new Map<number, { kind: NodeKind; declared: number; path: string }>()
    for (const row of this.#statement<Seen<{ node: number; kind: NodeKind; declared: number; path: string }>>(
      `SELECT node_id AS node, kind, declared, path, ${PLACED} FROM entities`,
    ).iterate()) {
      if (!this.#sight.seesContent(row)) continue
      const known = kindOf.get(row.node)
      if (known === undefined || row.declared > known.declared || (row.declared === known.declared && row.path < known.path))
        kindOf.set(row.node, row)
    }
    for (const [node, { kind }] of kindOf) nodes.set(kind, (nodes.get(kind) ?? new Set()).add(node))
    for (const row of this.#statement<Seen<{ kind: EdgeKind }>>(`SELECT kind, ${PLACED} FROM edges`).iterate())
      if (this.#sight.seesEdge(row)) edges.set(row.kind, (edges.get(row.kind) ?? 0) + 1)
    return { nodes: new Map([...nodes].map(([kind, of]) => [kind, of.size])), edges }
  }

  /** How many entities of a kind there are, as far as it is worth counting. */
  roughCount(kind: NodeKind | null, most: number): number {
    const which = kind === null ? '1 = 1' : 'e.kind = ?'
    const bound: Bound[] = kind === null ? [most] : [kind, most]
    const [row] = this.#all<{ count: number }>(`SELECT count(*) AS count FROM (SELECT 1 FROM entities e WHERE ${which} LIMIT ?)`, bound)
    return row?.count ?? 0
  }

  /** Whether any entity has an attribute of this name, in whatever view; looks at a part of a large index only. */
  hasAttribute(name: string): boolean {
    const like = `%${JSON.stringify(name).replace(/[\\%_]/g, '\\$&')}:%`
    const rows = this.#all<{ found: number }>(
      `SELECT 1 AS found FROM (SELECT attributes FROM entities WHERE attributes IS NOT NULL LIMIT 20000) WHERE attributes LIKE ? ESCAPE '\\' LIMIT 1`,
      [like],
    )
    return rows.length > 0
  }

  #countNodes(): Map<NodeKind, number> {
    const rows = this.#all<{ kind: NodeKind; count: number }>(
      'SELECT kind, count(DISTINCT node_id) AS count FROM entities WHERE layer = 0 AND valid_to IS NULL GROUP BY kind',
      [],
    )
    return new Map(rows.map((row) => [row.kind, row.count]))
  }

  #countEdges(): Map<EdgeKind, number> {
    const rows = this.#all<{ kind: EdgeKind; count: number }>(
      'SELECT kind, count(*) AS count FROM edges WHERE layer = 0 AND valid_to IS NULL GROUP BY kind',
      [],
    )
    return new Map(rows.map((row) => [row.kind, row.count]))
  }

  #edges(end: 'src' | 'dst', node: number, kinds: readonly EdgeKind[] | null, limit: number): EdgeRow[] {
    const statement = this.#edgesBy[end].get(kinds ?? ANY_KIND) ?? this.#edgeStatement(end, kinds)
    const rows = this.#visible(statement.all(node, this.#most(limit)), 'edge')
    return rows.length > limit ? rows.slice(0, limit) : rows
  }

  #edgeStatement(end: 'src' | 'dst', kinds: readonly EdgeKind[] | null): EdgeStatement {
    const wanted = kinds === null ? '' : `AND kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')})`
    const statement = this.#statement<Seen<EdgeRow>>(
      `SELECT id, src, dst, kind, confidence, method, line${this.#placed('edges')} FROM edges WHERE ${end} = ? ${wanted} ${this.#now('edges')} LIMIT ?`,
    )
    this.#edgesBy[end].set(kinds ?? ANY_KIND, statement)
    return statement
  }

  #calls(by: 'src' | 'name', value: Bound, limit: number): CallByName[] {
    const rows = this.#all<Seen<CallByName>>(
      `SELECT id, src, name, line${this.#placed('unresolved_calls')} FROM unresolved_calls WHERE ${by} = ? ${this.#now('unresolved_calls')} LIMIT ?`,
      [value, this.#most(limit)],
    )
    return this.#visible(rows, 'edge').slice(0, limit)
  }

  #entities(which: string, bound: readonly Bound[], limit: number): EntityRow[] {
    const rows = this.#all<Seen<EntityRow>>(`${this.#entity()} WHERE ${which} LIMIT ?`, [...bound, this.#most(limit)])
    return this.#visible(rows, 'content').slice(0, limit)
  }

  #entity(): string {
    return `${ENTITY}${this.#placed('e')} FROM entities e JOIN nodes n ON n.id = e.node_id`
  }

  /** One row a key. A symbol of a file has no other; for the rest the best one is asked for, which may be of another kind or name. */
  #best(rows: readonly EntityRow[]): EntityRow[] {
    const seen = new Set<number>()
    const best: EntityRow[] = []
    for (const row of rows) {
      if (seen.has(row.node)) continue
      seen.add(row.node)
      if (isOfOneFile(row)) best.push(row)
      else {
        const first = this.entity(row.node)
        if (first !== null && first.kind === row.kind && first.name === row.name) best.push(first)
      }
    }
    return best
  }

  #visible<Row>(rows: Seen<Row>[], what: 'content' | 'edge'): Row[] {
    const sight = this.#sight
    if (sight === null) return rows
    return rows.filter((row) => (what === 'content' ? sight.seesContent(row) : sight.seesEdge(row)))
  }

  #now(table: string): string {
    return this.#sight === null ? `AND ${table}.layer = 0 AND ${table}.valid_to IS NULL` : ''
  }

  #placed(table: string): string {
    return this.#sight === null ? '' : `, ${table}.layer, ${table}.file, ${table}.valid_from AS validFrom, ${table}.valid_to AS validTo`
  }

  #most(limit: number): number {
    return this.#sight === null ? limit : limit * HISTORY + 64
  }

  #all<Row>(sql: string, bound: readonly Bound[]): Row[] {
    return this.#statement<Row>(sql).all(...bound)
  }

  #statement<Row>(sql: string): Database.Statement<Bound[], Row> {
    const known = this.#prepared.get(sql)
    // The text of a statement decides about its rows, and each text is used for one type of row.
    if (known !== undefined) return known as Database.Statement<Bound[], Row>
    const made = this.#database.prepare<Bound[], Row>(sql)
    this.#prepared.set(sql, made)
    return made
  }
}

export function isLive(view: View): boolean {
  const [only] = view.layers
  return view.readable === undefined && view.layers.length === 1 && only?.layer === 0 && only.version === Number.MAX_SAFE_INTEGER
}

/** Key of a file, or of a symbol in it: no other file can say anything of it. */
function isOfOneFile(row: EntityRow): boolean {
  return row.id.startsWith(row.path) && (row.id.length === row.path.length || row.id[row.path.length] === '#')
}

function maybe(call: CallByName, target: number, namesakes: number, at: number): EdgeRow {
  const id = -(call.id * (MOST_NAMESAKES + 1) + at) - 1
  return { id, src: call.src, dst: target, kind: 'maybe_calls', confidence: 0.3 / namesakes, method: 'name only', line: call.line }
}

const Attributes = z.record(z.string(), NodeAttribute)

export function attributesOf(row: EntityRow): NonNullable<GraphNode['attributes']> | null {
  return row.attributes === null ? null : Attributes.parse(JSON.parse(row.attributes))
}

export function nodeOf(row: EntityRow): GraphNode {
  const { id, kind, name, path, startLine, endLine, nameLine, nameColumn, signature, doc, language } = row
  const attributes = attributesOf(row)
  return {
    ...{ id, kind, name, path, startLine, endLine, nameLine, nameColumn, exported: row.exported === 1, signature },
    ...(doc === '' ? {} : { doc }),
    ...(language === null ? {} : { language }),
    ...(attributes === null || Object.keys(attributes).length === 0 ? {} : { attributes }),
  }
}

export function edgeOf(edge: EdgeRow, from: string, to: string): GraphEdge {
  return { from, to, kind: edge.kind, confidence: edge.confidence, method: edge.method, line: edge.line }
}
