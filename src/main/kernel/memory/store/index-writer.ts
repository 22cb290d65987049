import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type Database from 'better-sqlite3'
import type { GraphNode } from '../../../../shared/graph'
import type { FileFacts } from '../code/file-facts'
import { searchableWords } from '../retrieval/identifier-words'
import type { LinkedFile } from '../code/link-edges'
import type { TextChunk } from '../retrieval/text-chunks'

export interface FileRow {
  readonly id: number
  readonly path: string
  readonly hash: string
  readonly mtimeMs: number
  readonly size: number
  readonly shape: string
}

export interface StoredFile {
  readonly path: string
  readonly hash: string
  readonly mtimeMs: number
  readonly size: number
  readonly lines: number
  readonly facts: FileFacts | null
  readonly shape: string
  readonly problem: string | null
  readonly chunks: readonly TextChunk[]
}

interface SymbolRow {
  readonly id: number
  readonly node: number
  readonly kind: string
  readonly row: string
}

/** Writes rows of one index. Every method is to be called inside a transaction of the caller's. */
export class IndexWriter {
  private readonly nodeIds = new Map<string, number>()
  private readonly sql: ReturnType<typeof statements>
  /** Kept in step with every row: counting a million edges takes longer than a change. */
  private readonly live: { files: number; symbols: number; edges: number }

  constructor(database: Database.Database) {
    this.sql = statements(database)
    this.live = { files: this.sql.countFiles.get() ?? 0, symbols: this.sql.countSymbols.get() ?? 0, edges: this.sql.countEdges.get() ?? 0 }
  }

  file(path: string): FileRow | undefined {
    return this.sql.file.get(path)
  }

  files(): Map<string, FileRow> {
    return new Map(this.sql.files.all().map((row) => [row.path, row]))
  }

  facts(path: string): FileFacts | null {
    const row = this.sql.facts.get(path)
    // Written by this program into its own database; the schema version says which shape it has.
    return row === undefined || row.facts === null ? null : (JSON.parse(inflateRawSync(row.facts).toString()) as FileFacts)
  }

  touch(row: FileRow, mtimeMs: number, size: number): void {
    this.sql.touchFile.run(mtimeMs, size, row.id)
  }

  /** Replaces what was known of a file; symbols that are the same keep their rows. */
  store(file: StoredFile, before: FileRow | undefined, version: number): void {
    const node = this.node(file.path)
    const facts = file.facts === null ? null : deflateRawSync(JSON.stringify(file.facts), { level: 1 })
    if (before === undefined) this.live.files += 1
    else this.sql.endFile.run(version, before.id)
    this.sql.addFile.run(node, file.path, file.hash, file.mtimeMs, file.size, facts, file.shape, file.problem, version)
    this.symbols(file, version)
    this.chunks(file)
  }

  /** Ends everything of a file that is gone. */
  remove(row: FileRow, version: number): void {
    const node = this.node(row.path)
    this.sql.endFile.run(version, row.id)
    this.live.files -= 1
    for (const symbol of this.sql.symbolsOf.all(row.path)) this.endSymbol(symbol, version)
    for (const edge of this.sql.edgesOf.all(node)) this.endEdge(edge.id, version)
    for (const call of this.sql.unresolvedOf.all(node)) this.sql.endUnresolved.run(version, call.id)
    this.sql.forgetDependencies.run(node)
    this.dropChunks(row.path)
  }

  link(path: string, linked: LinkedFile, version: number): void {
    const file = this.node(path)
    const wanted = new Map(
      linked.edges.map((edge) => {
        const row = { src: this.node(edge.from), dst: this.node(edge.to), ...edge }
        return [`${edge.kind} ${row.src} ${row.dst} ${edge.line} ${edge.confidence} ${edge.method}`, row]
      }),
    )
    for (const old of this.sql.edgesOf.all(file)) {
      const key = `${old.kind} ${old.src} ${old.dst} ${old.line} ${old.confidence} ${old.method}`
      if (!wanted.delete(key)) this.endEdge(old.id, version)
    }
    this.live.edges += wanted.size
    for (const edge of wanted.values())
      this.sql.addEdge.run(edge.src, edge.dst, edge.kind, edge.confidence, edge.method, edge.line, file, version)
    const calls = new Map(linked.unresolved.map((call) => [`${this.node(call.from)} ${call.name} ${call.line}`, call]))
    for (const old of this.sql.unresolvedOf.all(file)) {
      if (!calls.delete(`${old.src} ${old.name} ${old.line}`)) this.sql.endUnresolved.run(version, old.id)
    }
    for (const call of calls.values()) this.sql.addUnresolved.run(this.node(call.from), call.name, call.line, file, version)
    this.sql.forgetDependencies.run(file)
    for (const used of linked.used) this.sql.addDependency.run(file, this.node(used))
    this.sql.setLinked.run(linked.hasMissing ? 1 : 0, path)
  }

