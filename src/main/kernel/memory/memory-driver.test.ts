import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../tools/sandboxes/sandbox'
import { type ToolName, ToolSchemas } from '../tools/schemas'
import type { Memory } from './memory'
import { createMemoryDriver } from './memory-driver'
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
    const tool = createMemoryDriver(memory).tools.find((entry) => entry.name === name)
    if (tool === undefined) throw new Error(name)
    expect(tool.effect).toBe('pure')
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

  it('keeps nothing', async () => {
    const driver = createMemoryDriver(memory)
    expect(await driver.capture()).toBeNull()
    expect(await driver.restore(null, sandbox)).toEqual({ notRestored: [] })
  })
})
