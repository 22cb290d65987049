import type { Node } from 'web-tree-sitter'
import type { GraphNode } from '../../../../../shared/graph'
import { type ExportFact, type FileFacts, type ImportFact, type Ref, type SymbolFact, UNKNOWN, type UseFact } from '../file-facts'
import { docOf, firstError, lineOf, patternNames, patternNodes, requireSpecifier, returnsOf, signatureOf, VARIABLES } from './syntax-parts'
import { named, refOfType, stringValue, unwrapped } from './syntax-refs'

/** Names declared inside functions, innermost last. A name that maps to UNKNOWN hides one of the module. */
type Scope = Map<string, Ref>

const FUNCTIONS = new Set(['function_declaration', 'generator_function_declaration', 'function_signature'])
const FUNCTION_VALUES = new Set(['arrow_function', 'function_expression', 'generator_function'])
const CLASSES = new Set(['class_declaration', 'abstract_class_declaration', 'class'])
const METHODS = new Set(['method_definition', 'method_signature', 'abstract_method_signature'])
const FIELDS = new Set(['public_field_definition', 'field_definition', 'property_signature'])
const OWN_SCOPE = new Set(['statement_block', 'for_statement', 'for_in_statement', 'catch_clause', 'switch_body', 'class_static_block'])

/** Everything a file says about symbols, imports, exports, calls and inheritance. Linear in the size of the tree. */
export function extractFacts(root: Node): FileFacts {
  return new Extractor().run(root)
}

class Extractor {
  private readonly symbols: SymbolFact[] = []
  private readonly keys = new Map<string, GraphNode['kind']>()
  private readonly imports: ImportFact[] = []
  private readonly exports: ExportFact[] = []
  private readonly uses: UseFact[] = []
  private readonly inherits: { symbol: string; base: Ref; line: number }[] = []
  private readonly scopes: Scope[] = []
  /** Symbol that the code being walked belongs to, and the class that `this` is. */
  private owner = ''
  private self: string | null = null

  run(root: Node): FileFacts {
    for (const statement of root.namedChildren) this.statement(statement, false, '')
    const exported = new Set(this.exports.filter((entry) => entry.from === null).map((entry) => entry.local))
    const symbols = this.symbols.map((symbol) => (exported.has(symbol.key) && !symbol.exported ? { ...symbol, exported: true } : symbol))
    const { imports, exports, uses, inherits } = this
    return {
      symbols,
      imports,
      exports,
      uses,
      inherits,
      lines: root.endPosition.row + 1,
      errorLine: root.hasError ? firstError(root) : null,
    }
  }

  /** A statement of the module or of a namespace: what it declares becomes symbols. */
  private statement(node: Node, exported: boolean, prefix: string): void {
    if (node.type === 'import_statement') return this.importStatement(node)
    if (node.type === 'export_statement') return this.exportStatement(node, prefix)
    if (node.type === 'ambient_declaration') {
      for (const child of node.namedChildren) this.statement(child, exported, prefix)
      return
    }
    if (node.type === 'expression_statement' && node.firstNamedChild?.type === 'internal_module')
      return this.statement(node.firstNamedChild, exported, prefix)
    if (FUNCTIONS.has(node.type)) return this.functionSymbol(node, node, exported, prefix)
    if (CLASSES.has(node.type)) return this.classSymbol(node, exported, prefix)
    if (node.type === 'interface_declaration') return this.interfaceSymbol(node, exported, prefix)
    if (node.type === 'type_alias_declaration') return void this.symbol(node, 'type', exported, prefix)
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
    this.walk(node)
  }

  private importStatement(node: Node): void {
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

  private exportStatement(node: Node, prefix: string): void {
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

  private functionSymbol(node: Node, whole: Node, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'function', exported, prefix, {}, whole)
    if (key !== null) this.body(node, key, null)
  }

  private classSymbol(node: Node, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'class', exported, prefix)
    if (key !== null) this.classBody(node, key, exported)
  }

  private classBody(node: Node, key: string, exported: boolean): void {
    for (const heritage of named(node, 'class_heritage')) this.heritage(heritage, key)
    for (const member of node.childForFieldName('body')?.namedChildren ?? []) this.member(member, key, exported)
  }

  private heritage(heritage: Node, key: string): void {
    for (const child of heritage.namedChildren) {
      if (child.type === 'extends_clause') {
        const value = child.childForFieldName('value')
        if (value !== null) this.inherits.push({ symbol: key, base: this.ref(value), line: lineOf(child) })
      } else if (child.type === 'implements_clause') {
        for (const type of child.namedChildren) this.inherits.push({ symbol: key, base: refOfType(type), line: lineOf(child) })
      } else this.inherits.push({ symbol: key, base: this.ref(child), line: lineOf(child) })
    }
  }

