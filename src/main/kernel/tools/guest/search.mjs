// Runs inside the sandbox. Search by ripgrep where there is one, else by Keyframe's own search, with one order and one shape of answer.
import { spawn } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { textOfBytes } from './path-bytes.mjs'
import { rankNames } from './name-ranking.mjs'
import { ignoreRules, walk } from './tree-walk.mjs'
import { isWord } from './word-bounds.mjs'
import { GuestFailure, lstatOrNull, normalisePath, resolvePath, workspaceRoot } from './workspace-paths.mjs'

/** Found on the sandbox's PATH, or not: then Keyframe searches by itself. */
const RIPGREP = 'rg'
const MAX_SHOWN_CHARACTERS = 400
const MAX_STDERR_CHARACTERS = 4000
const MAX_LISTED_FILES = 500_000
const FILES_AT_ONCE = 500
const MAX_ANSWER_CHARACTERS = 4 * 1024 * 1024
/** What ripgrep never reads or does here: the user's settings, folders above the workspace, links, `.git`, the content of node_modules. */
const COMMON = [
  '--no-config',
  '--no-messages',
  '--no-ignore-global',
  '--no-ignore-parent',
  '--no-ignore-exclude',
  '--no-ignore-dot',
  '--no-require-git',
  '--no-follow',
]
const CASES = { sensitive: '--case-sensitive', insensitive: '--ignore-case', smart: '--smart-case' }

let ripgrep = null

export async function search(asked) {
  // A pattern's folder only saves looking elsewhere; it need not be there.
  const narrowed = asked.folder === '.' && lstatOrNull(resolvePath(asked.globFolder).absolute)?.isDirectory()
  const query = narrowed ? { ...asked, folder: asked.globFolder } : asked
  requireFolder(query.folder)
  const deadline = Date.now() + query.timeoutMs
  ripgrep ??= await ripgrepVersion()
  if (ripgrep === '') return { ...(await ownSearch(query, deadline)), note: 'ripgrep is not in the sandbox: Keyframe searched by itself.' }
  try {
    return await ripgrepSearch(query, deadline)
  } catch (error) {
    if (error.code !== 'search.bad-pattern' || !query.regex) throw error
    // Look-around and back references are JavaScript's but not ripgrep's.
    const found = await ownSearch(query, deadline)
    return { ...found, note: 'ripgrep does not know this kind of pattern: Keyframe searched by itself.' }
  }
}

async function ripgrepVersion() {
  try {
    let said = ''
    await run(['--no-config', '--version'], Date.now() + 5000, (chunk) => (said += chunk.toString('utf8')))
    return /^ripgrep (\S+)/.exec(said)?.[1] ?? ''
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'EACCES' || error.code === 'search.failed') return ''
    throw error
  }
}

/** Runs ripgrep to its end, or until `onData` returns true. True when it found something. */
function run(args, deadline, onData) {
  return new Promise((resolve, reject) => {
    const child = spawn(RIPGREP, args, { cwd: workspaceRoot, stdio: ['ignore', 'pipe', 'pipe'] })
    let stderr = ''
    let enough = false
    const timer = setTimeout(
      () => {
        child.kill('SIGKILL')
        reject(new GuestFailure('search.timed-out', 'The search took longer than it may.'))
      },
      Math.max(1, deadline - Date.now()),
    )
    child.once('error', (error) => (clearTimeout(timer), reject(error)))
    child.stdout.on('data', (chunk) => {
      if (enough || onData(chunk) !== true) return
      enough = true
      child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk) => (stderr = (stderr + chunk.toString('utf8')).slice(0, MAX_STDERR_CHARACTERS)))
    child.once('close', (code) => {
      clearTimeout(timer)
      if (enough || code === 0 || (code === 2 && stderr === '')) resolve(true)
      else if (code === 1) resolve(false)
      else reject(failureOfRun(stderr, code))
    })
  })
}

function failureOfRun(stderr, code) {
  const said = stderr.trim()
  if (/unrecognized file type/.test(said)) return new GuestFailure('search.bad-type', said.split('\n')[0])
  if (/regex parse error|is not allowed in a regex|literal "?\\n|error parsing|not supported|compiled regex exceeds/i.test(said)) {
    return new GuestFailure('search.bad-pattern', said.slice(0, 1000))
  }
  return new GuestFailure('search.failed', `ripgrep ended with exit code ${code}: ${said.slice(0, 1000)}`)
}

