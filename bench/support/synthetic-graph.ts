import { join } from 'node:path'
import Database from 'better-sqlite3'
import { SCHEMA } from '../../src/main/kernel/memory/store/index-schema'
import type { View } from '../../src/main/kernel/memory/view'
import { freshFolder } from './bench-folder'
import { scaled } from './measurement'

const FILES = 5_000
const FUNCTIONS_A_FILE = 20
const CALLS = 400_000
const PASSES = 100
const FILES_A_PASS = 5
const BRANCH_FILES = 50
const LAYER = 1
const SELECTIVE = 200

export interface SyntheticGraph {
  readonly path: string
  readonly nodes: number
  readonly edges: number
  /** The version after half of the passes that changed files. */
  readonly old: View
  /** A layer with files of its own over that version. */
  readonly branch: View
  /** Ends of ways of one to five calls, the same for every run; every fourth pair is of any two functions. */
  pairs(count: number): { readonly from: string; readonly to: string }[]
  /** Pairs of functions whose names are theirs alone. */
  namedPairs(count: number): { readonly from: string; readonly to: string }[]
}

/**
 * An index of 100,000 functions in 5,000 files with 500,000 edges, in the product's own tables: most calls stay near, some functions are called
 * from everywhere. 100 passes have changed five files each, and a branch has 50 files of its own.
 */
export function syntheticGraph(): SyntheticGraph {
  const files = scaled(FILES, 60)
  const functions = files * FUNCTIONS_A_FILE
  const path = join(freshFolder('graph'), 'memory.db')
  const database = new Database(path)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = OFF')
  database.exec(SCHEMA)
  const random = generator(4711)
  const callees = Array.from({ length: functions }, (): number[] => [])
  for (let call = 0; call < Math.round((CALLS * functions) / (FILES * FUNCTIONS_A_FILE)); call += 1) {
    const caller = Math.floor(random() * functions)
    callees[caller]?.push(calleeOf(caller, functions, random))
  }
  const writer = new RowWriter(database, files)
  database.transaction(() => {
    for (let file = 0; file < files; file += 1) writer.file(file, callees, { layer: 0, version: 1 })
  })()
  for (let pass = 0; pass < PASSES; pass += 1) {
    const version = pass + 2
    database.transaction(() => {
      for (let count = 0; count < FILES_A_PASS; count += 1) {
        const file = Math.floor(random() * files)
        writer.end(file, version)
        writer.file(file, callees, { layer: 0, version })
      }
    })()
  }
  const middle = PASSES / 2
  database.transaction(() => {
    for (let count = 0; count < Math.min(BRANCH_FILES, files); count += 1)
      writer.file(Math.floor((count * files) / BRANCH_FILES) % files, callees, { layer: LAYER, version: PASSES + 2 })
  })()
  database.pragma('wal_checkpoint(TRUNCATE)')
  database.exec('ANALYZE')
  database.close()
  const walk = generator(99)
  const pair = (index: number) => {
    const from = Math.floor(walk() * functions)
    if (index % 4 === 3) return [from, Math.floor(walk() * functions)] as const
    let to = from
    for (let hops = 1 + (index % 5); hops > 0; hops -= 1) {
      const next = callees[to] ?? []
      to = next[Math.floor(walk() * next.length)] ?? to
    }
    return [from, to] as const
  }
  const pairsBy = (text: (index: number) => string) => (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const [from, to] = pair(index)
      return { from: text(from), to: text(to) }
    })
  return {
    path,
    nodes: files + functions,
    edges: functions + callees.reduce((sum, of) => sum + of.length, 0),
    old: { layers: [{ layer: 0, version: middle }] },
    branch: {
      layers: [
        { layer: LAYER, version: PASSES + 2 },
        { layer: 0, version: middle },
      ],
    },
    pairs: pairsBy(keyOf),
    namedPairs: pairsBy(nameOf),
  }
}

