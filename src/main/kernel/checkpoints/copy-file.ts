import { createHash, hash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import { copyFile, rm } from 'node:fs/promises'
import { ContentHash } from '../../../shared/ids'
import { fsPath } from '../workspace/path-bytes'

/** Up to this size one synchronous read costs less than a trip through the thread pool. */
const SMALL_BYTES = 256 * 1024
const buffer = Buffer.allocUnsafe(SMALL_BYTES + 1)
const MAX_TRIES = 5

export interface CopiedFile {
  readonly stat: Stats
  readonly hash: ContentHash
  readonly sizeBytes: number
  /** False when the file never held still: the copy is one of its states or a mixture, and says so in a notice. */
  readonly steady: boolean
}

/**
 * Copies a regular file's bytes, permission bits and modification time, hashing what was copied; shares blocks where the file
 * system can. A file that changes meanwhile is copied again, up to five times. Throws the file system's errors (`ENOENT` when it
 * is gone, `ELOOP` when it became a link).
 */
export async function copyAndHash(from: string, to: string): Promise<CopiedFile> {
  for (let attempt = 1; ; attempt++) {
    const copied = lstatSync(fsPath(from)).size <= SMALL_BYTES ? copySmall(from, to) : await copyLarge(from, to)
    if (copied.steady || attempt === MAX_TRIES) return copied
    await rm(fsPath(to), { force: true })
  }
}

function copySmall(from: string, to: string): CopiedFile {
  const source = openSync(fsPath(from), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(source)
    if (!stat.isFile()) throw Object.assign(new Error(`${from} is no regular file any more`), { code: 'ELOOP' })
    const length = readSync(source, buffer, 0, buffer.length, 0)
    const bytes = buffer.subarray(0, length)
    const after = fstatSync(source)
    const target = openSync(fsPath(to), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, permissions(stat))
    try {
      for (let done = 0; done < length;) done += writeSync(target, bytes, done)
      futimesSync(target, stat.mtimeMs / 1000, stat.mtimeMs / 1000)
    } finally {
      closeSync(target)
    }
    chmodSync(fsPath(to), permissions(stat))
    const steady = length === stat.size && sameState(stat, after)
    return { stat, hash: ContentHash.parse(hash('sha256', bytes)), sizeBytes: length, steady }
  } finally {
    closeSync(source)
  }
}

async function copyLarge(from: string, to: string): Promise<CopiedFile> {
  const stat = lstatSync(fsPath(from))
  if (!stat.isFile()) throw Object.assign(new Error(`${from} is no regular file any more`), { code: 'ELOOP' })
  await copyFile(fsPath(from), fsPath(to), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  const digest = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of createReadStream(fsPath(to), { highWaterMark: 1024 * 1024 })) {
    if (!(chunk instanceof Buffer)) throw new TypeError('a byte stream gave no bytes')
    digest.update(chunk)
    sizeBytes += chunk.length
  }
  chmodSync(fsPath(to), permissions(stat))
  utimesSync(fsPath(to), stat.mtimeMs / 1000, stat.mtimeMs / 1000)
  return { stat, hash: ContentHash.parse(digest.digest('hex')), sizeBytes, steady: sameState(stat, lstatSync(fsPath(from))) }
}

/** Readable by its owner, no set-id or sticky bits. */
export function permissions(stat: { mode: number }): number {
  return (stat.mode & 0o777) | 0o400
}

function sameState(before: Stats, after: Stats): boolean {
  return before.ino === after.ino && before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs
}
