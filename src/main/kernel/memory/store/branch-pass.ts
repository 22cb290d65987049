import type Database from 'better-sqlite3'
import type { LinkedFile } from '../code/link-edges'
import { BY_LANGUAGE_SERVER } from './call-answers'
import { LIVE_LAYER, REPOSITORY_FILE } from './index-schema'
import type { FinishedState, HashedPath, OpenedState } from './index-messages'
import type { IndexParts } from './index-pass'
import { LayerFiles, type LayerPlace } from './layer-files'
import { LayerLinker, needsOfFile } from './layer-linker'
import { type FileRow, LayerWriter } from './layer-writer'
import type { PackedFacts } from './packed-facts'
import { isManifest, type PreparedFile, preparedAgain, skippedFile, skippedUnread } from './prepare-file'

/** Files a transaction. */
const BATCH = 200

/**
 * Brings a branch's layer to a state of its files, a step at a time: `open`, the base's hashes when the layer is new, what changed, then the
 * content of what `plan` asks for, and `finish`, which gives the state its name. What was stored when it is broken off is corrected by the next
 * state: each begins with the rows that are there.
 */
export class BranchPass {
  readonly #parts: IndexParts
  readonly #marks: (path: string) => boolean
  readonly #name: string
  readonly #state: string
  readonly #sql: ReturnType<typeof statements>
  readonly #base = new Map<string, string>()
  readonly #changes = new Map<string, string | null>()
  readonly #version: number
  #place: LayerPlace | null = null
  #writer: LayerWriter | null = null
  #files: LayerFiles | null = null

  constructor(parts: IndexParts, marks: (path: string) => boolean, name: string, state: string) {
    this.#parts = parts
    this.#marks = marks
    this.#name = name
    this.#state = state
    this.#sql = statements(parts.database)
    this.#version = parts.meta.version + 1
  }

