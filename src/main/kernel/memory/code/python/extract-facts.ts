import type { Node } from 'web-tree-sitter'
import type { FileFacts, ImportedName, Ref } from '../file-facts'
import { UNKNOWN } from '../file-facts'
import { FactsBuilder, type Scope, symbolRef } from '../facts-builder'
import { distinctUses, FlowFacts, startsAt } from '../flow-facts'
import { type Syntax, syntaxTree } from '../syntax-tree'
import { isTestPath } from '../test-edges'
import { docOf, parameterName, parameterNames, refOfType, stringText, unwrapped } from './syntax-parts'
import { CodeWalker } from './walk-code'

/** Statements whose blocks belong to the module or class around them. */
const BLOCKS = new Set([
  ...['if_statement', 'elif_clause', 'else_clause', 'try_statement', 'except_clause', 'except_group_clause', 'finally_clause'],
  ...['ERROR', 'with_statement', 'for_statement', 'while_statement', 'block', 'match_statement', 'case_clause'],
])

/** Where statements declare: '' is the module, else a class. */
interface Place {
  readonly key: string
  readonly isTest: boolean
}

/** Everything a Python file says. Names that begin with `_` are not exported, nor what `__all__` leaves out. */
export function extractFacts(root: Node, path: string): FileFacts {
  return new Extractor(path).run(root)
}

class Extractor {
  private readonly facts = new FactsBuilder()
  private readonly flows: FlowFacts
  private readonly code: CodeWalker
  private readonly path: string
  /** Of the classes being read, what their methods assign to the receiver. */
  private readonly properties = new Map<string, { readonly whole: Syntax; readonly name: Syntax; readonly valueType: Ref }>()
  private readonly bound = new Set<string>()
  private all: ReadonlySet<string> | null = null

  constructor(path: string) {
    this.path = path
    this.flows = new FlowFacts(path)
    this.code = new CodeWalker(this.facts, this.flows, (node) => this.importIn(node))
  }

  run(root: Node): FileFacts {
    const tree = syntaxTree(root)
    this.all = publicNames(tree)
    for (const statement of tree.namedChildren) this.statement(statement, { key: '', isTest: false })
    const facts = this.facts.finish(root)
    const known = new Set([...facts.symbols.map((symbol) => symbol.key), ...facts.imports.flatMap((entry) => entry.names.map(rootOf))])
    const spreads = facts.imports.some((entry) => entry.spread === true)
    const isOurs = (ref: Ref): boolean => spreads || startsAt(ref, known)
    const flows = isTestPath(this.path) ? {} : this.flows.finish(facts.symbols, isOurs)
    const doc = docOf(tree)
    return { ...facts, uses: distinctUses(facts.uses, isOurs), ...flows, ...(doc === '' ? {} : { fileDoc: doc }) }
  }

  private statement(node: Syntax, place: Place): void {
    switch (node.type) {
      case 'import_statement':
      case 'import_from_statement':
      case 'future_import_statement':
        this.importStatement(node, place.key === '')
        return
      case 'function_definition':
        return this.functionSymbol(node, node, place)
      case 'class_definition':
        return this.classSymbol(node, node, place)
      case 'decorated_definition': {
        const definition = node.childForFieldName('definition')
        if (definition?.type === 'class_definition') this.classSymbol(definition, node, place)
        else if (definition !== null) this.functionSymbol(definition, node, place)
        return
      }
      case 'expression_statement': {
        const inner = node.firstNamedChild
        if (inner?.type === 'assignment') return this.variables(inner, node, place)
        break
      }
      case 'type_alias_statement': {
        const [name, value] = node.namedChildren.map(unwrapped)
        if (name?.type === 'identifier') {
          const valueType = value === undefined ? UNKNOWN : refOfType(value, null)
          this.facts.add({
            whole: node,
            name,
            kind: 'type',
            prefix: prefixOf(place),
            exported: this.isPublic(name.text, place),
            doc: '',
            valueType,
          })
        }
        return
      }
    }
    if (BLOCKS.has(node.type)) {
      for (const child of node.namedChildren) this.statement(child, place)
      return
    }
    this.facts.later(place.key, () => this.code.walk(node))
  }

