import type { Node } from 'web-tree-sitter'
import { commentLine, FactsBuilder } from '../facts-builder'
import { type EntityFact, type FileFacts, type RelationFact, type Target, UNKNOWN } from '../file-facts'
import { distinctUses, startsAt } from '../flow-facts'
import { type Syntax, syntaxTree } from '../syntax-tree'

const RUNNERS = new Set([
  'bash',
  'sh',
  'dash',
  'ksh',
  'exec',
  'env',
  'sudo',
  'time',
  'nohup',
  'command',
  'python',
  'python3',
  'node',
  'bats',
  'xargs',
])
/** Set by the shell itself. */
const OF_THE_SHELL =
  /^(?:BASH\w*|IFS|OLDPWD|PWD|RANDOM|SECONDS|LINENO|OPT(?:ARG|IND|ERR)|REPLY|PS\d|UID|EUID|PPID|GROUPS|FUNCNAME|PIPESTATUS|SHLVL|MAPFILE|COMP_\w+|DIRSTACK|EPOCH\w+|HOST(?:NAME|TYPE)|MACHTYPE|OSTYPE|SHELLOPTS)$/

/** Everything a shell script says. */
export function extractFacts(root: Node): FileFacts {
  return new Extractor().run(root)
}

class Extractor {
  private readonly facts = new FactsBuilder()
  private readonly locals: Set<string>[] = []
  private readonly assigned = new Set<string>()
  private readonly read: { name: string; by: string; line: number; column: number }[] = []
  private readonly exported = new Map<string, Syntax>()
  private readonly scripts = new Set<string>()

  run(root: Node): FileFacts {
    const tree = syntaxTree(root)
    for (const child of tree.namedChildren) this.statement(child)
    const facts = this.facts.finish(root)
    const known = new Set([
      ...facts.symbols.map((symbol) => symbol.key),
      ...facts.imports.flatMap((entry) => entry.names.map((name) => name.local)),
    ])
    const readsOthers = facts.imports.some((entry) => entry.spread === true)
    const uses = distinctUses(facts.uses, (ref) => startsAt(ref, known) || readsOthers)
    return { ...facts, uses, ...this.environment(readsOthers) }
  }

  private statement(node: Syntax): void {
    if (node.type === 'function_definition') return this.functionSymbol(node)
    if (node.type === 'variable_assignment') this.variable(node)
    if (node.type === 'declaration_command')
      for (const child of node.namedChildren) if (child.type === 'variable_assignment') this.variable(child)
    // Functions are as often as not defined inside of a condition.
    if (
      /^(?:if_statement|elif_clause|else_clause|case_statement|case_item|list|compound_statement|ERROR)$/.test(node.type) &&
      holdsFunction(node)
    ) {
      for (const child of node.namedChildren) this.statement(child)
      return
    }
    this.facts.later('', () => this.walk(node))
  }

  private functionSymbol(node: Syntax): void {
    const name = node.childForFieldName('name')
    const body = node.childForFieldName('body')
    if (name === null) return
    const test = /^test_|^@test/.test(name.text)
    const key = this.facts.add({ whole: node, name, kind: 'function', prefix: '', exported: true, doc: docOf(node), body, test })
    this.facts.later(key, () => {
      this.locals.push(new Set())
      if (body !== null) this.walk(body)
      this.locals.pop()
    })
  }

  private variable(node: Syntax): void {
    const name = node.childForFieldName('name')
    if (name?.type !== 'variable_name' || this.facts.kindOf(name.text) !== undefined) return
    // The signature ends before the value: it may be a secret.
    const body = node.childForFieldName('value')
    this.facts.add({ whole: node, name, kind: 'variable', prefix: '', exported: true, doc: docOf(node), body, valueType: UNKNOWN })
  }

  private walk(node: Syntax): void {
    switch (node.type) {
      case 'function_definition': {
        const body = node.childForFieldName('body')
        return body === null ? undefined : this.facts.nested(() => this.walk(body))
      }
      case 'command':
        this.command(node)
        break
      case 'variable_assignment': {
        const name = node.childForFieldName('name')
        if (name?.type === 'variable_name' && !this.isLocal(name.text)) {
          this.assigned.add(name.text)
          this.facts.use({ is: 'name', name: name.text }, 'write', node.line)
        }
        const value = node.childForFieldName('value')
        if (value !== null) this.facts.nested(() => this.walk(value))
        return
      }
      case 'declaration_command':
        this.declaration(node)
        break
      case 'for_statement': {
        const name = node.childForFieldName('variable')
        if (name !== null) this.assigned.add(name.text)
        break
      }
      case 'simple_expansion':
      case 'expansion': {
        const name = node.namedChildren.find((child) => child.type === 'variable_name' || child.type === 'subscript')
        const variable = name?.type === 'subscript' ? name.firstNamedChild : name
        if (variable !== null && variable !== undefined) this.variableRead(variable)
        break
      }
      case 'comment':
      case 'heredoc_start':
      case 'heredoc_end':
        return
    }
    for (const child of node.namedChildren) this.facts.nested(() => this.walk(child))
  }

  private variableRead(name: Syntax): void {
    const { text } = name
    if (!/^[A-Za-z_]\w*$/.test(text) || this.isLocal(text)) return
    this.facts.use({ is: 'name', name: text }, 'read', name.line)
    if (/^[A-Z][A-Z0-9_]*$/.test(text) && !OF_THE_SHELL.test(text))
      this.read.push({ name: text, by: this.facts.owner, line: name.line, column: name.column })
  }

