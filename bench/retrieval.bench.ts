import { cpSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import Database from 'better-sqlite3'
import { createHybridSearch, DEFAULT_WEIGHTS } from '../src/main/kernel/memory/retrieval/hybrid-search'
import { type RankedAnswer, rankingFigures } from '../src/main/kernel/memory/retrieval/ranking-figures'
import { ripgrepWords } from '../src/main/kernel/memory/retrieval/ripgrep-words'
import { TextSearch } from '../src/main/kernel/memory/retrieval/text-search'
import { createVectorIndex } from '../src/main/kernel/memory/retrieval/vectors/vector-index'
import { createMemory } from '../src/main/kernel/memory/store/sqlite-memory'
import { freshFolder } from './support/bench-folder'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { commitTask, filesOf, type Method } from './support/retrieval-task'
import { randomNumbers } from './support/words'

const COMMITS = 80
const CHUNKS = 50_000
const QUERIES = 300
const QUERY_GATE_MS = 30
const HITS = 100
const never = new AbortController().signal

const WORDS = 'ripgrep words'
const TEXT = 'BM25'
const HYBRID = 'hybrid'
const METHODS: readonly Method[] = [
  { name: WORDS, find: async (query, { root }) => (await ripgrepWords(query, root, HITS, never)) ?? [] },
  { name: TEXT, find: async (query, { database }) => filesOf(new TextSearch(database).search(query, HITS)) },
  {
    name: HYBRID,
    find: async (query, { database, vectors, history, commit }) => {
      const hybrid = createHybridSearch({
        ...{ database, vectors, episodes: null },
        history: { files: (asked, limit) => history.files(asked, limit, commit) },
        weights: () => DEFAULT_WEIGHTS,
        now: () => performance.now(),
      })
      return filesOf((await hybrid.search(query, { limit: HITS, filters: {} })).hits)
    },
  },
]

/**
 * How well search finds what commits of public repositories changed, asked with their subject lines on the files of the parent commit; and how long a
 * hybrid query takes among 50,000 pieces of text.
 */
export default async function retrieval(): Promise<Measurement[]> {
  const results: Measurement[] = []
  const answers = new Map<string, RankedAnswer[]>()
  for (const repository of repositories()) {
    const task = await commitTask(repository, scaled(COMMITS, 5), METHODS)
    for (const [name, ranked] of task.answers) answers.set(name, [...(answers.get(name) ?? []), ...ranked])
    results.push(
      ...rankingResults(`${task.repository} (${task.commits} commits, ${task.files} files, ${task.skipped} skipped)`, task.answers, false),
    )
  }
  if (answers.size > 0) results.push(...rankingResults('all of them', answers, true))
  results.push(...(await latency()))
  return results
}

/** Clones with their history, named by the environment; nothing in them is run. */
function repositories(): string[] {
  return (process.env['KEYFRAME_RETRIEVAL_REPOS'] ?? '').split(':').filter((path) => path !== '' && existsSync(path))
}

const FIGURES = [
  ['MRR@10', 'mrr10'],
  ['recall@10', 'recall10'],
  ['accuracy@1', 'accuracy1'],
  ['accuracy@5', 'accuracy5'],
  ['accuracy@10', 'accuracy10'],
] as const

function rankingResults(of: string, answers: ReadonlyMap<string, readonly RankedAnswer[]>, isGate: boolean): Measurement[] {
  const figures = new Map([...answers].map(([name, ranked]) => [name, rankingFigures(ranked)]))
  const rounded = (name: string, figure: (typeof FIGURES)[number][1]) => Math.round((figures.get(name)?.[figure] ?? 0) * 1000) / 1000
  return FIGURES.map(([label, figure]) => ({
    name: `${label}, ${of}`,
    unit: 'x',
    figure: 'mean',
    value: rounded(HYBRID, figure),
    gate: isGate && (figure === 'mrr10' || figure === 'recall10') ? { limit: rounded(TEXT, figure) + 0.001, is: 'at least' } : null,
    peers: [TEXT, WORDS].map((name) => ({ name, value: rounded(name, figure) })),
  }))
}

/** Real code and texts, with the words that code has: sources of the packages that the application itself is built with. */
async function latency(): Promise<Measurement[]> {
  const folder = freshFolder('retrieval-latency')
  const root = join(folder, 'work')
  const paths = copiedSources(root, scaled(12_000, 300))
  const databasePath = join(folder, 'memory.db')
  const memory = createMemory({ root, databasePath, listFiles: async () => paths, now: () => performance.now() })
  await memory.refresh()
  await memory.dispose()
  const database = new Database(databasePath)
  trimmed(database, scaled(CHUNKS))
  const chunks = database.prepare<[], number>('SELECT count(*) FROM chunks').pluck().get() ?? 0
  const vectors = createVectorIndex({ vectorsPath: join(folder, 'vectors.db'), indexPath: databasePath, applicationFolder: folder })
  const embedding = new Samples()
  await embedding.time(async () => {
    await vectors.configure({ provider: 'built-in' })
    while (vectors.status.state !== 'ready' || vectors.status.pending > 0 || (vectors.status.embedded === 0 && chunks > 0)) {
      await new Promise((resume) => setTimeout(resume, 20))
    }
  })
  const hybrid = createHybridSearch({
    ...{ database, vectors, history: null, episodes: null },
    weights: () => DEFAULT_WEIGHTS,
    now: () => performance.now(),
  })
  const text = new TextSearch(database)
  const [whole, words, near] = [new Samples(), new Samples(), new Samples()]
  const queries = someQueries(database, scaled(QUERIES, 10))
  for (const query of queries.slice(0, 20)) await hybrid.search(query, { limit: 20, filters: {} })
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  for (const query of queries) {
    await whole.time(() => hybrid.search(query, { limit: 20, filters: {} }))
    await near.time(() => vectors.nearest(query, 120, never))
    await new Promise((resume) => setImmediate(resume))
  }
  loop.disable()
  for (const query of queries) await words.time(() => text.search(query, 20))
  await vectors.dispose()
  database.close()
  return [
    durations(`hybrid query, ${chunks} pieces`, 'p95', whole, {
      gateMs: QUERY_GATE_MS,
      peers: [{ name: 'BM25 alone', samples: words }],
      note: 'names, first lines of comments and pairs of words that are in the index, in turn',
    }),
    durations('of it: nearest vectors, in a thread of their own, with the way there and back', 'p95', near),
    durations(`embedding ${vectors.status.embedded} pieces by spelling, behind everything else`, 'max', embedding),
    {
      name: "longest block of the kernel's event loop by hybrid queries",
      ...{ unit: 'ms', figure: 'max', value: loop.max / 1e6, gate: null, peers: [] },
    },
  ]
}

const SOURCE = /\.(?:m?[jt]sx?|py|go|rs|md)$/
const MOST_BYTES = 60_000

/** Files of installed packages, in the order of their names; at most `most`. */
function copiedSources(root: string, most: number): string[] {
  const from = join(process.cwd(), 'node_modules')
  const paths: string[] = []
  const walk = (folder: string) => {
    for (const entry of readdirSync(join(from, folder), { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (paths.length >= most) return
      const path = join(folder, entry.name)
      if (entry.isDirectory() && !entry.name.startsWith('.')) walk(path)
      else if (entry.isFile() && SOURCE.test(entry.name) && !entry.name.includes('.min.') && statSync(join(from, path)).size < MOST_BYTES) {
        const to = path.replaceAll('node_modules', 'modules').replace(/(^|\/)(?:dist|build|vendor)(?=\/)/g, '$1lib')
        mkdirSync(dirname(join(root, to)), { recursive: true })
        cpSync(join(from, path), join(root, to))
        paths.push(to)
      }
    }
  }
  walk('')
  return paths
}

/** So many pieces and no more. */
function trimmed(database: Database.Database, most: number): void {
  const over = database.prepare<[number], number>('SELECT id FROM chunks ORDER BY id LIMIT -1 OFFSET ?').pluck().all(most)
  const dropChunk = database.prepare('DELETE FROM chunks WHERE id = ?')
  const dropWords = database.prepare('DELETE FROM chunk_words WHERE rowid = ?')
  database.transaction(() => {
    for (const id of over) {
      dropChunk.run(id)
      dropWords.run(id)
    }
    // Of the files that are left: what is declared elsewhere belongs to pieces that are not there any more.
    const names = database.prepare<[], number>('SELECT id FROM entities WHERE file NOT IN (SELECT file FROM chunks)').pluck().all()
    const dropEntity = database.prepare('DELETE FROM entities WHERE id = ?')
    const dropTrigrams = database.prepare('DELETE FROM entity_trigrams WHERE rowid = ?')
    for (const id of names) {
      dropEntity.run(id)
      dropTrigrams.run(id)
    }
  })()
}

function someQueries(database: Database.Database, count: number): string[] {
  const random = randomNumbers(7)
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const names = database
    .prepare<[], string>(
      "SELECT DISTINCT name FROM entities WHERE kind IN ('function', 'class', 'method') AND length(name) > 3 ORDER BY name",
    )
    .pluck()
    .all()
  const docs = database
    .prepare<[], string>('SELECT DISTINCT doc FROM entities WHERE length(doc) BETWEEN 20 AND 200 ORDER BY doc')
    .pluck()
    .all()
  const words = database
    .prepare<[], string>("SELECT DISTINCT lower(name) FROM entities WHERE name GLOB '[a-z]*' AND length(name) BETWEEN 4 AND 8 ORDER BY 1")
    .pluck()
    .all()
  return Array.from({ length: count }, (_, at) => {
    if (at % 3 === 0) return pick(names) ?? 'parse'
    if (at % 3 === 1) return (pick(docs) ?? 'reads a file').split(/\s+/).slice(0, 12).join(' ')
    return `${pick(words) ?? 'read'} ${pick(words) ?? 'file'}`
  })
}
