import { describe, expect, it } from 'vitest'
import type { FileDiff } from '../../shared/files'
import { keepSafe, keptHunks, selectionOf, setFile, toggleHunk, WHOLE } from './hunk-selection'

function diff(path: string, hunks: string[], dangerous = false): FileDiff {
  return {
    path,
    change: 'changed',
    binary: hunks.length === 0,
    oldVersion: null,
    newVersion: null,
    oldMode: null,
    newMode: null,
    hunks: hunks.map((id) => ({ id, oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ['-a', '+b'] })),
    dangerous,
  }
}

const DIFFS = [diff('a.ts', ['1', '2']), diff('logo.png', []), diff('package.json', ['3'], true)]

describe('selectionOf', () => {
  it('keeps everything but what runs code', () => {
    const kept = keepSafe(DIFFS)
    expect(keptHunks(kept)).toBe(3)
    expect(selectionOf(DIFFS, kept)).toEqual({ 'package.json': [] })
  })

  it('is null when all of a harmless change is kept', () => {
    const safe = DIFFS.slice(0, 2)
    expect(selectionOf(safe, keepSafe(safe))).toBeNull()
  })

  it('names the hunks of a file that is kept in part, and none of one that is left out', () => {
    const kept = setFile(toggleHunk(keepSafe(DIFFS), 'a.ts', '2'), DIFFS[1] as FileDiff, false)
    expect(selectionOf(DIFFS, kept)).toEqual({ 'a.ts': ['1'], 'logo.png': [], 'package.json': [] })
  })

  it('approves a dangerous file by naming its hunks', () => {
    const kept = toggleHunk(keepSafe(DIFFS), 'package.json', '3')
    expect(selectionOf(DIFFS, kept)).toEqual({ 'package.json': ['3'] })
  })

  it('approves a dangerous file without hunks as a whole', () => {
    const hook = diff('.husky/run.bin', [], true)
    expect(selectionOf([hook], setFile(keepSafe([hook]), hook, true))).toEqual({ '.husky/run.bin': [WHOLE] })
  })
})