  private importStatement(node: Syntax, isModule: boolean): void {
    const line = node.line
    if (node.type === 'import_statement') {
      for (const child of node.childrenForFieldName('name')) {
        const specifier = (child.type === 'aliased_import' ? child.childForFieldName('name') : child)?.text ?? ''
        const alias = child.type === 'aliased_import' ? child.childForFieldName('alias')?.text : undefined
        const [first = ''] = specifier.split('.')
        const names: ImportedName[] = [{ imported: '*', local: alias ?? specifier }]
        if (alias === undefined && first !== specifier) names.push({ imported: '*', local: first, module: first })
        this.bind(names, specifier, line, isModule)
      }
      return
    }
    const specifier =
      node.type === 'future_import_statement' ? '__future__' : (node.childForFieldName('module_name')?.text.replace(/\s/g, '') ?? '')
    const within = specifier.endsWith('.') ? specifier : `${specifier}.`
    const names = node.childrenForFieldName('name').flatMap((child): ImportedName[] => {
      const imported = (child.type === 'aliased_import' ? child.childForFieldName('name') : child)?.text
      if (imported === undefined) return []
      const local = (child.type === 'aliased_import' ? child.childForFieldName('alias')?.text : undefined) ?? imported
      return [{ imported, local, module: `${within}${imported}` }]
    })
    const spread = node.namedChildren.some((child) => child.type === 'wildcard_import')
    if (!spread) return this.bind(names, specifier, line, isModule)
    this.facts.imports.push({ specifier, line, names: [], spread: true })
    if (isModule) this.facts.exports.push({ name: '*', local: '*', from: specifier, line })
  }

  /** What a module imports can be imported from it. */
  private bind(names: readonly ImportedName[], specifier: string, line: number, isModule: boolean): void {
    const fresh = isModule ? names : names.filter((name) => !this.bound.has(name.local))
    this.facts.imports.push({ specifier, line, names: fresh })
    if (!isModule) return
    for (const { local } of names) {
      this.bound.add(local)
      if (!local.includes('.')) this.facts.exports.push({ name: local, local, from: null, line })
    }
  }

  /** An import inside of a function: it binds there, and is seen everywhere unless the module binds the name itself. */
  private importIn(node: Syntax): boolean {
    if (!/^(?:import|import_from|future_import)_statement$/.test(node.type)) return false
    this.importStatement(node, false)
    return true
  }

  private functionSymbol(node: Syntax, whole: Syntax, place: Place): void {
    const name = node.childForFieldName('name')
    const body = node.childForFieldName('body')
    if (name === null) return
    const inClass = place.key !== ''
    const decorators = whole.namedChildren.filter((child) => child.type === 'decorator')
    const marks = decorators.map((decorator) => decorator.text.replace(/^@\s*/, '').split('(', 1)[0] ?? '')
    // Of overloads, the last one is what runs; stubs have nothing else.
    if (marks.some((mark) => /(?:^|\.)overload$/.test(mark)) && this.path.endsWith('.py')) return
    const isStatic = marks.includes('staticmethod')
    const isProperty = inClass && marks.some((mark) => /(?:^|\.)(?:property|cached_property|setter|getter|deleter)$/.test(mark))
    const parameters = node.childForFieldName('parameters')
    const hint = node.childForFieldName('return_type')
    const self = inClass ? place.key : null
    const scope = this.scopeOf(parameters, self, inClass && !isStatic)
    const returns = hint === null ? this.returnsOf(body, scope, self, place.key) : refOfType(hint, self)
    const test = name.text.startsWith('test') && (inClass ? place.isTest : isTestPath(this.path))
    const key = this.facts.add({
      whole,
      name,
      kind: isProperty ? 'property' : inClass ? 'method' : 'function',
      prefix: prefixOf(place),
      exported: this.isPublic(name.text, place),
      doc: docOf(body),
      body,
      ...(isProperty ? { valueType: returns } : { returns, parameters: parameterNames(parameters, inClass && !isStatic) }),
      test,
    })
    this.facts.later(place.key, () => {
      for (const decorator of decorators) this.code.decorator(decorator)
    })
    this.facts.later(key, () =>
      this.code.functionParts(node, self, inClass && !isStatic, this.scopeOf(parameters, self, inClass && !isStatic)),
    )
  }

