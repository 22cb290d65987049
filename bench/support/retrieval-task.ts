import { execFileSync } from 'node:child_process'
import { basename, join } from 'node:path'
import Database from 'better-sqlite3'
import { openHistory } from '../../src/main/kernel/memory/history/git-history'
import type { History } from '../../src/main/kernel/memory/history/history'
import type { RankedAnswer } from '../../src/main/kernel/memory/retrieval/ranking-figures'
import { createVectorIndex, type VectorIndex } from '../../src/main/kernel/memory/retrieval/vectors/vector-index'
import { createMemory } from '../../src/main/kernel/memory/store/sqlite-memory'
import { listFiles } from '../../src/main/kernel/workspace/list-files'
import { freshFolder } from './bench-folder'

/** What a method has to answer with: the repository as it was before the commit, and nothing of what came after. */
export interface RepositoryBefore {
  readonly root: string
  readonly database: Database.Database
  readonly vectors: VectorIndex
  readonly history: History
  /** The commit that is asked for: it and all that came later is unknown. */
  readonly commit: string
}

export interface Method {
  readonly name: string
  /** Files, best first, each once. */
  find(query: string, at: RepositoryBefore): Promise<readonly string[]>
}

export interface TaskResult {
  readonly repository: string
  readonly commits: number
  readonly skipped: number
  readonly files: number
  readonly answers: ReadonlyMap<string, RankedAnswer[]>
}

const INDEXED_MS = 120_000

/**
 * Subject line of a commit to the files that it changed, for the last `count` telling commits of a repository. The files are those of the parent
 * commit, checked out and indexed anew for each (only what differs is read again); what a commit adds cannot be found there and is not asked for.
 */
export async function commitTask(repository: string, count: number, methods: readonly Method[]): Promise<TaskResult> {
  const folder = freshFolder(`retrieval-${basename(repository)}`)
  const root = join(folder, 'work')
  git(folder, ['clone', '--quiet', '--no-checkout', repository, root])
  const history = openHistory({ root, databasePath: join(folder, 'history.db') })
  const never = new AbortController().signal
  await history.refresh(never)
  // Oldest first: neighbours in time differ least.
  const commits = history.commitsForSelfTest(count).toReversed()
  const answers = new Map<string, RankedAnswer[]>(methods.map(({ name }) => [name, []]))
  let skipped = 0
  let files = 0
  const databasePath = join(folder, 'memory.db')
  const vectors = createVectorIndex({ vectorsPath: join(folder, 'vectors.db'), indexPath: databasePath, applicationFolder: process.cwd() })
  const memory = createMemory({
    root,
    databasePath,
    listFiles: async () => (await listFiles(root)).files.flatMap((file) => (file.type === 'file' ? [file.path] : [])),
    now: () => performance.now(),
  })
  let database: Database.Database | null = null
  for (const { commit, parent, subject } of commits) {
    if (!checkedOut(root, parent)) {
      skipped += 1
      continue
    }
    await memory.refresh()
    files = memory.status.files
    if (database === null) {
      await vectors.configure({ provider: 'built-in' })
      database = new Database(databasePath, { readonly: true })
    } else vectors.changed()
    await embedded(vectors, database)
    const known = database
      .prepare<[string], number>('SELECT 1 FROM chunks WHERE path = ? AND layer = 0 AND valid_to IS NULL LIMIT 1')
      .pluck()
    const wanted = changedFiles(root, parent, commit).filter((path) => known.get(path) !== undefined)
    if (wanted.length === 0) {
      skipped += 1
      continue
    }
    const at: RepositoryBefore = { root, database, vectors, history, commit }
    for (const { name, find } of methods) answers.get(name)?.push({ wanted, found: await find(subject, at) })
  }
  database?.close()
  await vectors.dispose()
  await memory.dispose()
  history.dispose()
  return { repository: basename(repository), commits: commits.length - skipped, skipped, files, answers }
}

/** False where the copy of the repository lacks something of the commit. */
function checkedOut(root: string, commit: string): boolean {
  try {
    git(root, ['checkout', '--quiet', '--force', '--detach', commit])
    return true
  } catch (thrown) {
    if (thrown instanceof Error && 'status' in thrown) return false
    throw thrown
  }
}

/** Under their names in the parent. */
function changedFiles(root: string, parent: string, commit: string): string[] {
  const lines = git(root, ['diff-tree', '-r', '-M', '--name-status', '--diff-filter=MRD', '-z', parent, commit]).split('\0')
  const paths: string[] = []
  for (let at = 0; at + 1 < lines.length;) {
    paths.push(lines[at + 1] ?? '')
    at += lines[at]?.startsWith('R') === true ? 3 : 2
  }
  return paths
}

/** The thread is told of a change and tells when it is done; whether all is done is what the index says. */
async function embedded(vectors: VectorIndex, index: Database.Database): Promise<void> {
  const live = index.prepare<[], number>('SELECT count(DISTINCT hash) FROM chunks WHERE valid_to IS NULL').pluck()
  const missing = async () => {
    const { problem } = await vectors.nearest('x', 1, new AbortController().signal)
    return vectors.status.state !== 'ready' || problem !== null || vectors.status.embedded < (live.get() ?? 0)
  }
  const until = performance.now() + INDEXED_MS
  while (await missing()) {
    if (performance.now() > until) throw new Error(`the vectors were not ready in time: ${JSON.stringify(vectors.status)}`)
    await new Promise((resume) => setTimeout(resume, 2))
  }
}

function git(cwd: string, args: readonly string[]): string {
  return execFileSync('git', ['-c', 'core.hooksPath=/dev/null', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 256 * 1024 * 1024,
  })
}

/** Hits to files, each where it stands first. */
export function filesOf(hits: readonly { readonly path: string }[]): string[] {
  return [...new Set(hits.map(({ path }) => path))]
}
