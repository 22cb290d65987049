import type Database from 'better-sqlite3'
import type { NodeKind } from '../../../../shared/graph'
import { type KnownFile, knownFile } from '../code/link-edges'
import { LIVE_LAYER, REPOSITORY_FILE } from './index-schema'
import { NO_FACTS, type PackedFacts, unpackFacts, unpackOutline } from './packed-facts'

/** Of packed facts; unpacked they take about twenty times as much. */
const HEAVIEST = 6 * 1024 * 1024

export interface SeenFile {
  readonly id: number
  readonly path: string
  readonly hash: string
  readonly shape: string
  readonly skipped: string | null
}

/** A branch's layer with the version of the live repository that it lies over; null for the live repository itself, as it is now. */
export interface LayerPlace {
  readonly layer: number
  readonly baseVersion: number | null
}

/** Facts by the number of their row, shared by all layers: most of a branch's files are the live ones. */
export class FactsCache {
  readonly #known = new Map<number, { readonly file: KnownFile | null; readonly weight: number }>()
  #weight = 0

  get(id: number): KnownFile | null | undefined {
    return this.#known.get(id)?.file
  }

  /** `weight` is the size of the packed facts. */
  keep(id: number, file: KnownFile | null, weight: number): void {
    this.#known.set(id, { file, weight })
    this.#weight += weight
    if (this.#weight <= HEAVIEST) return
    // The older half: what is asked for again soon is likely among the newer.
    for (const [old, entry] of this.#known) {
      if (this.#weight <= HEAVIEST / 2) break
      this.#known.delete(old)
      this.#weight -= entry.weight
    }
  }

  clear(): void {
    this.#known.clear()
    this.#weight = 0
  }
}

/** The files of one layer as it is now, with what it lies over. */
export class LayerFiles {
  readonly #place: LayerPlace
  readonly #cache: FactsCache
  readonly #sql: ReturnType<typeof statements>
  #ids: Map<string, number | null> | null = null

  constructor(database: Database.Database, place: LayerPlace, cache: FactsCache) {
    this.#place = place
    this.#cache = cache
    this.#sql = statements(database)
  }

  /** Null for a file that is not there. */
  seen(path: string): SeenFile | null {
    const { layer, baseVersion } = this.#place
    const own = this.#sql.own.get(layer, path)
    if (own !== undefined && own.content === 1) return own.gone === 1 ? null : own
    if (baseVersion === null) return null
    return this.#sql.below.get(LIVE_LAYER, path, baseVersion, baseVersion) ?? null
  }

  /** What other files can ask of it: without its uses and flows. */
  known(path: string): KnownFile | null {
    const id = this.#idOf(path)
    if (id === null) return null
    const cached = this.#cache.get(id)
    if (cached !== undefined) return cached
    const packed = this.#sql.outline.get(id) ?? null
    const file = packed === null ? null : knownFile(path, unpackOutline(packed))
    this.#cache.keep(id, file, packed?.length ?? 0)
    return file
  }

  /** With all that it says; nothing for a file that was not read. */
  linkable(path: string): KnownFile {
    const id = this.#idOf(path)
    const packed = id === null ? undefined : this.#sql.facts.get(id)
    return knownFile(path, packed === undefined ? NO_FACTS : unpackFacts(packed))
  }

  /** While nothing is stored: which row a path is seen in is looked up once. */
  settled(): void {
    this.#ids = new Map()
  }

  /** Something may be stored again. */
  unsettled(): void {
    this.#ids = null
  }

  #idOf(path: string): number | null {
    const known = this.#ids?.get(path)
    if (known !== undefined) return known
    const id = this.seen(path)?.id ?? null
    this.#ids?.set(path, id)
    return id
  }

  /** Paths of all files, those that were left out too. */
  paths(): string[] {
    const { layer, baseVersion } = this.#place
    const paths = new Set<string>()
    if (baseVersion !== null) for (const path of this.#sql.pathsBelow.iterate(LIVE_LAYER, baseVersion, baseVersion)) paths.add(path)
    for (const { path, gone } of this.#sql.pathsOwn.iterate(layer)) {
      if (gone === 1) paths.delete(path)
      else paths.add(path)
    }
    paths.delete(REPOSITORY_FILE)
    return [...paths]
  }

  /** Keys of what is declared under a name, in order. */
  named(name: string, kinds: readonly NodeKind[], limit: number): string[] {
    const { layer, baseVersion } = this.#place
    const wanted = new Set<string>(kinds)
    const keys = new Set<string>()
    for (const row of this.#sql.named.iterate(name.toLowerCase(), name)) {
      if (!wanted.has(row.kind) || keys.has(row.key)) continue
      if (row.layer === layer ? row.validTo !== null : !this.#seesBelow(row, baseVersion)) continue
      keys.add(row.key)
    }
    return [...keys].sort().slice(0, limit)
  }

  /** The text of a file, put together from its pieces. */
  text(path: string): string | null {
    const seen = this.seen(path)
    if (seen === null || seen.skipped !== null) return null
    const lines: string[] = []
    for (const chunk of this.#sql.pieces.iterate(seen.id)) {
      while (lines.length < chunk.startLine - 1) lines.push('')
      lines.push(...chunk.text.split('\n'))
    }
    return lines.join('\n')
  }

  #seesBelow(row: { layer: number; path: string; validFrom: number; validTo: number | null }, baseVersion: number | null): boolean {
    if (baseVersion === null || row.layer !== LIVE_LAYER) return false
    if (row.validFrom > baseVersion || (row.validTo !== null && row.validTo <= baseVersion)) return false
    return this.#sql.own.get(this.#place.layer, row.path)?.content !== 1
  }
}

function statements(db: Database.Database) {
  return {
    own: db.prepare<[number, string], SeenFile & { content: number; gone: number }>(
      'SELECT id, path, hash, shape, skipped, content, gone FROM files WHERE layer = ? AND path = ? AND valid_to IS NULL',
    ),
    below: db.prepare<[number, string, number, number], SeenFile>(
      `SELECT id, path, hash, shape, skipped FROM files WHERE layer = ? AND path = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)`,
    ),
    outline: db.prepare<[number], Uint8Array | null>('SELECT facts FROM files WHERE id = ?').pluck(),
    facts: db.prepare<[number], PackedFacts>('SELECT facts AS outline, body FROM files WHERE id = ? AND facts IS NOT NULL'),
    pathsOwn: db.prepare<[number], { path: string; gone: number }>('SELECT path, gone FROM files WHERE layer = ? AND valid_to IS NULL'),
    pathsBelow: db
      .prepare<[number, number, number], string>(
        'SELECT path FROM files WHERE layer = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)',
      )
      .pluck(),
    named: db.prepare<
      [string, string],
      { key: string; kind: string; layer: number; path: string; validFrom: number; validTo: number | null }
    >(
      `SELECT key, kind, layer, path, valid_from AS validFrom, valid_to AS validTo FROM entities JOIN nodes ON nodes.id = node_id
       WHERE name_lower = ? AND name = ? AND declared = 1`,
    ),
    pieces: db.prepare<[number], { startLine: number; text: string }>(
      `SELECT c.start_line AS startLine, c.text FROM files f JOIN chunks c ON c.file = f.node_id AND c.layer = f.layer
         AND c.valid_from <= f.valid_from AND coalesce(c.valid_to, 9e15) >= coalesce(f.valid_to, 9e15)
       WHERE f.id = ? ORDER BY c.start_line`,
    ),
  }
}