  /** Types of parameters; the receiver is the class. */
  private scopeOf(parameters: Syntax | null, self: string | null, hasReceiver: boolean): Scope {
    const scope: Scope = new Map()
    for (const [at, parameter] of (parameters?.namedChildren ?? []).entries()) {
      const name = parameterName(parameter)
      if (name === null) continue
      const type = parameter.childForFieldName('type')
      const value = parameter.childForFieldName('value')
      const isRest = /splat/.test(parameter.type === 'typed_parameter' ? (parameter.firstNamedChild?.type ?? '') : parameter.type)
      if (at === 0 && hasReceiver && self !== null) scope.set(name.text, { is: 'this', symbol: self })
      else
        scope.set(
          name.text,
          isRest ? UNKNOWN : type !== null ? refOfType(type, self) : value === null ? UNKNOWN : this.code.valueRef(value),
        )
    }
    return scope
  }

  /** What a function without a hint returns, where all of its returns say the same; and the properties that it gives its receiver. */
  private returnsOf(body: Syntax | null, scope: Scope, self: string | null, owner: string): Ref {
    const found = new Map<string, Ref>()
    this.facts.inScope(() => {
      if (body !== null) this.scan(body, self, owner, found)
    }, new Map(scope))
    const [only] = found.values()
    return found.size === 1 && only !== undefined ? only : UNKNOWN
  }

  private scan(node: Syntax, self: string | null, owner: string, returned: Map<string, Ref>): void {
    for (const child of node.namedChildren) {
      switch (child.type) {
        case 'function_definition':
        case 'class_definition':
        case 'lambda':
        case 'decorated_definition':
          continue
        case 'return_statement':
          if (child.firstNamedChild !== null && unwrapped(child.firstNamedChild).type !== 'none') {
            const ref = this.code.valueRef(child.firstNamedChild)
            returned.set(JSON.stringify(ref), ref)
          }
          continue
        case 'yield':
          returned.set('yield', UNKNOWN)
          returned.set('more', UNKNOWN)
          continue
        case 'assignment':
          this.scanAssignment(child, self, owner)
          break
        case 'as_pattern': {
          const alias = child.childForFieldName('alias')?.firstNamedChild
          if (alias?.type === 'identifier' && child.firstNamedChild !== null)
            this.facts.declare(alias.text, child.parent?.type === 'with_item' ? this.code.valueRef(child.firstNamedChild) : UNKNOWN)
          break
        }
        case 'for_statement': {
          const left = child.childForFieldName('left')
          if (left?.type === 'identifier') this.facts.declare(left.text, UNKNOWN)
          break
        }
      }
      if (child.namedChildCount > 0) this.facts.nested(() => this.scan(child, self, owner, returned))
    }
  }

  private scanAssignment(node: Syntax, self: string | null, owner: string): void {
    const left = node.childForFieldName('left')
    const right = node.childForFieldName('right')
    const hint = node.childForFieldName('type')
    if (left === null) return
    const valueType = hint !== null ? refOfType(hint, self) : right === null ? UNKNOWN : this.code.valueRef(right)
    if (left.type === 'identifier') this.facts.declare(left.text, valueType)
    const object = left.type === 'attribute' ? left.childForFieldName('object') : null
    const name = left.childForFieldName('attribute')
    if (object?.type !== 'identifier' || name === null || self === null) return
    if (this.facts.local(object.text)?.is !== 'this') return
    this.property(node, name, valueType, owner)
  }

  /** `self.total = 0`: the first assignment that tells a type says what it is. */
  private property(whole: Syntax, name: Syntax, valueType: Ref, owner: string): void {
    const key = `${owner}.${name.text}`
    const known = this.properties.get(key)
    if (known === undefined || (known.valueType.is === 'unknown' && valueType.is !== 'unknown')) {
      this.properties.set(key, known === undefined ? { whole, name, valueType } : { ...known, valueType })
    }
  }

