import type Database from 'better-sqlite3'
import type { GraphEdge } from '../../../../shared/graph'
import type { LinkedFile } from '../code/link-edges'
import { LIVE_LAYER, REPOSITORY_FILE } from './index-schema'
import type { NodeIds } from './node-ids'
import type { PreparedChunk, PreparedEntity, PreparedFile } from './prepare-file'

export interface FileRow {
  readonly id: number
  readonly node: number
  readonly path: string
  readonly hash: string
  readonly mtimeMs: number
  readonly size: number
  readonly shape: string
  readonly skipped: string | null
  readonly language: string | null
  readonly content: number
  readonly gone: number
}

export interface Counts {
  /** Without those that were left out. */
  readonly files: number
  readonly symbols: number
  readonly edges: number
}

interface EntityRow {
  readonly id: number
  readonly node: number
  readonly kind: string
  readonly name: string
  readonly declared: number
  readonly row: string
}

/** What storing a file changed that other files' edges may depend on. */
export interface Moved {
  /** Names that are declared now and were not, or the other way. */
  readonly names: ReadonlySet<string>
}

const FILE = 'id, node_id AS node, path, hash, mtime_ms AS mtimeMs, size, shape, skipped, language, content, gone'

/** Writes rows of one layer. Every method is to be called inside a transaction of the caller's. */
export class LayerWriter {
  readonly layer: number
  readonly #nodes: NodeIds
  readonly #sql: ReturnType<typeof statements>
  /** Kept in step with every row: counting a million edges takes longer than a change. */
  readonly #counts: { files: number; listed: number; entities: number; edges: number }
  readonly #languages = new Map<string, number>()

  constructor(database: Database.Database, nodes: NodeIds, layer: number) {
    this.layer = layer
    this.#nodes = nodes
    this.#sql = statements(database)
    this.#counts = { files: 0, listed: 0, entities: 0, edges: 0 }
    this.recount()
  }

