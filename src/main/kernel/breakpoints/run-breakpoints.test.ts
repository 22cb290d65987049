import { expect, it } from 'vitest'
import type { Breakpoint } from '../../../shared/breakpoints'
import type { Frame } from '../../../shared/frames'
import { BranchId, ContentHash, RunId } from '../../../shared/ids'
import { RunBreakpoints } from './run-breakpoints'

function message(n: number): Frame {
  return {
    ...{ runId: RunId.parse('r0000000001'), n, branchId: BranchId.parse('b0'), kind: 'agent.message', atMs: n, cause: null, key: null },
    ...{ payload: { text: '', level: 'info' }, checkpoint: null, hash: ContentHash.parse('a'.repeat(64)) },
  }
}

const frames = Array.from({ length: 6 }, (_, index) => message(index + 1))
const breakpoint: Breakpoint = {
  ...{ id: 'x', name: '', enabled: true, runId: null, branchId: null, fromHit: 3 },
  condition: { on: 'kind', kinds: ['agent.message'] },
}

it('frames that were only read count, but stop nothing', () => {
  const run = new RunBreakpoints(() => [breakpoint])
  expect([1, 2, 3, 4].map((n) => run.added(frames.slice(0, n), false).length)).toEqual([0, 0, 0, 0])
  expect(run.added(frames.slice(0, 5), true)).toEqual([breakpoint])
})

it('lets the first pass, and counts again when it was changed', () => {
  let list = [breakpoint]
  const run = new RunBreakpoints(() => list)
  expect([1, 2, 3].map((n) => run.added(frames.slice(0, n), true).length)).toEqual([0, 0, 1])
  list = [{ ...breakpoint, fromHit: 5 }]
  expect([4, 5].map((n) => run.added(frames.slice(0, n), true).length)).toEqual([0, 1])
  list = [{ ...breakpoint, enabled: false }]
  expect(run.added(frames, true)).toEqual([])
})
