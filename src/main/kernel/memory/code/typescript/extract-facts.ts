import type { Node } from 'web-tree-sitter'
import type { GraphNode } from '../../../../../shared/graph'
import { type ExportFact, type FileFacts, type ImportFact, type Ref, type SymbolFact } from '../file-facts'
import { distinctUses, startsAt } from '../flow-facts'
import { isTestPath } from '../test-edges'
import { firstErrorLine, type Syntax, syntaxTree } from '../syntax-tree'
import {
  docOf,
  lineOf,
  parametersOf,
  patternNames,
  patternNodes,
  requireSpecifier,
  returnsOf,
  signatureOf,
  VARIABLES,
} from './syntax-parts'
import { named, refOfType, stringValue, unwrapped } from './syntax-refs'
import { isTestFile, testCall } from './test-calls'
import { CLASSES, CodeWalker, FUNCTION_VALUES, FUNCTIONS } from './walk-code'

const METHODS = new Set(['method_definition', 'method_signature', 'abstract_method_signature'])
const LEAVES = new Set(['string', 'regex', 'predefined_type', 'literal_type', 'comment', 'jsx_text', 'hash_bang_line'])
const FIELDS = new Set(['public_field_definition', 'field_definition', 'property_signature'])

/** Everything a file says about symbols, imports, exports, uses, inheritance and ways of values. Linear in the size of the tree. */
export function extractFacts(root: Node, path: string): FileFacts {
  return new Extractor(path).run(syntaxTree(root, LEAVES), firstErrorLine(root))
}

type More = Pick<SymbolFact, 'valueType' | 'returns' | 'parameters' | 'test'>

class Extractor {
  private readonly symbols: SymbolFact[] = []
  private readonly keys = new Map<string, GraphNode['kind']>()
  private readonly imports: ImportFact[] = []
  private readonly exports: ExportFact[] = []
  private readonly inherits: { symbol: string; base: Ref; line: number }[] = []
  private readonly code: CodeWalker
  private readonly path: string
  private holdsTests: boolean | null = null

  constructor(path: string) {
    this.path = path
    this.code = new CodeWalker(path, (call) => this.testSymbol(call) || this.lazyImport(call))
  }

  run(root: Syntax, errorLine: number | null): FileFacts {
    for (const statement of root.namedChildren) this.statement(statement, false, '')
    const exported = new Set(this.exports.filter((entry) => entry.from === null).map((entry) => entry.local))
    const symbols = this.symbols.map((symbol) => (exported.has(symbol.key) && !symbol.exported ? { ...symbol, exported: true } : symbol))
    const { imports, exports, inherits } = this
    const known = new Set([...this.keys.keys(), ...imports.flatMap((entry) => entry.names.map((name) => name.local))])
    const isOurs = (ref: Ref): boolean => startsAt(ref, known)
    // What tests pass around says nothing about where the product's values go, and is more than all the rest.
    const flows = isTestPath(this.path) ? {} : this.code.flows.finish(symbols, isOurs)
    const uses = distinctUses(this.code.uses, isOurs)
    return { symbols, imports, exports, uses, inherits, ...flows, lines: root.endLine, errorLine }
  }

  /** A statement of the module or of a namespace: what it declares becomes symbols. */
  private statement(node: Syntax, exported: boolean, prefix: string): void {
    if (node.type === 'import_statement') return this.importStatement(node)
    if (node.type === 'export_statement') return this.exportStatement(node, prefix)
    if (node.type === 'ambient_declaration' || node.type === 'ERROR') {
      for (const child of node.namedChildren) this.statement(child, exported, prefix)
      return
    }
    if (node.type === 'expression_statement') {
      const inner = node.firstNamedChild
      if (inner?.type === 'internal_module') return this.statement(inner, exported, prefix)
      if (inner?.type === 'assignment_expression' && prefix === '' && this.commonExport(inner)) return
    }
    if (FUNCTIONS.has(node.type)) return this.functionSymbol(node, node, exported, prefix)
    if (CLASSES.has(node.type)) return this.classSymbol(node, exported, prefix)
    if (node.type === 'interface_declaration') return this.interfaceSymbol(node, exported, prefix)
    if (node.type === 'type_alias_declaration') return this.typeSymbol(node, exported, prefix)
    if (node.type === 'enum_declaration') return this.enumSymbol(node, exported, prefix)
    if (VARIABLES.has(node.type)) {
      for (const declarator of named(node, 'variable_declarator')) this.variableSymbol(declarator, node, exported, prefix)
      return
    }
    if (node.type === 'internal_module' || node.type === 'module') {
      const key = this.symbol(node, 'module', exported, prefix)
      for (const child of node.childForFieldName('body')?.namedChildren ?? [])
        this.statement(child, exported, key === null ? prefix : `${key}.`)
      return
    }
    this.code.walk(node)
  }

