// Runs inside the sandbox, in a worker thread of the file guest, so that an expensive pattern can be ended.
import { constants, closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { ignoreRules, walk } from './tree-walk.mjs'
import { workspaceRoot } from './workspace-paths.mjs'

const MAX_SEARCHED_BYTES = 2 * 1024 * 1024
const MAX_SHOWN_CHARACTERS = 400
const WORD = /[\p{L}\p{N}_$]/u

/** Text of a file that is worth searching, or null for what is large, binary, unreadable or no file. */
function searchable(absolute) {
  let fd
  try {
    fd = openSync(absolute, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  } catch (error) {
    if (['EACCES', 'ENOENT', 'ELOOP', 'ENXIO'].includes(error.code)) return null
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile() || stat.size > MAX_SEARCHED_BYTES) return null
    const bytes = readFileSync(fd)
    return bytes.includes(0) ? null : bytes.toString('utf8')
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

function isWord(line, at, length) {
  const before = line.slice(0, at).at(-1)
  const after = line[at + length]
  return (before === undefined || !WORD.test(before)) && (after === undefined || !WORD.test(after))
}

function search({ query, regex, wholeWord, globSource, limit, ignoreModule }) {
  const pattern = regex ? new RegExp(query, 'g') : null
  const glob = globSource === null ? null : new RegExp(globSource)
  const hits = []
  for (const { path, absolute, entry } of walk(workspaceRoot, '', { rules: ignoreRules(ignoreModule) })) {
    if (!entry.isFile() || (glob !== null && !glob.test(path))) continue
    const text = searchable(absolute)
    if (text === null || (pattern === null && !text.includes(query))) continue
    let number = 0
    for (const line of text.split(/\r\n|\n|\r/)) {
      number += 1
      for (const { at, length } of matches(line, { pattern, query })) {
        if (wholeWord && !isWord(line, at, length)) continue
        if (hits.length === limit) return { hits, truncated: true }
        hits.push({ path, line: number, column: at, text: line.trim().slice(0, MAX_SHOWN_CHARACTERS) })
      }
    }
  }
  return { hits, truncated: false }
}

parentPort.postMessage(search(workerData))
