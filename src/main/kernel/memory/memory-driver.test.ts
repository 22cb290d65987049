import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../tools/sandboxes/sandbox'
import { type ToolName, ToolSchemas } from '../tools/schemas'
import type { Memory } from './memory'
import { createMemoryDriver, type Experience } from './memory-driver'
import { createMemory } from './store/sqlite-memory'

describe('the memory driver', () => {
  let folder = ''
  let memory: Memory
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyframe-memory-driver-'))
    await writeFile(join(folder, 'a.ts'), 'export function first() { second() }\nexport function second() {}\n')
    memory = createMemory({
      root: folder,
      databasePath: join(folder, '.index', 'memory.sqlite'),
      listFiles: () => Promise.resolve(['a.ts']),
      now: () => 0,
    })
    await memory.refresh()
  }, 60_000)
  afterAll(async () => {
    await memory.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  const kept = new Map<string, string>()
  const experience: Experience = {
    remember: (key, value) => {
      const replaced = kept.has(key)
      kept.set(key, value)
      return { replaced }
    },
    recall: (prefix) =>
      [...kept].flatMap(([key, value]) =>
        key.startsWith(prefix) ? [{ key, value, updatedAtMs: 0, by: 'agent' as const, runId: 'r1' }] : [],
      ),
    examples: () => [],
  }
  const driver = (readable: (path: string) => boolean = () => true) =>
    createMemoryDriver({ memory, experience, point: () => null, readable })

  /** Its tools ask the index only: a sandbox that is touched is a fault. */
  const sandbox = new Proxy<Partial<Sandbox>>(
    {},
    {
      get: (_, name) => {
        throw new Error(`touched ${String(name)}`)
      },
    },
  ) as Sandbox
  async function call(name: ToolName, args: unknown) {
    const tool = driver().tools.find((entry) => entry.name === name)
    if (tool === undefined) throw new Error(name)
    expect(tool.effect).toBe(name === 'memory.remember' ? 'idempotent' : 'pure')
    const done = await tool.execute(tool.input.parse(args), { sandbox, signal: new AbortController().signal, onOutput: () => undefined })
    return { text: done.text, output: ToolSchemas[name].output.parse(done.output) }
  }

  it('finds symbols', async () => {
    expect((await call('memory.find', { query: 'second', limit: 1 })).text).toBe('a.ts#second (function, a.ts:2) function second()')
    expect(await call('memory.find', { query: 'zzzzzz', limit: 1 })).toEqual({
      text: 'Nothing is named like "zzzzzz".',
      output: { nodes: [] },
    })
  })

  it('traces a way, says when there is none, and refuses names that it does not know', async () => {
    expect((await call('memory.path', { from: 'first', to: 'a.ts#second', maxHops: 3 })).text).toBe(
      'a.ts#first -calls-> a.ts#second (line 1, same file)',
    )
    expect((await call('memory.path', { from: 'second', to: 'first', maxHops: 3 })).text).toBe(
      'No way from second to first within 3 steps.',
    )
    await expect(call('memory.path', { from: 'zzzzzz', to: 'first', maxHops: 3 })).rejects.toMatchObject({ code: 'memory.no-such-symbol' })
  })

  it('searches text', async () => {
    expect((await call('memory.search', { query: 'second()', limit: 1 })).text).toMatch(/^a\.ts:[12]: /)
  })

  it('answers Cypher and questions in words', async () => {
    const cypher = 'MATCH (a:Function)-[:CALLS]->(b) RETURN a.name, b'
    expect((await call('memory.query', { cypher })).text).toBe('a.name | b\nfirst | a.ts#second')
    await expect(call('memory.query', { cypher: 'MATCH (a' })).rejects.toMatchObject({ code: 'cypher.syntax' })
    expect((await call('memory.retrieve', { query: 'second', limit: 3 })).text).toMatch(/^a\.ts:[12] /)
    expect((await call('memory.flow', { name: 'nothing' })).text).toBe('No way of nothing was found.')
  })

  it('keeps values and gives them back', async () => {
    expect((await call('memory.remember', { key: 'a/b', value: 'c' })).output).toEqual({ key: 'a/b', replaced: false })
    expect((await call('memory.recall', { prefix: 'a/' })).text).toBe('a/b: c')
    expect((await call('memory.recall', { prefix: 'x' })).text).toBe('Nothing is kept under "x".')
    expect((await call('memory.examples', { query: 'x' })).text).toBe('Nothing like it happened before.')
  })

  it('says nothing of what the role may not read', async () => {
    const blind = driver(() => false).tools
    const ask = async (name: ToolName, args: unknown) => {
      const tool = blind.find((entry) => entry.name === name)
      if (tool === undefined) throw new Error(name)
      return tool.execute(tool.input.parse(args), { sandbox, signal: new AbortController().signal, onOutput: () => undefined })
    }
    expect((await ask('memory.find', { query: 'second', limit: 9 })).output).toEqual({ nodes: [] })
    expect((await ask('memory.search', { query: 'second', limit: 9 })).output).toEqual({ hits: [] })
    expect((await ask('memory.query', { cypher: 'MATCH (a) RETURN count(a) AS n' })).text).toBe('n\n0')
    expect((await ask('memory.retrieve', { query: 'second', limit: 9 })).text).toMatch(/^Nothing matches "second"\./)
  })

  it('waits for the first pass of an index that is being made', async () => {
    const databasePath = join(folder, '.second', 'memory.sqlite')
    const fresh = createMemory({ root: folder, databasePath, listFiles: () => Promise.resolve(['a.ts']), now: () => 0 })
    const tools = createMemoryDriver({ memory: fresh, experience, point: () => null, readable: () => true }).tools
    const find = tools.find((entry) => entry.name === 'memory.find')
    const found = find?.execute({ query: 'second', limit: 1 }, { sandbox, signal: new AbortController().signal, onOutput: () => undefined })
    await fresh.refresh()
    expect((await found)?.text).toBe('a.ts#second (function, a.ts:2) function second()')
    await fresh.dispose()
  })

  it('keeps nothing', async () => {
    expect(await driver().capture()).toBeNull()
    expect(await driver().restore(null, sandbox)).toEqual({ notRestored: [] })
  })
})