  /** After a transaction that was rolled back. */
  recount(): void {
    if (this.layer !== LIVE_LAYER) return
    this.#counts.files = this.#sql.countFiles.get(this.layer) ?? 0
    this.#counts.listed = this.#sql.countListed.get(this.layer) ?? 0
    this.#counts.entities = this.#sql.countEntities.get(this.layer) ?? 0
    this.#counts.edges = this.#sql.countEdges.get(this.layer) ?? 0
    this.#languages.clear()
    for (const { language, files } of this.#sql.countLanguages.all(this.layer)) this.#languages.set(language, files)
  }

  get counts(): Counts {
    const { files, listed, entities, edges } = this.#counts
    return { files, symbols: entities - listed, edges }
  }

  /** Indexed files by language, most first. */
  get languages(): { language: string; files: number }[] {
    const found = [...this.#languages].filter(([, files]) => files > 0).map(([language, files]) => ({ language, files }))
    return found.sort((a, b) => b.files - a.files || (a.language < b.language ? -1 : 1))
  }

  file(path: string): FileRow | undefined {
    return this.#sql.file.get(this.layer, path)
  }

  files(): Map<string, FileRow> {
    return new Map(this.#sql.files.all(this.layer).map((row) => [row.path, row]))
  }

  touch(row: FileRow, mtimeMs: number, size: number): void {
    this.#sql.touchFile.run(mtimeMs, size, row.id)
  }

  /** Replaces what this layer knew of a file; entities and chunks that are the same keep their rows. It waits to be linked then. */
  store(file: PreparedFile, before: FileRow | undefined, version: number): Moved {
    const node = this.#nodes.of(file.path)
    if (before !== undefined) this.#endFile(before, version)
    this.#sql.addFile.run(
      ...([node, this.layer, file.path, file.hash, file.mtimeMs, file.size, file.language, 1, 0] as const),
      ...([file.facts?.outline ?? null, file.facts?.body ?? null, file.shape, 1, file.skipped, file.problem, version] as const),
    )
    this.#count(file, 1)
    const names = this.#entities(node, file, version, before === undefined)
    this.#chunks(node, file, version, before === undefined)
    return { names }
  }

  /** Ends everything that this layer says of a file. */
  remove(row: FileRow, version: number): Moved {
    this.#endFile(row, version)
    const names = new Set<string>()
    for (const entity of this.#sql.entitiesOf.all(row.node, this.layer)) {
      if (entity.declared === 1) names.add(entity.name)
      this.#endEntity(entity, version)
    }
    for (const edge of this.#sql.edgesOf.all(row.node, this.layer)) this.#endEdge(edge.id, version)
    for (const call of this.#sql.unresolvedOf.all(row.node, this.layer)) this.#sql.endUnresolved.run(version, call.id)
    for (const chunk of this.#sql.chunksOf.all(row.node, this.layer)) this.#sql.endChunk.run(version, chunk.id)
    return { names }
  }

  /** Of a branch's layer: the file of the layer below is not there. */
  hide(path: string, version: number): void {
    this.#sql.addFile.run(this.#nodes.of(path), this.layer, path, '', 0, 0, null, 1, 1, null, null, '', 0, null, null, version)
  }

  /** Of a branch's layer: the file is that of the layer below, but its edges are made again. */
  relink(path: string, version: number): void {
    this.#sql.addFile.run(this.#nodes.of(path), this.layer, path, '', 0, 0, null, 0, 0, null, null, '', 1, null, null, version)
  }

  link(path: string, linked: LinkedFile, extraDependencies: Iterable<string>, keepDependencies: boolean, version: number): void {
    const file = this.#nodes.of(path)
    const wanted = new Map(
      linked.edges.map((edge) => {
        const row = { src: this.#nodes.of(edge.from), dst: this.#nodes.of(edge.to), ...edge }
        return [`${edge.kind} ${row.src} ${row.dst} ${edge.line} ${edge.confidence} ${edge.method}`, row]
      }),
    )
    for (const old of this.#sql.edgesOf.all(file, this.layer)) {
      const key = `${old.kind} ${old.src} ${old.dst} ${old.line} ${old.confidence} ${old.method}`
      if (!wanted.delete(key)) this.#endEdge(old.id, version)
    }
    this.#counts.edges += wanted.size
    for (const edge of wanted.values())
      this.#sql.addEdge.run(edge.src, edge.dst, edge.kind, edge.confidence, edge.method, edge.line, this.layer, file, version)
    const calls = new Map(linked.unresolved.map((call) => [`${this.#nodes.of(call.from)} ${call.name} ${call.line}`, call]))
    for (const old of this.#sql.unresolvedOf.all(file, this.layer)) {
      if (!calls.delete(`${old.src} ${old.name} ${old.line}`)) this.#sql.endUnresolved.run(version, old.id)
    }
    for (const call of calls.values())
      this.#sql.addUnresolved.run(this.#nodes.of(call.from), call.name, call.line, this.layer, file, version)
    if (!keepDependencies) this.#sql.forgetDependencies.run(this.layer, file)
    this.depends(path, linked, extraDependencies)
    this.#sql.setLinked.run(linked.hasMissing ? 1 : 0, this.layer, path)
  }

  /** Of a branch's layer: whether the layer below, at its version, says the same of how a file is linked. */
  isAsBelow(path: string, linked: LinkedFile, baseVersion: number): boolean {
    const file = this.#nodes.of(path)
    const edges = new Set(linked.edges.map(edgeKey))
    for (const below of this.#sql.edgesAt.all(file, LIVE_LAYER, baseVersion, baseVersion)) if (!edges.delete(edgeKey(below))) return false
    if (edges.size > 0) return false
    const calls = new Set(linked.unresolved.map((call) => `${call.from} ${call.name} ${call.line}`))
    for (const below of this.#sql.unresolvedAt.all(file, LIVE_LAYER, baseVersion, baseVersion)) if (!calls.delete(below)) return false
    return calls.size === 0
  }

  /** Of a branch's layer: caller and callee of each call that the layer below, at its version, knows by this method. */
  callsBelow(path: string, method: string, baseVersion: number): Set<string> {
    const below = this.#sql.edgesAt.all(this.#nodes.of(path), LIVE_LAYER, baseVersion, baseVersion)
    return new Set(below.filter((edge) => edge.kind === 'calls' && edge.method === method).map((edge) => `${edge.from} ${edge.to}`))
  }

  /** Keeps what a file depends on without a row of its own. */
  depends(path: string, linked: LinkedFile, extra: Iterable<string>): void {
    const file = this.#nodes.of(path)
    for (const used of linked.used) this.#sql.addDependency.run(this.layer, file, this.#nodes.of(used))
    for (const name of linked.names) this.#sql.addDependency.run(this.layer, file, this.#nodes.of(`name:${name}`))
    for (const other of extra) this.#sql.addDependency.run(this.layer, file, this.#nodes.of(other))
  }

  /** Paths of files of this layer that are to be linked again when what has this key changes. */
  dependents(key: string): string[] {
    const used = this.#nodes.known(key)
    return used === null ? [] : this.#sql.dependents.all(used, this.layer)
  }

  /** Every file that was read. */
  markAllUnlinked(): void {
    this.#sql.markAllUnlinked.run(this.layer)
  }

  markUnlinked(path: string): boolean {
    return this.#sql.markUnlinked.run(this.layer, path).changes > 0
  }

  /** Files whose edges are to be made: all that were stored or marked since they were last linked. */
  unlinked(): string[] {
    return this.#sql.unlinked.all(this.layer)
  }

  withMissingImports(): string[] {
    return this.#sql.withMissing.all(this.layer)
  }

  problems(): { path: string; reason: string }[] {
    return this.#sql.problems.all(this.layer)
  }

  skipped(): { reason: string; count: number; paths: string[] }[] {
    return this.#sql.skipped.all(this.layer).map(({ reason, count }) => ({
      reason,
      count,
      paths: this.#sql.skippedPaths.all(this.layer, reason),
    }))
  }

  #endFile(row: FileRow, version: number): void {
    this.#sql.endFile.run(version, row.id)
    if (row.content === 1 && row.gone === 0) this.#count(row, -1)
  }

  #count({ path, skipped, language }: Pick<FileRow, 'path' | 'skipped' | 'language'>, by: number): void {
    if (path === REPOSITORY_FILE) return
    this.#counts.listed += by
    if (skipped !== null) return
    this.#counts.files += by
    if (language !== null) this.#languages.set(language, (this.#languages.get(language) ?? 0) + by)
  }

  #entities(file: number, prepared: PreparedFile, version: number, isNew: boolean): Set<string> {
    const names = new Set<string>()
    const wanted = new Map<number, { entity: PreparedEntity; row: readonly (string | number | null)[] }>()
    for (const entity of prepared.entities) {
      const { kind, name, startLine, endLine, nameLine, nameColumn, exported, declared, signature, doc, attributes } = entity
      const row = [kind, name, startLine, endLine, nameLine, nameColumn, exported, declared, signature, doc, prepared.language, attributes]
      wanted.set(this.#nodes.of(entity.key), { entity, row })
    }
    const declaredBefore = new Map<number, EntityRow>()
    if (!isNew) {
      for (const old of this.#sql.entitiesOf.all(file, this.layer)) {
        if (old.declared === 1) declaredBefore.set(old.node, old)
        const now = wanted.get(old.node)
        if (now !== undefined && JSON.stringify(now.row) === old.row) {
          wanted.delete(old.node)
          declaredBefore.delete(old.node)
        } else this.#endEntity(old, version)
      }
    }
    for (const [node, { entity, row }] of wanted) {
      const { lastInsertRowid } = this.#sql.addEntity.run(
        ...([node, this.layer, file, prepared.path, entity.name.toLowerCase()] as const),
        ...row,
        version,
      )
      this.#sql.addTrigram.run(lastInsertRowid, entity.name)
      this.#counts.entities += 1
      const before = declaredBefore.get(node)
      declaredBefore.delete(node)
      if (entity.declared === 1 && (before === undefined || before.name !== entity.name || before.kind !== entity.kind)) {
        names.add(entity.name)
        if (before !== undefined) names.add(before.name)
      } else if (entity.declared === 0 && before !== undefined) names.add(before.name)
    }
    for (const lost of declaredBefore.values()) names.add(lost.name)
    return names
  }

  #endEntity(entity: EntityRow, version: number): void {
    this.#sql.endEntity.run(version, entity.id)
    this.#counts.entities -= 1
  }

  #endEdge(id: number, version: number): void {
    this.#sql.endEdge.run(version, id)
    this.#counts.edges -= 1
  }

