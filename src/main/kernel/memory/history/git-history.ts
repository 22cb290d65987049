import type Database from 'better-sqlite3'
import { KeyframeError } from '../../../../shared/failure'
import { findRepository } from '../../tools/drivers/git/find-repository'
import { RepositoryView } from '../../tools/drivers/git/repository-view'
import { Slices } from '../../workspace/slices'
import type { CoChange, CommitEntry, CommitHit, History, HistoryFileHit, HistoryStatus, PathAuthor, SelfTestCommit } from './history'
import { openHistoryDatabase } from './history-database'
import { HistoryQuestions } from './history-questions'
import { HistoryWriter } from './history-writer'
import { listCommits, readCommits, shallowEnds } from './read-history'

/** Commits that are kept: the newest. */
const COMMITS_KEPT = 20_000
/** What git is asked for at once: a few hundred milliseconds of its work. */
const COMMITS_AT_ONCE = 500
/** One transaction: a few milliseconds on the thread that answers questions. */
const COMMITS_WRITTEN_AT_ONCE = 25

export interface HistoryOptions {
  /** Of the work tree. */
  readonly root: string
  /** A file of Keyframe's own; made with its folders when it is not there. */
  readonly databasePath: string
  readonly commitsKept?: number
}

/**
 * Opens the history of a workspace; reads nothing yet. git is run on a view of the repository that has none of its configuration (see
 * `RepositoryView`): for 10,000 commits that takes about a second, where reading the objects in this process took fifty milliseconds a commit.
 */
export function openHistory(options: HistoryOptions): History {
  return new GitHistory(options)
}

class GitHistory implements History {
  readonly #root: string
  readonly #commitsKept: number
  readonly #database: Database.Database
  readonly #writer: HistoryWriter
  readonly #questions: HistoryQuestions
  #view: { readonly of: string; readonly view: RepositoryView } | null = null
  #problem: string | null = null
  #running: Promise<HistoryStatus> | null = null
  #disposed = false

  constructor(options: HistoryOptions) {
    this.#root = options.root
    this.#commitsKept = options.commitsKept ?? COMMITS_KEPT
    this.#database = openHistoryDatabase(options.databasePath)
    this.#writer = new HistoryWriter(this.#database)
    this.#questions = new HistoryQuestions(this.#database)
  }

  get status(): HistoryStatus {
    return { head: this.#writer.meta('head'), commits: this.#writer.count(), problem: this.#problem }
  }

  refresh(signal: AbortSignal): Promise<HistoryStatus> {
    this.#running ??= this.#refresh(signal).finally(() => {
      this.#running = null
      if (this.#disposed) this.#close()
    })
    return this.#running
  }

  files(query: string, limit: number, before?: string): readonly HistoryFileHit[] {
    return this.#questions.files(query, limit, before)
  }

  search(query: string, limit: number): readonly CommitHit[] {
    return this.#questions.search(query, limit)
  }

  log(path: string, limit: number): readonly CommitEntry[] {
    return this.#questions.log(path, limit)
  }

  coChanged(path: string, limit: number): readonly CoChange[] {
    return this.#questions.coChanged(path, limit)
  }

  authorsOf(path: string): readonly PathAuthor[] {
    return this.#questions.authorsOf(path)
  }

  commitsForSelfTest(count: number): readonly SelfTestCommit[] {
    return this.#questions.commitsForSelfTest(count)
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    // A pass that runs ends at its next rest, and closes then.
    if (this.#running === null) this.#close()
  }

  #close(): void {
    this.#closeView()
    this.#database.close()
  }

  #closeView(): void {
    this.#view?.view.dispose()
    this.#view = null
  }

  /** Another repository may lie there by now, or none. */
  #viewNow(): RepositoryView {
    const { gitDir, commonDir } = findRepository(this.#root)
    const of = `${gitDir}\0${commonDir}`
    if (this.#view?.of !== of) {
      this.#closeView()
      this.#view = { of, view: new RepositoryView(this.#root) }
    }
    return this.#view.view
  }

  async #refresh(signal: AbortSignal): Promise<HistoryStatus> {
    this.#throwIfEnded(signal)
    try {
      const view = this.#viewNow()
      const { commit } = await view.refresh()
      this.#problem = view.notices.join(' ') || null
      await this.#follow(view, commit, signal)
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError) || !thrown.code.startsWith('git.')) throw thrown
      this.#problem = thrown.message
      if (thrown.code !== 'git.no-repository') return this.status
      this.#closeView()
      await this.#forget(signal)
    }
    this.#throwIfEnded(signal)
    return this.status
  }

  async #follow(view: RepositoryView, head: string | null, signal: AbortSignal): Promise<void> {
    const ends = shallowEnds(view)
    const shallow = [...ends].join('\n')
    const shallowBefore = this.#writer.meta('shallow') ?? ''
    if (head === null) return this.#forget(signal)
    if (head === this.#writer.meta('head') && shallow === shallowBefore) return
    const oids = await listCommits(view, head, this.#commitsKept, signal)
    // What was the end of a shallow clone may have parents now, and files that it changed.
    const stale = new Set(shallow === shallowBefore ? [] : [...shallowBefore.split('\n'), ...ends])
    const reachable = new Set(oids)
    const known = this.#writer.known()
    const gone = [...known].filter((oid) => !reachable.has(oid) || stale.has(oid))
    await this.#inSlices(gone, signal, (part) => this.#writer.remove(part))
    for (const oid of gone) known.delete(oid)
    const missing = oids.filter((oid) => !known.has(oid))
    for (let at = 0; at < missing.length; at += COMMITS_AT_ONCE) {
      this.#throwIfEnded(signal)
      const commits = await readCommits(view, missing.slice(at, at + COMMITS_AT_ONCE), signal, (why) => {
        this.#problem ??= `Some commits could not be read. ${why}`
      })
      await this.#inSlices(commits, signal, (part) => this.#writer.add(part, ends))
    }
    const positions = oids.map((oid, index) => ({ oid, position: oids.length - index }))
    await this.#inSlices(positions, signal, (part) => this.#writer.place(part))
    this.#writer.setMeta({ head, shallow })
  }

  async #forget(signal: AbortSignal): Promise<void> {
    await this.#inSlices([...this.#writer.known()], signal, (part) => this.#writer.remove(part))
    this.#writer.setMeta({ head: null, shallow: null })
  }

  async #inSlices<Item>(items: readonly Item[], signal: AbortSignal, write: (part: readonly Item[]) => void): Promise<void> {
    const slices = new Slices(signal)
    for (let at = 0; at < items.length; at += COMMITS_WRITTEN_AT_ONCE) {
      if (slices.due()) await slices.rest()
      this.#throwIfEnded(signal)
      write(items.slice(at, at + COMMITS_WRITTEN_AT_ONCE))
      this.#questions.changed()
    }
  }

  #throwIfEnded(signal: AbortSignal): void {
    signal.throwIfAborted()
    if (this.#disposed) throw new KeyframeError({ code: 'cancelled', message: 'The history was closed.', retryable: true })
  }
}