  open(): OpenedState {
    const found = this.#sql.layer.get(this.#name)
    if (found === undefined) return { layer: null, version: null, baseVersion: null }
    this.#use(found)
    return { ...found, version: this.#sql.state.get(found.layer, this.#state) ?? null }
  }

  addBase(entries: readonly HashedPath[]): void {
    for (const [path, hash] of entries) if (hash !== null) this.#base.set(path, hash)
  }

  addChanges(entries: readonly HashedPath[]): void {
    for (const [path, hash] of entries) this.#changes.set(path, hash)
  }

  /** Stores all that needs no content; gives the paths whose content is needed. */
  plan(): { path: string; hash: string }[] {
    const { database } = this.#parts
    if (this.#place === null) this.#use(database.transaction(() => this.#makeLayer())())
    const { writer, layer, baseVersion } = this.#opened()
    const target = new Map<string, string | null>(this.#sql.baseOf.all(layer).map(({ path, hash }) => [path, hash]))
    for (const [path, hash] of this.#changes) target.set(path, hash)
    const wanted: { path: string; hash: string }[] = []
    database.transaction(() => {
      for (const row of writer.files().values()) if (row.content === 1 && !this.#differs(row.path, target, baseVersion)) this.#revert(row)
      for (const [path, hash] of target) {
        if (!this.#differs(path, target, baseVersion)) continue
        const own = writer.file(path)
        if (own !== undefined && own.content === 1 && (hash === null ? own.gone === 1 : own.gone === 0 && own.hash === hash)) continue
        if (hash === null) this.#hide(path, own)
        else {
          const skipped = skippedUnread(path, 0, this.#marks(path))
          const known = skipped === null ? this.#again(path, hash) : skippedFile({ path, hash, mtimeMs: 0, size: 0 }, skipped)
          if (known === null) wanted.push({ path, hash })
          else this.#store(known, own)
        }
      }
    })()
    return wanted
  }

  /** `bytes` null: there is no such file, whatever was said before. */
  addContent(files: readonly { readonly path: string; readonly hash: string; readonly bytes: Uint8Array | null }[]): void {
    const { writer } = this.#opened()
    this.#parts.database.transaction(() => {
      for (const { path, hash, bytes } of files) {
        const own = writer.file(path)
        if (bytes === null) this.#hide(path, own)
        else {
          const content = { path, hash, mtimeMs: 0, size: bytes.length }
          const skipped = skippedUnread(path, bytes.length, this.#marks(path))
          this.#store(skipped === null ? this.#parts.preparer.prepare(content, bytes) : skippedFile(content, skipped), own)
        }
      }
    })()
  }

  finish(): Omit<FinishedState, 'status'> {
    const { writer, layer, baseVersion } = this.#opened()
    const { database, root, cache, meta } = this.#parts
    const paths = writer.unlinked()
    const linker = paths.length === 0 ? null : new LayerLinker(root, database, { layer, baseVersion }, cache)
    linker?.files.settled()
    for (let from = 0; from < paths.length; from += BATCH) {
      database.transaction(() => {
        for (const path of paths.slice(from, from + BATCH)) {
          const row = writer.file(path)
          if (row === undefined || linker === null) continue
          const { linked: bare, needs } = linker.link(path)
          const linked = row.content === 1 ? bare : this.#withAnswers(path, bare, linker)
          if (row.content === 1 || !writer.isAsBelow(path, linked, baseVersion)) writer.link(path, linked, needs, true, this.#version)
          else {
            writer.remove(row, this.#version)
            writer.depends(path, linked, needs)
          }
        }
      })()
    }
    database.transaction(() => {
      this.#sql.addState.run(layer, this.#state, this.#version)
      meta.version = Math.max(meta.version, this.#version)
    })()
    return { layer, version: this.#version, baseVersion }
  }

  /** What language servers said of the file below, as far as it was known at the branch's base, and what they named is there. */
  #withAnswers(path: string, linked: LinkedFile, linker: LayerLinker): LinkedFile {
    const { writer, baseVersion } = this.#opened()
    if (linked.unresolved.length === 0) return linked
    const hash = this.#sql.hashBelow.get(LIVE_LAYER, path, baseVersion, baseVersion) ?? ''
    const below = writer.callsBelow(path, BY_LANGUAGE_SERVER, baseVersion)
    const file = (other: string) => linker.files.known(other)
    return this.#parts.answers.merged(path, hash, linked, file, ({ from, to }) => below.has(`${from} ${to}`))
  }

  #use(place: { layer: number; baseVersion: number }): void {
    const { database, nodes, cache } = this.#parts
    this.#place = place
    this.#writer = new LayerWriter(database, nodes, place.layer)
    this.#files = new LayerFiles(database, place, cache)
  }

  #opened(): { writer: LayerWriter; files: LayerFiles; layer: number; baseVersion: number } {
    const [place, writer, files] = [this.#place, this.#writer, this.#files]
    if (place === null || place.baseVersion === null || writer === null || files === null) throw new Error('the layer is not open')
    return { writer, files, layer: place.layer, baseVersion: place.baseVersion }
  }

  #makeLayer(): { layer: number; baseVersion: number } {
    const baseVersion = this.#parts.meta.live
    const differing: HashedPath[] = []
    const layer = Number(this.#sql.addLayer.run(this.#name, baseVersion).lastInsertRowid)
    for (const { path, hash } of this.#sql.below.iterate(LIVE_LAYER, baseVersion, baseVersion)) {
      const base = this.#base.get(path)
      this.#base.delete(path)
      // Without a hash the live file was not read, and the base's would not be either.
      if (base === undefined ? path !== REPOSITORY_FILE : hash !== '' && hash !== base) differing.push([path, base ?? null])
    }
    for (const [path, hash] of this.#base) differing.push([path, hash])
    for (const [path, hash] of differing) this.#sql.addBase.run(layer, path, hash)
    return { layer, baseVersion }
  }

  #differs(path: string, target: ReadonlyMap<string, string | null>, baseVersion: number): boolean {
    const hash = target.get(path)
    if (hash === undefined) return false
    return (this.#sql.hashBelow.get(LIVE_LAYER, path, baseVersion, baseVersion) ?? null) !== hash
  }

  #again(path: string, hash: string): PreparedFile | null {
    const row = this.#sql.sameContent.get(path, hash)
    if (row === undefined) return null
    const { outline, body, ...about } = row
    return preparedAgain({ ...about, path, hash, mtimeMs: 0 }, { outline, body }, this.#sql.pieces.all(row.id))
  }

  #store(prepared: PreparedFile, own: FileRow | undefined): void {
    this.#changing(prepared.path, prepared.shape, (writer) => writer.store(prepared, own, this.#version))
  }

  #hide(path: string, own: FileRow | undefined): void {
    this.#changing(path, null, (writer) => {
      if (own !== undefined) writer.remove(own, this.#version)
      writer.hide(path, this.#version)
    })
  }

  /** What the layer below says holds again, but for the edges: they are made again. */
  #revert(own: FileRow): void {
    const { baseVersion } = this.#opened()
    const shape = this.#sql.shapeBelow.get(LIVE_LAYER, own.path, baseVersion, baseVersion) ?? null
    this.#changing(own.path, shape, (writer) => {
      writer.remove(own, this.#version)
      if (shape !== null) writer.relink(own.path, this.#version)
    })
  }

  /** Does it, and marks the files whose edges depend on what became another thing by it. `shape` is the new one, null for no file. */
  #changing(path: string, shape: string | null, act: (writer: LayerWriter) => void): void {
    const { writer, files } = this.#opened()
    const before = files.seen(path)
    const names = this.#declared(path)
    act(writer)
    const now = this.#declared(path)
    const moved = [...names, ...now].filter((entry) => !names.has(entry) || !now.has(entry))
    const needs = new Set(moved.map((entry) => `name:${entry.slice(entry.indexOf('\n') + 1)}`))
    if ((before?.shape ?? null) !== shape) {
      needs.add(path)
      if (isManifest(path)) for (const other of files.paths()) this.#mark(other)
    }
    if ((before === null) !== (shape === null)) {
      for (const need of needsOfFile(path)) needs.add(need)
      for (const other of [...this.#parts.live.withMissingImports(), ...writer.withMissingImports()]) this.#mark(other)
    }
    for (const need of needs) for (const other of [...this.#parts.live.dependents(need), ...writer.dependents(need)]) this.#mark(other)
  }

  #mark(path: string): void {
    const { writer, files } = this.#opened()
    if (writer.markUnlinked(path)) return
    const seen = files.seen(path)
    if (seen !== null && seen.skipped === null && writer.file(path) === undefined) writer.relink(path, this.#version)
  }

  /** Kind, then name, of all that is declared in a file as the layer sees it now. */
  #declared(path: string): Set<string> {
    const seen = this.#opened().files.seen(path)
    return seen === null ? new Set() : new Set(this.#sql.declared.all(seen.id))
  }
}

function statements(db: Database.Database) {
  return {
    layer: db.prepare<[string], { layer: number; baseVersion: number }>(
      'SELECT id AS layer, base_version AS baseVersion FROM layers WHERE name = ?',
    ),
    addLayer: db.prepare<[string, number]>('INSERT INTO layers (name, base_version) VALUES (?, ?)'),
    state: db.prepare<[number, string], number>('SELECT version FROM states WHERE layer = ? AND name = ?').pluck(),
    addState: db.prepare<[number, string, number]>('INSERT OR REPLACE INTO states (layer, name, version) VALUES (?, ?, ?)'),
    baseOf: db.prepare<[number], { path: string; hash: string | null }>('SELECT path, hash FROM layer_base WHERE layer = ?'),
    addBase: db.prepare<[number, string, string | null]>('INSERT INTO layer_base (layer, path, hash) VALUES (?, ?, ?)'),
    below: db.prepare<[number, number, number], { path: string; hash: string }>(
      'SELECT path, hash FROM files WHERE layer = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)',
    ),
    hashBelow: db
      .prepare<[number, string, number, number], string>(
        'SELECT hash FROM files WHERE layer = ? AND path = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)',
      )
      .pluck(),
    shapeBelow: db
      .prepare<[number, string, number, number], string>(
        'SELECT shape FROM files WHERE layer = ? AND path = ? AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)',
      )
      .pluck(),
    sameContent: db.prepare<
      [string, string],
      Pick<PreparedFile, 'size' | 'language' | 'shape' | 'skipped' | 'problem'> & PackedFacts & { id: number }
    >(
      `SELECT id, size, language, shape, skipped, problem, facts AS outline, body FROM files
       WHERE path = ? AND hash = ? AND content = 1 AND gone = 0 AND facts IS NOT NULL AND coalesce(valid_to, 9e15) > valid_from LIMIT 1`,
    ),
    pieces: db.prepare<
      [number],
      { symbol: string | null; kind: string | null; startLine: number; endLine: number; text: string; hash: Uint8Array }
    >(
      `SELECT c.symbol, c.kind, c.start_line AS startLine, c.end_line AS endLine, c.text, c.hash FROM files f
         JOIN chunks c ON c.file = f.node_id AND c.layer = f.layer
         AND c.valid_from <= f.valid_from AND coalesce(c.valid_to, 9e15) >= coalesce(f.valid_to, 9e15)
       WHERE f.id = ? ORDER BY c.start_line`,
    ),
    declared: db
      .prepare<[number], string>(
        `SELECT DISTINCT e.kind || char(10) || e.name FROM files f JOIN entities e ON e.file = f.node_id AND e.layer = f.layer AND e.declared = 1
           AND e.valid_from <= f.valid_from AND coalesce(e.valid_to, 9e15) >= coalesce(f.valid_to, 9e15) WHERE f.id = ?`,
      )
      .pluck(),
  }
}
