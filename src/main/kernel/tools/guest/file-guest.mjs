// Runs inside the sandbox: the hands of the filesystem, search and git drivers. One JSON request a line on stdin, one JSON answer a line
// on stdout, in order. Started in the workspace as `node file-guest.mjs IGNORE_MODULE STATE_FOLDER`; ends with its stdin. Node built-ins
// only, and the `ignore` package as a single file. It has the rights of the agent: the sandbox is the boundary, not the checks in here.
import { readSync, readlinkSync, rmSync } from 'node:fs'
import { applyExactEdits } from './exact-edits.mjs'
import { changedSince, fileVersions } from './changed-files.mjs'
import { moveEntry } from './copy-tree.mjs'
import { read, readFrom } from './file-reading.mjs'
import { applyPatch } from './patch-files.mjs'
import { onDisk, textOfBytes } from './path-bytes.mjs'
import { realPath } from './real-paths.mjs'
import { findFiles, search } from './search.mjs'
import { rememberText } from './remembered-texts.mjs'
import { recoverStaged } from './staging-journal.mjs'
import { encodeText, encodingOf, kindOfBinary } from './text-encodings.mjs'
import {
  MAX_WHOLE_BYTES,
  createAtomically,
  hashFile,
  inLineEnding,
  readText,
  versionOf,
  withRegularFile,
  writeAtomically,
} from './text-files.mjs'
import { readTreeFiles, scanBase, scanTree } from './tree-scan.mjs'
import { walk } from './tree-walk.mjs'
import { applyWorkspaceEdit, checkMove, checkRemove, checkVersion, countEntries, existing } from './workspace-edit.mjs'
import { GuestFailure, failureOf, lstatOrNull, resolvePath, typeOf } from './workspace-paths.mjs'

const [, , ignoreModule, stateFolder] = process.argv

const operations = {
  ready: () => ({}),
  realPaths: ({ paths }) => ({ paths: paths.map(realPath) }),
  read,
  readFrom,
  stat,
  list,
  glob,
  write,
  create,
  edit,
  applyEdit: applyWorkspaceEdit,
  applyPatch,
  move,
  remove,
  versions: fileVersions,
  changedSince: (args) => changedSince({ ...args, ignoreModule }),
  search: (args) => search({ ...args, ignoreModule }),
  findFiles: (args) => findFiles({ ...args, ignoreModule }),
  scanTree: (args) => scanTree({ ...args, ignoreModule }),
  scanBase,
  readTreeFiles,
}

function stat({ path }) {
  const { relative, absolute } = resolvePath(path, { follow: false })
  const found = lstatOrNull(absolute)
  const type = typeOf(found)
  if (found === null) return { path: relative, type, sizeBytes: 0, mode: 0, mtimeMs: 0, version: null }
  const version = type === 'file' ? hashFile(absolute, path) : null
  const shown = {
    path: relative,
    type,
    sizeBytes: found.size,
    mode: found.mode & 0o7777,
    mtimeMs: found.mtimeMs,
    version,
    links: found.nlink,
  }
  if (type === 'symlink') return { ...shown, linkTarget: textOfBytes(readlinkSync(onDisk(absolute), 'buffer')) }
  const binary = type === 'file' ? binaryKind(absolute, path) : null
  return binary === null ? shown : { ...shown, binary }
}

function binaryKind(absolute, path) {
  return withRegularFile(absolute, path, (fd) => {
    const start = Buffer.alloc(64 * 1024)
    const bytes = start.subarray(0, readSync(fd, start, 0, start.length, 0))
    // The last character may be cut.
    const whole = bytes.length < start.length ? bytes : bytes.subarray(0, bytes.findLastIndex((byte) => byte < 128) + 1)
    return encodingOf(whole) === null ? kindOfBinary(bytes) : null
  })
}

function list({ path, depth, limit }) {
  const { relative, absolute, stat: found } = existing(path)
  if (!found.isDirectory()) throw new GuestFailure('fs.not-a-directory', `${path} is no directory.`)
  const entries = []
  let truncated = false
  for (const { path: entryPath, absolute: entryAbsolute } of walk(absolute, relative, { depth })) {
    if (entries.length === limit) {
      truncated = true
      break
    }
    const entryStat = lstatOrNull(entryAbsolute)
    if (entryStat !== null) entries.push({ path: entryPath, type: typeOf(entryStat), sizeBytes: entryStat.isFile() ? entryStat.size : 0 })
  }
  return { entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)), truncated }
}

