import { createHash, hash } from 'node:crypto'
import { constants, lstatSync, readlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ContentHash } from '../../../shared/ids'
import { expectFsError } from '../workspace/fs-errors'
import { fsPath } from '../workspace/path-bytes'
import { MAX_TEXT_BYTES } from './text-format'

/** What lies at a path of the live repository. `blocked`: a merge must not touch it, with the reason. */
export type LiveFile =
  | { readonly kind: 'absent' }
  | { readonly kind: 'blocked'; readonly reason: string }
  | { readonly kind: 'symlink'; readonly hash: ContentHash }
  | { readonly kind: 'file'; readonly hash: ContentHash; readonly mode: number; readonly bytes: Buffer | null }

/** Reads without following a link anywhere below `root`. `bytes` is null for files too large to merge by lines. */
export async function readLiveFile(root: string, path: string): Promise<LiveFile> {
  const parts = path.split('/')
  let at = root
  try {
    for (const part of parts.slice(0, -1)) {
      at = join(at, part)
      const stat = lstatSync(fsPath(at))
      if (stat.isSymbolicLink()) return { kind: 'blocked', reason: 'it is reached through a symbolic link' }
      if (!stat.isDirectory()) return { kind: 'blocked', reason: 'a file lies where its folder should be' }
    }
    at = join(at, parts.at(-1) ?? '')
    const stat = lstatSync(fsPath(at))
    if (stat.isDirectory()) return { kind: 'blocked', reason: 'a folder lies in its place' }
    if (stat.isSymbolicLink()) {
      const target = readlinkSync(fsPath(at), { encoding: 'buffer' })
      return { kind: 'symlink', hash: ContentHash.parse(createHash('sha256').update(target).digest('hex')) }
    }
    if (!stat.isFile()) return { kind: 'blocked', reason: 'something that is no file lies in its place' }
    return { kind: 'file', mode: stat.mode & 0o7777, ...(await readContent(at, stat.size)) }
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return { kind: 'absent' }
  }
}

async function readContent(at: string, sizeBytes: number): Promise<{ hash: ContentHash; bytes: Buffer | null }> {
  const file = await open(fsPath(at), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (sizeBytes <= MAX_TEXT_BYTES) {
      const bytes = await file.readFile()
      return { hash: ContentHash.parse(hash('sha256', bytes)), bytes }
    }
    const digest = createHash('sha256')
    for await (const chunk of file.createReadStream({ highWaterMark: 1024 * 1024, autoClose: false })) {
      if (!(chunk instanceof Buffer)) throw new TypeError('a byte stream gave no bytes')
      digest.update(chunk)
    }
    return { hash: ContentHash.parse(digest.digest('hex')), bytes: null }
  } finally {
    await file.close()
  }
}