/** Near ones mostly, as modules call their neighbours; every tenth call goes to one of few that all use. */
function calleeOf(caller: number, functions: number, random: () => number): number {
  const kind = random()
  if (kind < 0.1) return Math.floor(random() ** 4 * functions)
  if (kind < 0.35) return Math.floor(random() * functions)
  return Math.abs(caller + Math.floor((random() - 0.5) * 400)) % functions
}

function pathOf(file: number): string {
  return `packages/p${Math.floor(file / 100)}/src/f${file}.ts`
}

function nameOf(index: number): string {
  return index % SELECTIVE === 0 ? `pass_user_id_${index}` : `function_${index}`
}

function keyOf(index: number): string {
  return `${pathOf(Math.floor(index / FUNCTIONS_A_FILE))}#${nameOf(index)}`
}

class RowWriter {
  readonly #files: number
  readonly #insertNode
  readonly #insertFile
  readonly #insertEntity
  readonly #insertEdge
  readonly #ends
  readonly #known = new Set<number>()

  constructor(database: Database.Database, files: number) {
    this.#files = files
    this.#insertNode = database.prepare('INSERT OR IGNORE INTO nodes (id, key) VALUES (?, ?)')
    this.#insertFile = database.prepare(
      "INSERT INTO files (node_id, layer, path, hash, mtime_ms, size, shape, valid_from) VALUES (?, ?, ?, '', 0, 0, '', ?)",
    )
    this.#insertEntity = database.prepare(
      `INSERT INTO entities (node_id, layer, file, path, kind, name, name_lower, start_line, end_line, name_line, name_column, exported, declared,
       signature, doc, language, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, 1, ?, '', 'typescript', ?)`,
    )
    this.#insertEdge = database.prepare(
      'INSERT INTO edges (src, dst, kind, confidence, method, line, layer, file, valid_from) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    )
    this.#ends = ['entities', 'edges'].map((table) =>
      database.prepare<[number, number]>(`UPDATE ${table} SET valid_to = ? WHERE file = ? AND layer = 0 AND valid_to IS NULL`),
    )
    this.#ends.push(
      database.prepare<[number, number]>('UPDATE files SET valid_to = ? WHERE node_id = ? AND layer = 0 AND valid_to IS NULL'),
    )
  }

  end(file: number, version: number): void {
    for (const statement of this.#ends) statement.run(version, this.#fileNode(file))
  }

  file(file: number, callees: readonly (readonly number[])[], at: { readonly layer: number; readonly version: number }): void {
    const path = pathOf(file)
    const node = this.#fileNode(file)
    this.#insertNode.run(node, path)
    this.#insertFile.run(node, at.layer, path, at.version)
    this.#insertEntity.run(node, at.layer, node, path, 'file', path.slice(path.lastIndexOf('/') + 1), path, 1, 400, 1, '', at.version)
    for (let index = file * FUNCTIONS_A_FILE; index < (file + 1) * FUNCTIONS_A_FILE; index += 1) {
      const number = this.#functionNode(index)
      const name = nameOf(index)
      const line = (index % FUNCTIONS_A_FILE) * 20 + 1
      if (!this.#known.has(index)) this.#insertNode.run(number, keyOf(index))
      this.#known.add(index)
      this.#insertEntity.run(
        ...[
          number,
          at.layer,
          node,
          path,
          'function',
          name,
          name.toLowerCase(),
          line,
          line + 15,
          line,
          `function ${name}(): void`,
          at.version,
        ],
      )
      this.#insertEdge.run(node, number, 'contains', 1, 'syntax', line, at.layer, node, at.version)
      for (const callee of callees[index] ?? [])
        this.#insertEdge.run(number, this.#functionNode(callee), 'calls', 0.95, 'import', line + 3, at.layer, node, at.version)
    }
  }

  #fileNode(file: number): number {
    return file + 1
  }

  #functionNode(index: number): number {
    return this.#files + index + 1
  }
}

/** mulberry32: the same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
