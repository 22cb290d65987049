import { expect, it } from 'vitest'
import type { Frame } from '../../../shared/frames'
import { frame, message } from '../../app/testing/frame-fixtures'
import { askedEnds, frameSymbols, symbolFrame } from './frame-symbols'

const node = {
  id: 'a.ts#a',
  kind: 'function',
  name: 'a',
  path: 'a.ts',
  startLine: 1,
  endLine: 2,
  nameLine: 1,
  nameColumn: 9,
  exported: true,
  signature: 'function a()',
} as const

function outcome(tool: string, output: unknown, ok = true): Frame {
  return frame(
    2,
    'b0',
    'tool.outcome',
    { tool, ok, output, text: '', sideEffects: { files: [], processes: [] }, isolation: 'overlay', durationMs: 1 },
    1,
  )
}

it('takes a path as the graph that it is', () => {
  const result = { nodes: [node], edges: [], truncated: false }
  expect(frameSymbols(outcome('memory.path', result))).toEqual({ kind: 'graph', title: 'memory.path', result })
})

it('takes what was found as a graph without relations', () => {
  expect(frameSymbols(outcome('memory.find', { nodes: [node] }))).toMatchObject({ kind: 'graph', result: { nodes: [node], edges: [] } })
})

it('looks up symbols of hits and files of references, each once', () => {
  const hit = { path: 'a.ts', line: 1, text: '', score: 1 }
  expect(
    frameSymbols(
      outcome('memory.search', {
        hits: [
          { ...hit, symbol: 'a.ts#a' },
          { ...hit, symbol: null },
        ],
      }),
    ),
  ).toMatchObject({
    queries: ['a.ts#a', 'a.ts'],
  })
  expect(frameSymbols(outcome('lsp.references', { locations: [{ path: 'a.ts' }, { path: 'b.ts' }, { path: 'a.ts' }] }))).toMatchObject({
    queries: ['a.ts', 'b.ts'],
  })
})

it('says nothing of failures, empty answers, other tools and other frames', () => {
  expect(frameSymbols(outcome('memory.find', null, false))).toBeNull()
  expect(frameSymbols(outcome('memory.path', { nodes: [], edges: [], truncated: false }))).toBeNull()
  expect(frameSymbols(outcome('memory.path', { nodes: 'odd' }))).toBeNull()
  expect(frameSymbols(outcome('fs.read', { text: 'a' }))).toBeNull()
  expect(frameSymbols(message(1, 'b0'))).toBeNull()
  expect(frameSymbols(undefined)).toBeNull()
})

it('takes an intent for its outcome', () => {
  const intent = frame(1, 'b0', 'tool.intent', { tool: 'memory.find', args: {}, effect: 'pure', allowedBy: [] })
  const answer = outcome('memory.find', { nodes: [node] })
  expect(symbolFrame([intent, answer], 1)).toBe(answer)
  expect(symbolFrame([intent, answer], 2)).toBe(answer)
  expect(symbolFrame([intent], 1)).toBeUndefined()
})

it('knows the ends of a path from what was asked', () => {
  const ends = { from: 'a.ts#a', to: 'b.ts#b' }
  const intent = frame(1, 'b0', 'tool.intent', { tool: 'memory.path', args: { ...ends, maxHops: 8 }, effect: 'pure', allowedBy: [] })
  expect(askedEnds([intent], outcome('memory.path', null))).toEqual(ends)
  expect(askedEnds([message(1, 'b0')], outcome('memory.path', null))).toBeNull()
})
