import type Database from 'better-sqlite3'
import type { SearchSelfTest, SearchSettings } from '../../../../shared/contract/methods'
import type { History, SelfTestCommit } from '../history/history'
import { createHybridSearch, type VectorSearch } from './hybrid-search'
import { type RankedAnswer, rankingFigures } from './ranking-figures'
import { ripgrepWords } from './ripgrep-words'
import { TextSearch } from './text-search'

export interface SelfTestParts {
  /** The live repository. */
  readonly root: string
  /** Its index, open for reading. */
  readonly database: Database.Database
  readonly vectors: VectorSearch | null
  readonly history: Pick<History, 'files' | 'commitsForSelfTest' | 'status'>
  /** What the embeddings know; null without any. */
  readonly knows: 'spelling' | 'meaning' | null
  weights(): SearchSettings['weights']
  now(): number
}

const HITS = 100
const FILES = 10
const TEST_NOTES = [
  'The index is that of now, not of the parent of each commit: what a commit added is already there to be found, which is easier for every method alike.',
  'The history list knows, for each commit, only what was committed before it.',
  'Files that were deleted or renamed away since are not asked for.',
]
const SPELLING = 'The embeddings are the built-in ones, which know spelling and not meaning.'
const NO_RIPGREP = 'ripgrep is not installed, so there is no comparison with a search for words.'

/**
 * How well the present settings find what commits of this repository changed, when asked with their subject lines, beside a search for the words
 * and the text index alone. Newest first; some tens of milliseconds a commit, most of it outside of this thread. Rejects when aborted.
 */
export async function runSelfTest(parts: SelfTestParts, commits: number, signal: AbortSignal): Promise<SearchSelfTest> {
  const startedAt = parts.now()
  const asked = parts.history.commitsForSelfTest(commits)
  const indexed = parts.database.prepare<[string], number>(
    'SELECT 1 FROM nodes n JOIN chunks c ON c.file = n.id WHERE n.key = ? AND c.layer = 0 AND c.valid_to IS NULL LIMIT 1',
  )
  const wantedOf = (commit: SelfTestCommit) => commit.files.filter((path) => indexed.get(path) !== undefined)
  const usable = asked.map((commit) => ({ commit, wanted: wantedOf(commit) })).filter(({ wanted }) => wanted.length > 0)
  const text = new TextSearch(parts.database)
  const answers = { words: [] as RankedAnswer[], text: [] as RankedAnswer[], hybrid: [] as RankedAnswer[] }
  const problems = new Set<string>()
  let hasRipgrep = true
  for (const { commit, wanted } of usable) {
    signal.throwIfAborted()
    const words: string[] | null = hasRipgrep ? await ripgrepWords(commit.subject, parts.root, FILES, signal) : null
    hasRipgrep = words !== null
    if (words !== null) answers.words.push({ wanted, found: words })
    answers.text.push({ wanted, found: filesOf(text.search(commit.subject, HITS)) })
    const { hits, lists } = await hybridBefore(parts, commit).search(commit.subject, { limit: HITS, filters: {}, signal })
    for (const { list, problem } of lists) if (problem !== null && list !== 'episodes') problems.add(`${list}: ${problem}`)
    answers.hybrid.push({ wanted, found: filesOf(hits) })
  }
  const methods = [
    ...(hasRipgrep && usable.length > 0 ? [{ name: 'ripgrep words', ...rankingFigures(answers.words) }] : []),
    { name: 'text index (BM25)', ...rankingFigures(answers.text) },
    { name: 'hybrid', ...rankingFigures(answers.hybrid) },
  ]
  return {
    commits: usable.length,
    skipped: Math.max(0, Math.min(commits, parts.history.status.commits) - usable.length),
    methods,
    durationMs: parts.now() - startedAt,
    notes: [...TEST_NOTES, ...(hasRipgrep ? [] : [NO_RIPGREP]), ...(parts.knows === 'spelling' ? [SPELLING] : []), ...problems],
  }
}

function hybridBefore({ database, vectors, history, weights, now }: SelfTestParts, { commit }: SelfTestCommit) {
  const before = { files: (query: string, limit: number) => history.files(query, limit, commit) }
  return createHybridSearch({ database, vectors, history: before, episodes: null, weights, now })
}

/** Hits to files, each where it stands first. */
function filesOf(hits: readonly { readonly path: string }[]): string[] {
  return [...new Set(hits.map(({ path }) => path))].slice(0, FILES)
}
