// Runs inside the sandbox, in a worker thread of the file guest, so that an expensive pattern can be ended.
import { constants, closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { ignoreRules, walk } from './tree-walk.mjs'
import { isWord } from './word-bounds.mjs'
import { onDisk } from './path-bytes.mjs'
import { encodingOf, decodeText } from './text-encodings.mjs'
import { resolvePath } from './workspace-paths.mjs'

const MAX_SHOWN_CHARACTERS = 400

/** Text of a file that is worth searching, or why it is not: `binary` (but it has the query), `large`, or null for what is unreadable or no file. */
function searchable(absolute, { maxFileBytes, query }) {
  let fd
  try {
    fd = openSync(onDisk(absolute), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    if (['EACCES', 'ENOENT', 'ELOOP', 'ENXIO'].includes(error.code)) return { why: null }
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return { why: null }
    if (stat.size > maxFileBytes) return { why: 'large' }
    const bytes = readFileSync(fd)
    const encoding = encodingOf(bytes)
    return encoding === null ? { why: bytes.includes(query) ? 'binary' : null } : { text: decodeText(bytes, encoding) }
  } catch (error) {
    if (error instanceof TypeError) return { why: 'binary' }
    throw error
  } finally {
    closeSync(fd)
  }
}

function* matches(line, { pattern, query }) {
  if (pattern === null) {
    for (let at = line.indexOf(query); at !== -1; at = line.indexOf(query, at + query.length)) yield { at, length: query.length }
    return
  }
  for (const match of line.matchAll(pattern)) if (match[0] !== '') yield { at: match.index, length: match[0].length }
}

function patternOf({ query, regex, caseMode }) {
  const insensitive = caseMode === 'insensitive' || (caseMode === 'smart' && query === query.toLowerCase())
  if (!regex && !insensitive) return null
  const source = regex ? query : query.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return new RegExp(source, insensitive ? 'gi' : 'g')
}

function search(query) {
  const { wholeWord, globSources, excludeSources, limit, maxPerFile, includeIgnored, hidden, folder, ignoreModule } = query
  const pattern = patternOf(query)
  const globs = globSources.map((source) => new RegExp(source))
  const excluded = excludeSources.map((source) => new RegExp(source))
  const hits = []
  const skipped = { binary: 0, tooLarge: 0 }
  let [files, cut] = [0, false]
  const { absolute: root, relative } = resolvePath(folder === '.' ? '' : folder)
  for (const { path, absolute, entry } of walk(root, relative, includeIgnored ? {} : { rules: ignoreRules(ignoreModule) })) {
    if (!entry.isFile() || (globs.length > 0 && !globs.some((glob) => glob.test(path))) || excluded.some((glob) => glob.test(path)))
      continue
    if (!hidden && /(^|\/)\./.test(path)) continue
    const { text, why } = searchable(absolute, query)
    if (why === 'large') skipped.tooLarge += 1
    if (why === 'binary') skipped.binary += 1
    if (text === undefined || (pattern === null && !text.includes(query.query))) continue
    const before = hits.length
    let number = 0
    for (const line of text.split(/\r?\n/)) {
      number += 1
      for (const { at, length } of matches(line, { pattern, query: query.query })) {
        if (wholeWord && !isWord(line, at, length)) continue
        if (hits.length === limit) return { hits, truncated: true, files, skipped, engine: 'built-in' }
        if (hits.length - before === maxPerFile) {
          cut = true
          continue
        }
        hits.push({
          path,
          line: number,
          column: at,
          text: line.trim().slice(0, MAX_SHOWN_CHARACTERS),
          endLine: number,
          endColumn: at + length,
        })
      }
    }
    if (hits.length > before) files += 1
  }
  return { hits, truncated: cut, files, skipped, engine: 'built-in' }
}

parentPort.postMessage(search(workerData))