  #chunks(file: number, prepared: PreparedFile, version: number, isNew: boolean): void {
    const wanted = new Map<string, PreparedChunk>()
    for (const chunk of prepared.chunks) wanted.set(chunkKey(chunk, prepared.language), chunk)
    if (!isNew) {
      for (const old of this.#sql.chunksOf.all(file, this.layer))
        if (!wanted.delete(chunkKey(old, old.language))) this.#sql.endChunk.run(version, old.id)
    }
    for (const chunk of wanted.values()) {
      const { symbol, kind, startLine, endLine, text, hash } = chunk
      const { lastInsertRowid } = this.#sql.addChunk.run(
        ...([this.layer, file, prepared.path, symbol, kind, prepared.language, startLine, endLine, text, hash, version] as const),
      )
      this.#sql.addWords.run(lastInsertRowid, chunk.names, chunk.notes, chunk.body)
    }
  }
}

function edgeKey(edge: GraphEdge): string {
  return `${edge.kind} ${edge.from} ${edge.to} ${edge.line} ${edge.confidence} ${edge.method}`
}

type ChunkPlace = Pick<PreparedChunk, 'symbol' | 'kind' | 'startLine' | 'endLine' | 'hash' | 'notes'>

function chunkKey(chunk: Omit<ChunkPlace, 'notes'>, language: string | null): string {
  return JSON.stringify([chunk.symbol, chunk.kind, language, chunk.startLine, chunk.endLine, Buffer.from(chunk.hash).toString('base64')])
}

