import { createHash, hash } from 'node:crypto'
import { chmodSync, closeSync, constants, createReadStream, lstatSync, openSync, readSync } from 'node:fs'
import type { Stats } from 'node:fs'
import { copyFile, rm, utimes } from 'node:fs/promises'
import { ContentHash } from '../../../shared/ids'
import { fsPath } from '../workspace/path-bytes'

/** Up to this size the copy, which is in the page cache, is read back in one synchronous call. */
const SMALL_BYTES = 256 * 1024
const buffer = Buffer.allocUnsafe(SMALL_BYTES + 1)
const MAX_TRIES = 5

export interface CopiedFile {
  readonly stat: Stats
  readonly hash: ContentHash
  readonly sizeBytes: number
  /** False when the file never held still: the copy is one of its states or a mixture, and its base says so. */
  readonly steady: boolean
}

/**
 * Copies a regular file's bytes, permission bits and modification time, and hashes what was copied; shares blocks where the file
 * system can. What writes is asynchronous, because a busy disk can hold it up for long. A file that changes meanwhile is copied
 * again, up to five times. Throws the file system's errors (`ENOENT` when it is gone, `ELOOP` when it is no file any more).
 */
export async function copyAndHash(from: string, to: string): Promise<CopiedFile> {
  for (let attempt = 1; ; attempt++) {
    const copied = await copyOnce(from, to)
    if (copied.steady || attempt === MAX_TRIES) return copied
    await rm(fsPath(to), { force: true })
  }
}

async function copyOnce(from: string, to: string): Promise<CopiedFile> {
  const stat = lstatSync(fsPath(from))
  if (!stat.isFile()) throw Object.assign(new Error(`${from} is no regular file any more`), { code: 'ELOOP' })
  const target = fsPath(to)
  await copyFile(fsPath(from), target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  if ((stat.mode & 0o7777) !== permissions(stat)) chmodSync(target, permissions(stat))
  const content = stat.size <= SMALL_BYTES ? hashSmall(target) : await hashLarge(target)
  await utimes(target, stat.mtimeMs / 1000, stat.mtimeMs / 1000)
  return { stat, ...content, steady: content.sizeBytes === stat.size && sameState(stat, lstatSync(fsPath(from))) }
}

function hashSmall(path: string | Buffer): { hash: ContentHash; sizeBytes: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const length = readSync(fd, buffer, 0, buffer.length, 0)
    return { hash: ContentHash.parse(hash('sha256', buffer.subarray(0, length))), sizeBytes: length }
  } finally {
    closeSync(fd)
  }
}

async function hashLarge(path: string | Buffer): Promise<{ hash: ContentHash; sizeBytes: number }> {
  const digest = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    if (!(chunk instanceof Buffer)) throw new TypeError('a byte stream gave no bytes')
    digest.update(chunk)
    sizeBytes += chunk.length
  }
  return { hash: ContentHash.parse(digest.digest('hex')), sizeBytes }
}

/** Readable by its owner, no set-id or sticky bits. */
export function permissions(stat: { mode: number }): number {
  return (stat.mode & 0o777) | 0o400
}

function sameState(before: Stats, after: Stats): boolean {
  return before.ino === after.ino && before.size === after.size && before.mtimeMs === after.mtimeMs && before.ctimeMs === after.ctimeMs
}