  /** `module.exports = value`, `exports.name = value`. */
  private commonExport(node: Syntax): boolean {
    const left = node.childForFieldName('left')
    const right = node.childForFieldName('right')
    const match = /^(?:module\.)?exports(?:\.([\w$]+))?$/.exec(left?.type === 'member_expression' ? left.text : '')
    if (left === null || right === null || match === null || (match[1] === undefined && left.text !== 'module.exports')) return false
    const line = lineOf(node)
    const value = unwrapped(right)
    if (match[1] === undefined && value.type === 'object') {
      for (const child of value.namedChildren) {
        const name = child.type === 'pair' ? child.childForFieldName('key') : child
        const to = child.type === 'pair' ? child.childForFieldName('value') : child
        if (name === null || (child.type !== 'pair' && child.type !== 'shorthand_property_identifier')) this.code.walk(child)
        else if (to?.type === 'identifier' || to?.type === 'shorthand_property_identifier') {
          this.exports.push({ name: name.text, local: to.text, from: null, line })
          this.code.value(to)
        } else if (to !== null && name.type === 'property_identifier') {
          const key = this.valueSymbol(to, child, name, true, '')
          this.exports.push({ name: name.text, local: key, from: null, line })
        }
      }
      return true
    }
    const name = match[1] ?? 'module.exports'
    if (value.type === 'identifier') {
      this.exports.push({ name, local: value.text, from: null, line })
      this.code.value(value)
    } else {
      const at = match[1] === undefined ? 'default' : (left.childForFieldName('property') ?? 'default')
      this.exports.push({ name, local: this.valueSymbol(value, node, at, true, ''), from: null, line })
    }
    return true
  }

  private importStatement(node: Syntax): void {
    const required = named(node, 'import_require_clause')[0]
    const source = (required ?? node).childForFieldName('source')
    if (source === null) return
    const names: { imported: string; local: string }[] = []
    if (required !== undefined) {
      const local = named(required, 'identifier')[0]
      if (local !== undefined) names.push({ imported: '*', local: local.text })
    }
    for (const clause of named(node, 'import_clause')) {
      for (const child of clause.namedChildren) {
        if (child.type === 'identifier') names.push({ imported: 'default', local: child.text })
        if (child.type === 'namespace_import' && child.firstNamedChild !== null)
          names.push({ imported: '*', local: child.firstNamedChild.text })
        if (child.type !== 'named_imports') continue
        for (const specifier of named(child, 'import_specifier')) {
          const imported = specifier.childForFieldName('name')?.text ?? ''
          names.push({ imported, local: specifier.childForFieldName('alias')?.text ?? imported })
        }
      }
    }
    this.imports.push({ specifier: stringValue(source), line: lineOf(node), names })
  }

  private exportStatement(node: Syntax, prefix: string): void {
    const line = lineOf(node)
    const source = node.childForFieldName('source')
    const from = source === null ? null : stringValue(source)
    const declaration = node.childForFieldName('declaration')
    const isDefault = node.children.some((child) => child.type === 'default')
    if (from !== null) this.imports.push({ specifier: from, line, names: [] })
    for (const clause of named(node, 'export_clause')) {
      for (const specifier of named(clause, 'export_specifier')) {
        const local = specifier.childForFieldName('name')?.text ?? ''
        this.exports.push({ name: specifier.childForFieldName('alias')?.text ?? local, local, from, line })
      }
    }
    const namespace = named(node, 'namespace_export')[0]
    if (namespace !== undefined) this.exports.push({ name: namespace.firstNamedChild?.text ?? '', local: '*', from, line })
    else if (from !== null && named(node, 'export_clause').length === 0) this.exports.push({ name: '*', local: '*', from, line })
    if (declaration !== null) {
      const before = this.symbols.length
      this.statement(declaration, true, prefix)
      const first = this.symbols[before]
      if (isDefault) this.exports.push({ name: 'default', local: first?.key ?? '', from: null, line })
      return
    }
    const value = node.childForFieldName('value')
    if (value === null) return
    if (value.type === 'identifier') this.exports.push({ name: 'default', local: value.text, from: null, line })
    else {
      const key = this.valueSymbol(value, node, 'default', true, prefix)
      this.exports.push({ name: 'default', local: key, from: null, line })
    }
  }

