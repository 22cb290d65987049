/** What the built-in agents can be asked. `name` may be dotted (`InvoiceRepository.get`); paths are relative to the workspace. */
export type AgentTask =
  | { readonly kind: 'rename'; readonly name: string; readonly newName: string; readonly file: string | null }
  | { readonly kind: 'move'; readonly name: string; readonly file: string | null; readonly toFile: string }
  | { readonly kind: 'organise-imports'; readonly glob: string }
  | { readonly kind: 'apply-fix'; readonly code: string; readonly glob: string }
  | { readonly kind: 'find-references'; readonly name: string; readonly file: string | null }
  | { readonly kind: 'trace'; readonly from: string; readonly to: string }
  | { readonly kind: 'run-checks' }

export type TaskParse =
  | { readonly ok: true; readonly task: AgentTask }
  | {
      readonly ok: false
      /** What was not understood, as a sentence. */
      readonly reason: string
      /** Tasks that would be understood, nearest first. Never carried out unasked. */
      readonly suggestions: readonly string[]
    }

/** The forms, as they are shown to people. Order is that of the documentation. */
export const TASK_FORMS: Readonly<Record<AgentTask['kind'], string>> = {
  rename: 'rename symbol A to B [in FILE]',
  move: 'move symbol A to FILE',
  'organise-imports': 'organise imports in GLOB',
  'apply-fix': 'apply fix CODE in GLOB',
  'find-references': 'find references of A',
  trace: 'trace A to B',
  'run-checks': 'run checks and explain failures',
}

interface Token {
  readonly text: string
  /** Lower case for words, the exact text for what was quoted: a quoted `to` is a name. */
  readonly word: string
}

class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood'
}

const SYMBOL_WORDS = new Set([
  'symbol',
  'function',
  'class',
  'method',
  'interface',
  'type',
  'variable',
  'const',
  'constant',
  'property',
  'enum',
  'the',
])
const TO_WORDS = new Set(['to', 'into', 'as', '->', '→', '=>'])
const IN_WORDS = new Set(['in', 'inside', 'within', 'under', 'from', 'of', 'at'])
const FILE_WORDS = new Set(['file', 'the', 'files', 'module', 'folder', 'directory'])
const CHECK_WORDS = new Set(['checks', 'check', 'tests', 'test', 'failures', 'failure', 'failing', 'errors', 'linter', 'lint', 'types'])

/** Reads one task. Tolerates case, quotes, backticks, British and American spelling and filler words; never guesses. */
export function parseTask(text: string): TaskParse {
  const tokens = tokenise(text)
  if (tokens.length === 0) return { ok: false, reason: 'The task is empty.', suggestions: Object.values(TASK_FORMS) }
  try {
    return { ok: true, task: parseTokens(tokens) }
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error
    return { ok: false, reason: error.message, suggestions: suggestionsFor(tokens) }
  }
}

/** The canonical sentence of a task: `parseTask` reads it back as the same task. */
export function describeTask(task: AgentTask): string {
  switch (task.kind) {
    case 'rename':
      return `rename symbol ${quoted(task.name)} to ${quoted(task.newName)}${task.file === null ? '' : ` in ${quoted(task.file)}`}`
    case 'move':
      return `move symbol ${quoted(task.name)}${task.file === null ? '' : ` in ${quoted(task.file)}`} to ${quoted(task.toFile)}`
    case 'organise-imports':
      return `organise imports in ${quoted(task.glob)}`
    case 'apply-fix':
      return `apply fix ${quoted(task.code)} in ${quoted(task.glob)}`
    case 'find-references':
      return `find references of ${quoted(task.name)}${task.file === null ? '' : ` in ${quoted(task.file)}`}`
    case 'trace':
      return `trace ${quoted(task.from)} to ${quoted(task.to)}`
    case 'run-checks':
      return 'run checks and explain failures'
  }
}

/** Quotes only what the grammar could take for something else. */
function quoted(text: string): string {
  const plain = /^[^\s'"`]+$/.test(text) && !/[.,;!?]$/.test(text) && !isGrammarWord(text.toLowerCase())
  return plain ? text : `\`${text}\``
}

function isGrammarWord(word: string): boolean {
  return [SYMBOL_WORDS, TO_WORDS, IN_WORDS, FILE_WORDS].some((words) => words.has(word)) || ['please', 'fix', 'for', 'all'].includes(word)
}

function tokenise(text: string): Token[] {
  const tokens: Token[] = []
  for (const match of text.matchAll(/`([^`]+)`|"([^"]+)"|'([^']+)'|(\S+)/g)) {
    const quotedText = match[1] ?? match[2] ?? match[3]
    if (quotedText !== undefined) {
      tokens.push({ text: quotedText, word: `"${quotedText}` })
      continue
    }
    const bare = (match[4] ?? '').replace(/[.,;:!?]+$/, '')
    if (bare !== '' && bare.toLowerCase() !== 'please') tokens.push({ text: bare, word: bare.toLowerCase() })
  }
  return tokens
}

