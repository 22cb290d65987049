import { describe, expect, it } from 'vitest'
import { contextSession, fileRead } from '../testing/context-session'
import type { ResolvedEdit } from './context-edits'
import { previewEdits } from './context-policy'
import { inverseEdits } from './undo-edits'

function session() {
  const run = contextSession()
  run.send({ type: 'task', text: 'rename total' })
  run.send({ type: 'tool-outcome', frame: 2, ...fileRead('a.ts', 'one') })
  run.send({ type: 'tool-outcome', frame: 3, ...fileRead('b.ts', 'bee') })
  const edit = (...edits: ResolvedEdit[]) => {
    run.send({ type: 'edits', edits, by: 'human' })
    const entry = run.log.at(-1)
    if (entry === undefined) throw new Error('nothing was recorded')
    return entry
  }
  return { run, edit }
}

describe('taking an edit back', () => {
  it('brings back what was evicted to its place and takes its entry off the list', () => {
    const { run, edit } = session()
    const evicted = edit({ op: 'evict', id: 'file:a.ts' })
    expect(run.state.evicted).toHaveLength(1)
    edit({ op: 'undo', ...evicted })
    expect(run.state).toEqual(evicted.before)
  })

  it('puts a text, a tier and a pin back, and removes what was added', () => {
    const { run, edit } = session()
    const edited = edit(
      { op: 'edit', id: 'task', text: 'rename sum' },
      { op: 'move', id: 'file:b.ts', to: 'L1' },
      { op: 'pin', id: 'file:b.ts', pinned: true },
      { op: 'add-note', title: 'n', text: 'mind the API' },
    )
    expect(run.text('task')).toBe('rename sum')
    edit({ op: 'undo', ...edited })
    expect(run.state).toEqual(edited.before)
  })

  it('leaves what others did since', () => {
    const { run, edit } = session()
    const edited = edit({ op: 'pin', id: 'file:a.ts', pinned: true }, { op: 'evict', id: 'file:b.ts' })
    run.send({ type: 'tool-outcome', frame: run.frame + 1, ...fileRead('a.ts', 'another text') })
    run.send({ type: 'tool-outcome', frame: run.frame + 1, ...fileRead('b.ts', 'bee again') })
    edit({ op: 'undo', ...edited })
    expect(run.text('file:a.ts')).toBe('another text')
    expect(run.state.items['file:a.ts']).toMatchObject({ pinned: false })
    // Read again since: the newer text stays, and the evicted one can still be had.
    expect(run.text('file:b.ts')).toBe('bee again')
    expect(run.state.evicted.map((entry) => entry.item.id)).toContain('file:b.ts')
  })

  it('is refused when nothing of it holds any more, in the preview too', () => {
    const { run, edit } = session()
    const added = edit({ op: 'add-note', title: 'n', text: 'x' })
    edit({ op: 'evict', id: `note:human-${added.frame}-0` })
    const undo: ResolvedEdit = { op: 'undo', ...added }
    expect(inverseEdits(added.before, added.changes, added.frame, run.state)).toEqual([])
    expect(previewEdits(run.state, [undo], run.env()).failure).toMatchObject({ code: 'context.nothing-to-undo' })
    expect(() => run.send({ type: 'edits', edits: [undo], by: 'human' })).toThrowError(
      expect.objectContaining({ code: 'context.nothing-to-undo' }),
    )
  })

  it('goes with other edits, and shows what it costs before it is made', () => {
    const { run, edit } = session()
    const evicted = edit({ op: 'evict', id: 'file:a.ts' })
    const preview = previewEdits(
      run.state,
      [
        { op: 'undo', ...evicted },
        { op: 'pin', id: 'file:a.ts', pinned: true },
      ],
      run.env(),
    )
    expect(preview.failure).toBeNull()
    expect(preview.after[1]?.tokens).toBe((preview.before[1]?.tokens ?? 0) + (evicted.before.items['file:a.ts']?.tokens ?? 0))
    // The file comes back before what was read after it: all of that is read anew.
    expect(preview.cache).toMatchObject({ refillUsd: null, savedTokens: 0 })
    expect(preview.cache?.refillTokens).toBeGreaterThan(0)
  })
})

describe('showing a shortened item whole', () => {
  it('takes its text from the content that it names', () => {
    const { run, edit } = session()
    const long = Array.from({ length: 3000 }, (_, index) => `line ${index} of the output`).join('\n')
    const frame = run.frame + 1
    run.send({
      ...{ type: 'tool-outcome', frame, args: { command: 'cat' } },
      outcome: { ...fileRead('x', '').outcome, tool: 'shell.run', output: null, text: long },
    })
    expect(run.state.items[`tool:${frame}`]).toMatchObject({ shortenedBy: 'log' })
    const shown = edit({ op: 'uncompress', id: `tool:${frame}` })
    expect(run.text(`tool:${frame}`)).toBe(long)
    expect(run.state.items[`tool:${frame}`]?.whole).toBeUndefined()
    edit({ op: 'undo', ...shown })
    expect(run.state).toEqual(shown.before)
    expect(() => edit({ op: 'uncompress', id: 'task' })).toThrowError(expect.objectContaining({ code: 'context.already-whole' }))
  })
})
