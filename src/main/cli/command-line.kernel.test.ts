import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommandLine } from './command-line'
import { createScriptedTerminal } from './testing/scripted-terminal'

let folder: string
let repo: string
let homeBefore: string | undefined

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-cli-'))
  homeBefore = process.env['KEYFRAME_HOME']
  process.env['KEYFRAME_HOME'] = join(folder, 'home')
  repo = join(folder, 'sample')
  expect(await runCommandLine(['sample', repo], createScriptedTerminal())).toBe(0)
})
afterAll(() => {
  if (homeBefore === undefined) delete process.env['KEYFRAME_HOME']
  else process.env['KEYFRAME_HOME'] = homeBefore
  rmSync(folder, { recursive: true, force: true })
})

async function json(...args: string[]): Promise<{ code: number; value: never }> {
  const terminal = createScriptedTerminal()
  const code = await runCommandLine([...args, '--repo', repo, '--json'], terminal)
  return { code, value: JSON.parse(terminal.outText()) as never }
}

describe('the command line on a real workspace', () => {
  let runId = ''

  it('makes the sample once only', async () => {
    const terminal = createScriptedTerminal()
    expect(await runCommandLine(['sample', repo], terminal)).toBe(1)
    expect(terminal.errText()).toContain('Name a folder that does not exist yet or is empty.')
  })

  it('runs an agent to its end and prints the result', async () => {
    const { code, value } = await json('run', '--agent', 'analyst', '--task', 'find references of applyDiscount', '--yes')
    const result: { runId: string; outcome: string; merged: string[]; frames: number; summary: string } = value
    expect([code, result.outcome, result.merged]).toEqual([0, 'completed', []])
    expect(result.summary).toContain('applyDiscount')
    runId = result.runId
  })

  it('lists, shows and replays what the run recorded', async () => {
    const runs: { runId: string; state: string }[] = (await json('runs')).value
    expect(runs.map((run) => [run.runId, run.state])).toEqual([[runId, 'completed']])
    const frames: { n: number; kind: string }[] = (await json('frames')).value
    expect([frames[0]?.kind, frames.at(-1)?.kind, frames.at(-1)?.n]).toEqual(['run.started', 'run.ended', frames.length])
    const context: { items: Record<string, { tier: string }> } = (await json('context', '--run', runId, '--frame', String(frames.length)))
      .value
    expect(context.items['task']?.tier).toBe('L1')
    const state: { files: { total: number; changed: unknown[] }; machine: { phase: string } } = (
      await json('state', '--run', runId, '--frame', String(frames.length))
    ).value
    expect([state.files.total > 50, state.files.changed, state.machine.phase]).toEqual([true, [], 'completed'])
    const replay = await json('replay', '--run', runId)
    expect(replay.code).toBe(0)
    expect(replay.value).toMatchObject({ ok: true, divergence: null })
  })

  it('asks the model of the codebase, now and as of a frame', async () => {
    const cypher = "MATCH (f:Function {name: 'applyDiscount'})<-[:CALLS]-(c) RETURN c.name AS caller ORDER BY caller"
    const now: { columns: string[]; rows: string[][] } = (await json('graph', cypher)).value
    expect(now).toMatchObject({ columns: ['caller'] })
    expect(now.rows.length).toBeGreaterThan(0)
    const then: typeof now = (await json('graph', cypher, '--as-of', '3', '--run', runId)).value
    expect(then.rows).toEqual(now.rows)
    const tables: typeof now = (await json('graph', "MATCH (t:Table)-[:CONTAINS]->(c:Column {name: 'user_id'}) RETURN t.name, c.name"))
      .value
    expect(tables.rows.length).toBeGreaterThan(0)
    const found: { hits: { path: string; reasons: unknown[] }[] } = (await json('search', 'apply discount', '--limit', '5')).value
    expect(found.hits[0]?.reasons.length).toBeGreaterThan(0)
    const bad = createScriptedTerminal()
    expect(await runCommandLine(['graph', 'MATCH (a', '--repo', repo], bad)).toBe(1)
    expect(bad.errText()).toContain('(cypher.syntax)')
  })

  it('says which frame does not exist', async () => {
    const terminal = createScriptedTerminal()
    expect(await runCommandLine(['state', '--repo', repo, '--run', runId, '--frame', '99999'], terminal)).toBe(2)
    expect(terminal.errText()).toMatch(/has \d+ frames; there is no frame 99999\./)
  })

  it('serves the window while other commands join its kernel', async () => {
    const serving = createScriptedTerminal()
    const served = runCommandLine(['serve', repo, '--json'], serving)
    await expect.poll(() => serving.outText(), { timeout: 30_000 }).toContain('"address"')
    const { address } = JSON.parse(serving.outText()) as { address: string }
    expect((await fetch(address, { redirect: 'manual' })).status).toBe(303)
    expect((await fetch(address, { redirect: 'manual' })).status).toBe(403)
    expect((await json('runs')).code).toBe(0)
    serving.interrupt()
    expect(await served).toBe(130)
  })
})