function parseTokens(tokens: readonly Token[]): AgentTask {
  const [verb, second] = [tokens[0]?.word ?? '', tokens[1]?.word ?? '']
  const rest = new Cursor(tokens.slice(1))
  if (verb === 'rename') return rename(rest)
  if (verb === 'move') return move(rest)
  if (/^(organi[sz]e|sort|tidy|clean)$/.test(verb)) return organiseImports(rest)
  if (verb === 'apply' || verb === 'fix') return applyFix(verb, rest)
  if (verb === 'trace') return trace(rest)
  if (verb === 'find' || verb === 'list' || verb === 'show') return findReferences(rest)
  if (verb === 'where' && second === 'is') return whereIsUsed(rest)
  if (verb === 'run' || verb === 'explain' || verb === 'check') return runChecks(verb, rest)
  throw new NotUnderstood(`“${tokens[0]?.text ?? ''}” is not the start of a task that is known here.`)
}

function rename(rest: Cursor): AgentTask {
  rest.skipSymbolWords(TO_WORDS)
  const name = rest.symbol('the symbol to rename')
  let file = rest.optionalFile(IN_WORDS)
  rest.expect(TO_WORDS, `“to” and the new name of ${name}`)
  const newName = rest.take(`the new name of ${name}`)
  file = rest.optionalFile(IN_WORDS) ?? file
  rest.end()
  return { kind: 'rename', name, newName, file }
}

function move(rest: Cursor): AgentTask {
  rest.skipSymbolWords(TO_WORDS)
  const name = rest.symbol('the symbol to move')
  const file = rest.optionalFile(IN_WORDS)
  rest.expect(TO_WORDS, `“to” and the file to move ${name} to`)
  rest.skip(FILE_WORDS)
  const toFile = cleanPath(rest.take(`the file to move ${name} to`))
  if (!/\.[a-z]+$/i.test(toFile)) throw new NotUnderstood(`“${toFile}” does not look like a file: it has no extension.`)
  rest.end()
  return { kind: 'move', name, file, toFile }
}

function organiseImports(rest: Cursor): AgentTask {
  rest.skip(new Set(['up', 'the', 'all', 'and', 'sort', 'tidy']))
  rest.expect(new Set(['imports', 'import']), '“imports”')
  rest.expect(IN_WORDS, '“in” and the files: organise imports in src/**/*.ts')
  rest.skip(FILE_WORDS)
  const glob = cleanGlob(rest.take('the files, as a path or a pattern'))
  rest.end()
  return { kind: 'organise-imports', glob }
}

function applyFix(verb: string, rest: Cursor): AgentTask {
  rest.skip(new Set(['the', 'all', 'every', 'quick', 'code']))
  if (verb === 'apply') rest.expect(new Set(['fix', 'fixes', 'quickfix', 'action']), '“fix” and the code of a diagnostic')
  rest.skip(new Set(['for', 'of', 'the', 'error', 'code', 'diagnostic']))
  const code = rest.take('the code of a diagnostic, such as 6133').replace(/^ts-?(?=\d+$)/i, '')
  rest.expect(new Set([...IN_WORDS, 'to']), `“in” and the files: apply fix ${code} in src/**/*.ts`)
  rest.skip(FILE_WORDS)
  const glob = cleanGlob(rest.take('the files, as a path or a pattern'))
  rest.end()
  return { kind: 'apply-fix', code, glob }
}

function findReferences(rest: Cursor): AgentTask {
  rest.skip(new Set(['all', 'the', 'me']))
  rest.expect(new Set(['references', 'reference', 'refs', 'usages', 'usage', 'uses', 'callers']), '“references of” and a symbol')
  rest.expect(new Set(['of', 'to', 'for']), '“of” and a symbol')
  rest.skipSymbolWords(IN_WORDS)
  const name = rest.symbol('the symbol')
  const file = rest.optionalFile(IN_WORDS)
  rest.end()
  return { kind: 'find-references', name, file }
}

function whereIsUsed(rest: Cursor): AgentTask {
  rest.expect(new Set(['is']), '“is”')
  rest.skipSymbolWords(new Set(['used']))
  const name = rest.symbol('the symbol')
  rest.expect(new Set(['used', 'called', 'referenced']), `“used”: where is ${name} used`)
  rest.end()
  return { kind: 'find-references', name, file: null }
}

function trace(rest: Cursor): AgentTask {
  rest.skip(new Set(['the', 'path', 'flow', 'calls', 'from', 'of']), TO_WORDS)
  rest.skipSymbolWords(TO_WORDS)
  const from = rest.symbol('where the trace starts')
  rest.expect(TO_WORDS, `“to” and where the trace of ${from} ends`)
  rest.skipSymbolWords(new Set())
  const to = rest.symbol('where the trace ends')
  rest.end()
  return { kind: 'trace', from, to }
}

function runChecks(verb: string, rest: Cursor): AgentTask {
  const words = rest.remaining().map((token) => token.word)
  const known = words.every(
    (word) => CHECK_WORDS.has(word) || ['the', 'all', 'and', 'explain', 'run', 'why', 'what', 'fails'].includes(word),
  )
  const named = verb === 'check' || words.some((word) => CHECK_WORDS.has(word))
  if (!known || !named) throw new NotUnderstood(`After “${verb}”, “checks and explain failures” was expected.`)
  return { kind: 'run-checks' }
}

