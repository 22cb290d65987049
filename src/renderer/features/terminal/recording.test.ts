import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../shared/frames'
import { StateCache } from '../../app/state-cache'
import { branch, fork, frame, message } from '../../app/testing/frame-fixtures'
import { boundOps, framesOnPath, recordedSessions, screenOps } from './recording'

function printed(n: number, branchId: string, session: string, data: string, stream: 'output' | 'input' | 'resize' = 'output'): Frame {
  return frame(n, branchId, 'terminal.data', { session, stream, data })
}

const frames = [
  message(1, 'b0'),
  printed(2, 'b0', 'main', 'one '),
  printed(3, 'b0', 'user', 'mine'),
  fork(4, 'b1', 'b0', 2),
  printed(5, 'b0', 'main', 'another future'),
  printed(6, 'b1', 'main', 'two '),
  printed(7, 'b1', 'main', '80x25', 'resize'),
  printed(8, 'b1', 'main', 'typed', 'input'),
  printed(9, 'b1', 'main', 'three'),
]

function cacheOf(all: readonly Frame[]): StateCache {
  const cache = new StateCache()
  for (const one of all) cache.append(one)
  return cache
}

describe('the recording of a branch', () => {
  const cache = cacheOf(frames)
  const text = (upTo: number, after = 0): string =>
    screenOps(framesOnPath(cache, branch('b1'), after, upTo), 'main')
      .map((op) => (op.kind === 'print' ? op.data : `[${op.cols}x${op.rows}]`))
      .join('')

  it('is its own past and its ancestors’ up to the fork, without other futures', () => {
    expect(text(9)).toBe('one two [80x25]three')
    expect(framesOnPath(cache, branch('b0'), 0, 9).map((one) => one.n)).toEqual([1, 2, 3, 5])
  })

  it('ends at the selected frame', () => {
    expect([text(1), text(2), text(5), text(6)]).toEqual(['', 'one ', 'one ', 'one two '])
  })

  it('goes on from where it was', () => {
    expect(text(9, 6)).toBe('[80x25]three')
  })

  it('names its sessions in order of appearance', () => {
    expect(recordedSessions(framesOnPath(cache, branch('b0'), 0, 9))).toEqual(['main', 'user'])
    expect(recordedSessions(framesOnPath(cache, branch('b1'), 0, 9))).toEqual(['main'])
  })

  it('knows nothing of a branch that is not there', () => {
    expect(framesOnPath(cache, branch('b9'), 0, 9)).toEqual([])
  })
})

it('leaves out sizes that are none', () => {
  expect(screenOps([printed(1, 'b0', 'main', '0x0', 'resize'), printed(2, 'b0', 'main', 'wide', 'resize')], 'main')).toEqual([])
})

describe('boundOps', () => {
  const ops = screenOps(
    [printed(1, 'b0', 'main', '80x25', 'resize'), printed(2, 'b0', 'main', 'abcdef'), printed(3, 'b0', 'main', 'ghij')],
    'main',
  )

  it('leaves short recordings alone', () => {
    expect(boundOps(ops, 10)).toEqual({ ops, truncated: false })
  })

  it('keeps the end, and the size that held there', () => {
    expect(boundOps(ops, 6)).toEqual({
      ops: [
        { kind: 'size', n: 1, cols: 80, rows: 25 },
        { kind: 'print', n: 2, data: 'ef' },
        { kind: 'print', n: 3, data: 'ghij' },
      ],
      truncated: true,
    })
    expect(boundOps(ops, 4)).toMatchObject({ ops: [{ kind: 'size' }, { data: 'ghij' }] })
  })
})
