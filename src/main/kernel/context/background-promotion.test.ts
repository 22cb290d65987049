import { describe, expect, it } from 'vitest'
import type { GraphNode } from '../../../shared/graph'
import { contextSession, fileRead, hashOf, someWords } from '../testing/context-session'
import { BackgroundPromotion, type ContextSources } from './background-promotion'

function symbol(path: string, name: string): GraphNode {
  return {
    ...{ id: `${path}#${name}`, kind: 'function', name, path, startLine: 2, endLine: 9, nameLine: 2, nameColumn: 9 },
    ...{ exported: true, signature: `function ${name}()` },
  }
}

function recording(answers: Partial<ContextSources> = {}) {
  const asked: string[] = []
  const sources: ContextSources = {
    symbols: async (path) => {
      asked.push(path)
      return [symbol(path, 'total')]
    },
    neighbours: async (id) => ({
      nodes: [symbol('b.ts', 'bill')],
      edges: [{ from: 'b.ts#bill', to: id, kind: 'imports', confidence: 1, method: 'import', line: 1 }],
      truncated: false,
    }),
    history: async () => ({
      commits: [{ commit: 'c0ffee0c0ffee', atMs: Date.UTC(2026, 0, 2), author: 'Ann', subject: 'Add totals' }],
      authors: [{ name: 'Ann', commits: 12 }],
      together: [{ path: 'b.ts', commits: 3 }],
    }),
    instructions: async () => [],
    ...answers,
  }
  return { asked, sources }
}

const quiet = (): void => undefined

describe('promotion in the background', () => {
  it('asks about touched files beside the work and brings what it found into L2 with its source', async () => {
    const { sources, asked } = recording({
      instructions: async () => [{ path: 'src/AGENTS.md', text: 'mind the totals', version: hashOf('mind') }],
    })
    const promotion = new BackgroundPromotion(sources, quiet)
    promotion.touched(['src/a.ts'])
    expect(asked).toEqual([])
    await promotion.settled()
    const run = contextSession()
    run.send({ type: 'background', found: promotion.take() })
    expect(promotion.take()).toEqual([])
    expect(run.text('found:symbols:src/a.ts')).toBe('2-9 function function total()')
    expect(run.text('found:dependencies:src/a.ts')).toBe('imports by b.ts#bill (b.ts:2) function bill()')
    expect(run.text('found:git:src/a.ts')).toBe(
      'c0ffee0c0f 2026-01-02 Ann: Add totals\nCommits by: Ann (12)\nChanged together with: b.ts (3)',
    )
    expect(run.state.items['found:symbols:src/a.ts']).toMatchObject({
      tier: 'L2',
      kind: 'symbols',
      source: { by: 'kernel', path: 'src/a.ts' },
    })
    expect(run.state.items['instruction:src/AGENTS.md']).toMatchObject({ tier: 'L1', pinned: true, kind: 'instruction' })
  })

  it('asks about a file once until it changes, and drops the oldest questions under load', async () => {
    const { sources, asked } = recording()
    const promotion = new BackgroundPromotion(sources, quiet)
    promotion.touched(Array.from({ length: 40 }, (_, index) => `f${index}.ts`))
    await promotion.settled()
    expect(asked).toEqual(Array.from({ length: 12 }, (_, index) => `f${index + 28}.ts`))
    promotion.touched(['f39.ts'])
    await promotion.settled()
    promotion.changed(['f39.ts'])
    await promotion.settled()
    expect(asked.slice(12)).toEqual(['f39.ts'])
    expect(promotion.take().length).toBeLessThanOrEqual(32)
  })

  it('tells of a question that failed and gives what the others answered; a closed one gives nothing', async () => {
    const told: string[] = []
    const { sources } = recording({ history: async () => Promise.reject(new Error('no git here')) })
    const promotion = new BackgroundPromotion(sources, (line) => told.push(line))
    promotion.touched(['a.ts'])
    await promotion.settled()
    expect(told).toEqual(['nothing was found out about a.ts: no git here'])
    expect(promotion.take().map((found) => found.kind)).toEqual(['symbols', 'dependencies'])
    promotion.touched(['b.ts'])
    promotion.close()
    await promotion.settled()
    expect(promotion.take()).toEqual([])
  })
})

