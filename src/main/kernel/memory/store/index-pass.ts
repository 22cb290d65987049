import { lstatSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import type { IndexStatus } from '../../../../shared/contract/methods'
import type { Parsers } from '../code/grammar'
import type { AnsweredCall } from '../upgrade/open-calls'
import { CallAnswers } from './call-answers'
import { generatedByName, GeneratedMarks, MARKED_GENERATED } from './generated-files'
import { type HelperAnswer, HelperThread } from './helper-thread'
import { IndexMeta } from './index-meta'
import { LIVE_LAYER, REPOSITORY_FILE } from './index-schema'
import { FactsCache } from './layer-files'
import { type LinkedWithNeeds, LayerLinker, needsOfFile } from './layer-linker'
import { type FileRow, LayerWriter, type Moved } from './layer-writer'
import { NodeIds } from './node-ids'
import {
  FilePreparer,
  goneFile,
  isManifest,
  notRead,
  type PreparedFile,
  readAndPrepare,
  skippedFile,
  skippedUnread,
  type UnreadFile,
} from './prepare-file'

/** Files a transaction: enough to spare syncs, few enough that little is done again after a kill. */
const BATCH = 500
/** Files that make a second thread worth its start. */
const WORTH_HELP = 400

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
  readonly answers: CallAnswers
  readonly hooks: PassHooks
  /** Where a second thread begins; null for none. */
  readonly entry: string | null
  /** Ids of the languages whose grammars are loaded. */
  languages(): readonly string[]
}

export function indexParts(
  root: string,
  database: Database.Database,
  parsers: Parsers,
  hooks: PassHooks,
  second: Pick<IndexParts, 'entry' | 'languages'> = { entry: null, languages: () => [] },
): IndexParts {
  const nodes = new NodeIds(database)
  return {
    ...{ root, database, nodes, hooks, preparer: new FilePreparer(parsers), meta: new IndexMeta(database), cache: new FactsCache() },
    live: new LayerWriter(database, nodes, LIVE_LAYER),
    answers: new CallAnswers(database, nodes),
    ...second,
  }
}

/** Brings the live layer in step with the files. Synchronous: it runs in the indexing thread, which has nothing else to do. */
export class IndexPass {
  readonly #parts: IndexParts
  #linker: LayerLinker | null = null
  #marks: GeneratedMarks | null = null
  #helper: HelperThread | null = null
  readonly #hasLayers: Database.Statement<[], number>
  readonly #hasDependencies: Database.Statement<[], number>

  constructor(parts: IndexParts) {
    this.#parts = parts
    this.#hasLayers = parts.database.prepare<[], number>('SELECT 1 FROM layers LIMIT 1').pluck()
    this.#hasDependencies = parts.database.prepare<[], number>('SELECT 1 FROM dependencies LIMIT 1').pluck()
  }

  /** Ends the second thread, if there is one. */
  dispose(): void {
    this.#helper?.dispose()
    this.#helper = null
  }

  /** After a job that failed: what was rolled back gave numbers and counted rows. What was stored before it stays. */
  recover(): void {
    const { nodes, cache, live } = this.#parts
    this.dispose()
    this.#linker = null
    nodes.forget()
    cache.clear()
    live.recount()
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

  /** Keeps what a language server said of a file's open calls, unless the file has another content by now. True when any of it is an edge. */
  answered(path: string, hash: string, answers: readonly AnsweredCall[]): boolean {
    const { live, meta, database } = this.#parts
    if (live.file(path)?.hash !== hash) return false
    const { files } = this.#newestLinker()
    const linksAgain = database.transaction(() => {
      const says = this.#parts.answers.keep(path, hash, answers, (other) => files.known(other))
      return says && live.markUnlinked(path)
    })()
    return linksAgain && this.#finish(meta.version + 1, false)
  }

  /** What is marked as generated, as of the last pass. */
  marks(path: string): boolean {
    return this.#marks?.marks(path) ?? false
  }

  /** Stores what was found out about the repository as a whole, if it `says` anything. True when it is not what was known. */
  storeRepositoryFacts(says: boolean, prepared: PreparedFile): boolean {
    const { live, meta, database } = this.#parts
    const before = live.file(REPOSITORY_FILE)
    if (before === undefined ? !says : before.hash === prepared.hash) return false
    const version = meta.version + 1
    database.transaction(() => {
      this.#moved(REPOSITORY_FILE, live.store(prepared, before, version), false, false)
    })()
    return this.#finish(version, true)
  }

  #run(paths: readonly string[], gone: FileRow[], known: (path: string) => FileRow | undefined): boolean {
    const { live, database, hooks, meta, root, preparer } = this.#parts
    const version = meta.version + 1
    let changed = false
    let done = 0
    const store = (file: PreparedFile): void => {
      const before = known(file.path)
      if (file.isGone === true) {
        if (before !== undefined) gone.push(before)
      } else if (file.isSame === true) {
        if (before !== undefined) live.touch(before, file.mtimeMs, file.size)
      } else if (file.skipped !== 'unreadable' || before?.skipped !== 'unreadable') {
        changed = true
        const moved = live.store(file, before, version)
        this.#moved(file.path, moved, before?.shape !== file.shape, before === undefined)
      }
    }
    const unread: UnreadFile[] = []
    const batches = new Batches(database)
    batches.run(() => {
      for (const path of paths) {
        if (hooks.stopped()) break
        const found = this.#look(path, known(path))
        if (found === 'same') done += 1
        else if ('knownHash' in found) unread.push(found)
        else {
          done += 1
          store(found)
          batches.wrote()
        }
      }
    })
    const tell = (): void => {
      if (changed) hooks.onProgress(done, paths.length)
    }
    const helper = unread.length >= WORTH_HELP ? this.#help() : null
    batches.run(() => {
      const own = (from: number, to: number): void => {
        for (const file of unread.slice(from, to)) {
          if (hooks.stopped()) return
          take(readAndPrepare(root, file, preparer))
        }
      }
      const take = (file: PreparedFile): void => {
        store(file)
        done += 1
        if (batches.wrote()) tell()
      }
      if (helper === null) own(0, unread.length)
      else {
        const taken = (answer: HelperAnswer): void => {
          if (answer.type === 'prepared') for (const file of answer.files) take(file)
        }
        helper.share({ type: 'prepare', files: unread }, own, taken, () => hooks.stopped())
      }
    })
    tell()
    if (gone.length > 0 && !hooks.stopped()) {
      changed = true
      database.transaction(() => {
        for (const row of gone) this.#moved(row.path, live.remove(row, version), true, true)
      })()
    }
    return this.#finish(version, changed)
  }

