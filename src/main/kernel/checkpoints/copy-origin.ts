import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { readFile, rename } from 'node:fs/promises'
import { z } from 'zod'
import { expectFsError } from '../workspace/fs-errors'
import { Slices } from '../workspace/slices'
import type { StatMark } from './live-stats'

/** What a copy of a workspace was made from, and what its files looked like when it was finished. */
export interface CopyOrigin {
  readonly baseDir: string
  readonly layerDir: string | null
  /** Nothing that is done in it is to be kept. */
  readonly readOnly: boolean
  /** Paths that are in the base or the layer and were left out of the copy, so that their absence says nothing. */
  readonly leftOut: readonly string[]
  /** Of regular files: one that still looks like this was not touched. */
  readonly stats: ReadonlyMap<string, StatMark>
}

const Head = z.object({ baseDir: z.string(), layerDir: z.string().nullable(), readOnly: z.boolean(), leftOut: z.array(z.string()) })
const Row = z.tuple([z.string(), z.number(), z.number(), z.number(), z.number(), z.number()])

/** Beside the copy, so that nothing in it is mistaken for a file of the workspace. */
function originFile(copyDir: string): string {
  return `${copyDir}.origin`
}

/** Its presence says that the copy is whole. */
export async function writeCopyOrigin(copyDir: string, origin: CopyOrigin): Promise<void> {
  const file = originFile(copyDir)
  const { stats, ...head } = origin
  const out = createWriteStream(`${file}.new`, { mode: 0o600 })
  const closed = once(out, 'close')
  const slices = new Slices()
  out.write(JSON.stringify(head))
  for (const [path, mark] of stats) {
    if (slices.due()) await slices.rest()
    out.write(`\n${JSON.stringify([path, mark.ino, mark.sizeBytes, mark.mtimeMs, mark.ctimeMs, mark.mode])}`)
  }
  out.end()
  await closed
  await rename(`${file}.new`, file)
}

/** Null when there is none. Throws SyntaxError or ZodError when it is damaged. */
export async function readCopyOrigin(copyDir: string): Promise<CopyOrigin | null> {
  let text: string
  try {
    text = await readFile(originFile(copyDir), 'utf8')
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return null
  }
  const [first = '', ...rows] = text.split('\n')
  const head = Head.parse(JSON.parse(first))
  const stats = new Map<string, StatMark>()
  const slices = new Slices()
  for (const row of rows) {
    if (slices.due()) await slices.rest()
    const [path, ino, sizeBytes, mtimeMs, ctimeMs, mode] = Row.parse(JSON.parse(row))
    stats.set(path, { ino, sizeBytes, mtimeMs, ctimeMs, mode })
  }
  return { ...head, stats }
}
