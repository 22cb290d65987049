import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { posix } from 'node:path'
import { Language, type Node, Parser } from 'web-tree-sitter'
import { type Started, wrappedBy } from './program-wrappers'
import { UNKNOWN_PIECE, type Word, wordOf, wordsOf } from './shell-words'

const require = createRequire(import.meta.url)

/** One program that a command line starts. */
export interface StartedProgram {
  /** Base name; empty when it is not known. */
  readonly name: string
  /** Name and arguments without quoting. */
  readonly line: string
  /** False when only running it would tell what is started. */
  readonly known: boolean
  /** Not looked up among the system's programs: named by another path, or with another PATH. */
  readonly byPath: boolean
}

/**
 * Every program that a bash command line starts, each once: in pipelines, substitutions, functions, `sh -c`, behind `env` and
 * its like, in `find -exec`. What cannot be known without running it stands as one with `known: false`; nothing is left out.
 * Programs that run a language of their own (python, make, npm) are just themselves.
 */
export type CommandParser = (line: string) => readonly StartedProgram[]

/** In force until the grammar is loaded: nothing can be known. */
export const unreadCommand: CommandParser = (line) => [unknownProgram(line)]

const MAX_LINE = 65_536
const MAX_DEPTH = 400
const MAX_NESTED_SCRIPTS = 8
const CACHED_LINES = 512

let loading: Promise<CommandParser> | null = null

/** The grammar is loaded once for the process. */
export function loadCommandParser(): Promise<CommandParser> {
  loading ??= load()
  return loading
}

async function load(): Promise<CommandParser> {
  await Parser.init()
  const parser = new Parser()
  parser.setLanguage(await Language.load(await readFile(require.resolve('tree-sitter-bash/tree-sitter-bash.wasm'))))
  const known = new Map<string, readonly StartedProgram[]>()
  return (line) => {
    const before = known.get(line)
    if (before !== undefined) return before
    const programs = line.length > MAX_LINE ? [unknownProgram(`${line.slice(0, 200)}…`)] : new CommandReader(parser).read(line)
    if (known.size >= CACHED_LINES) known.clear()
    known.set(line, programs)
    return programs
  }
}

function unknownProgram(line: string): StartedProgram {
  return { name: '', line: line.trim(), known: false, byPath: false }
}

const BUILTINS = new Set(
  '. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait'.split(
    ' ',
  ),
)
const SYSTEM_FOLDERS = new Set(['/bin', '/sbin', '/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin'])
/** Variables whose value is a command that other programs start. */
const COMMAND_VARIABLES =
  /^(?:(?:GIT_|MAN|SYSTEMD_)?(?:PAGER|EDITOR)|VISUAL|BROWSER|LESSOPEN|LESSCLOSE|PROMPT_COMMAND|GIT_(?:EXTERNAL_DIFF|SSH|SSH_COMMAND|ASKPASS|PROXY_COMMAND|SEQUENCE_EDITOR)|SSH_ASKPASS|RUSTC_WRAPPER)$/u