  private classSymbol(node: Syntax, whole: Syntax, place: Place): void {
    const name = node.childForFieldName('name')
    const body = node.childForFieldName('body')
    if (name === null) return
    const bases = (node.childForFieldName('superclasses')?.namedChildren ?? []).filter((base) => base.type !== 'keyword_argument')
    const isEnum = bases.some((base) => /(?:^|\.)(?:Int|Str)?(?:Enum|Flag)$/.test(base.text))
    const isTest = (name.text.startsWith('Test') && isTestPath(this.path)) || bases.some((base) => /(?:^|\.)\w*TestCase$/.test(base.text))
    const exported = this.isPublic(name.text, place)
    const key = this.facts.add({
      whole,
      name,
      kind: isEnum ? 'enum' : 'class',
      prefix: prefixOf(place),
      exported,
      doc: docOf(body),
      body,
      test: isTest,
    })
    for (const base of bases) {
      const inner = base.type === 'subscript' ? base.childForFieldName('value') : base
      const ref = inner === null ? UNKNOWN : this.code.ref(inner)
      if (ref.is !== 'unknown') this.facts.inherits.push({ symbol: key, base: ref, line: base.line })
    }
    this.facts.later(key, () => {
      for (const decorator of whole.namedChildren) if (decorator.type === 'decorator') this.code.decorator(decorator)
      for (const base of bases) if (base.type === 'call') this.code.walk(base)
    })
    const inside = { key, isTest: place.isTest || isTest }
    for (const child of body?.namedChildren ?? []) this.statement(child, inside)
    for (const [property, parts] of this.properties) {
      if (!property.startsWith(`${key}.`)) continue
      this.properties.delete(property)
      if (this.facts.kindOf(property) !== undefined) continue
      const visible = this.isPublic(parts.name.text, inside)
      this.facts.add({ ...parts, kind: 'property', prefix: `${key}.`, exported: visible, doc: '' })
    }
  }

  /** `RATE: float = 1.5` and `a, b = load()` of a module or a class. */
  private variables(node: Syntax, whole: Syntax, place: Place): void {
    const left = node.childForFieldName('left')
    const right = node.childForFieldName('right')
    const hint = node.childForFieldName('type')
    const targets = left === null ? [] : left.type === 'identifier' ? [left] : patternNames(left)
    const isOne = left?.type === 'identifier'
    const kind = place.key === '' ? 'variable' : 'property'
    const self = place.key === '' ? null : place.key
    const valueType = !isOne ? UNKNOWN : hint !== null ? refOfType(hint, self) : right === null ? UNKNOWN : this.code.valueRef(right)
    for (const name of targets) {
      if (this.facts.kindOf(`${prefixOf(place)}${name.text}`) !== undefined) continue
      this.facts.add({ whole, name, kind, prefix: prefixOf(place), exported: this.isPublic(name.text, place), doc: '', valueType })
    }
    this.facts.later(targets.length === 1 && targets[0] !== undefined ? `${prefixOf(place)}${targets[0].text}` : place.key, () => {
      if (hint !== null) this.code.types(hint)
      if (right !== null) this.code.value(right)
      if (left !== null && targets.length === 0) this.code.walk(left)
      if (left === null || right === null) return
      const of: Ref = place.key === '' ? UNKNOWN : symbolRef(place.key)
      if (place.key === '') this.code.assigned(left, this.code.origins(right), node.line)
      else if (isOne) this.flows.add(this.code.origins(right), { is: 'property', of, name: left.text }, node.line)
    })
  }

  private isPublic(name: string, place: Place): boolean {
    if (place.key === '' && this.all !== null) return this.all.has(name)
    return !name.startsWith('_') || (name.startsWith('__') && name.endsWith('__'))
  }
}

function prefixOf(place: Place): string {
  return place.key === '' ? '' : `${place.key}.`
}

function rootOf(name: ImportedName): string {
  return name.local.split('.', 1)[0] ?? ''
}

function patternNames(node: Syntax): Syntax[] {
  if (node.type === 'identifier') return [node]
  if (/^(?:pattern_list|tuple_pattern|list_pattern|list_splat_pattern)$/.test(node.type)) return node.namedChildren.flatMap(patternNames)
  return []
}

/** What `__all__` lists; null when there is none. */
function publicNames(tree: Syntax): ReadonlySet<string> | null {
  let names: Set<string> | null = null
  for (const statement of tree.namedChildren) {
    const node = statement.type === 'expression_statement' ? statement.firstNamedChild : null
    if ((node?.type !== 'assignment' && node?.type !== 'augmented_assignment') || node.childForFieldName('left')?.text !== '__all__')
      continue
    names ??= new Set()
    for (const child of node.childForFieldName('right')?.namedChildren ?? []) if (child.type === 'string') names.add(stringText(child))
  }
  return names
}
