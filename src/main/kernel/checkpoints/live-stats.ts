import { readFile, rename, writeFile } from 'node:fs/promises'
import type { Stats } from 'node:fs'
import { z } from 'zod'
import { ContentHash } from '../../../shared/ids'
import { expectFsError } from '../workspace/fs-errors'
import { Slices } from '../workspace/slices'

/** What a file looked like when its content was last read: as long as it still looks like this, it has that content. */
export interface StatMark {
  readonly ino: number
  readonly sizeBytes: number
  readonly mtimeMs: number
  /** 0 when the file was so young that a later write could leave the same time: never trusted. */
  readonly ctimeMs: number
  readonly mode: number
}
export interface KnownStat extends StatMark {
  readonly hash: ContentHash
}

/** Kernel times advance in steps of up to 10 ms: content read that soon after a change may change again under the same time. */
const CLOCK_STEP_MS = 20

export function knownStat(stat: Stats, readAtMs: number, hash: ContentHash): KnownStat {
  const young = stat.ctimeMs > readAtMs - CLOCK_STEP_MS
  return { ino: stat.ino, sizeBytes: stat.size, mtimeMs: stat.mtimeMs, ctimeMs: young ? 0 : stat.ctimeMs, mode: stat.mode, hash }
}

export function looksSame(known: StatMark, stat: Stats): boolean {
  return (
    known.ino === stat.ino &&
    known.sizeBytes === stat.size &&
    known.ctimeMs === stat.ctimeMs &&
    known.mtimeMs === stat.mtimeMs &&
    known.mode === stat.mode
  )
}

export interface LiveStats {
  readonly base: ContentHash
  readonly stats: ReadonlyMap<string, KnownStat>
}

const Row = z.tuple([z.string(), z.number(), z.number(), z.number(), z.number(), z.number(), ContentHash])

/** A cache: written without fsync, and a file that cannot be understood is as good as none. */
export async function writeLiveStats(file: string, live: LiveStats): Promise<void> {
  const lines: string[] = [live.base]
  const slices = new Slices()
  for (const [path, known] of live.stats) {
    if (slices.due()) await slices.rest()
    lines.push(JSON.stringify([path, known.ino, known.sizeBytes, known.mtimeMs, known.ctimeMs, known.mode, known.hash]))
  }
  await writeFile(`${file}.new`, lines.join('\n'))
  await rename(`${file}.new`, file)
}

export async function readLiveStats(file: string): Promise<LiveStats | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return null
  }
  const [first, ...rows] = text.split('\n')
  const base = ContentHash.safeParse(first)
  if (!base.success) return null
  const stats = new Map<string, KnownStat>()
  const slices = new Slices()
  for (const row of rows) {
    if (slices.due()) await slices.rest()
    const parsed = Row.safeParse(parseJson(row))
    if (!parsed.success) return null
    const [path, ino, sizeBytes, mtimeMs, ctimeMs, mode, hash] = parsed.data
    stats.set(path, { ino, sizeBytes, mtimeMs, ctimeMs, mode, hash })
  }
  return { base: base.data, stats }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
