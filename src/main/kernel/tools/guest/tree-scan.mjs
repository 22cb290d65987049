// Runs inside the sandbox. The workspace's files as git sees them: object names of contents, without git.
import { createHash } from 'node:crypto'
import { fstatSync, readFileSync, readSync, readlinkSync } from 'node:fs'
import { onDisk } from './path-bytes.mjs'
import { withRegularFile } from './text-files.mjs'
import { ignoreRules, walk } from './tree-walk.mjs'
import { lstatOrNull, resolvePath, workspaceRoot } from './workspace-paths.mjs'

const BLOCK_BYTES = 1024 * 1024
const MAX_SHOWN_BYTES = 24 * 1024 * 1024
/** A change within this time of the last one may not show in a file's times. */
const CLOCK_GRAIN_MS = 100

const known = new Map()

/**
 * Every file and link that .gitignore does not exclude, or with `paths` those that are named: {path, mode, size, oid}. Contents are read
 * once and again when their times change. `format`: the repository's hash.
 */
export function scanTree({ paths = null, format, limit, ignoreModule }) {
  const files = []
  const seen = new Set()
  const add = (path, absolute) => {
    if (seen.has(path)) return
    seen.add(path)
    const entry = entryOf(path, absolute, format)
    if (entry !== null) files.push(entry)
  }
  if (paths !== null) {
    for (const path of paths) add(path, trackedPath(path))
    return { files, truncated: false }
  }
  let truncated = false
  for (const { path, absolute, entry } of walk(workspaceRoot, '', { rules: ignoreRules(ignoreModule) })) {
    if (entry.isDirectory()) continue
    if (files.length >= limit) {
      truncated = true
      break
    }
    add(path, absolute)
  }
  for (const path of known.keys()) if (known.size > 2 * seen.size && !seen.has(path)) known.delete(path)
  return { files, truncated }
}

function trackedPath(path) {
  try {
    return resolvePath(path, { follow: false, links: false }).absolute
  } catch (error) {
    // A link or nothing is in the way: the file is not there.
    if (typeof error.code !== 'string') throw error
    return null
  }
}

function entryOf(path, absolute, format) {
  const stat = absolute === null ? null : lstatOrNull(absolute, { bigint: true })
  if (stat === null) return null
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(onDisk(absolute), 'buffer')
    return { path, mode: '120000', size: target.length, oid: blobName(target, format) }
  }
  if (!stat.isFile()) return null
  const mode = (stat.mode & 0o100n) === 0n ? '100644' : '100755'
  const key = [format, stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':')
  const cached = known.get(path)
  if (cached?.key === key) return { path, mode, size: cached.size, oid: cached.oid }
  try {
    const content = withRegularFile(absolute, path, (fd) => hashBlob(fd, format))
    if (Date.now() - Number(stat.ctimeNs / 1_000_000n) > CLOCK_GRAIN_MS) known.set(path, { key, ...content })
    return { path, mode, ...content }
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EPERM' && error.code !== 'ENOENT') throw error
    return error.code === 'ENOENT' ? null : { path, mode, size: Number(stat.size), oid: null }
  }
}

function blobName(bytes, format) {
  return createHash(format).update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

function hashBlob(fd, format) {
  const size = fstatSync(fd).size
  if (size <= BLOCK_BYTES) {
    const bytes = readFileSync(fd)
    return { size: bytes.length, oid: blobName(bytes, format) }
  }
  const hash = createHash(format).update(`blob ${size}\0`)
  const block = Buffer.alloc(BLOCK_BYTES)
  for (let read = readSync(fd, block); read > 0; read = readSync(fd, block)) hash.update(block.subarray(0, read))
  return { size, oid: hash.digest('hex') }
}

/** Contents (of links, their targets) as base64, as many of the first paths as fit into one answer; null for what is gone or too large. */
export function readTreeFiles({ paths, maxBytes }) {
  const contents = []
  let total = 0
  for (const path of paths) {
    const bytes = contentOf(path, maxBytes)
    if (contents.length > 0 && total + (bytes?.length ?? 0) > MAX_SHOWN_BYTES) break
    total += bytes?.length ?? 0
    contents.push(bytes === null ? null : bytes.toString('base64'))
  }
  return { contents }
}

function contentOf(path, maxBytes) {
  const absolute = trackedPath(path)
  const stat = absolute === null ? null : lstatOrNull(absolute)
  if (stat?.isSymbolicLink()) return readlinkSync(onDisk(absolute), 'buffer')
  if (!stat?.isFile() || stat.size > maxBytes) return null
  return withRegularFile(absolute, path, (fd) => readFileSync(fd))
}