  private functionSymbol(node: Syntax, whole: Syntax, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'function', exported, prefix, {}, whole)
    if (key !== null) this.body(node, key, null)
  }

  private classSymbol(node: Syntax, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'class', exported, prefix)
    if (key !== null) this.classBody(node, key, exported)
  }

  /** Decorators stand before a member or before `export`. */
  private decorators(node: Syntax, owner: string): void {
    for (const decorator of named(node, 'decorator')) this.code.within(owner, null, () => this.code.walk(decorator))
  }

  private classBody(node: Syntax, key: string, exported: boolean): void {
    this.decorators(node, key)
    if (node.parent?.type === 'export_statement') this.decorators(node.parent, key)
    for (const heritage of named(node, 'class_heritage')) this.heritage(heritage, key)
    let pending: Syntax[] = []
    for (const member of node.childForFieldName('body')?.namedChildren ?? []) {
      if (member.type === 'decorator') {
        pending.push(member)
        continue
      }
      this.member(member, key, exported)
      const name = `${key}.${(member.childForFieldName('name') ?? member.childForFieldName('property'))?.text ?? ''}`
      for (const decorator of pending) this.code.within(this.keys.has(name) ? name : key, null, () => this.code.walk(decorator))
      pending = []
    }
  }

  private heritage(heritage: Syntax, key: string): void {
    for (const child of heritage.namedChildren) {
      if (child.type === 'extends_clause') {
        const value = child.childForFieldName('value')
        if (value !== null) this.inherits.push({ symbol: key, base: this.code.ref(value), line: lineOf(child) })
        if (value !== null && value.type !== 'identifier') this.code.within(key, null, () => this.code.walk(value))
        const types = child.childForFieldName('type_arguments')
        if (types !== null) this.code.within(key, null, () => this.code.types(types))
      } else if (child.type === 'implements_clause') {
        for (const type of child.namedChildren) this.inherits.push({ symbol: key, base: refOfType(type), line: lineOf(child) })
      } else this.inherits.push({ symbol: key, base: this.code.ref(child), line: lineOf(child) })
    }
  }

  private member(node: Syntax, owner: string, exported: boolean): void {
    if (METHODS.has(node.type)) {
      // Of a getter, what it gives is what the property is.
      const isGetter = node.children.some((child) => child.type === 'get' || child.type === 'set')
      const valueType = returnsOf(node).returns
      const more = isGetter && valueType !== undefined ? { valueType } : {}
      const key = this.symbol(node, isGetter ? 'property' : 'method', exported, `${owner}.`, more)
      if (key === null) return
      this.decorators(node, key)
      if (key === `${owner}.constructor`) this.parameterProperties(node, owner, exported)
      return this.body(node, key, owner)
    }
    if (FIELDS.has(node.type)) {
      const value = node.childForFieldName('value')
      const callable = value !== null && FUNCTION_VALUES.has(value.type)
      const type = node.childForFieldName('type')
      const valueType = type === null ? this.code.initialiserType(value) : refOfType(type)
      const more = callable ? { ...returnsOf(value), ...parametersOf(value) } : { valueType }
      const key = this.symbol(node, callable ? 'method' : 'property', exported, `${owner}.`, more)
      if (key === null) return
      this.decorators(node, key)
      this.code.within(key, owner, () => {
        if (type !== null) this.code.types(type)
        if (value === null) return
        if (callable) return this.code.functionParts(value)
        const name = key.slice(owner.length + 1)
        this.code.flows.add(this.code.origins(value), { is: 'property', of: { is: 'this', symbol: owner }, name }, lineOf(value))
        this.code.value(value)
      })
      return
    }
    this.code.within(owner, owner, () => this.code.walk(node))
  }

  /** `constructor(private readonly rates: Rates)` declares a property too. */
  private parameterProperties(node: Syntax, owner: string, exported: boolean): void {
    for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
      const isProperty = parameter.children.some(
        (child) => child.type === 'accessibility_modifier' || child.type === 'readonly' || child.type === 'override_modifier',
      )
      const pattern = parameter.childForFieldName('pattern')
      if (!isProperty || pattern?.type !== 'identifier') continue
      const type = parameter.childForFieldName('type')
      this.addSymbol(parameter, pattern, 'property', exported, `${owner}.`, type === null ? {} : { valueType: refOfType(type) })
      this.code.flows.declare(`${owner}.constructor`, pattern)
      this.code.flows.add(
        [{ point: { is: 'variable', of: `${owner}.constructor`, name: pattern.text }, partial: false }],
        { is: 'property', of: { is: 'this', symbol: owner }, name: pattern.text },
        lineOf(parameter),
      )
    }
  }

  private interfaceSymbol(node: Syntax, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'interface', exported, prefix)
    if (key === null) return
    for (const clause of named(node, 'extends_type_clause')) {
      for (const type of clause.namedChildren) this.inherits.push({ symbol: key, base: refOfType(type), line: lineOf(clause) })
    }
    const body = node.childForFieldName('body')
    if (body !== null) this.typeMembers(body, key, exported)
  }

  private typeMembers(body: Syntax, key: string, exported: boolean): void {
    for (const member of body.namedChildren) {
      const type = member.childForFieldName('type')
      const isMethod = member.type === 'method_signature' || named(type ?? member, 'function_type').length > 0
      if (member.type === 'method_signature' || member.type === 'property_signature') {
        const returned = type === null ? undefined : named(type, 'function_type')[0]
        const more = isMethod ? returnsOf(returned ?? null) : type === null ? {} : { valueType: refOfType(type) }
        this.symbol(member, isMethod ? 'method' : 'property', exported, `${key}.`, more)
      }
      this.code.within(key, null, () => this.code.types(member))
    }
  }

  /** Members of an object type are its own; of `A & B` it has what both have; of another name for a type, that type's. */
  private typeSymbol(node: Syntax, exported: boolean, prefix: string): void {
    const value = node.childForFieldName('value')
    const isName =
      value !== null && (value.type === 'type_identifier' || value.type === 'generic_type' || value.type === 'nested_type_identifier')
    const key = this.symbol(node, 'type', exported, prefix, isName ? { valueType: refOfType(value) } : {})
    if (key === null || value === null) return
    if (value.type === 'object_type') return this.typeMembers(value, key, exported)
    this.code.within(key, null, () => this.code.types(value))
    for (const part of intersected(value)) {
      if (part.type === 'object_type') this.typeMembers(part, key, exported)
      else this.inherits.push({ symbol: key, base: refOfType(part), line: lineOf(part) })
    }
  }

  private enumSymbol(node: Syntax, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'enum', exported, prefix)
    if (key === null) return
    for (const member of node.childForFieldName('body')?.namedChildren ?? []) {
      const name = member.type === 'enum_assignment' ? member.childForFieldName('name') : member
      if (name?.type === 'property_identifier') this.addSymbol(member, name, 'property', exported, `${key}.`, {})
      const value = member.childForFieldName('value')
      if (value !== null) this.code.within(key, null, () => this.code.value(value))
    }
  }

  private variableSymbol(declarator: Syntax, whole: Syntax, exported: boolean, prefix: string): void {
    const name = declarator.childForFieldName('name')
    const value = declarator.childForFieldName('value')
    if (name === null) return
    const required = value === null ? null : requireSpecifier(value)
    if (required !== null) {
      const names =
        name.type === 'identifier' ? [{ imported: '*', local: name.text }] : patternNames(name).map((local) => ({ imported: local, local }))
      this.imports.push({ specifier: required, line: lineOf(declarator), names })
      return
    }
    if (name.type !== 'identifier') {
      const of = this.code.initialiserType(value)
      const properties = name.type === 'object_pattern'
      for (const node of patternNodes(name)) {
        const more = properties && of.is !== 'unknown' ? { valueType: { is: 'member', of, name: propertyOf(node) } as const } : {}
        this.addSymbol(whole, node, 'variable', exported, prefix, more)
      }
      if (value === null) return
      this.code.value(value)
      if (prefix === '') this.code.assigned(name, this.code.origins(value), of, lineOf(declarator))
      return
    }
    const type = declarator.childForFieldName('type')
    if (value === null) {
      const key = this.addSymbol(whole, name, 'variable', exported, prefix, type === null ? {} : { valueType: refOfType(type) })
      if (type !== null) this.code.within(key, null, () => this.code.types(type))
      return
    }
    this.valueSymbol(value, whole, name, exported, prefix, type)
  }

  /** A name for a value: a function, a class, an object with members, or something else. Returns its key. */
  private valueSymbol(
    value: Syntax,
    whole: Syntax,
    name: Syntax | 'default',
    exported: boolean,
    prefix: string,
    type: Syntax | null = null,
  ): string {
    const inner = unwrapped(value)
    const nameNode = name === 'default' ? inner : name
    const text = name === 'default' ? 'default' : name.text
    const valueType = type === null ? this.code.initialiserType(inner) : refOfType(type)
    if (FUNCTION_VALUES.has(inner.type)) {
      const key = this.addSymbol(
        whole,
        nameNode,
        'function',
        exported,
        prefix,
        { ...returnsOf(inner), ...parametersOf(inner), ...(type === null ? {} : { valueType }) },
        text,
      )
      if (type !== null) this.code.within(key, null, () => this.code.types(type))
      this.body(inner, key, null)
      return key
    }
    if (inner.type === 'class') {
      const key = this.addSymbol(whole, nameNode, 'class', exported, prefix, {}, text)
      this.classBody(inner, key, exported)
      return key
    }
    const key = this.addSymbol(whole, nameNode, 'variable', exported, prefix, { valueType }, text)
    if (type !== null) this.code.within(key, null, () => this.code.types(type))
    const object = inner.type === 'as_expression' || inner.type === 'satisfies_expression' ? inner.firstNamedChild : inner
    if (object?.type === 'object') this.objectMembers(object, key, exported)
    else this.code.within(key, null, () => this.code.value(inner))
    if (prefix === '') this.code.flows.add(this.code.origins(inner), { is: 'variable', of: '', name: key }, lineOf(whole))
    return key
  }

  private objectMembers(object: Syntax, key: string, exported: boolean): void {
    for (const member of object.namedChildren) {
      if (member.type === 'method_definition') this.member(member, key, exported)
      else if (member.type === 'pair') {
        const name = member.childForFieldName('key')
        const value = member.childForFieldName('value')
        if (value === null || name === null) continue
        if (name.type === 'property_identifier' && FUNCTION_VALUES.has(value.type)) {
          const method = this.addSymbol(member, name, 'method', exported, `${key}.`, { ...returnsOf(value), ...parametersOf(value) })
          this.body(value, method, key)
        } else if (name.type === 'property_identifier') {
          const property = this.addSymbol(member, name, 'property', exported, `${key}.`, { valueType: this.code.initialiserType(value) })
          const of = { is: 'name', name: key } as const
          this.code.flows.add(this.code.origins(value), { is: 'property', of, name: name.text }, lineOf(value))
          if (value.type === 'object' && key.split('.').length < 4) this.objectMembers(value, property, exported)
          else this.code.within(property, key, () => this.code.value(value))
        } else this.code.within(key, key, () => this.code.value(value))
      } else if (member.type === 'shorthand_property_identifier') {
        // The property is what the name stands for.
        this.addSymbol(member, member, 'property', exported, `${key}.`, { valueType: { is: 'name', name: member.text } })
        this.code.within(key, null, () => this.code.value(member))
      } else this.code.within(key, key, () => this.code.walk(member))
    }
  }

  /** Adds a symbol named by its `name` field; null when it has none that can be a key (computed names). */
  private symbol(
    node: Syntax,
    kind: GraphNode['kind'],
    exported: boolean,
    prefix: string,
    more: More = {},
    whole: Syntax = node,
  ): string | null {
    const name = node.childForFieldName('name') ?? node.childForFieldName('property')
    if (name === null || name.type === 'computed_property_name') {
      this.code.within(this.code.owner, this.code.self, () => node.namedChildren.forEach((child) => this.code.walk(child)))
      return null
    }
    return this.addSymbol(whole, name, kind, exported, prefix, {
      ...(kind === 'function' || kind === 'method' ? { ...returnsOf(node), ...parametersOf(node) } : {}),
      ...more,
    })
  }

  private addSymbol(
    whole: Syntax,
    name: Syntax,
    kind: GraphNode['kind'],
    exported: boolean,
    prefix: string,
    more: More,
    text = name.type === 'string' ? stringValue(name) : name.text,
    title = text,
  ): string {
    let key = `${prefix}${text}`
    // Overloads and accessors are one symbol; a type and a value of the same name are two.
    const known = this.keys.get(key)
    if (known === kind) {
      this.merge(key, whole, more)
      return key
    }
    for (let count = 2; this.keys.has(key); count += 1) key = `${prefix}${text}~${count}`
    this.keys.set(key, kind)
    const outer = whole.parent?.type === 'export_statement' ? whole.parent : whole
    this.symbols.push({
      key,
      kind,
      name: title,
      startLine: lineOf(outer),
      endLine: outer.endLine,
      nameLine: lineOf(name),
      nameColumn: name.column,
      exported,
      signature: signatureOf(whole),
      doc: docOf(outer),
      ...more,
    })
    return key
  }

  /** Of overloads, the last one is what runs. */
  private merge(key: string, whole: Syntax, more: More): void {
    const at = this.symbols.findIndex((symbol) => symbol.key === key)
    const before = this.symbols[at]
    if (before === undefined) return
    const { parameters = before.parameters, returns = before.returns, valueType = before.valueType } = more
    this.symbols[at] = {
      ...before,
      endLine: Math.max(before.endLine, whole.endLine),
      ...(parameters === undefined ? {} : { parameters }),
      ...(returns === undefined ? {} : { returns }),
      ...(valueType === undefined ? {} : { valueType }),
    }
  }

  private body(node: Syntax, key: string, self: string | null): void {
    this.code.within(key, self, () => this.code.functionParts(node))
  }

  /** `describe('tax', () => ...)`, `it('adds', ...)`: a symbol of its own, nested as they are. */
  private testSymbol(call: Syntax): boolean {
    if (call.type !== 'call_expression') return false
    const test = testCall(call)
    if (test === null) return false
    this.holdsTests ??= isTestFile(this.path, this.imports)
    if (!this.holdsTests) return false
    const owner = this.code.owner !== '' && this.keys.get(this.code.owner) === 'test' ? `${this.code.owner}.` : 'test '
    const text = test.title.slice(0, 120)
    const key = this.addSymbol(call, test.name, 'test', false, owner, { test: true }, testKey(text), text)
    this.code.within(key, null, () => this.code.functionParts(test.body))
    return true
  }

  /** `import('./late')`, and `require` where its result is not bound to a name. */
  private lazyImport(call: Syntax): boolean {
    const callee = call.childForFieldName('function')
    const specifier = callee?.type === 'import' || callee?.text === 'require' ? call.childForFieldName('arguments')?.firstNamedChild : null
    if (specifier?.type !== 'string') return false
    this.imports.push({ specifier: stringValue(specifier), line: lineOf(call), names: [] })
    return true
  }
}

/** A dot separates symbols in keys, so that a title has none; the word before the outermost keeps it apart from names of code. */
function testKey(title: string): string {
  return title.replaceAll('.', '·')
}

function intersected(type: Syntax): readonly Syntax[] {
  return type.type === 'intersection_type'
    ? type.namedChildren.flatMap((child) => (child.type === 'intersection_type' ? intersected(child) : [child]))
    : []
}

/** Name of the property that a name of a pattern takes its value from. */
function propertyOf(name: Syntax): string {
  const pair = name.parent?.type === 'pair_pattern' ? name.parent.childForFieldName('key') : null
  return pair?.text ?? name.text
}
