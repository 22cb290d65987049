import { createHash } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import type { IndexStatus } from '../../../../shared/contract/methods'
import type { Parsers } from '../code/grammar'
import { generatedByName, GeneratedMarks, MARKED_GENERATED } from './generated-files'
import { IndexMeta } from './index-meta'
import { LIVE_LAYER, REPOSITORY_FILE } from './index-schema'
import { FactsCache } from './layer-files'
import { LayerLinker, needsOfFile } from './layer-linker'
import { type FileRow, LayerWriter, type Moved } from './layer-writer'
import { NodeIds } from './node-ids'
import { FilePreparer, isManifest, type PreparedFile, reasonOf, skippedFile, skippedUnread } from './prepare-file'

/** Files a transaction: enough to spare syncs, few enough that a stop is prompt. */
const BATCH = 200

export interface PassHooks {
  onProgress(done: number, of: number): void
  /** Asked between files; true ends the pass, what was stored stays. */
  stopped(): boolean
}

/** What the passes over the live repository and over branches share. */
export interface IndexParts {
  readonly root: string
  readonly database: Database.Database
  readonly preparer: FilePreparer
  readonly meta: IndexMeta
  readonly nodes: NodeIds
  readonly cache: FactsCache
  readonly live: LayerWriter
  readonly hooks: PassHooks
}

export function indexParts(root: string, database: Database.Database, parsers: Parsers, hooks: PassHooks): IndexParts {
  const nodes = new NodeIds(database)
  return {
    ...{ root, database, nodes, hooks, preparer: new FilePreparer(parsers), meta: new IndexMeta(database), cache: new FactsCache() },
    live: new LayerWriter(database, nodes, LIVE_LAYER),
  }
}

/** Brings an index in step with the files. Synchronous: it runs in the indexing thread, which has nothing else to do. */
export class IndexPass {
  readonly #parts: IndexParts
  #linker: LayerLinker | null = null
  #marks: GeneratedMarks | null = null
  readonly #hasLayers: Database.Statement<[], number>
  readonly #hasDependencies: Database.Statement<[], number>

  constructor(parts: IndexParts) {
    this.#parts = parts
    this.#hasLayers = parts.database.prepare<[], number>('SELECT 1 FROM layers LIMIT 1').pluck()
    this.#hasDependencies = parts.database.prepare<[], number>('SELECT 1 FROM dependencies LIMIT 1').pluck()
  }

  status(state: IndexStatus['state'] = 'idle'): IndexStatus {
    const { live, meta, database } = this.#parts
    return {
      ...{ state, version: meta.version, ...live.counts, filesDone: live.counts.files, problems: live.problems() },
      ...{ skipped: live.skipped(), languages: live.languages, sizeBytes: sizeOf(database.name), background: null },
    }
  }

  /** Every listed file that changed is indexed, every other file ended. True when anything changed. */
  reconcile(listed: readonly string[]): boolean {
    const present = new Set(listed)
    const known = this.#parts.live.files()
    const gone = [...known.values()].filter((row) => row.path !== REPOSITORY_FILE && !present.has(row.path))
    this.#marks = new GeneratedMarks(listed, (path) => this.#text(path))
    return this.#run(listed, gone, (path) => known.get(path))
  }

  /** Only these may have changed. */
  changed(paths: readonly string[]): boolean {
    if (this.#marks === null || paths.some((path) => path.endsWith('.gitattributes'))) {
      return this.reconcile([...this.#parts.live.files().keys()].filter((path) => path !== REPOSITORY_FILE))
    }
    return this.#run(paths, [], (path) => this.#parts.live.file(path))
  }

  /** What is marked as generated, as of the last pass. */
  marks(path: string): boolean {
    return this.#marks?.marks(path) ?? false
  }

  /** Stores what was found out about the repository as a whole. True when it is not what was known. */
  storeRepositoryFacts(prepared: PreparedFile): boolean {
    const { live, meta, database } = this.#parts
    const before = live.file(REPOSITORY_FILE)
    if (before?.hash === prepared.hash) return false
    const version = meta.version + 1
    database.transaction(() => {
      this.#moved(REPOSITORY_FILE, live.store(prepared, before, version), false, false)
    })()
    return this.#finish(version, true)
  }

  #run(paths: readonly string[], gone: FileRow[], known: (path: string) => FileRow | undefined): boolean {
    const { live, database, hooks, meta } = this.#parts
    const version = meta.version + 1
    let changed = false
    let done = 0
    for (let from = 0; from < paths.length && !hooks.stopped(); from += BATCH) {
      database.transaction(() => {
        for (const path of paths.slice(from, from + BATCH)) {
          if (hooks.stopped()) break
          done += 1
          const before = known(path)
          const file = this.#read(path, before)
          if (file === 'same') continue
          if (file === 'gone') {
            if (before !== undefined) gone.push(before)
            continue
          }
          changed = true
          const moved = live.store(file, before, version)
          this.#moved(path, moved, before?.shape !== file.shape, before === undefined)
        }
      })()
      if (changed) hooks.onProgress(done, paths.length)
    }
    if (gone.length > 0 && !hooks.stopped()) {
      changed = true
      database.transaction(() => {
        for (const row of gone) this.#moved(row.path, live.remove(row, version), true, true)
      })()
    }
    return this.#finish(version, changed)
  }

  /** Also links what an earlier pass left when it was stopped. */
  #finish(version: number, changed: boolean): boolean {
    const { meta, hooks, database } = this.#parts
    const linked = this.#link(version)
    if (hooks.stopped()) return changed || linked
    database.transaction(() => {
      if (changed || linked) meta.version = version
      if (meta.live < meta.version || meta.live === 0) meta.live = Math.max(1, meta.version)
      if (meta.version === 0) meta.version = 1
    })()
    return changed || linked
  }

