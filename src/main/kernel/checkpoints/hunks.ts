import { hash } from 'node:crypto'
import { diffArrays } from 'diff'
import type { Hunk } from '../../../shared/files'

/** Half-open ranges of lines, from 0. */
interface Change {
  oldFrom: number
  oldTo: number
  newFrom: number
  newTo: number
}

/** A hunk that can be applied: the shown one with the exact lines it takes the place of. */
export interface ExactHunk extends Hunk {
  readonly oldFrom: number
  readonly oldTo: number
  readonly newFrom: number
  readonly newTo: number
}

const CONTEXT = 3
/** A pair of files that takes longer is shown as one replaced block between its common start and end. */
const TIMEOUT_MS = 15

/** Lines with their ends, so that joining them gives the text again. */
function splitLines(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  const out = lines.map((line) => `${line}\n`)
  if (last !== '') out.push(last)
  return out
}

/** Unified hunks with three lines of context. Ids as documented in shared/files.ts; equal hunks of one file are told apart by their order. */
export function makeHunks(path: string, oldText: string, newText: string): ExactHunk[] {
  const before = splitLines(oldText)
  const after = splitLines(newText)
  const seen = new Map<string, number>()
  return group(findChanges(before, after)).map((changes) => toHunk(path, before, after, changes, seen))
}

/** The old text with only these hunks applied. */
export function applyHunks(oldText: string, newText: string, hunks: readonly ExactHunk[]): string {
  const before = splitLines(oldText)
  const after = splitLines(newText)
  const out: string[] = []
  let at = 0
  for (const hunk of hunks) {
    out.push(...before.slice(at, hunk.oldFrom), ...after.slice(hunk.newFrom, hunk.newTo))
    at = hunk.oldTo
  }
  out.push(...before.slice(at))
  return out.join('')
}

function findChanges(before: string[], after: string[]): Change[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end++
  const oldMiddle = before.slice(start, before.length - end)
  const newMiddle = after.slice(start, after.length - end)
  if (oldMiddle.length === 0 && newMiddle.length === 0) return []
  const whole = { oldFrom: start, oldTo: before.length - end, newFrom: start, newTo: after.length - end }
  if (oldMiddle.length === 0 || newMiddle.length === 0) return [whole]
  const parts = diffArrays(oldMiddle, newMiddle, { timeout: TIMEOUT_MS })
  if (parts === undefined) return [whole]
  const changes: Change[] = []
  let oldAt = start
  let newAt = start
  for (const part of parts) {
    const length = part.value.length
    if (!part.added && !part.removed) {
      oldAt += length
      newAt += length
      continue
    }
    let change = changes.at(-1)
    if (change === undefined || change.oldTo !== oldAt || change.newTo !== newAt) {
      change = { oldFrom: oldAt, oldTo: oldAt, newFrom: newAt, newTo: newAt }
      changes.push(change)
    }
    if (part.removed) change.oldTo = oldAt += length
    else change.newTo = newAt += length
  }
  return changes
}

function group(changes: readonly Change[]): Change[][] {
  const groups: Change[][] = []
  for (const change of changes) {
    const last = groups.at(-1)?.at(-1)
    if (last !== undefined && change.oldFrom - last.oldTo <= CONTEXT * 2) groups.at(-1)?.push(change)
    else groups.push([change])
  }
  return groups
}

function toHunk(path: string, before: string[], after: string[], changes: readonly Change[], seen: Map<string, number>): ExactHunk {
  const first = changes[0]
  const last = changes.at(-1)
  if (first === undefined || last === undefined) throw new Error('a hunk without a change')
  const lead = Math.min(CONTEXT, first.oldFrom)
  const tail = Math.min(CONTEXT, before.length - last.oldTo)
  const oldFrom = first.oldFrom - lead
  const newFrom = first.newFrom - lead
  const oldTo = last.oldTo + tail
  const newTo = last.newTo + tail
  const lines: string[] = []
  let oldAt = oldFrom
  for (const change of changes) {
    for (; oldAt < change.oldFrom; oldAt++) lines.push(` ${shown(before[oldAt])}`)
    for (; oldAt < change.oldTo; oldAt++) lines.push(`-${shown(before[oldAt])}`)
    for (let newAt = change.newFrom; newAt < change.newTo; newAt++) lines.push(`+${shown(after[newAt])}`)
  }
  for (; oldAt < oldTo; oldAt++) lines.push(` ${shown(before[oldAt])}`)
  const exact = JSON.stringify([path, before.slice(oldFrom, oldTo), after.slice(newFrom, newTo)])
  const repeat = seen.get(exact) ?? 0
  seen.set(exact, repeat + 1)
  const id = hash('sha256', repeat === 0 ? exact : `${exact}#${repeat}`).slice(0, 16)
  return {
    id,
    // As in unified diffs, an empty range names the line before it.
    oldStart: oldTo === oldFrom ? oldFrom : oldFrom + 1,
    oldLines: oldTo - oldFrom,
    newStart: newTo === newFrom ? newFrom : newFrom + 1,
    newLines: newTo - newFrom,
    lines,
    oldFrom,
    oldTo,
    newFrom,
    newTo,
  }
}

function shown(line: string | undefined): string {
  return line?.endsWith('\n') === true ? line.slice(0, -1) : (line ?? '')
}