  /** Files that are to be linked again when the given one has changed its shape. */
  dependents(path: string): string[] {
    return this.sql.dependents.all(this.node(path)).map((row) => row.key)
  }

  markUnlinked(path: string): void {
    this.sql.markUnlinked.run(path)
  }

  /** Files whose edges are to be made: all that were stored or marked since they were last linked. */
  unlinked(): string[] {
    return this.sql.unlinked.all()
  }

  withMissingImports(): string[] {
    return this.sql.withMissing.all().map((row) => row.path)
  }

  counts(): { files: number; symbols: number; edges: number } {
    return { ...this.live }
  }

  problems(): { path: string; reason: string }[] {
    return this.sql.problems.all()
  }

  meta(key: string): string | null {
    return this.sql.getMeta.get(key) ?? null
  }

  setMeta(key: string, value: string): void {
    this.sql.setMeta.run(key, value)
  }

  private symbols(file: StoredFile, version: number): void {
    const wanted = new Map<number, readonly [number, string, GraphNode['kind'], string, string, ...(string | number)[]]>()
    const name = file.path.slice(file.path.lastIndexOf('/') + 1)
    const fileNode = this.node(file.path)
    wanted.set(fileNode, [fileNode, file.path, 'file', name, name.toLowerCase(), 1, file.lines, 1, 0, 0, file.path, ''])
    for (const symbol of file.facts?.symbols ?? []) {
      const node = this.node(`${file.path}#${symbol.key}`)
      const { kind, startLine, endLine, nameLine, nameColumn, signature, doc } = symbol
      wanted.set(node, [
        node,
        file.path,
        kind,
        symbol.name,
        symbol.name.toLowerCase(),
        startLine,
        endLine,
        nameLine,
        nameColumn,
        symbol.exported ? 1 : 0,
        signature,
        doc,
      ])
    }
    for (const old of this.sql.symbolsOf.all(file.path)) {
      const now = wanted.get(old.node)
      if (now !== undefined && JSON.stringify(now.slice(2)) === old.row) wanted.delete(old.node)
      else this.endSymbol(old, version)
    }
    for (const row of wanted.values()) {
      const { lastInsertRowid } = this.sql.addSymbol.run(...row, version)
      this.sql.addTrigram.run(lastInsertRowid, row[3])
      if (row[2] !== 'file') this.live.symbols += 1
    }
  }

  private endSymbol(symbol: SymbolRow, version: number): void {
    this.sql.endSymbol.run(version, symbol.id)
    this.sql.dropTrigram.run(symbol.id)
    if (symbol.kind !== 'file') this.live.symbols -= 1
  }

  private endEdge(id: number, version: number): void {
    this.sql.endEdge.run(version, id)
    this.live.edges -= 1
  }

  private chunks(file: StoredFile): void {
    this.dropChunks(file.path)
    const pathWords = searchableWords(file.path)
    for (const chunk of file.chunks) {
      const symbol = chunk.symbol === null ? null : `${file.path}#${chunk.symbol}`
      const { lastInsertRowid } = this.sql.addChunk.run(file.path, symbol, chunk.startLine, chunk.text)
      this.sql.addWords.run(
        lastInsertRowid,
        `${searchableWords(chunk.symbol ?? '')} ${pathWords}`,
        searchableWords(chunk.notes),
        searchableWords(chunk.text),
      )
    }
  }

  private dropChunks(path: string): void {
    for (const { id } of this.sql.chunksOf.all(path)) this.sql.dropWords.run(id)
    this.sql.dropChunks.run(path)
  }

  private node(key: string): number {
    const known = this.nodeIds.get(key)
    if (known !== undefined) return known
    const id = this.sql.findNode.get(key) ?? Number(this.sql.addNode.run(key).lastInsertRowid)
    if (this.nodeIds.size > 200_000) this.nodeIds.clear()
    this.nodeIds.set(key, id)
    return id
  }
}