  /** Null where a second thread would only be in the way of the first. */
  #help(): HelperThread | null {
    const { root, database, entry, languages } = this.#parts
    if (entry === null || availableParallelism() < 2) return null
    this.#helper ??= new HelperThread(entry, root, database.name, languages())
    return this.#helper
  }

  /** Also links what an earlier pass left when it was stopped. */
  #finish(version: number, changed: boolean): boolean {
    const { meta, hooks, database } = this.#parts
    const linked = this.#link(version)
    this.dispose()
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
    const { live, hooks, database, answers } = this.#parts
    const paths = live.unlinked()
    if (paths.length === 0) return false
    const keep = this.#hasLayers.get() !== undefined
    const linker = this.#newestLinker()
    const helper = paths.length >= WORTH_HELP ? this.#help() : null
    const batches = new Batches(database)
    linker.files.settled()
    try {
      batches.run(() => {
        const take = (path: string, { linked, needs }: LinkedWithNeeds): void => {
          const hash = linked.unresolved.length === 0 ? '' : (live.file(path)?.hash ?? '')
          const merged = answers.merged(path, hash, linked, (other) => linker.files.known(other))
          live.link(path, merged, needs, keep, version)
          batches.wrote()
        }
        const own = (from: number, to: number): void => {
          for (const path of paths.slice(from, to)) if (!hooks.stopped()) take(path, linker.link(path))
        }
        if (helper === null) own(0, paths.length)
        else {
          const taken = (answer: HelperAnswer): void => {
            if (answer.type === 'linked') for (const file of answer.files) take(file.path, file)
          }
          helper.share({ type: 'link', paths }, own, taken, () => hooks.stopped())
        }
      })
    } finally {
      linker.files.unsettled()
    }
    return true
  }

  #newestLinker(): LayerLinker {
    const { root, database, cache } = this.#parts
    this.#linker ??= new LayerLinker(root, database, { layer: LIVE_LAYER, baseVersion: null }, cache)
    return this.#linker
  }

  /** The bytes decide: a file whose time changed but not its content keeps its rows. */
  #look(path: string, before: FileRow | undefined): PreparedFile | UnreadFile | 'same' {
    const { root, live } = this.#parts
    try {
      const stat = lstatSync(join(root, path))
      if (!stat.isFile()) return before === undefined ? 'same' : goneFile(path)
      const { mtimeMs, size } = stat
      const marked = this.marks(path)
      const isMarkNew = before !== undefined && (before.skipped === MARKED_GENERATED) !== (marked && generatedByName(path) === null)
      if (before !== undefined && !isMarkNew && before.mtimeMs === mtimeMs && before.size === size) return 'same'
      const skipped = skippedUnread(path, size, marked)
      if (skipped === null) return { path, mtimeMs, size, knownHash: before === undefined || isMarkNew ? null : before.hash }
      if (before?.skipped !== skipped) return skippedFile({ path, hash: '', mtimeMs, size }, skipped)
      live.touch(before, mtimeMs, size)
      return 'same'
    } catch (thrown) {
      const file = notRead(path, thrown)
      return file.isGone === true && before === undefined ? 'same' : file
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

/** One transaction after the other while a list is worked off. */
class Batches {
  readonly #database: Database.Database
  #count = 0

  constructor(database: Database.Database) {
    this.#database = database
  }

  /** What was written when it throws is undone back to the last batch. */
  run(work: () => void): void {
    this.#database.exec('BEGIN')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (thrown) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK')
      throw thrown
    }
  }

  /** True when a batch was full and is durable now. */
  wrote(): boolean {
    this.#count += 1
    if (this.#count % BATCH !== 0) return false
    this.#database.exec('COMMIT')
    this.#database.exec('BEGIN')
    return true
  }
}

function sizeOf(databasePath: string): number {
  return ['', '-wal'].reduce((sum, suffix) => sum + (lstatSync(databasePath + suffix, { throwIfNoEntry: false })?.size ?? 0), 0)
}
