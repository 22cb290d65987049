import Database from 'better-sqlite3'
import type { EdgeKind, GraphNode, NodeKind } from '../../../shared/graph'
import { SCHEMA } from '../memory/store/index-schema'

export interface WrittenEntity {
  readonly key: string
  readonly kind: NodeKind
  readonly name?: string
  /** The file that says so; default: the part of the key before `#`. */
  readonly path?: string
  readonly declared?: boolean
  readonly exported?: boolean
  readonly line?: number
  readonly endLine?: number
  readonly signature?: string
  readonly doc?: string
  readonly language?: string
  readonly attributes?: GraphNode['attributes']
}

export interface WrittenEdge {
  readonly from: string
  readonly to: string
  readonly kind: EdgeKind
  readonly path?: string
  readonly confidence?: number
  readonly method?: string
  readonly line?: number
}

/** Writes rows into the index's own tables, at a layer and a version, for tests of what reads them. */
export class GraphTables {
  readonly database: Database.Database
  layer = 0
  version = 1
  readonly #numbers = new Map<string, number>()

  constructor() {
    this.database = new Database(':memory:')
    this.database.exec(SCHEMA)
  }

  number(key: string): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const made = Number(this.database.prepare('INSERT INTO nodes (key) VALUES (?)').run(key).lastInsertRowid)
    this.#numbers.set(key, made)
    return made
  }

  /** A row in `files`: its layer owns the file from this version on. */
  file(path: string, options: { readonly content?: boolean; readonly gone?: boolean } = {}): this {
    this.database
      .prepare(
        `INSERT INTO files (node_id, layer, path, hash, mtime_ms, size, content, gone, shape, valid_from) VALUES (?, ?, ?, '', 0, 0, ?, ?, '', ?)`,
      )
      .run(this.number(path), this.layer, path, options.content === false ? 0 : 1, options.gone === true ? 1 : 0, this.version)
    return this
  }

  entity(entity: WrittenEntity): this {
    const path = entity.path ?? entity.key.split('#')[0] ?? ''
    const name = entity.name ?? entity.key.split(/[.#/:]/).at(-1) ?? ''
    const line = entity.line ?? 1
    const { lastInsertRowid } = this.database
      .prepare(
        `INSERT INTO entities (node_id, layer, file, path, kind, name, name_lower, start_line, end_line, name_line, name_column, exported, declared,
         signature, doc, language, attributes, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        ...[this.number(entity.key), this.layer, this.number(path), path, entity.kind, name, name.toLowerCase()],
        ...[line, entity.endLine ?? line, line, entity.exported === true ? 1 : 0, entity.declared === false ? 0 : 1],
        ...[entity.signature ?? '', entity.doc ?? '', entity.language ?? null],
        ...[entity.attributes === undefined ? null : JSON.stringify(entity.attributes), this.version],
      )
    this.database.prepare('INSERT INTO entity_trigrams (rowid, name) VALUES (?, ?)').run(lastInsertRowid, name)
    return this
  }

  edge(edge: WrittenEdge): this {
    this.database
      .prepare('INSERT INTO edges (src, dst, kind, confidence, method, line, layer, file, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(
        ...[this.number(edge.from), this.number(edge.to), edge.kind, edge.confidence ?? 1, edge.method ?? 'test', edge.line ?? 1],
        ...[this.layer, this.number(edge.path ?? edge.from.split('#')[0] ?? ''), this.version],
      )
    return this
  }

  callByName(from: string, name: string, line = 1): this {
    this.database
      .prepare('INSERT INTO unresolved_calls (src, name, line, layer, file, valid_from) VALUES (?, ?, ?, ?, ?, ?)')
      .run(this.number(from), name, line, this.layer, this.number(from.split('#')[0] ?? ''), this.version)
    return this
  }

  chunk(path: string, startLine: number, text: string): this {
    const endLine = startLine + text.split('\n').length - 1
    this.database
      .prepare("INSERT INTO chunks (layer, file, path, start_line, end_line, text, hash, valid_from) VALUES (?, ?, ?, ?, ?, ?, x'00', ?)")
      .run(this.layer, this.number(path), path, startLine, endLine, text, this.version)
    return this
  }

  /** Everything that a file says in this layer ends at this version. */
  end(path: string): this {
    const file = this.number(path)
    for (const table of ['entities', 'edges', 'unresolved_calls', 'chunks'])
      this.database
        .prepare(`UPDATE ${table} SET valid_to = ? WHERE file = ? AND layer = ? AND valid_to IS NULL`)
        .run(this.version, file, this.layer)
    this.database
      .prepare('UPDATE files SET valid_to = ? WHERE node_id = ? AND layer = ? AND valid_to IS NULL')
      .run(this.version, file, this.layer)
    return this
  }
}