/** Variables that decide what a name or a library means. */
const LOOKUP_VARIABLES = /^(?:PATH|LD_.*|DYLD_.*|GIT_EXEC_PATH)$/u
/** Variables that name files which are run, or hold settings that do. */
const CODE_VARIABLES = /^(?:BASH_ENV|ENV|BASH_FUNC_.*|PS[0124]|GIT_CONFIG.*|SHELLOPTS|BASHOPTS)$/u
/** Text that is run when it is counted with: `a[$(rm x)]`. */
const ARITHMETIC_CODE = /\[[^\]]*(?:\$\(|`)/u

/** Nodes in whose text nothing is expanded. */
const QUOTING = new Set(['raw_string', 'ansi_c_string', 'comment', 'heredoc_start', 'heredoc_end'])
/** Nodes in whose text something may be expanded beside their children. */
const EXPANDED = new Set(['expansion', 'heredoc_body', 'string', 'concatenation', 'regex'])
/** What they start is still the shell's own. */
const IN_SHELL = new Set(['command', 'builtin', 'time', 'coproc'])
/** Words that the grammar takes for programs where it does not know the shell's syntax. */
const RESERVED = new Set('{ } ( ) ! if then else elif fi for while until do done case esac in select function [[ ]] (( ))'.split(' '))

class CommandReader {
  readonly #parser: Parser
  readonly #programs = new Map<string, StartedProgram>()
  readonly #functions = new Set<string>()
  #nested = 0
  #otherPath = false

  constructor(parser: Parser) {
    this.#parser = parser
  }

  read(line: string): readonly StartedProgram[] {
    this.#script(line, true)
    const programs = [...this.#programs.values()]
    return this.#otherPath ? programs.map((program) => ({ ...program, byPath: true })) : programs
  }

  #add(program: StartedProgram): void {
    this.#programs.set(`${program.known} ${program.byPath} ${program.name} ${program.line}`, program)
  }

  #unknown(text: string): void {
    this.#add(unknownProgram(text))
  }

  #script(text: string, outermost: boolean): void {
    if (this.#nested >= MAX_NESTED_SCRIPTS) return this.#unknown(text)
    this.#nested += 1
    const tree = this.#parser.parse(text)
    if (tree === null) this.#unknown(text)
    else {
      const { rootNode } = tree
      // Where the grammar gives up, or joins lines differently than the shell, nothing can be told for certain.
      if (rootNode.hasError || /[^\s\\]\\\r?\n\S|#[^\n]*\\\r?\n/u.test(text)) this.#unknown(text)
      if (outermost) this.#findFunctions(rootNode, text)
      this.#walk(rootNode, 0)
      tree.delete()
    }
    this.#nested -= 1
  }

  /**
   * Functions that are certainly defined before they are called: at the outermost level, not after `&&` or `||`, not in the
   * background. Calls of them start only what their bodies do.
   */
  #findFunctions(root: Node, text: string): void {
    if (/\bunset\b/u.test(text)) return
    for (const child of root.namedChildren) {
      if (child.type === 'comment') continue
      if (child.type !== 'function_definition') continue
      const before = text.slice(0, child.startIndex).trimEnd()
      const after = text.slice(child.endIndex).trimStart()
      const first = root.namedChildren.every(({ type, startIndex }) => type === 'function_definition' || startIndex > child.startIndex)
      if (first && /(?:^|[;}\n])$/u.test(before) && !/^(?:&(?!&)|\||<|>)/u.test(after)) {
        const name = child.childForFieldName('name')?.text
        if (name !== undefined) this.#functions.add(name)
      }
    }
  }

  #walk(node: Node, depth: number): void {
    if (depth > MAX_DEPTH) return this.#unknown(node.text.slice(0, 200))
    switch (node.type) {
      case 'command':
        this.#command(node)
        break
      case 'variable_assignment':
        this.#assignment(node.childForFieldName('name')?.text ?? '', node.childForFieldName('value'))
        break
      case 'declaration_command':
      case 'unset_command':
        for (const child of node.namedChildren) if (child.type !== 'variable_assignment') this.#declared(wordOf(child))
        break
      case 'command_substitution':
        if (node.text.startsWith('`') && node.text.includes('\\')) {
          this.#script(node.text.slice(1, -1).replace(/\\([\\`$"])/gu, '$1'), false)
          return
        }
        break
      case 'expansion':
        if (node.text.endsWith('@P}')) this.#unknown(node.text)
        break
      case 'test_command':
      case 'arithmetic_expansion':
        if (ARITHMETIC_CODE.test(node.text) && /['\\]/u.test(node.text)) this.#unknown(node.text)
        break
      case 'redirected_statement':
        this.#redirected(node)
        break
    }
    if (hidesSubstitution(node)) this.#unknown(node.text.slice(0, 200))
    for (const child of node.namedChildren) this.#walk(child, depth + 1)
  }

  /** The grammar takes words after a redirection for more targets; the shell takes them for arguments. */
  #redirected(node: Node): void {
    const body = node.childForFieldName('body')
    if (body !== null && body.type === 'command') return
    if (strayWords(node).length > 0) this.#unknown(node.text)
  }

  #command(node: Node): void {
    const name = node.childForFieldName('name')
    if (name === null) return
    const outer = node.parent?.type === 'redirected_statement' ? node.parent : null
    const words = [name, ...node.childrenForFieldName('argument'), ...strayWords(node), ...(outer === null ? [] : strayWords(outer))]
    this.#argv(wordsOf(words), { stdin: staticInput(node) ?? (outer === null ? null : staticInput(outer)), direct: true })
  }

  #argv(words: readonly Word[], from: { readonly stdin: string | null; readonly direct: boolean }): void {
    const [head, ...rest] = words
    if (head === undefined) return
    const line = words
      .map((word) => (word.kind === 'exact' ? word.text : word.raw))
      .join(' ')
      .trim()
    const slash = head.text.lastIndexOf('/')
    const name = head.text.slice(slash + 1)
    if (head.kind === 'open' || name === '' || name.includes(UNKNOWN_PIECE) || RESERVED.has(head.raw)) return this.#unknown(line)
    if (name === 'coproc' && rest.some(({ raw }) => RESERVED.has(raw))) return this.#unknown(line)
    if (from.direct && head.kind === 'exact' && slash === -1) {
      // A function of this line, unless quoting or `command` goes past it.
      if (this.#functions.has(name) && head.raw === name) return
      if (BUILTINS.has(name) && this.#builtin(name, rest, line)) return
    }
    const wrapped = wrappedBy(name, rest, from.stdin)
    const inShell = name === 'command' || name === 'builtin' || name === 'exec'
    if (wrapped !== null) for (const started of wrapped.starts) this.#started(started, line, name)
    if (wrapped?.transparent === true || (inShell && from.direct)) return
    const folder = slash === -1 ? null : posix.normalize(head.text.slice(0, Math.max(1, slash)))
    this.#add({ name, line, known: true, byPath: folder !== null && !SYSTEM_FOLDERS.has(folder) })
  }

  #started(started: Started, line: string, by: string): void {
    switch (started.type) {
      case 'argv': {
        // `command` and `builtin` go past functions, not past builtins; `time` and `coproc` past neither.
        const goesPast = by !== 'time' && by !== 'coproc' && this.#functions.has(started.words[0]?.text ?? '')
        return this.#argv(started.words, { stdin: null, direct: IN_SHELL.has(by) && !goesPast })
      }
      case 'script':
        return this.#script(started.text, false)
      case 'assignment':
        if (!/^[A-Za-z_]\w*$/u.test(started.name)) return this.#unknown(line)
        return this.#variable(started.name, started.value)
      case 'unknown':
        return this.#unknown(line)
    }
  }

  /** True when the shell does it by itself, so that no program is started. */
  #builtin(name: string, rest: readonly Word[], line: string): boolean {
    const texts = rest.map(({ text }) => text)
    const isExact = rest.every(({ kind }) => kind === 'exact')
    if (name === 'printf' && texts[0]?.startsWith('-v') === true && texts.some((text) => ARITHMETIC_CODE.test(text))) this.#unknown(line)
    if (name !== 'echo' && name !== 'printf') for (const word of rest) this.#declared(word)
    switch (name) {
      case 'command':
      case 'builtin':
      case 'exec':
        return false
      case 'eval':
        if (isExact) this.#script(texts.join(' '), false)
        else this.#unknown(line)
        return true
      case '.':
      case 'source': {
        const [file] = rest
        if (file === undefined || file.kind !== 'exact' || /^\/(?:dev|proc)\//u.test(file.text)) this.#unknown(line)
        else this.#add({ name: 'source', line, known: true, byPath: true })
        return true
      }
      case 'trap': {
        const operands = rest.filter(({ text }) => !/^-[lp]$/u.test(text) && text !== '--')
        const [handler] = operands
        if (handler === undefined || operands.length < 2 || handler.text === '-' || texts.includes('-l')) return true
        if (handler.kind === 'exact') this.#script(handler.text, false)
        else this.#unknown(line)
        return true
      }
      case 'alias':
        for (const { text, kind } of rest) {
          if (kind !== 'exact') this.#unknown(line)
          else if (text.includes('=')) this.#script(text.slice(text.indexOf('=') + 1), false)
        }
        return true
      case 'hash':
      case 'enable':
      case 'bind':
      case 'complete':
      case 'compgen':
      case 'mapfile':
      case 'readarray':
        if (!isExact || texts.some((text) => /^-\w*[pfxCF]/u.test(text))) this.#unknown(line)
        return true
      case 'fc':
        if (!texts.some((text) => /^-\w*l/u.test(text))) this.#unknown(line)
        return true
      default:
        return true
    }
  }

  #declared(word: Word): void {
    if (ARITHMETIC_CODE.test(word.text)) this.#unknown(word.raw)
    const equals = word.text.indexOf('=')
    const name = equals === -1 ? word.text : word.text.slice(0, equals).replace(/\+$/u, '')
    if (/^[A-Za-z_]\w*$/u.test(name) && (equals !== -1 || LOOKUP_VARIABLES.test(name))) {
      this.#variable(name, { ...word, text: word.text.slice(equals + 1) })
    }
  }

  #assignment(name: string, value: Node | null): void {
    this.#variable(name.replace(/\[.*$/su, ''), value === null ? { text: '', kind: 'exact', raw: '' } : wordOf(value))
  }

  #variable(name: string, value: Word): void {
    if (LOOKUP_VARIABLES.test(name)) this.#otherPath = true
    if (CODE_VARIABLES.test(name) && value.text !== '') {
      const isPrompt = /^PS\d$/u.test(name) && value.kind === 'exact' && !/[$`\\]/u.test(value.text)
      if (!isPrompt) this.#unknown(`${name}=${value.text}`)
    }
    if (COMMAND_VARIABLES.test(name) && value.text !== '') {
      if (value.kind === 'exact') this.#script(value.text.replace(/^\|-?/u, ''), false)
      else this.#unknown(`${name}=${value.raw}`)
    }
    if (value.kind !== 'open' && ARITHMETIC_CODE.test(value.text)) this.#unknown(`${name}=${value.text}`)
  }
}

/** Whether there is text, beside what the grammar has taken apart, in which the shell would find a substitution. */
function hidesSubstitution(node: Node): boolean {
  if (QUOTING.has(node.type) || (node.namedChildCount > 0 && !EXPANDED.has(node.type))) return false
  if (!/`|\$\(/u.test(ownText(node).replace(/\\./gsu, ''))) return false
  const start = node.type === 'heredoc_body' ? node.parent?.namedChildren.find(({ type }) => type === 'heredoc_start') : undefined
  return !/['"\\]/u.test(start?.text ?? '')
}

function ownText(node: Node): string {
  let text = ''
  let at = 0
  for (const child of node.namedChildren) {
    text += node.text.slice(at, child.startIndex - node.startIndex)
    at = child.endIndex - node.startIndex
  }
  return text + node.text.slice(at)
}

function strayWords(node: Node): Node[] {
  return node.childrenForFieldName('redirect').flatMap((redirect) => {
    if (redirect.type === 'file_redirect') return redirect.childrenForFieldName('destination').slice(1)
    return redirect.type === 'heredoc_redirect' ? redirect.childrenForFieldName('argument') : []
  })
}

/** What a here-document or here-string gives a command to read, when it is known. */
function staticInput(node: Node): string | null {
  for (const redirect of node.childrenForFieldName('redirect')) {
    if (redirect.type === 'heredoc_redirect') {
      const body = redirect.namedChildren.find(({ type }) => type === 'heredoc_body')
      return body === undefined || body.namedChildren.some(({ type }) => type !== 'heredoc_content') ? null : body.text
    }
    if (redirect.type === 'herestring_redirect') {
      const [given] = redirect.namedChildren
      const word = given === undefined ? null : wordOf(given)
      return word?.kind === 'exact' ? word.text : null
    }
  }
  return null
}