describe('what was found', () => {
  const found = (key: string, words = 100) => ({
    ...{ key, kind: 'symbols' as const, title: key, text: someWords(words), source: { path: key }, reason: 'index' },
  })
  const small = { totalTokens: 20_000, reserves: { system: 0, tools: 0, output: 0 }, l1Tokens: 800, l2Tokens: 6400 }

  it('pushes nothing out but older things that were found', () => {
    const run = contextSession(small)
    run.send({ type: 'background', found: [found('old')] })
    for (let index = 0; index < 11; index += 1) run.send({ type: 'note', id: 'n', title: 'n', text: `${index}`, by: 'agent' })
    for (let index = 0; index < 6; index += 1)
      run.send({ type: 'tool-outcome', frame: run.frame + 1, ...fileRead(`f${index}.ts`, someWords(480, `w${index}`)) })
    const files = Object.keys(run.state.items).filter((id) => id.startsWith('file:'))
    run.send({ type: 'background', found: [found('new'), ...Array.from({ length: 30 }, (_, index) => found(`more${index}`))] })
    expect(Object.keys(run.state.items).filter((id) => id.startsWith('file:'))).toEqual(files)
    expect(run.state.evicted.filter((entry) => entry.rule.startsWith('gives way')).map((entry) => entry.item.id)).toEqual(['found:old'])
  })

  it('leaves when its file has changed and is read again, and comes again with the new index', () => {
    const run = contextSession()
    run.send({ type: 'background', found: [found('a.ts')] })
    run.send({ type: 'files-changed', paths: ['a.ts'], frame: 2 })
    expect(run.state.items['found:a.ts']?.stale).toBe(true)
    run.send({ type: 'refresh', files: [{ path: 'a.ts', text: 'x', version: hashOf('x') }] })
    expect(run.state.items['found:a.ts']).toBeUndefined()
  })

  it('comes with a time to condense: files that are least needed become outlines while L2 is nearly full', () => {
    const run = contextSession(small)
    const source = (name: string) =>
      Array.from({ length: 68 }, (_, line) => `export function ${name}${line}() {\n  return ${line} + ${line}\n}`).join('\n')
    for (let index = 0; index < 6; index += 1)
      run.send({ type: 'tool-outcome', frame: run.frame + 1, ...fileRead(`f${index}.ts`, source(`f${index}`)) })
    const before = run.state
    run.send({ type: 'background', found: [] })
    const condensed = Object.values(run.state.items).filter(
      (item) => item.shortenedBy === 'outline' && before.items[item.id]?.whole === undefined,
    )
    expect(condensed.length).toBeGreaterThan(0)
    for (const item of condensed) {
      expect(item.reason).toContain('condensed while L2 is nearly full')
      expect(run.content.textOf(item.whole ?? item.content)).toBe(source(item.title.slice(0, 2)))
    }
    // Once there is room, nothing more happens.
    run.send({ type: 'background', found: [] })
    run.send({ type: 'background', found: [] })
    expect(run.send({ type: 'background', found: [] })).toEqual([])
  })

  it('a summary by a model takes the place of the text that it summarises, and of no other', () => {
    const run = contextSession()
    run.send({ type: 'note', id: 'n', title: 'n', text: someWords(400), by: 'agent' })
    const of = run.state.items['note:n']?.content ?? hashOf('')
    run.send({ type: 'summary', id: 'note:n', of, text: 'in short', by: 'a model' })
    expect(run.text('note:n')).toBe('in short')
    expect(run.state.items['note:n']).toMatchObject({ whole: of, shortenedBy: 'summary', reason: 'summarised by a model' })
    expect(run.send({ type: 'summary', id: 'note:n', of, text: 'late', by: 'a model' })).toEqual([])
    run.send({ type: 'edits', edits: [{ op: 'pin', id: 'note:n', pinned: true }], by: 'human' })
    const pinned = run.state.items['note:n']?.content ?? of
    expect(run.send({ type: 'summary', id: 'note:n', of: pinned, text: 'x', by: 'a model' })).toEqual([])
  })
})
