import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import type { NodeKind } from '../../../shared/graph'
import { searchableWords } from '../memory/retrieval/identifier-words'
import { SCHEMA, SCHEMA_VERSION } from '../memory/store/index-schema'

export interface IndexedSymbol {
  readonly name: string
  readonly kind: NodeKind
  readonly line: number
  readonly doc?: string
}

export interface IndexedFile {
  readonly path: string
  readonly text: string
  readonly language?: string
  /** Each starts a chunk of its own, which ends before the next. */
  readonly symbols?: readonly IndexedSymbol[]
}

/** The tables of the index filled directly, for tests and benchmarks that need many files or exact layers and versions. */
export class RetrievalIndex {
  readonly database: Database.Database
  readonly #sql: ReturnType<typeof statements>

  constructor(path: string) {
    this.database = new Database(path)
    this.database.pragma('journal_mode = WAL')
    this.database.exec(SCHEMA)
    this.database.pragma(`user_version = ${SCHEMA_VERSION}`)
    this.#sql = statements(this.database)
  }

  /** Files of one layer from this version on; those of the same path end there. */
  put(files: readonly IndexedFile[], version = 1, layer = 0): void {
    this.database.transaction(() => {
      for (const file of files) {
        this.end([file.path], version, layer)
        this.#add(file, version, layer)
      }
    })()
  }

  end(paths: readonly string[], version: number, layer = 0): void {
    for (const path of paths) {
      for (const table of ['files', 'entities', 'chunks']) {
        this.database
          .prepare(`UPDATE ${table} SET valid_to = ? WHERE path = ? AND layer = ? AND valid_to IS NULL`)
          .run(version, path, layer)
      }
    }
  }

  edge(from: string, to: string, kind: string, version = 1, layer = 0): void {
    const file = this.#node(from.split('#')[0] ?? from)
    this.#sql.edge.run(this.#node(from), this.#node(to), kind, layer, file, version)
  }

  /** An entity that is no symbol: `owner:@team`. */
  entity(key: string, kind: NodeKind, name: string, path: string, version = 1, layer = 0): void {
    this.#entity(key, path, { name, kind, line: 1 }, 1, null, version, layer)
  }

  #add(file: IndexedFile, version: number, layer: number): void {
    const lines = file.text.split('\n')
    const node = this.#node(file.path)
    const language = file.language ?? null
    const name = file.path.slice(file.path.lastIndexOf('/') + 1)
    this.#sql.file.run(node, layer, file.path, hash(file.text).toString('hex'), file.text.length, language, version)
    this.#entity(file.path, file.path, { name, kind: 'file', line: 1 }, lines.length, language, version, layer)
    const symbols = [...(file.symbols ?? [])].sort((a, b) => a.line - b.line)
    if (symbols[0]?.line !== 1) this.#chunk(file, null, 1, (symbols[0]?.line ?? lines.length + 1) - 1, lines, version, layer)
    for (const [at, symbol] of symbols.entries()) {
      const end = (symbols[at + 1]?.line ?? lines.length + 1) - 1
      this.#entity(`${file.path}#${symbol.name}`, file.path, symbol, end, language, version, layer)
      this.#chunk(file, symbol, symbol.line, end, lines, version, layer)
    }
  }

  #chunk(
    file: IndexedFile,
    symbol: IndexedSymbol | null,
    start: number,
    end: number,
    lines: readonly string[],
    version: number,
    layer: number,
  ) {
    const text = lines.slice(start - 1, end).join('\n')
    const key = symbol === null ? null : `${file.path}#${symbol.name}`
    const { lastInsertRowid } = this.#sql.chunk.run(
      ...([layer, this.#node(file.path), file.path, key, symbol?.kind ?? null, file.language ?? null, start, end, text] as const),
      hash(`${key ?? ''}\n${text}`),
      version,
    )
    const named = `${searchableWords(symbol?.name ?? '')} ${searchableWords(file.path)}`
    this.#sql.words.run(lastInsertRowid, named, searchableWords(symbol?.doc ?? ''), searchableWords(text))
  }

  #entity(key: string, path: string, it: IndexedSymbol, end: number, language: string | null, version: number, layer: number): void {
    const { lastInsertRowid } = this.#sql.entity.run(
      ...([this.#node(key), layer, this.#node(path), path, it.kind, it.name, it.name.toLowerCase(), it.line, end, it.line] as const),
      it.doc ?? '',
      language,
      version,
    )
    this.#sql.trigram.run(lastInsertRowid, it.name)
  }

  #node(key: string): number {
    return this.#sql.findNode.get(key) ?? Number(this.#sql.node.run(key).lastInsertRowid)
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16)
}

function statements(db: Database.Database) {
  return {
    node: db.prepare('INSERT INTO nodes (key) VALUES (?)'),
    findNode: db.prepare<[string], number>('SELECT id FROM nodes WHERE key = ?').pluck(),
    file: db.prepare(
      "INSERT INTO files (node_id, layer, path, hash, mtime_ms, size, language, shape, valid_from) VALUES (?, ?, ?, ?, 0, ?, ?, '', ?)",
    ),
    entity: db.prepare(
      `INSERT INTO entities (node_id, layer, file, path, kind, name, name_lower, start_line, end_line, name_line, name_column, exported,
       declared, signature, doc, language, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, 1, '', ?, ?, ?)`,
    ),
    trigram: db.prepare('INSERT INTO entity_trigrams (rowid, name) VALUES (?, ?)'),
    edge: db.prepare(
      "INSERT INTO edges (src, dst, kind, confidence, method, line, layer, file, valid_from) VALUES (?, ?, ?, 1, 'test', 1, ?, ?, ?)",
    ),
    chunk: db.prepare(
      `INSERT INTO chunks (layer, file, path, symbol, kind, language, start_line, end_line, text, hash, valid_from)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    words: db.prepare('INSERT INTO chunk_words (rowid, name, notes, body) VALUES (?, ?, ?, ?)'),
  }
}