function matchArgs({ query, regex, caseMode, multiline }) {
  const args = [CASES[caseMode]]
  // A fixed string with a line end would be taken as several strings.
  const fixed = !regex && !query.includes('\n')
  if (fixed) args.push('--fixed-strings')
  if (multiline || query.includes('\n')) args.push('--multiline')
  else args.push('--crlf')
  const pattern = regex || fixed ? query : query.replace(/[\\.+*?()|[\]{}^$#&\-~]/g, '\\$&').replace(/\r?\n/g, '\\r?\n')
  return [...args, '--regexp', pattern]
}

function choiceArgs({ includeIgnored, hidden, types, excludedTypes, maxFileBytes, folder }) {
  const args = [...COMMON, ...(hidden ? ['--hidden'] : []), '--max-filesize', String(maxFileBytes), '--iglob', '!.git']
  for (const type of types) args.push('--type', type)
  for (const type of excludedTypes) args.push('--type-not', type)
  if (includeIgnored) return [...args, '--no-ignore']
  return folder.split('/').includes('node_modules') ? args : [...args, '--glob', '!node_modules']
}

/** Names of files with a match in any order and at once; then what matches, file by file in the order of paths, until it is enough. */
async function ripgrepSearch(query, deadline) {
  const folder = folderArgs(query.folder)
  const files = await listed([...choiceArgs(query), '--files-with-matches', '--binary', '--null', ...matchArgs(query), ...folder], deadline)
  const wanted = files.paths.filter(matchesGlobs(query)).sort(byText)
  const collected = new Hits(query)
  for (let at = 0; at < wanted.length && !collected.full; at += FILES_AT_ONCE) {
    await hitsIn(wanted.slice(at, at + FILES_AT_ONCE), query, deadline, collected)
  }
  const skipped = { binary: collected.binary, tooLarge: await countLarge(query, folder, deadline) }
  return { ...collected.result(), files: wanted.length - collected.binary, skipped, engine: 'ripgrep' }
}

function requireFolder(folder) {
  if (lstatOrNull(resolvePath(folder).absolute) === null) throw new GuestFailure('fs.not-found', `${folder} is not there.`)
}

function folderArgs(folder) {
  if (folder === '.' || folder === '') return ['--', './']
  if (folder.includes('\\x')) throw new GuestFailure('fs.bad-path', `${folder} is no text: ripgrep cannot be told to look there.`)
  return ['--', `./${normalisePath(folder)}`]
}

function matchesGlobs({ globSources, excludeSources }) {
  const [any, none] = [globSources, excludeSources].map((sources) => sources.map((source) => new RegExp(source)))
  return (path) => (any.length === 0 || any.some((glob) => glob.test(path))) && !none.some((glob) => glob.test(path))
}

function byText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0
}

async function listed(args, deadline) {
  const paths = []
  let rest = Buffer.alloc(0)
  let truncated = false
  await run(args, deadline, (chunk) => {
    const bytes = Buffer.concat([rest, chunk])
    let from = 0
    for (let end = bytes.indexOf(0); end !== -1; end = bytes.indexOf(0, from)) {
      paths.push(textOfBytes(bytes.subarray(from, end)).replace(/^\.\//, ''))
      from = end + 1
    }
    rest = bytes.subarray(from)
    truncated = paths.length >= MAX_LISTED_FILES
    return truncated
  })
  return { paths, truncated }
}

/** Files that were left out for their size alone. */
async function countLarge(query, folder, deadline) {
  const { paths } = await listed(
    [...choiceArgs({ ...query, maxFileBytes: Number.MAX_SAFE_INTEGER }), '--files', '--null', ...folder],
    deadline,
  )
  const fits = matchesGlobs(query)
  return paths.filter((path) => fits(path) && (lstatOrNull(`${workspaceRoot}/${path}`)?.size ?? 0) > query.maxFileBytes).length
}

async function hitsIn(paths, query, deadline, collected) {
  const context = query.contextLines > 0 ? ['--context', String(query.contextLines)] : []
  // Names that are no text cannot be passed on.
  const plain = paths.filter((path) => !path.includes('\\x'))
  const odd = paths.filter((path) => path.includes('\\x'))
  for (const path of odd) collected.unnamed(path)
  if (plain.length === 0) return
  const args = [
    '--no-config',
    '--json',
    '--threads',
    '1',
    '--no-messages',
    ...context,
    ...matchArgs(query),
    '--',
    ...plain.map((path) => `./${path}`),
  ]
  let rest = Buffer.alloc(0)
  await run(args, deadline, (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
      collected.take(JSON.parse(bytes.toString('utf8', from, end)))
      from = end + 1
      if (collected.full) return true
    }
    rest = bytes.subarray(from)
    return false
  })
}

function bytesOf(value) {
  return value.bytes === undefined ? Buffer.from(value.text, 'utf8') : Buffer.from(value.bytes, 'base64')
}

/** Hits of the file that is read now are held back until it is known to be no binary one. */
class Hits {
  binary = 0
  full = false
  #query
  #hits = []
  #ofFile = []
  #context = []
  #characters = 0
  #cut = false
  #odd = []

  constructor(query) {
    this.#query = query
  }

  unnamed(path) {
    this.#odd.push(path)
  }

  take({ type, data }) {
    if (type === 'begin') [this.#ofFile, this.#context] = [[], []]
    else if (type === 'match') this.#match(data)
    else if (type === 'context') this.#context.push({ line: data.line_number, text: shown(bytesOf(data.lines)) })
    else if (type === 'end') this.#end(data)
  }

  #match(data) {
    const path = textOfBytes(bytesOf(data.path)).replace(/^\.\//, '')
    const bytes = bytesOf(data.lines)
    const text = decoded(bytes)
    const lines = text.replace(/\n$/, '').split('\n')
    for (const [row, line] of lines.entries())
      this.#context.push({ line: data.line_number + row, text: line.trimEnd().slice(0, MAX_SHOWN_CHARACTERS) })
    for (const { start, end } of data.submatches) {
      const [at, to] = [decoded(bytes.subarray(0, start)).length, decoded(bytes.subarray(0, end)).length]
      if (to === at) continue
      const before = text.slice(0, at).split('\n')
      const inside = text.slice(at, to).split('\n')
      const column = before.at(-1).length
      const line = lines[before.length - 1]
      if (this.#query.wholeWord && !isWord(text, at, to - at)) continue
      if (this.#ofFile.length >= this.#query.maxPerFile) {
        this.#cut = true
        continue
      }
      const endColumn = inside.length === 1 ? column + inside[0].length : inside.at(-1).length
      this.#ofFile.push({
        path,
        line: data.line_number + before.length - 1,
        column,
        text: line.trim().slice(0, MAX_SHOWN_CHARACTERS),
        endLine: data.line_number + before.length + inside.length - 2,
        endColumn,
      })
    }
  }

  #end(data) {
    if (data.binary_offset !== null && data.binary_offset !== undefined) {
      this.binary += 1
      return
    }
    for (const hit of this.#ofFile) {
      if (this.#hits.length === this.#query.limit || this.#characters > MAX_ANSWER_CHARACTERS) {
        this.full = true
        this.#cut = true
        return
      }
      const around = this.#query.contextLines > 0 ? this.#around(hit) : {}
      this.#characters += JSON.stringify(around).length + hit.text.length + hit.path.length
      this.#hits.push({ ...hit, ...around })
    }
  }

  #around({ line, endLine }) {
    const lines = this.#context.filter((one, at) => this.#context.findIndex((other) => other.line === one.line) === at)
    const between = (from, to) =>
      lines
        .filter((one) => one.line >= from && one.line <= to)
        .sort((a, b) => a.line - b.line)
        .map((one) => one.text)
    const { contextLines } = this.#query
    return { before: between(line - contextLines, line - 1), after: between(endLine + 1, endLine + contextLines) }
  }

  result() {
    return { hits: this.#hits, truncated: this.#cut, ...(this.#odd.length === 0 ? {} : { unsearched: this.#odd.slice(0, 100) }) }
  }
}

function decoded(bytes) {
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}

function shown(bytes) {
  return decoded(bytes).trimEnd().slice(0, MAX_SHOWN_CHARACTERS)
}

function ownSearch(query, deadline) {
  for (const [name, used] of [
    ['types', query.types.length + query.excludedTypes.length > 0],
    ['multiline', query.multiline],
    ['contextLines', query.contextLines > 0],
  ]) {
    if (used)
      throw new GuestFailure('search.no-ripgrep', `"${name}" needs ripgrep, which cannot do this search in this sandbox.`, { option: name })
  }
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./text-search.mjs', import.meta.url), { workerData: query })
    const timer = setTimeout(
      () => {
        reject(new GuestFailure('search.timed-out', `The search took longer than ${query.timeoutMs} ms.`))
        void worker.terminate()
      },
      Math.max(1, deadline - Date.now()),
    )
    worker.once('message', resolve)
    worker.once('error', (error) => reject(error instanceof SyntaxError ? new GuestFailure('search.bad-pattern', error.message) : error))
    worker.once('exit', () => {
      clearTimeout(timer)
      reject(new GuestFailure('search.failed', 'The search ended without a result.'))
    })
  })
}

/** Files by name, best first; ignored ones and those in node_modules are left out unless asked for. */
export async function findFiles({ query, limit, includeIgnored, folder, ignoreModule, timeoutMs }) {
  ripgrep ??= await ripgrepVersion()
  requireFolder(folder)
  const { absolute, relative } = resolvePath(folder)
  const choice = { includeIgnored, hidden: true, types: [], excludedTypes: [], maxFileBytes: Number.MAX_SAFE_INTEGER, folder }
  const paths = []
  if (ripgrep !== '') {
    paths.push(...(await listed([...choiceArgs(choice), '--files', '--null', ...folderArgs(folder)], Date.now() + timeoutMs)).paths)
  } else {
    const rules = includeIgnored ? undefined : ignoreRules(ignoreModule)
    for (const { path, entry } of walk(absolute, relative, rules === undefined ? {} : { rules })) if (!entry.isDirectory()) paths.push(path)
  }
  const ranked = rankNames(paths, query)
  return { files: ranked.slice(0, limit), total: ranked.length, truncated: ranked.length > limit }
}
