import { join } from 'node:path'
import type { IndexStatus, SearchSelfTest, SearchSettings } from '../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../shared/failure'
import type { Episode, StoredValue } from '../../../shared/graph'
import type { ContextSources } from '../context/background-promotion'
import { contextSourcesOf } from '../context/memory-sources'
import type { Journal } from '../journal/journal'
import type { Redactor } from '../journal/redaction'
import { createEpisodeStore, type EpisodeStore } from '../memory/episodes/episode-store'
import { openHistory } from '../memory/history/git-history'
import type { History } from '../memory/history/history'
import type { Memory } from '../memory/memory'
import type { Experience } from '../memory/memory-driver'
import { runSelfTest } from '../memory/retrieval/self-test'
import { createVectorIndex, type VectorIndex } from '../memory/retrieval/vectors/vector-index'
import { openForReading } from '../memory/store/memory-database'
import { createMemory } from '../memory/store/sqlite-memory'
import { createValueStore, type ValueStore } from '../memory/values/value-store'
import type { RunServices } from '../scheduler/run-engine'
import { CallUpgrade, type ServedWorkspace } from './call-upgrade'
import { saveSearchSettings } from '../workspace/user-settings'

/** What is only there for later questions begins when the first pass has been over for so long. */
const BEHIND_AFTER_MS = 1000

export interface WorkspaceMemoryOptions {
  readonly root: string
  readonly dataDir: string
  readonly appRoot: string
  readonly settingsPath: string
  readonly settings: SearchSettings
  readonly journal: Journal
  readonly redactor: Redactor
  /** Language servers to ask about calls that syntax leaves open; null: they are left open. */
  readonly servers: {
    /** The repository as it is now. Throws where nothing may run. */
    open(): Promise<ServedWorkspace>
    /** Whether somebody waits for what the machine does. */
    isBusy(): boolean
  } | null
  listFiles(): Promise<string[]>
  clock(): number
  log(line: string): void
}

/**
 * Everything that a workspace remembers: the index, and behind it the history of commits, vectors, what runs taught, and values that were kept.
 * Each lies in a database of its own, so that one that is damaged or made again costs the others nothing.
 */