/** Reads tokens from left to right; each method says in its error what was expected. */
class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  remaining(): readonly Token[] {
    return this.#tokens.slice(this.#at)
  }

  skip(words: ReadonlySet<string>, stop: ReadonlySet<string> = new Set()): void {
    while (words.has(this.#tokens[this.#at]?.word ?? '')) {
      const next = this.#tokens[this.#at + 1]
      if (next === undefined || stop.has(next.word)) return
      this.#at += 1
    }
  }

  /** `rename type to kind` renames `type`: a word is only skipped when a name follows it. */
  skipSymbolWords(stop: ReadonlySet<string>): void {
    this.skip(SYMBOL_WORDS, stop)
  }

  take(what: string): string {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw new NotUnderstood(`The task ends where ${what} was expected.`)
    this.#at += 1
    return token.text
  }

  symbol(what: string): string {
    const text = this.take(what).replace(/\(\)$/, '').replaceAll('#', '.').replace(/^\./, '#')
    if (!/^#?[\p{ID_Start}$_][\p{ID_Continue}$]*(\.#?[\p{ID_Start}$_][\p{ID_Continue}$]*)*$/u.test(text)) {
      throw new NotUnderstood(`“${text}” is not the name of a symbol; ${what} was expected.`)
    }
    return text
  }

  expect(words: ReadonlySet<string>, what: string): void {
    const token = this.#tokens[this.#at]
    if (token === undefined) throw new NotUnderstood(`The task ends where ${what} was expected.`)
    if (!words.has(token.word)) throw new NotUnderstood(`“${token.text}” stands where ${what} was expected.`)
    this.#at += 1
  }

  optionalFile(words: ReadonlySet<string>): string | null {
    if (!words.has(this.#tokens[this.#at]?.word ?? '')) return null
    this.#at += 1
    this.skip(FILE_WORDS)
    return cleanPath(this.take('a file'))
  }

  end(): void {
    const extra = this.remaining()
    if (extra.length > 0) throw new NotUnderstood(`“${extra.map((token) => token.text).join(' ')}” was not understood.`)
  }
}

function cleanPath(path: string): string {
  const cleaned = path.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
  if (cleaned === '' || cleaned.startsWith('/') || cleaned.split('/').includes('..')) {
    throw new NotUnderstood(`“${path}” is not a path inside the workspace.`)
  }
  return cleaned
}

/** A folder means all files in it. */
function cleanGlob(glob: string): string {
  if (glob === '.' || glob === './') return '**/*'
  const cleaned = cleanPath(glob)
  const last = cleaned.split('/').at(-1) ?? ''
  return /[*?{[]/.test(cleaned) || last.includes('.') ? cleaned : `${cleaned}/**/*`
}

const VERBS = ['rename', 'move', 'organise', 'organize', 'apply', 'fix', 'find', 'trace', 'run', 'explain']
const FORMS_OF_VERB: Readonly<Record<string, AgentTask['kind']>> = {
  rename: 'rename',
  move: 'move',
  organise: 'organise-imports',
  organize: 'organise-imports',
  apply: 'apply-fix',
  fix: 'apply-fix',
  find: 'find-references',
  trace: 'trace',
  run: 'run-checks',
  explain: 'run-checks',
}
const RELATED: Readonly<Record<string, AgentTask['kind']>> = {
  change: 'rename',
  call: 'rename',
  extract: 'move',
  relocate: 'move',
  imports: 'organise-imports',
  usages: 'find-references',
  references: 'find-references',
  used: 'find-references',
  path: 'trace',
  flow: 'trace',
  tests: 'run-checks',
  checks: 'run-checks',
  failing: 'run-checks',
}

/** With a misspelt verb put right the task may be whole: then that very task is suggested, otherwise the forms that are near. */
function suggestionsFor(tokens: readonly Token[]): string[] {
  const first = tokens[0]?.word ?? ''
  const near = VERBS.map((verb) => ({ verb, distance: editDistance(first, verb) }))
    .filter((entry) => entry.distance <= Math.max(1, Math.floor(entry.verb.length / 3)))
    .sort((a, b) => a.distance - b.distance)
  const suggestions: string[] = []
  for (const { verb } of near) {
    const whole = understood([{ text: verb, word: verb }, ...tokens.slice(1)])
    if (whole !== null) suggestions.push(describeTask(whole))
    const kind = FORMS_OF_VERB[verb]
    if (kind !== undefined) suggestions.push(TASK_FORMS[kind])
  }
  for (const token of tokens) {
    const kind = RELATED[token.word] ?? FORMS_OF_VERB[token.word]
    if (kind !== undefined) suggestions.push(TASK_FORMS[kind])
  }
  return suggestions.length === 0 ? Object.values(TASK_FORMS) : [...new Set(suggestions)]
}

function understood(tokens: readonly Token[]): AgentTask | null {
  try {
    return parseTokens(tokens)
  } catch (error) {
    if (error instanceof NotUnderstood) return null
    throw error
  }
}

/** Levenshtein distance. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