function statements(db: Database.Database) {
  return {
    file: db.prepare<[number, string], FileRow>(`SELECT ${FILE} FROM files WHERE layer = ? AND path = ? AND valid_to IS NULL`),
    files: db.prepare<[number], FileRow>(`SELECT ${FILE} FROM files WHERE layer = ? AND valid_to IS NULL`),
    addFile: db.prepare(
      `INSERT INTO files (node_id, layer, path, hash, mtime_ms, size, language, content, gone, facts, body, shape, unlinked, skipped, problem, valid_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    endFile: db.prepare<[number, number]>('UPDATE files SET valid_to = ? WHERE id = ?'),
    touchFile: db.prepare<[number, number, number]>('UPDATE files SET mtime_ms = ?, size = ? WHERE id = ?'),
    entitiesOf: db.prepare<[number, number], EntityRow>(
      `SELECT id, node_id AS node, kind, name, declared, json_array(kind, name, start_line, end_line, name_line, name_column, exported, declared,
         signature, doc, language, attributes) AS row FROM entities WHERE file = ? AND layer = ? AND valid_to IS NULL`,
    ),
    addEntity: db.prepare(
      `INSERT INTO entities (node_id, layer, file, path, name_lower, kind, name, start_line, end_line, name_line, name_column, exported, declared,
         signature, doc, language, attributes, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    endEntity: db.prepare<[number, number]>('UPDATE entities SET valid_to = ? WHERE id = ?'),
    addTrigram: db.prepare<[number | bigint, string]>('INSERT INTO entity_trigrams (rowid, name) VALUES (?, ?)'),
    edgesOf: db.prepare<
      [number, number],
      { id: number; src: number; dst: number; kind: string; confidence: number; method: string; line: number }
    >('SELECT id, src, dst, kind, confidence, method, line FROM edges WHERE file = ? AND layer = ? AND valid_to IS NULL'),
    addEdge: db.prepare<[number, number, string, number, string, number, number, number, number]>(
      'INSERT INTO edges (src, dst, kind, confidence, method, line, layer, file, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    edgesAt: db.prepare<[number, number, number, number], GraphEdge>(
      `SELECT kind, a.key AS "from", b.key AS "to", line, confidence, method FROM edges JOIN nodes a ON a.id = src JOIN nodes b ON b.id = dst
       WHERE file = ? AND layer = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)`,
    ),
    unresolvedAt: db
      .prepare<[number, number, number, number], string>(
        `SELECT key || ' ' || name || ' ' || line FROM unresolved_calls JOIN nodes ON nodes.id = src
         WHERE file = ? AND layer = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)`,
      )
      .pluck(),
    endEdge: db.prepare<[number, number]>('UPDATE edges SET valid_to = ? WHERE id = ?'),
    unresolvedOf: db.prepare<[number, number], { id: number; src: number; name: string; line: number }>(
      'SELECT id, src, name, line FROM unresolved_calls WHERE file = ? AND layer = ? AND valid_to IS NULL',
    ),
    addUnresolved: db.prepare<[number, string, number, number, number, number]>(
      'INSERT INTO unresolved_calls (src, name, line, layer, file, valid_from) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    endUnresolved: db.prepare<[number, number]>('UPDATE unresolved_calls SET valid_to = ? WHERE id = ?'),
    forgetDependencies: db.prepare<[number, number]>('DELETE FROM dependencies WHERE layer = ? AND file = ?'),
    addDependency: db.prepare<[number, number, number]>('INSERT OR IGNORE INTO dependencies (layer, file, used) VALUES (?, ?, ?)'),
    dependents: db
      .prepare<[number, number], string>('SELECT key FROM dependencies JOIN nodes ON nodes.id = file WHERE used = ? AND layer = ?')
      .pluck(),
    setLinked: db.prepare<[number, number, string]>(
      'UPDATE files SET unlinked = 0, unresolved = ? WHERE layer = ? AND path = ? AND valid_to IS NULL',
    ),
    markUnlinked: db.prepare<[number, string]>(
      'UPDATE files SET unlinked = 1 WHERE layer = ? AND path = ? AND gone = 0 AND valid_to IS NULL',
    ),
    markAllUnlinked: db.prepare<[number]>(
      'UPDATE files SET unlinked = 1 WHERE layer = ? AND facts IS NOT NULL AND valid_to IS NULL AND unlinked = 0',
    ),
    unlinked: db.prepare<[number], string>('SELECT path FROM files WHERE layer = ? AND unlinked = 1 AND valid_to IS NULL').pluck(),
    withMissing: db.prepare<[number], string>('SELECT path FROM files WHERE layer = ? AND unresolved = 1 AND valid_to IS NULL').pluck(),
    chunksOf: db.prepare<[number, number], ChunkPlace & { id: number; language: string | null }>(
      `SELECT id, symbol, kind, language, start_line AS startLine, end_line AS endLine, hash FROM chunks
       WHERE file = ? AND layer = ? AND valid_to IS NULL`,
    ),
    addChunk: db.prepare<[number, number, string, string | null, string | null, string | null, number, number, string, Uint8Array, number]>(
      `INSERT INTO chunks (layer, file, path, symbol, kind, language, start_line, end_line, text, hash, valid_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    endChunk: db.prepare<[number, number]>('UPDATE chunks SET valid_to = ? WHERE id = ?'),
    addWords: db.prepare<[number | bigint, string, string, string]>(
      'INSERT INTO chunk_words (rowid, name, notes, body) VALUES (?, ?, ?, ?)',
    ),
    countFiles: db
      .prepare<[number], number>(
        `SELECT count(*) FROM files WHERE layer = ? AND path <> '${REPOSITORY_FILE}' AND valid_to IS NULL AND skipped IS NULL AND gone = 0`,
      )
      .pluck(),
    countListed: db
      .prepare<[number], number>(
        `SELECT count(*) FROM files WHERE layer = ? AND path <> '${REPOSITORY_FILE}' AND valid_to IS NULL AND gone = 0`,
      )
      .pluck(),
    countLanguages: db.prepare<[number], { language: string; files: number }>(
      `SELECT language, count(*) AS files FROM files WHERE layer = ? AND valid_to IS NULL AND skipped IS NULL AND language IS NOT NULL
       GROUP BY language`,
    ),
    countEntities: db.prepare<[number], number>('SELECT count(*) FROM entities WHERE layer = ? AND valid_to IS NULL').pluck(),
    countEdges: db.prepare<[number], number>('SELECT count(*) FROM edges WHERE layer = ? AND valid_to IS NULL').pluck(),
    problems: db.prepare<[number], { path: string; reason: string }>(
      'SELECT path, problem AS reason FROM files WHERE layer = ? AND problem IS NOT NULL AND valid_to IS NULL ORDER BY path LIMIT 100',
    ),
    skipped: db.prepare<[number], { reason: string; count: number }>(
      `SELECT skipped AS reason, count(*) AS count FROM files WHERE layer = ? AND skipped IS NOT NULL AND valid_to IS NULL
       GROUP BY skipped ORDER BY count DESC, skipped`,
    ),
    skippedPaths: db
      .prepare<[number, string], string>(
        'SELECT path FROM files WHERE layer = ? AND skipped = ? AND valid_to IS NULL ORDER BY path LIMIT 20',
      )
      .pluck(),
  }
}
