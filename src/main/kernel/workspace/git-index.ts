import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectFsError } from './fs-errors'
import type { GitFolder } from './git-folder'
import { nameFromBytes } from './path-bytes'

export interface IndexEntry {
  readonly path: string
  readonly mode: number
  readonly sizeBytes: number
  readonly mtimeSeconds: number
  readonly mtimeNanoseconds: number
  readonly oid: string
  /** Not expected in the work tree (sparse checkout). */
  readonly skipWorktree: boolean
  readonly conflicted: boolean
}

export interface GitIndex {
  readonly entries: readonly IndexEntry[]
  /** Tree of the whole index where git has it cached: equal to the commit's tree when nothing is staged. */
  readonly rootTree: string | null
}

/**
 * Reads a git index (versions 2 to 4) with the stat data that git keeps, which isomorphic-git does not hand out. Null when there
 * is none yet. Throws Error when the file is no index that this reader knows (split or damaged).
 * Format: Documentation/gitformat-index.txt of git.
 */
export function readGitIndex({ gitDir, objectFormat }: GitFolder): GitIndex | null {
  const hashBytes = objectFormat === 'sha256' ? 32 : 20
  let data: Buffer
  try {
    data = readFileSync(join(gitDir, 'index'))
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return null
  }
  if (data.length < 32 || data.toString('latin1', 0, 4) !== 'DIRC') throw new Error('the index has no DIRC signature')
  const version = data.readUInt32BE(4)
  if (version < 2 || version > 4) throw new Error(`index version ${version}`)
  const count = data.readUInt32BE(8)
  const entries: IndexEntry[] = []
  let at = 12
  let previous = ''
  for (let i = 0; i < count; i++) {
    const start = at
    const flags = data.readUInt16BE(at + 40 + hashBytes)
    let extended = 0
    at += 42 + hashBytes
    if (flags & 0x4000) {
      extended = data.readUInt16BE(at)
      at += 2
    }
    let raw: string
    if (version === 4) {
      const strip = readOffset(data, at)
      at = strip.next
      const end = data.indexOf(0, at)
      raw = previous.slice(0, previous.length - strip.value) + data.toString('latin1', at, end)
      at = end + 1
      previous = raw
    } else {
      const end = data.indexOf(0, at)
      raw = data.toString('latin1', at, end)
      at = start + ((end - start + 8) & ~7)
    }
    entries.push({
      path: nameFromBytes(raw),
      mode: data.readUInt32BE(start + 24),
      sizeBytes: data.readUInt32BE(start + 36),
      mtimeSeconds: data.readUInt32BE(start + 8),
      mtimeNanoseconds: data.readUInt32BE(start + 12),
      oid: data.toString('hex', start + 40, start + 40 + hashBytes),
      skipWorktree: (extended & 0x4000) !== 0,
      conflicted: (flags & 0x3000) !== 0,
    })
  }
  return { entries, rootTree: readRootTree(data, at, hashBytes) }
}

function readOffset(data: Buffer, from: number): { value: number; next: number } {
  let at = from
  let byte = data.readUInt8(at++)
  let value = byte & 0x7f
  while (byte & 0x80) {
    byte = data.readUInt8(at++)
    value = ((value + 1) << 7) | (byte & 0x7f)
  }
  return { value, next: at }
}

function readRootTree(data: Buffer, from: number, hashBytes: number): string | null {
  let at = from
  while (at + 8 <= data.length - hashBytes) {
    const name = data.toString('latin1', at, at + 4)
    const size = data.readUInt32BE(at + 4)
    const body = at + 8
    if (name === 'link') throw new Error('a split index')
    if (name === 'TREE') {
      const pathEnd = data.indexOf(0, body)
      const lineEnd = data.indexOf(10, pathEnd)
      const entryCount = Number(data.toString('latin1', pathEnd + 1, lineEnd).split(' ')[0])
      return entryCount < 0 ? null : data.toString('hex', lineEnd + 1, lineEnd + 1 + hashBytes)
    }
    at = body + size
  }
  return null
}