  private declaration(node: Syntax): void {
    const [command = ''] = node.text.split(/\s/, 1)
    const names = node.namedChildren.flatMap((child) => {
      const name = child.type === 'variable_assignment' ? child.childForFieldName('name') : child.type === 'variable_name' ? child : null
      return name === null ? [] : [name]
    })
    for (const name of names) {
      const inFunction = this.locals.at(-1)
      if (command === 'export') this.exported.set(name.text, name)
      else if ((command === 'local' || command === 'declare' || command === 'typeset') && inFunction !== undefined)
        inFunction.add(name.text)
    }
  }

  private command(node: Syntax): void {
    const name = node.childForFieldName('name')?.firstNamedChild
    if (name === null || name === undefined) return
    const words = node.childrenForFieldName('argument')
    const command = name.type === 'word' ? name.text : ''
    if (command === 'source' || command === '.') {
      const specifier = words[0] === undefined ? null : pathOf(words[0])
      if (specifier !== null) this.facts.imports.push({ specifier, line: node.line, names: [], spread: true })
      return
    }
    if (command === 'read') for (const word of words) this.assigned.add(word.text)
    if (command === 'trap' || command === 'eval') {
      const text = words[0]?.text.replace(/^['"]|['"]$/g, '') ?? ''
      if (/^\w+$/.test(text)) this.facts.use({ is: 'name', name: text }, 'value', node.line)
    }
    this.script(name, node.line)
    if (RUNNERS.has(command)) {
      const first = words.find((word) => !word.text.startsWith('-') && !word.text.includes('='))
      if (first !== undefined) {
        if (/^\w[\w-]*$/.test(first.text)) this.facts.use({ is: 'name', name: first.text }, 'call', node.line)
        this.script(first, node.line, true)
      }
    }
    if (/^[A-Za-z_][\w:.-]*$/.test(command)) this.facts.use({ is: 'name', name: command }, 'call', node.line)
  }

  /** A script of the repository that is run by its path. */
  private script(word: Syntax, line: number, isArgument = false): void {
    const path = pathOf(word)
    if (path === null || (!path.includes('/') && !(isArgument && /\.\w+$/.test(path)))) return
    if (!this.scripts.has(path)) this.facts.imports.push({ specifier: path, line, names: [{ imported: '*', local: path }] })
    this.scripts.add(path)
    this.facts.use({ is: 'name', name: path }, 'call', line)
  }

  private isLocal(name: string): boolean {
    return this.locals.at(-1)?.has(name) === true
  }

  /** What the script takes from its environment: capitals that it never sets. */
  private environment(readsOthers: boolean): Pick<FileFacts, 'entities' | 'relations'> {
    const entities = new Map<string, EntityFact>()
    const relations = new Map<string, RelationFact>()
    const mention = (name: string, line: number, column: number): void => {
      const key = `env_var:${name}`
      const place = { startLine: line, endLine: line, nameLine: line, nameColumn: column }
      if (!entities.has(key)) entities.set(key, { key, kind: 'env_var', name, ...place, declared: false, signature: name, doc: '' })
    }
    const relate = (by: string, name: string, kind: 'reads' | 'writes', line: number, confidence: number): void => {
      const from: Target = { is: 'symbol', symbol: by }
      const key = `${kind} ${by} ${name}`
      const to: Target = { is: 'key', key: `env_var:${name}` }
      if (!relations.has(key)) relations.set(key, { from, to, kind, line, confidence, method: 'variable of a shell script' })
    }
    for (const { name, by, line, column } of this.read) {
      if (this.assigned.has(name) || this.facts.kindOf(name) !== undefined) continue
      mention(name, line, column)
      relate(by, name, 'reads', line, readsOthers ? 0.5 : 0.8)
    }
    for (const [name, at] of this.exported) {
      if (!/^[A-Z][A-Z0-9_]*$/.test(name) || OF_THE_SHELL.test(name)) continue
      mention(name, at.line, at.column)
      relate('', name, 'writes', at.line, 0.9)
    }
    return entities.size === 0 ? {} : { entities: [...entities.values()], relations: [...relations.values()] }
  }
}

/** A path as it is written; `*` stands for a beginning that is known only when the script runs. Null for what is no path. */
function pathOf(word: Syntax): string | null {
  let text = ''
  const parts = word.type === 'string' || word.type === 'concatenation' ? word.namedChildren : [word]
  for (const [at, part] of parts.entries()) {
    if (part.type === 'word' || part.type === 'string_content') text += part.text
    else if (part.type === 'raw_string') text += part.text.slice(1, -1)
    else if (part.type === 'string') text += pathOf(part) ?? ' '
    else if (/expansion|substitution/.test(part.type) && at === 0) text += '*'
    else return null
  }
  return /^(?:\*\/)?[\w./@+-]+$/.test(text) ? text : null
}

function holdsFunction(node: Syntax): boolean {
  return node.namedChildren.some(
    (child) => child.type === 'function_definition' || (child.namedChildCount > 0 && child.type !== 'command' && holdsFunction(child)),
  )
}

function docOf(node: Syntax): string {
  let first: Syntax | null = null
  for (let at = node.previousSibling, line = node.line; at !== null; at = at.previousSibling) {
    if (at.type === '\n') continue
    if (at.type !== 'comment' || at.endLine < line - 1 || at.text.startsWith('#!')) break
    first = at
    line = at.line
  }
  return first === null ? '' : commentLine(first.text.replace(/^#+\s?/, ''))
}