  private member(node: Node, owner: string, exported: boolean): void {
    if (METHODS.has(node.type)) {
      const key = this.symbol(node, 'method', exported, `${owner}.`)
      if (key === null) return
      if (key === `${owner}.constructor`) this.parameterProperties(node, owner, exported)
      return this.body(node, key, owner)
    }
    if (FIELDS.has(node.type)) {
      const value = node.childForFieldName('value')
      const callable = value !== null && FUNCTION_VALUES.has(value.type)
      const type = node.childForFieldName('type')
      const valueType = type === null ? this.initialiserType(value) : refOfType(type)
      const key = this.symbol(node, callable ? 'method' : 'property', exported, `${owner}.`, callable ? returnsOf(value) : { valueType })
      if (key !== null && value !== null) this.within(key, owner, () => (callable ? this.functionParts(value) : this.walk(value)))
      return
    }
    this.within(owner, owner, () => this.walk(node))
  }

  /** `constructor(private readonly rates: Rates)` declares a property too. */
  private parameterProperties(node: Node, owner: string, exported: boolean): void {
    for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
      const isProperty = parameter.children.some(
        (child) => child.type === 'accessibility_modifier' || child.type === 'readonly' || child.type === 'override_modifier',
      )
      const pattern = parameter.childForFieldName('pattern')
      if (!isProperty || pattern?.type !== 'identifier') continue
      const type = parameter.childForFieldName('type')
      this.addSymbol(parameter, pattern, 'property', exported, `${owner}.`, type === null ? {} : { valueType: refOfType(type) })
    }
  }

  private interfaceSymbol(node: Node, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'interface', exported, prefix)
    if (key === null) return
    for (const clause of named(node, 'extends_type_clause')) {
      for (const type of clause.namedChildren) this.inherits.push({ symbol: key, base: refOfType(type), line: lineOf(clause) })
    }
    for (const member of node.childForFieldName('body')?.namedChildren ?? []) {
      const isMethod = member.type === 'method_signature'
      if (!isMethod && member.type !== 'property_signature') continue
      const type = member.childForFieldName('type')
      this.symbol(member, isMethod ? 'method' : 'property', exported, `${key}.`, type === null ? {} : { valueType: refOfType(type) })
    }
  }

  private enumSymbol(node: Node, exported: boolean, prefix: string): void {
    const key = this.symbol(node, 'enum', exported, prefix)
    if (key === null) return
    for (const member of node.childForFieldName('body')?.namedChildren ?? []) {
      const name = member.type === 'enum_assignment' ? member.childForFieldName('name') : member
      if (name?.type === 'property_identifier') this.addSymbol(member, name, 'property', exported, `${key}.`, {})
    }
  }

  private variableSymbol(declarator: Node, whole: Node, exported: boolean, prefix: string): void {
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
      for (const node of patternNodes(name)) this.addSymbol(whole, node, 'variable', exported, prefix, {})
      if (value !== null) this.walk(value)
      return
    }
    const type = declarator.childForFieldName('type')
    if (value === null) {
      this.addSymbol(whole, name, 'variable', exported, prefix, type === null ? {} : { valueType: refOfType(type) })
      return
    }
    this.valueSymbol(value, whole, name, exported, prefix, type)
  }

  /** A name for a value: a function, a class, an object with members, or something else. Returns its key. */
  private valueSymbol(
    value: Node,
    whole: Node,
    name: Node | 'default',
    exported: boolean,
    prefix: string,
    type: Node | null = null,
  ): string {
    const inner = unwrapped(value)
    const nameNode = name === 'default' ? inner : name
    const text = name === 'default' ? 'default' : name.text
    const valueType = type === null ? this.initialiserType(inner) : refOfType(type)
    if (FUNCTION_VALUES.has(inner.type)) {
      const key = this.addSymbol(
        whole,
        nameNode,
        'function',
        exported,
        prefix,
        { ...returnsOf(inner), ...(type === null ? {} : { valueType }) },
        text,
      )
      this.body(inner, key, null)
      return key
    }
    if (inner.type === 'class') {
      const key = this.addSymbol(whole, nameNode, 'class', exported, prefix, {}, text)
      this.classBody(inner, key, exported)
      return key
    }
    const key = this.addSymbol(whole, nameNode, 'variable', exported, prefix, { valueType }, text)
    if (inner.type === 'object') this.objectMembers(inner, key, exported)
    else this.within(key, null, () => this.walk(inner))
    return key
  }

  private objectMembers(object: Node, key: string, exported: boolean): void {
    for (const member of object.namedChildren) {
      if (member.type === 'method_definition') this.member(member, key, exported)
      else if (member.type === 'pair') {
        const name = member.childForFieldName('key')
        const value = member.childForFieldName('value')
        if (value === null || name === null) continue
        if (name.type === 'property_identifier' && FUNCTION_VALUES.has(value.type)) {
          const method = this.addSymbol(member, name, 'method', exported, `${key}.`, returnsOf(value))
          this.body(value, method, key)
        } else this.within(key, key, () => this.value(value))
      } else if (member.type === 'shorthand_property_identifier') this.within(key, null, () => this.value(member))
      else this.within(key, key, () => this.walk(member))
    }
  }

  /** Adds a symbol named by its `name` field; null when it has none that can be a key (computed names). */
  private symbol(
    node: Node,
    kind: GraphNode['kind'],
    exported: boolean,
    prefix: string,
    more: Pick<SymbolFact, 'valueType' | 'returns'> = {},
    whole: Node = node,
  ): string | null {
    const name = node.childForFieldName('name') ?? node.childForFieldName('property')
    if (name === null || name.type === 'computed_property_name') {
      this.within(this.owner, this.self, () => node.namedChildren.forEach((child) => this.walk(child)))
      return null
    }
    return this.addSymbol(whole, name, kind, exported, prefix, {
      ...(kind === 'function' || kind === 'method' ? returnsOf(node) : {}),
      ...more,
    })
  }

  private addSymbol(
    whole: Node,
    name: Node,
    kind: GraphNode['kind'],
    exported: boolean,
    prefix: string,
    more: Pick<SymbolFact, 'valueType' | 'returns'>,
    text = name.type === 'string' ? stringValue(name) : name.text,
  ): string {
    let key = `${prefix}${text}`
    // Overloads and accessors are one symbol; a type and a value of the same name are two.
    const known = this.keys.get(key)
    if (known === kind) return key
    for (let count = 2; this.keys.has(key); count += 1) key = `${prefix}${text}~${count}`
    this.keys.set(key, kind)
    const outer = whole.parent?.type === 'export_statement' ? whole.parent : whole
    this.symbols.push({
      key,
      kind,
      name: text,
      startLine: lineOf(outer),
      endLine: outer.endPosition.row + 1,
      nameLine: lineOf(name),
      nameColumn: name.startPosition.column,
      exported,
      signature: signatureOf(whole),
      doc: docOf(outer),
      ...more,
    })
    return key
  }

  private within(owner: string, self: string | null, during: () => void): void {
    const [ownerBefore, selfBefore] = [this.owner, this.self]
    this.owner = owner
    this.self = self
    during()
    this.owner = ownerBefore
    this.self = selfBefore
  }

  private body(node: Node, key: string, self: string | null): void {
    this.within(key, self, () => this.functionParts(node))
  }

  private functionParts(node: Node): void {
    const scope: Scope = new Map()
    this.scopes.push(scope)
    const single = node.childForFieldName('parameter')
    if (single !== null) scope.set(single.text, UNKNOWN)
    for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) this.parameter(parameter, scope)
    const body = node.childForFieldName('body')
    if (body?.type === 'statement_block') {
      this.hoist(body, scope)
      for (const child of body.namedChildren) this.walk(child)
    } else if (body !== null) this.value(body)
    this.scopes.pop()
  }

  private parameter(parameter: Node, scope: Scope): void {
    const pattern =
      parameter.childForFieldName('pattern') ?? (parameter.type === 'assignment_pattern' ? parameter.childForFieldName('left') : parameter)
    const type = parameter.childForFieldName('type')
    const value =
      parameter.childForFieldName('value') ?? (parameter.type === 'assignment_pattern' ? parameter.childForFieldName('right') : null)
    if (pattern?.type === 'identifier') scope.set(pattern.text, type === null ? this.initialiserType(value) : refOfType(type))
    else if (pattern !== null && pattern !== undefined) for (const name of patternNames(pattern)) scope.set(name, UNKNOWN)
    if (value !== null) this.value(value)
  }

  /** Functions and classes of a block are known in all of it. */
  private hoist(block: Node, scope: Scope): void {
    for (const child of block.namedChildren) {
      if (!FUNCTIONS.has(child.type) && !CLASSES.has(child.type)) continue
      const name = child.childForFieldName('name')
      if (name !== null) scope.set(name.text, UNKNOWN)
    }
  }

  /** Code: finds calls and the names it declares. */
  private walk(node: Node): void {
    switch (node.type) {
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        if (callee !== null) this.use(callee, 'call', lineOf(node))
        this.argumentsOf(node)
        return
      }
      case 'new_expression': {
        const callee = node.childForFieldName('constructor')
        if (callee !== null) this.use(callee, 'new', lineOf(node))
        this.argumentsOf(node)
        return
      }
      case 'jsx_opening_element':
      case 'jsx_self_closing_element': {
        const name = node.childForFieldName('name')
        if (name !== null && /^[A-Z]|\./.test(name.text)) this.use(name, 'call', lineOf(node))
        break
      }
      case 'pair': {
        const value = node.childForFieldName('value')
        if (value !== null) this.value(value)
        return
      }
      case 'return_statement':
      case 'shorthand_property_identifier':
        if (node.firstNamedChild !== null) this.value(node.firstNamedChild)
        else if (node.type === 'shorthand_property_identifier') this.value(node)
        return
      case 'variable_declarator':
        return this.localVariable(node)
      case 'type_annotation':
      case 'type_arguments':
      case 'type_parameters':
      case 'comment':
        return
    }
    if (FUNCTIONS.has(node.type) || FUNCTION_VALUES.has(node.type)) return this.functionParts(node)
    if (node.type === 'method_definition') return this.functionParts(node)
    if (OWN_SCOPE.has(node.type)) return this.block(node)
    for (const child of node.namedChildren) this.walk(child)
  }

  private block(node: Node): void {
    const scope: Scope = new Map()
    this.scopes.push(scope)
    this.hoist(node, scope)
    const loop = node.type === 'for_in_statement' ? node.childForFieldName('left') : null
    const caught = node.type === 'catch_clause' ? node.childForFieldName('parameter') : null
    for (const declared of [loop, caught]) if (declared !== null) for (const name of patternNames(declared)) scope.set(name, UNKNOWN)
    for (const child of node.namedChildren) this.walk(child)
    this.scopes.pop()
  }

  private localVariable(node: Node): void {
    const name = node.childForFieldName('name')
    const value = node.childForFieldName('value')
    const type = node.childForFieldName('type')
    if (value !== null) this.value(value)
    const scope = this.scopes.at(-1)
    if (scope === undefined || name === null) return
    if (name.type === 'identifier') scope.set(name.text, type === null ? this.initialiserType(value) : refOfType(type))
    else for (const declared of patternNames(name)) scope.set(declared, UNKNOWN)
  }

  private argumentsOf(node: Node): void {
    const list = node.childForFieldName('arguments')
    if (list?.type === 'arguments') for (const argument of list.namedChildren) this.value(argument)
    else if (list !== null && list !== undefined) this.walk(list)
  }

  /** An expression whose value goes on: a bare name is a use of what it names. */
  private value(node: Node): void {
    if (node.type === 'identifier' || node.type === 'shorthand_property_identifier') this.use(node, 'value', lineOf(node))
    else this.walk(node)
  }

  private use(callee: Node, how: UseFact['how'], line: number): void {
    const inner = unwrapped(callee)
    if (inner.type === 'super') {
      if (this.self !== null) this.uses.push({ by: this.owner, target: { is: 'super', symbol: this.self }, how: 'new', line })
      return
    }
    const target = this.ref(inner)
    if (target.is !== 'unknown') this.uses.push({ by: this.owner, target, how, line })
    // The receiver may hold calls of its own: `open(path).read()`.
    if (inner.type === 'member_expression' || inner.type === 'subscript_expression') {
      const object = inner.childForFieldName('object')
      if (object !== null && object.type !== 'identifier' && object.type !== 'this') this.walk(object)
    } else if (inner.namedChildCount > 0) this.walk(inner)
  }

  private initialiserType(value: Node | null): Ref {
    if (value === null) return UNKNOWN
    const inner = unwrapped(value)
    if (inner.type === 'as_expression' || inner.type === 'satisfies_expression') {
      const type = inner.namedChildren.at(-1)
      return type === undefined ? UNKNOWN : refOfType(type)
    }
    if (FUNCTION_VALUES.has(inner.type) || inner.type === 'class') return UNKNOWN
    return this.ref(inner)
  }

  private ref(expression: Node): Ref {
    const node = unwrapped(expression)
    switch (node.type) {
      case 'identifier':
      case 'shorthand_property_identifier':
      case 'type_identifier':
        return this.lookUp(node.text)
      case 'this':
        return this.self === null ? UNKNOWN : { is: 'this', symbol: this.self }
      case 'super':
        return this.self === null ? UNKNOWN : { is: 'super', symbol: this.self }
      case 'new_expression': {
        const made = node.childForFieldName('constructor')
        return made === null ? UNKNOWN : { is: 'instance', of: this.ref(made) }
      }
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        if (callee === null) return UNKNOWN
        const of = this.ref(callee)
        return of.is === 'unknown' ? UNKNOWN : { is: 'result', of }
      }
      case 'member_expression': {
        const object = node.childForFieldName('object')
        const property = node.childForFieldName('property')
        if (object === null || property === null) return UNKNOWN
        return { is: 'member', of: this.ref(object), name: property.text }
      }
      default:
        return UNKNOWN
    }
  }

  private lookUp(name: string): Ref {
    for (let index = this.scopes.length - 1; index >= 0; index -= 1) {
      const found = this.scopes[index]?.get(name)
      if (found !== undefined) return found
    }
    return { is: 'name', name }
  }
}
