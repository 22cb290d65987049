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

/** What scans compare with, by a name that the kernel gives; only the last few, since a branch has one base. */
const bases = new Map()
const MAX_BASES = 2

/** Tells what is to be compared with, a part at a time: `entries` are [path, mode, oid]. */
export function scanBase({ base, first, entries }) {
  if (first) {
    bases.delete(base)
    bases.set(base, new Map())
  }
  const files = bases.get(base)
  if (files === undefined) return { known: false }
  for (const [path, mode, oid] of entries) files.set(path, `${mode} ${oid}`)
  for (const oldest of bases.keys()) if (bases.size > MAX_BASES) bases.delete(oldest)
  return { known: true }
}

/**
 * Files and links that .gitignore does not exclude, and those of the base whatever it says, which differ from the base: `changed` {path,
 * mode, size, oid}, `missing` paths. Contents are read once and again when their times change. `known` false: there is no such base.
 * `format`: the repository's hash.
 */
export function scanTree({ base, format, maxFiles, maxChanged, ignoreModule }) {
  const expected = bases.get(base)
  if (expected === undefined) return { known: false, changed: [], missing: [], truncated: false }
  const [changed, missing, seen] = [[], [], new Set()]
  let truncated = false
  const add = (path, absolute) => {
    const entry = entryOf(path, absolute, format)
    if (entry === null) return false
    seen.add(path)
    if (expected.get(path) !== `${entry.mode} ${entry.oid}`) changed.push(entry)
    return true
  }
  for (const { path, absolute, entry } of walk(workspaceRoot, '', { rules: ignoreRules(ignoreModule) })) {
    if (entry.isDirectory()) continue
    if (seen.size >= maxFiles || changed.length > maxChanged) {
      truncated = true
      break
    }
    add(path, absolute)
  }
  if (!truncated) for (const path of expected.keys()) if (!seen.has(path) && !add(path, trackedPath(path))) missing.push(path)
  if (known.size > 2 * seen.size) for (const path of known.keys()) if (!seen.has(path)) known.delete(path)
  return { known: true, changed, missing, truncated }
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
