import { expect, it } from 'vitest'
import { frame, put } from '../../app/testing/frame-fixtures'
import { followPath, followWatches, valueAt, type Watch } from './watch'

const outcome = (n: number, path: string, sizeBytes: number) =>
  frame(n, 'b0', 'tool.outcome', {
    ...{ tool: 'fs.write', ok: true, output: null, text: '', isolation: 'overlay', durationMs: 1 },
    sideEffects: { files: [{ path, change: 'changed', sizeBytes }], processes: [] },
  })

const frames = [
  put(1, 'b0', 'note'),
  frame(2, 'b0', 'agent.state', { state: 'begin', data: { round: 1 } }),
  outcome(3, 'a.ts', 10),
  frame(4, 'b0', 'agent.state', { state: 'go', data: { round: 1 } }),
  outcome(5, 'b.ts', 10),
  put(6, 'b0', 'note'),
  outcome(7, 'a.ts', 10),
  frame(8, 'b0', 'agent.state', { state: 'go', data: { round: 2, list: [{ x: 'y' }] } }),
]

it('lists the frames at which each value changed', () => {
  const watches: Watch[] = [
    { id: '1', on: 'file', path: 'a.ts' },
    { id: '2', on: 'item', item: 'note' },
    { id: '3', on: 'variable', path: 'data.round' },
    { id: '4', on: 'variable', path: '$.data.list[0].x' },
    { id: '5', on: 'item', item: 'nothing' },
  ]
  const history = followWatches(watches, frames, null).histories
  for (let seen = 0; seen <= frames.length; seen += 1)
    expect(followWatches(watches, frames, followWatches(watches, frames.slice(0, seen), null)).histories).toEqual(history)
  expect(history.get('1')).toEqual([
    { n: 3, text: 'changed, 10 bytes' },
    { n: 7, text: 'changed, 10 bytes' },
  ])
  expect(history.get('2')).toEqual([
    { n: 1, text: '1 tokens in L1' },
    { n: 6, text: '6 tokens in L1' },
  ])
  expect(history.get('3')?.map((value) => [value.n, value.text])).toEqual([
    [2, '1'],
    [8, '2'],
  ])
  expect(history.get('4')).toEqual([{ n: 8, text: '"y"' }])
  expect(history.get('5')).toEqual([])
  expect(valueAt(history.get('3') ?? [], 7)).toEqual({ n: 2, text: '1' })
  expect(valueAt(history.get('3') ?? [], 1)).toBeNull()
})

it('follows own properties only', () => {
  expect(followPath({ a: [{ b: 1 }] }, 'a[0].b')).toBe(1)
  expect(followPath({ a: 1 }, 'constructor')).toBeUndefined()
  expect(followPath({ a: 1 }, 'a.b.c')).toBeUndefined()
  expect(followPath({ a: 1 }, '$')).toEqual({ a: 1 })
})