  #moved(path: string, { names }: Moved, shape: boolean, came: boolean): void {
    const { live } = this.#parts
    const manifest = shape && isManifest(path)
    if (came || manifest) this.#linker = null
    // Nothing depends on anything while a new index is filled.
    if (this.#hasDependencies.get() === undefined) return
    const needs = [...names].map((name) => `name:${name}`)
    if (shape) needs.push(path)
    if (came) needs.push(...needsOfFile(path))
    for (const need of needs) for (const other of live.dependents(need)) live.markUnlinked(other)
    if (came) for (const other of live.withMissingImports()) live.markUnlinked(other)
    if (manifest) live.markAllUnlinked()
  }

  #link(version: number): boolean {
    const { live, hooks, root, database, cache } = this.#parts
    const paths = live.unlinked()
    const keep = this.#hasLayers.get() !== undefined
    for (let from = 0; from < paths.length && !hooks.stopped(); from += BATCH) {
      const linker = (this.#linker ??= new LayerLinker(root, database, { layer: LIVE_LAYER, baseVersion: null }, cache))
      database.transaction(() => {
        for (const path of paths.slice(from, from + BATCH)) {
          if (hooks.stopped()) break
          const { linked, needs } = linker.link(path)
          live.link(path, linked, needs, keep, version)
        }
      })()
    }
    return paths.length > 0
  }

  /** The bytes decide: a file whose time changed but not its content keeps its rows. */
  #read(path: string, before: FileRow | undefined): PreparedFile | 'same' | 'gone' {
    const { root, live, preparer } = this.#parts
    const file = join(root, path)
    try {
      const stat = lstatSync(file)
      if (!stat.isFile()) return before === undefined ? 'same' : 'gone'
      const { mtimeMs, size } = stat
      const marked = this.marks(path)
      const isMarkNew = before !== undefined && (before.skipped === MARKED_GENERATED) !== (marked && generatedByName(path) === null)
      if (before !== undefined && !isMarkNew && before.mtimeMs === mtimeMs && before.size === size) return 'same'
      const skipped = skippedUnread(path, size, marked)
      if (skipped !== null) {
        if (before?.skipped !== skipped) return skippedFile({ path, hash: '', mtimeMs, size }, skipped)
        live.touch(before, mtimeMs, size)
        return 'same'
      }
      const bytes = readFileSync(file)
      const hash = createHash('sha256').update(bytes).digest('hex')
      if (before?.hash === hash && !isMarkNew) {
        live.touch(before, mtimeMs, size)
        return 'same'
      }
      return preparer.prepare({ path, hash, mtimeMs, size }, bytes)
    } catch (thrown) {
      if (isMissing(thrown)) return before === undefined ? 'same' : 'gone'
      if (!(thrown instanceof Error) || !('code' in thrown)) throw thrown
      if (before?.skipped === 'unreadable') return 'same'
      return skippedFile({ path, hash: '', mtimeMs: 0, size: 0 }, 'unreadable', `not indexed: ${reasonOf(thrown)}`)
    }
  }

  #text(path: string): string | null {
    try {
      return readFileSync(join(this.#parts.root, path), 'utf8')
    } catch (thrown) {
      // Gone or unreadable in the meantime: it marks nothing.
      if (thrown instanceof Error && 'code' in thrown) return null
      throw thrown
    }
  }
}

function sizeOf(databasePath: string): number {
  return ['', '-wal'].reduce((sum, suffix) => sum + (lstatSync(databasePath + suffix, { throwIfNoEntry: false })?.size ?? 0), 0)
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && (thrown.code === 'ENOENT' || thrown.code === 'ENOTDIR')
}
