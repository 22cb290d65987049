import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RetrievalIndex } from '../../testing/retrieval-index'
import { openHistory } from '../history/git-history'
import type { History } from '../history/history'
import { DEFAULT_WEIGHTS } from './hybrid-search'
import { rankingFigures } from './ranking-figures'
import { runSelfTest } from './self-test'

describe('figures of a ranking', () => {
  it('are those of their definitions', () => {
    const answers = [
      { wanted: ['a'], found: ['a', 'b'] },
      { wanted: ['a', 'z'], found: ['x', 'y', 'a'] },
      { wanted: ['a'], found: [...'bcdefghijk', 'a'] },
    ]
    expect(rankingFigures(answers)).toEqual({
      mrr10: (1 + 1 / 3) / 3,
      recall10: (1 + 0.5) / 3,
      accuracy1: 1 / 3,
      accuracy5: 2 / 3,
      accuracy10: 2 / 3,
    })
    expect(rankingFigures([])).toMatchObject({ mrr10: 0, recall10: 0 })
  })
})

describe('the self-test', () => {
  let folder: string
  let index: RetrievalIndex
  let history: History
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], { cwd: join(folder, 'repo'), stdio: 'pipe' })
  const commit = (subject: string, files: Record<string, string>) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, 'repo', path)), { recursive: true })
      writeFileSync(join(folder, 'repo', path), text)
    }
    git('add', '-A')
    git('commit', '-qm', subject)
  }
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyframe-selftest-'))
    mkdirSync(join(folder, 'repo'))
    git('init', '-q')
    const filler = Object.fromEntries(Array.from({ length: 15 }, (_, at) => [`docs/${at}.md`, 'another matter']))
    commit('Begin with everything there is', { ...filler, 'src/pricing.ts': 'discount', 'src/cart.ts': 'items', 'src/tax.ts': 'rates' })
    commit('Round the discount of a whole order', { 'src/pricing.ts': 'export const roundDiscount = 1' })
    commit('Count the items of the cart once', { 'src/cart.ts': 'export const countItems = 1' })
    const paths = [...Object.keys(filler), 'src/pricing.ts', 'src/cart.ts', 'src/tax.ts']
    index = new RetrievalIndex(join(folder, 'memory.db'))
    index.put(paths.map((path) => ({ path, text: readFileSync(join(folder, 'repo', path), 'utf8') })))
    history = openHistory({ root: join(folder, 'repo'), databasePath: join(folder, 'history.db') })
    await history.refresh(new AbortController().signal)
  })
  afterEach(() => {
    history.dispose()
    index.database.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const run = (count: number, signal = new AbortController().signal) =>
    runSelfTest(
      {
        root: join(folder, 'repo'),
        ...{ database: index.database, vectors: null, history, knows: null },
        weights: () => DEFAULT_WEIGHTS,
        now: () => performance.now(),
      },
      count,
      signal,
    )

  it("asks with the subjects of the repository's own commits, and says what it cannot know", async () => {
    const result = await run(10)
    expect(result.commits).toBe(2)
    expect(result.skipped).toBe(1)
    expect(result.methods.find(({ name }) => name === 'hybrid')).toEqual({
      ...{ name: 'hybrid', mrr10: 1, recall10: 1, accuracy1: 1, accuracy5: 1, accuracy10: 1 },
    })
    expect(result.methods.find(({ name }) => name === 'text index (BM25)')).toMatchObject({ mrr10: 1 })
    expect(result.notes.join(' ')).toContain('The index is that of now')
    expect(result.notes).toContain('vectors: not started')
  })

  it('can be cancelled', async () => {
    const stop = new AbortController()
    const running = run(10, stop.signal)
    stop.abort()
    await expect(running).rejects.toMatchObject({ name: 'AbortError' })
  })
})
