import { expect, it } from 'vitest'
import { frame, message } from '../../app/testing/frame-fixtures'
import { nextMatch, searchFrames } from './frame-search'

const frames = [
  message(1, 'b0'),
  frame(2, 'b0', 'tool.intent', { tool: 'fs.write', args: { path: 'src/a.ts' }, effect: 'workspace', allowedBy: [] }),
  frame(3, 'b0', 'tool.outcome', {
    ...{ tool: 'shell.exec', ok: true, output: null, text: '', isolation: 'overlay', durationMs: 1 },
    sideEffects: { files: [{ path: 'src/deep/B.ts', change: 'changed' }], processes: [] },
  }),
]

it('finds by kind, title, tool and path, all words at once', () => {
  expect(searchFrames(frames, 'tool.')).toEqual([2, 3])
  expect(searchFrames(frames, 'MESSAGE 1')).toEqual([1])
  expect(searchFrames(frames, 'fs.write a.ts')).toEqual([2])
  expect(searchFrames(frames, 'deep/b.ts')).toEqual([3])
  expect(searchFrames(frames, 'file change')).toEqual([3])
  expect(searchFrames(frames, 'nothing of it')).toEqual([])
  expect(searchFrames(frames, '  ')).toEqual([])
})

it('goes round', () => {
  expect([nextMatch([2, 5, 9], 5, 1), nextMatch([2, 5, 9], 9, 1), nextMatch([2, 5, 9], 2, -1), nextMatch([], 2, 1)]).toEqual([
    9,
    2,
    9,
    null,
  ])
})