function glob({ source, limit }) {
  const pattern = new RegExp(source)
  const { absolute } = resolvePath('')
  const paths = []
  for (const { path, entry } of walk(absolute, '')) {
    if (entry.isDirectory() || !pattern.test(path)) continue
    if (paths.length === limit) return { paths, truncated: true }
    paths.push(path)
  }
  return { paths, truncated: false }
}

/** `handleVersion`: what the agent has open; a file that is gone since is simply made again. */
function write({ path, text, expectedVersion, handleVersion, follow = true }) {
  const { relative, absolute } = resolvePath(path, { links: follow })
  const found = lstatOrNull(absolute)
  if (found === null) {
    if (expectedVersion !== undefined)
      throw new GuestFailure('fs.not-found', `${path} is not there any more.`, { expected: expectedVersion })
    const bytes = remembered(text)
    writeAtomically(absolute, path, bytes, null)
    return { path: relative, version: versionOf(bytes), created: true }
  }
  const old = replaceable(absolute, path, found)
  checkVersion(path, old, expectedVersion ?? handleVersion)
  const bytes = remembered(old.eol === 'crlf' && !text.includes('\r\n') ? inLineEnding(text, 'crlf') : text, old.encoding)
  writeAtomically(absolute, path, bytes, old.mode)
  return { path: relative, version: versionOf(bytes), created: false }
}

function remembered(text, encoding) {
  const bytes = encodeText(text, encoding)
  rememberText(versionOf(bytes), text)
  return bytes
}

/** The file that a write replaces. One that is not text may be replaced too: it has a version but no ending to keep. */
function replaceable(absolute, path, found) {
  try {
    return readText(absolute, path, MAX_WHOLE_BYTES)
  } catch (error) {
    if (!['fs.binary', 'fs.encoding', 'fs.too-large'].includes(error.code)) throw error
    return { text: null, encoding: 'utf-8', eol: 'none', version: hashFile(absolute, path), mode: found.mode & 0o7777 }
  }
}

function create({ path, text, encoding = 'utf-8', executable = false, follow = true }) {
  const { relative, absolute } = resolvePath(path, { follow: false, links: follow })
  if (lstatOrNull(absolute) !== null) throw new GuestFailure('fs.exists', `${path} is already there.`)
  const bytes = remembered(text, encoding)
  createAtomically(absolute, path, bytes, executable ? 0o755 : null)
  return { path: relative, version: versionOf(bytes) }
}

function edit({ path, edits, expectedVersion, handleVersion, follow = true }) {
  const { relative, absolute } = existing(path, { links: follow })
  const file = readText(absolute, path, MAX_WHOLE_BYTES)
  checkVersion(path, file, expectedVersion ?? handleVersion)
  const { text, edits: done } = applyExactEdits(file, edits, path)
  const bytes = remembered(text, file.encoding)
  writeAtomically(absolute, path, bytes, file.mode)
  return { path: relative, version: versionOf(bytes), edits: done }
}

function move({ from, to }) {
  const { source, target } = checkMove(from, to)
  const moved = countEntries(source.absolute)
  moveEntry(source.absolute, target.absolute)
  return { moved }
}

function remove({ path }) {
  const { absolute } = checkRemove(path)
  const removed = countEntries(absolute)
  rmSync(onDisk(absolute), { recursive: true })
  return { removed }
}

async function answer(line) {
  const { id, op, args } = JSON.parse(line)
  try {
    return { id, result: await operations[op](args) }
  } catch (error) {
    return { id, error: failureOf(error, args.path ?? args.from ?? 'The workspace') }
  }
}

/** Lines end with LF only: what else counts as a line ending for `readline` may be inside a JSON string. */
async function* requests() {
  let rest = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    yield* lines
  }
}

if (stateFolder !== undefined) recoverStaged(stateFolder)
for await (const line of requests()) process.stdout.write(`${JSON.stringify(await answer(line))}\n`)
