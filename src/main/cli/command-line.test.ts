import { describe, expect, it } from 'vitest'
import { runCommandLine } from './command-line'
import { createScriptedTerminal } from './testing/scripted-terminal'

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = createScriptedTerminal()
  const code = await runCommandLine(args, terminal)
  return { code, out: terminal.outText(), err: terminal.errText() }
}

describe('the command line', () => {
  it('lists its commands', async () => {
    const { code, out } = await run('--help')
    expect(code).toBe(0)
    expect(out).toContain('Usage: keyframe COMMAND [OPTIONS]')
    expect((await run()).code).toBe(2)
  })
  it('refuses commands that it does not know, those of every object included', async () => {
    for (const name of ['fly', 'toString', '__proto__']) {
      const { code, out, err } = await run(name)
      expect([code, out]).toEqual([2, ''])
      expect(err).toContain(`There is no command "${name}".`)
    }
  })
  it.each([
    'run',
    'runs',
    'frames',
    'checkpoints',
    'state',
    'context',
    'fork',
    'merge',
    'restore',
    'replay',
    'resume',
    'index',
    'search',
    'graph',
  ])('explains %s and says what is missing', async (name) => {
    const help = await run(name, '--help')
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain(`Usage: keyframe ${name} `)
    const bare = await run(name)
    expect([bare.code, bare.out]).toEqual([2, ''])
    expect(bare.err).toContain(`Usage: keyframe ${name} `)
  })
  it('takes Cypher in quotation marks, and knows its other words', async () => {
    const odd = await run('graph', 'fly', '--repo', '.')
    expect([odd.code, odd.err.split('\n')[0]]).toEqual([
      2,
      'There is no `graph fly`: write a Cypher query in quotation marks, or use find, path, around, flow.',
    ])
    expect((await run('graph', 'MATCH (a) RETURN a', 'more', '--repo', '.')).err).toContain('Unexpected argument "more".')
    expect((await run('search', 'x', '--kind', 'fairy', '--repo', '.')).err).toContain('There is no kind "fairy"')
  })
})
