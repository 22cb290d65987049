// Runs inside the sandbox: the hands of the filesystem driver. One JSON request a line on stdin, one JSON answer a line on stdout, in
// order. Started in the workspace as `node file-guest.mjs IGNORE_MODULE`; ends with its stdin. Node built-ins only, and the `ignore`
// package as a single file. It has the rights of the agent: the sandbox is the boundary, not the checks in here.
import { rmSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { occurrences } from './text-edits.mjs'
import {
  MAX_FILE_BYTES,
  MAX_TEXT_BYTES,
  countLines,
  encodeText,
  hashFile,
  inLineEnding,
  lineStarts,
  readText,
  versionOf,
  writeAtomically,
} from './text-files.mjs'
import { realPath } from './real-paths.mjs'
import { walk } from './tree-walk.mjs'
import { applyWorkspaceEdit, checkMove, checkRemove, checkVersion, countEntries, existing, moveEntry } from './workspace-edit.mjs'
import { GuestFailure, failureOf, lstatOrNull, resolvePath, typeOf } from './workspace-paths.mjs'

const ignoreModule = process.argv[2]
const MAX_SHOWN_MATCHES = 20

const operations = { realPaths, read, stat, list, glob, write, replace, applyEdit: applyWorkspaceEdit, move, remove, search }

function realPaths({ paths }) {
  return { paths: paths.map(realPath) }
}

function read({ path, startLine, endLine }) {
  const { relative, absolute } = existing(path)
  const whole = startLine === undefined && endLine === undefined
  const file = readText(absolute, path, whole ? MAX_TEXT_BYTES : MAX_FILE_BYTES)
  const starts = lineStarts(file.text)
  const totalLines = countLines(file.text, starts)
  const first = startLine ?? 1
  const last = Math.min(endLine ?? totalLines, totalLines)
  if (first > Math.max(totalLines, 1) || (last < first && totalLines > 0)) {
    throw new GuestFailure('fs.bad-range', `${path} has ${totalLines} lines: there are no lines ${first} to ${endLine ?? totalLines}.`, {
      totalLines,
    })
  }
  const text = file.text.slice(starts[first - 1], starts[last] ?? file.text.length)
  if (text.length > MAX_TEXT_BYTES) throw new GuestFailure('fs.too-large', `Lines ${first} to ${last} of ${path} are more than 8 MiB.`)
  return { path: relative, text, version: file.version, totalLines, sizeBytes: file.bytes.length, startLine: first, endLine: last }
}

function stat({ path }) {
  const { relative, absolute } = resolvePath(path, { follow: false })
  const found = lstatOrNull(absolute)
  const type = typeOf(found)
  if (found === null) return { path: relative, type, sizeBytes: 0, mode: 0, mtimeMs: 0, version: null }
  const version = type === 'file' ? hashFile(absolute, path) : null
  return { path: relative, type, sizeBytes: found.size, mode: found.mode & 0o7777, mtimeMs: found.mtimeMs, version }
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

function write({ path, text, expectedVersion }) {
  const { relative, absolute } = resolvePath(path)
  const found = lstatOrNull(absolute)
  if (found === null) {
    if (expectedVersion !== undefined)
      throw new GuestFailure('fs.not-found', `${path} is not there any more.`, { expected: expectedVersion })
    const bytes = encodeText(text, false)
    writeAtomically(absolute, path, bytes, null)
    return { path: relative, version: versionOf(bytes), created: true }
  }
  const old = replaceable(absolute, path, found)
  checkVersion(path, old, expectedVersion)
  const bytes = encodeText(old.eol === 'crlf' && !text.includes('\r\n') ? inLineEnding(text, 'crlf') : text, old.bom)
  writeAtomically(absolute, path, bytes, old.mode)
  return { path: relative, version: versionOf(bytes), created: false }
}

/** The file that a write replaces. One that is not text may be replaced too: it has a version but no ending to keep. */
function replaceable(absolute, path, found) {
  try {
    return readText(absolute, path)
  } catch (error) {
    if (!['fs.binary', 'fs.encoding', 'fs.too-large'].includes(error.code)) throw error
    return { text: null, bom: false, eol: 'none', version: hashFile(absolute, path), mode: found.mode & 0o7777 }
  }
}

function replace({ path, oldText, newText, expectedVersion }) {
  const { relative, absolute } = existing(path)
  const file = readText(absolute, path)
  checkVersion(path, file, expectedVersion)
  let wanted = oldText
  let found = occurrences(file.text, wanted, MAX_SHOWN_MATCHES + 1)
  if (found.length === 0 && file.eol === 'crlf') {
    wanted = inLineEnding(oldText, 'crlf')
    found = occurrences(file.text, wanted, MAX_SHOWN_MATCHES + 1)
  }
  if (found.length === 0) {
    throw new GuestFailure('fs.no-match', `${path} does not contain the text to replace.`, { path, version: file.version })
  }
  const starts = lineStarts(file.text)
  const lines = found.map((offset) => starts.findLastIndex((start) => start <= offset) + 1)
  if (found.length > 1) {
    const many = found.length > MAX_SHOWN_MATCHES ? `more than ${MAX_SHOWN_MATCHES}` : String(found.length)
    throw new GuestFailure('fs.ambiguous-match', `${path} contains the text to replace ${many} times, on lines ${lines.join(', ')}.`, {
      path,
      count: found.length,
      lines,
    })
  }
  const text = file.text.slice(0, found[0]) + inLineEnding(newText, file.eol) + file.text.slice(found[0] + wanted.length)
  const bytes = encodeText(text, file.bom)
  writeAtomically(absolute, path, bytes, file.mode)
  return { path: relative, version: versionOf(bytes), line: lines[0] }
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
  rmSync(absolute, { recursive: true })
  return { removed }
}

function search({ timeoutMs, ...query }) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./text-search.mjs', import.meta.url), { workerData: { ...query, ignoreModule } })
    const deadline = setTimeout(() => {
      reject(new GuestFailure('search.timed-out', `The search took longer than ${timeoutMs} ms.`))
      void worker.terminate()
    }, timeoutMs)
    worker.once('message', resolve)
    worker.once('error', (error) => reject(error instanceof SyntaxError ? new GuestFailure('search.bad-pattern', error.message) : error))
    worker.once('exit', () => {
      clearTimeout(deadline)
      reject(new GuestFailure('fs.failed', 'The search ended without a result.'))
    })
  })
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

for await (const line of requests()) process.stdout.write(`${JSON.stringify(await answer(line))}\n`)