export class WorkspaceMemory {
  readonly memory: Memory
  readonly #upgrade: CallUpgrade | null
  readonly #options: WorkspaceMemoryOptions
  readonly #indexPath: string
  readonly #history: History
  readonly #vectors: VectorIndex
  readonly #episodes: EpisodeStore
  readonly #values: ValueStore
  readonly #life = new AbortController()
  readonly #listeners = new Set<(status: IndexStatus) => void>()
  #settings: SearchSettings
  #behind: NodeJS.Timeout | null = null
  #hasBegun = false
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: WorkspaceMemoryOptions) {
    const { root, dataDir, journal, redactor } = options
    this.#options = options
    this.#settings = options.settings
    this.#indexPath = join(dataDir, 'memory.db')
    this.#history = openHistory({ root, databasePath: join(dataDir, 'history.db') })
    this.#vectors = createVectorIndex({
      indexPath: this.#indexPath,
      vectorsPath: join(dataDir, 'vectors.db'),
      applicationFolder: options.appRoot,
    })
    this.#episodes = createEpisodeStore({ path: join(dataDir, 'episodes.db'), journal })
    this.#values = createValueStore({ path: join(dataDir, 'values.db'), redact: (text) => redactor.redact(text) })
    const memory = createMemory({
      ...{ root, databasePath: this.#indexPath, listFiles: () => options.listFiles(), now: () => options.clock() },
      retrieval: { vectors: this.#vectors, history: this.#history, episodes: this.#episodes, weights: () => this.#settings.weights },
    })
    this.memory = memory
    const { servers, log } = options
    this.#upgrade = servers === null ? null : new CallUpgrade({ ...servers, index: memory, onProgress: () => this.#tell(), log })
    this.memory.onChange((status) => {
      this.#tell()
      if (status.state === 'idle') this.#later()
    })
    this.#vectors.onStatus(() => this.#tell())
  }

  /** The index with what goes on behind it. */
  get status(): IndexStatus {
    const { state, embedded, pending, problem } = this.#vectors.status
    const status = this.memory.status
    const isEmbedding = state === 'embedding' && pending > 0
    const problems = [problem, this.#history.status.problem, this.#values.problem].flatMap((reason) =>
      reason === null ? [] : [{ path: '', reason }],
    )
    return {
      ...status,
      background:
        status.background ??
        (isEmbedding ? { what: 'embeddings', done: embedded, of: embedded + pending } : (this.#upgrade?.progress ?? null)),
      problems: [...problems, ...status.problems].slice(0, 100),
    }
  }

  get settings(): SearchSettings {
    return this.#settings
  }

  get history(): History {
    return this.#history
  }

  onChange(listener: (status: IndexStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when the first pass of the index is done. */
  start(signal: AbortSignal): Promise<void> {
    return this.memory.start(signal)
  }

  /** What agents of a run (null: of none) keep and recall. */
  experience(runId: string | null): Experience {
    return {
      remember: (key, value) => {
        const replaced = this.#values.get(key) !== null
        if (value === '') this.#values.remove(key)
        else this.#values.set({ key, value, updatedAtMs: this.#options.clock(), by: 'agent', runId })
        return { replaced }
      },
      recall: (prefix) => this.#values.list(prefix),
      examples: (query, sign, limit) => this.episodes(query, sign, limit),
    }
  }

  /** What a branch is told of the files that it works on, beside its work. */
  contextSources({ point, readable, files }: Parameters<RunServices['contextSources']>[0]): ContextSources {
    const readFile = async (path: string) => {
      if (!readable(path)) return null
      try {
        const { text, version } = await files().read(path)
        return text === null ? null : { text, version }
      } catch (thrown) {
        if (thrown instanceof KeyframeError && thrown.code === 'files.not-found') return null
        throw thrown
      }
    }
    return contextSourcesOf({
      reader: () => this.memory.at(point(), readable),
      history: {
        log: (path, limit) => (readable(path) ? this.#history.log(path, limit) : []),
        authorsOf: (path) => (readable(path) ? this.#history.authorsOf(path) : []),
        coChanged: (path, limit) => this.#history.coChanged(path, limit).filter((other) => readable(other.path)),
      },
      readFile,
    })
  }

  values(prefix: string): StoredValue[] {
    return this.#values.list(prefix)
  }

  /** By a person; an empty text removes it. Throws `values.*`. */
  setValue(key: string, value: string): void {
    if (value === '') this.#values.remove(key)
    else this.#values.set({ key, value, updatedAtMs: this.#options.clock(), by: 'human', runId: null })
  }

  episodes(query: string, sign: 'positive' | 'negative' | 'any', limit: number): Episode[] {
    return this.#episodes.search(query, sign, limit)
  }

  /** Tries the provider first. Throws `embeddings.*` or `settings.broken`, and nothing is changed then. */
  async saveSettings(settings: SearchSettings, signal: AbortSignal): Promise<SearchSettings> {
    await this.#vectors.try(settings.embeddings, signal)
    saveSearchSettings(this.#options.settingsPath, settings)
    this.#settings = settings
    if (this.#hasBegun) await this.#vectors.configure(settings.embeddings, signal)
    return settings
  }

  /** How well the present settings do on the repository's own commits. Rejects when aborted. */
  async selfTest(commits: number, signal: AbortSignal): Promise<SearchSelfTest> {
    const { root, clock } = this.#options
    await this.#history.refresh(signal)
    const database = openForReading(this.#indexPath)
    const { knows, state } = this.#vectors.status
    const parts = {
      root,
      database,
      vectors: this.#vectors,
      history: this.#history,
      weights: () => this.#settings.weights,
      now: () => clock(),
    }
    try {
      return await runSelfTest({ ...parts, knows: state === 'off' ? null : knows }, commits, signal)
    } finally {
      database.close()
    }
  }

  async dispose(): Promise<void> {
    this.#life.abort()
    if (this.#behind !== null) clearTimeout(this.#behind)
    this.#listeners.clear()
    await this.#upgrade?.dispose()
    await this.#work
    await this.#vectors.dispose()
    await this.memory.dispose()
    this.#episodes.close()
    this.#history.dispose()
    this.#values.close()
  }

  #later(): void {
    if (this.#life.signal.aborted) return
    if (this.#hasBegun) {
      this.#vectors.changed()
      this.#upgrade?.whenSettled()
      return
    }
    this.#behind ??= setTimeout(() => {
      this.#work = this.#begin().catch((thrown: unknown) => {
        if (!this.#life.signal.aborted) this.#options.log(`behind the index: ${toFailure(thrown).message}`)
      })
    }, BEHIND_AFTER_MS).unref()
  }

  /** Commits, experience, vectors: each is asked for when it is there, and none is waited for. */
  async #begin(): Promise<void> {
    const { signal } = this.#life
    await this.#history.refresh(signal)
    await this.#episodes.refresh(signal)
    if (signal.aborted) return
    this.#hasBegun = true
    await this.#vectors.configure(this.#settings.embeddings, signal)
    this.#vectors.changed()
    this.#upgrade?.begin()
  }

  #tell(): void {
    const { status } = this
    for (const listener of this.#listeners) listener(status)
  }
}
