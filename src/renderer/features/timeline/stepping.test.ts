import { describe, expect, it } from 'vitest'
import { StateCache } from '../../app/state-cache'
import { branch, fork, frame, message } from '../../app/testing/frame-fixtures'
import { stepTo, type StepTarget } from './stepping'

function run(): StateCache {
  const cache = new StateCache()
  cache.append(message(1, 'b0'))
  cache.append(frame(2, 'b0', 'tool.intent', { tool: 'fs.read', args: {}, effect: 'pure', allowedBy: [] }))
  cache.append(frame(3, 'b0', 'error', { code: 'x', message: '', retryable: false, where: '' }))
  cache.append(fork(4, 'b1', 'b0', 3))
  cache.append(frame(5, 'b0', 'tool.intent', { tool: 'model.chat', args: {}, effect: 'pure', allowedBy: [] }))
  cache.append(message(6, 'b1'))
  cache.append(frame(7, 'b1', 'tool.intent', { tool: 'fs.write', args: {}, effect: 'workspace', allowedBy: [] }))
  cache.append(message(8, 'b0'))
  return cache
}

describe('stepTo', () => {
  const cache = run()
  const landmarks = { marked: new Set([6]), hit: new Set([2, 7]) }
  it.each<[StepTarget, 1 | -1, string, number, number | null]>([
    ['tool', 1, 'b1', 1, 2],
    ['tool', 1, 'b1', 2, 7],
    ['tool', 1, 'b0', 2, 5],
    ['tool', -1, 'b1', 7, 2],
    ['model', 1, 'b0', 1, 5],
    ['model', 1, 'b1', 1, null],
    ['error', -1, 'b1', 7, 3],
    ['error', 1, 'b1', 7, null],
    ['same-kind', 1, 'b0', 1, 8],
    ['same-kind', -1, 'b1', 6, 1],
    ['same-branch', -1, 'b1', 4, null],
    ['same-branch', 1, 'b1', 4, 6],
    ['mark', 1, 'b1', 1, 6],
    ['mark', 1, 'b0', 1, null],
    ['breakpoint', 1, 'b1', 2, 7],
    ['breakpoint', -1, 'b1', 7, 2],
    ['keyframe', 1, 'b0', 1, null],
  ])('%s %d on %s from %d', (target, by, branchId, n, expected) => {
    expect(stepTo(cache, { branchId: branch(branchId), n }, target, by, landmarks)).toBe(expected)
  })
})
