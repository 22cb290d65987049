import type { GraphNode, GraphResult } from '../../../shared/graph'
import type { ContentHash } from '../../../shared/ids'
import type { FoundItem } from './found-items'
import { neighboursText } from './resolve-edits'

/** What the memory can tell about what a run works on, as of the branch's files. Each may answer with nothing. */
export interface ContextSources {
  /** The symbols that a file declares, in their order. */
  symbols(path: string): Promise<readonly GraphNode[]>
  /** What is one edge away from a file or one of its symbols: callers, imports, tests, documents, owners. */
  neighbours(id: string): Promise<GraphResult>
  /** The last commits that changed a file, newest first, by whom, and what changed with it. */
  history(path: string): Promise<FileHistory | null>
  /** Instruction files on the way from the root to a file's folder, the root's left out, nearest last. */
  instructions(path: string): Promise<readonly { readonly path: string; readonly text: string; readonly version: ContentHash }[]>
}

interface FileHistory {
  readonly commits: readonly { readonly commit: string; readonly atMs: number; readonly author: string; readonly subject: string }[]
  /** Who changed it most often first. */
  readonly authors: readonly { readonly name: string; readonly commits: number }[]
  /** Files that changed in the same commits. */
  readonly together: readonly { readonly path: string; readonly commits: number }[]
}

/** Files that wait to be looked up: the oldest are dropped beyond it, since newer ones are what the run works on. */
const MOST_WAITING = 12
/** Answers that wait for the branch's next tick. */
const MOST_FOUND = 32
/** A file is asked about again after so many other ones. */
const REMEMBERED = 64
const MOST_COMMITS = 12

/**
 * Asks the memory about the files that a branch touches, one after another and beside its work, and keeps the answers until the branch takes
 * them at a tick. Under load the oldest questions and answers are dropped. A failed question is told to `log` and answers nothing.
 */
export class BackgroundPromotion {
  readonly #sources: ContextSources
  readonly #log: (line: string) => void
  readonly #waiting = new Set<string>()
  readonly #asked = new Set<string>()
  #found: FoundItem[] = []
  #working: Promise<void> | null = null
  #closed = false

  constructor(sources: ContextSources, log: (line: string) => void) {
    this.#sources = sources
    this.#log = log
  }

  /** Returns at once. */
  touched(paths: readonly string[]): void {
    for (const path of paths) {
      if (this.#closed || this.#asked.has(path)) continue
      this.#waiting.delete(path)
      this.#waiting.add(path)
      dropOldest(this.#waiting, MOST_WAITING)
    }
    if (this.#working === null && this.#waiting.size > 0) this.#working = this.#work()
  }

  /** Files whose content changed: what was found about them is asked for again. */
  changed(paths: readonly string[]): void {
    for (const path of paths) this.#asked.delete(path)
    this.touched(paths)
  }

  /** What was found since the last time. */
  take(): readonly FoundItem[] {
    const found = this.#found
    this.#found = []
    return found
  }

  /** Resolves when every question that waits was answered. */
  async settled(): Promise<void> {
    while (this.#working !== null) await this.#working
  }

  close(): void {
    this.#closed = true
    this.#waiting.clear()
    this.#found = []
  }

  async #work(): Promise<void> {
    // Never in the caller's turn: whoever touches a file does not wait for the first question.
    await new Promise((resume) => setImmediate(resume))
    for (let path = first(this.#waiting); path !== undefined; path = first(this.#waiting)) {
      this.#waiting.delete(path)
      this.#asked.add(path)
      dropOldest(this.#asked, REMEMBERED)
      const found = await this.#about(path)
      if (!this.#closed) this.#found = [...this.#found, ...found].slice(-MOST_FOUND)
    }
    this.#working = null
  }

  async #about(path: string): Promise<FoundItem[]> {
    const questions = [
      () => instructionItems(this.#sources, path),
      () => symbolItems(this.#sources, path),
      () => neighbourItems(this.#sources, path),
      () => historyItems(this.#sources, path),
    ]
    const found: FoundItem[] = []
    for (const question of questions) {
      try {
        found.push(...(await question()))
      } catch (thrown) {
        this.#log(`nothing was found out about ${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      }
    }
    return found
  }
}

async function instructionItems(sources: ContextSources, path: string): Promise<FoundItem[]> {
  const files = await sources.instructions(path)
  return files.toReversed().map((file) => ({
    ...{ key: file.path, kind: 'instruction', title: file.path, text: file.text, reason: `instructions of the folder of ${path}` },
    source: { path: file.path, version: file.version },
  }))
}

async function symbolItems(sources: ContextSources, path: string): Promise<FoundItem[]> {
  const symbols = await sources.symbols(path)
  if (symbols.length === 0) return []
  const text = symbols.map((node) => `${node.startLine}-${node.endLine} ${node.kind} ${node.signature === '' ? node.name : node.signature}`)
  return [
    {
      key: `symbols:${path}`,
      kind: 'symbols',
      title: `Symbols of ${path}`,
      text: text.join('\n'),
      source: { path },
      reason: `index of ${path}`,
    },
  ]
}

async function neighbourItems(sources: ContextSources, path: string): Promise<FoundItem[]> {
  const text = neighboursText(path, await sources.neighbours(path))
  if (text === '') return []
  return [
    { key: `dependencies:${path}`, kind: 'dependencies', title: `Next to ${path}`, text, source: { path }, reason: `graph around ${path}` },
  ]
}

async function historyItems(sources: ContextSources, path: string): Promise<FoundItem[]> {
  const history = await sources.history(path)
  if (history === null || history.commits.length === 0) return []
  const commits = history.commits
    .slice(0, MOST_COMMITS)
    .map(({ commit, atMs, author, subject }) => `${commit.slice(0, 10)} ${new Date(atMs).toISOString().slice(0, 10)} ${author}: ${subject}`)
  const authors = history.authors.slice(0, MOST_COMMITS).map(({ name, commits: count }) => `${name} (${count})`)
  const together = history.together.slice(0, MOST_COMMITS).map((other) => `${other.path} (${other.commits})`)
  const text = [
    ...commits,
    ...(authors.length === 0 ? [] : [`Commits by: ${authors.join(', ')}`]),
    ...(together.length === 0 ? [] : [`Changed together with: ${together.join(', ')}`]),
  ].join('\n')
  return [
    {
      ...{ key: `git:${path}`, kind: 'git', title: `History of ${path}`, text },
      ...{ source: { path }, reason: `recent commits of ${path}` },
    },
  ]
}

function first(set: ReadonlySet<string>): string | undefined {
  return set.values().next().value
}

function dropOldest(set: Set<string>, most: number): void {
  for (const oldest of set) {
    if (set.size <= most) return
    set.delete(oldest)
  }
}