function statements(db: Database.Database) {
  return {
    findNode: db.prepare<[string], number>('SELECT id FROM nodes WHERE key = ?').pluck(),
    addNode: db.prepare<[string]>('INSERT INTO nodes (key) VALUES (?)'),
    file: db.prepare<[string], FileRow>(
      'SELECT id, path, hash, mtime_ms AS mtimeMs, size, shape FROM files WHERE path = ? AND valid_to IS NULL',
    ),
    files: db.prepare<[], FileRow>('SELECT id, path, hash, mtime_ms AS mtimeMs, size, shape FROM files WHERE valid_to IS NULL'),
    facts: db.prepare<[string], { facts: Buffer | null }>('SELECT facts FROM files WHERE path = ? AND valid_to IS NULL'),
    addFile: db.prepare<[number, string, string, number, number, Buffer | null, string, string | null, number]>(
      'INSERT INTO files (node_id, path, hash, mtime_ms, size, facts, shape, problem, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    endFile: db.prepare<[number, number]>('UPDATE files SET valid_to = ?, facts = NULL WHERE id = ?'),
    touchFile: db.prepare<[number, number, number]>('UPDATE files SET mtime_ms = ?, size = ? WHERE id = ?'),
    symbolsOf: db.prepare<[string], SymbolRow>(
      `SELECT id, node_id AS node, kind, json_array(kind, name, name_lower, start_line, end_line, name_line, name_column, exported, signature, doc) AS row
       FROM symbols WHERE path = ? AND valid_to IS NULL`,
    ),
    addSymbol: db.prepare(
      `INSERT INTO symbols (node_id, path, kind, name, name_lower, start_line, end_line, name_line, name_column, exported, signature, doc, valid_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    endSymbol: db.prepare<[number, number]>('UPDATE symbols SET valid_to = ? WHERE id = ?'),
    addTrigram: db.prepare<[number | bigint, string]>('INSERT INTO symbol_trigrams (rowid, name) VALUES (?, ?)'),
    dropTrigram: db.prepare<[number]>('DELETE FROM symbol_trigrams WHERE rowid = ?'),
    edgesOf: db.prepare<[number], { id: number; src: number; dst: number; kind: string; confidence: number; method: string; line: number }>(
      'SELECT id, src, dst, kind, confidence, method, line FROM edges WHERE file = ? AND valid_to IS NULL',
    ),
    addEdge: db.prepare<[number, number, string, number, string, number, number, number]>(
      'INSERT INTO edges (src, dst, kind, confidence, method, line, file, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    endEdge: db.prepare<[number, number]>('UPDATE edges SET valid_to = ? WHERE id = ?'),
    unresolvedOf: db.prepare<[number], { id: number; src: number; name: string; line: number }>(
      'SELECT id, src, name, line FROM unresolved_calls WHERE file = ? AND valid_to IS NULL',
    ),
    addUnresolved: db.prepare<[number, string, number, number, number]>(
      'INSERT INTO unresolved_calls (src, name, line, file, valid_from) VALUES (?, ?, ?, ?, ?)',
    ),
    endUnresolved: db.prepare<[number, number]>('UPDATE unresolved_calls SET valid_to = ? WHERE id = ?'),
    forgetDependencies: db.prepare<[number]>('DELETE FROM dependencies WHERE file = ?'),
    addDependency: db.prepare<[number, number]>('INSERT OR IGNORE INTO dependencies (file, used) VALUES (?, ?)'),
    dependents: db.prepare<[number], { key: string }>('SELECT key FROM dependencies JOIN nodes ON nodes.id = file WHERE used = ?'),
    setLinked: db.prepare<[number, string]>('UPDATE files SET unlinked = 0, unresolved = ? WHERE path = ? AND valid_to IS NULL'),
    markUnlinked: db.prepare<[string]>('UPDATE files SET unlinked = 1 WHERE path = ? AND valid_to IS NULL'),
    unlinked: db.prepare<[], string>('SELECT path FROM files WHERE unlinked = 1 AND valid_to IS NULL').pluck(),
    withMissing: db.prepare<[], { path: string }>('SELECT path FROM files WHERE unresolved = 1 AND valid_to IS NULL'),
    chunksOf: db.prepare<[string], { id: number }>('SELECT id FROM chunks WHERE path = ?'),
    addChunk: db.prepare<[string, string | null, number, string]>(
      'INSERT INTO chunks (path, symbol, start_line, text) VALUES (?, ?, ?, ?)',
    ),
    addWords: db.prepare<[number | bigint, string, string, string]>(
      'INSERT INTO chunk_words (rowid, name, notes, body) VALUES (?, ?, ?, ?)',
    ),
    dropWords: db.prepare<[number]>('DELETE FROM chunk_words WHERE rowid = ?'),
    dropChunks: db.prepare<[string]>('DELETE FROM chunks WHERE path = ?'),
    countFiles: db.prepare<[], number>('SELECT count(*) FROM files WHERE valid_to IS NULL').pluck(),
    countSymbols: db.prepare<[], number>("SELECT count(*) FROM symbols WHERE valid_to IS NULL AND kind <> 'file'").pluck(),
    countEdges: db.prepare<[], number>('SELECT count(*) FROM edges WHERE valid_to IS NULL').pluck(),
    problems: db.prepare<[], { path: string; reason: string }>(
      'SELECT path, problem AS reason FROM files WHERE problem IS NOT NULL AND valid_to IS NULL ORDER BY path LIMIT 100',
    ),
    getMeta: db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck(),
    setMeta: db.prepare<[string, string]>(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    ),
  }
}
