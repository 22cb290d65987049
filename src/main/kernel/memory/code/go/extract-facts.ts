import type { Node } from 'web-tree-sitter'
import { FactsBuilder, type Scope } from '../facts-builder'
import type { FileFacts, Ref } from '../file-facts'
import { distinctUses } from '../flow-facts'
import { type Syntax, syntaxTree } from '../syntax-tree'
import { BUILT_IN, docOf, namedType, parameterNames, refOfType, resultOfType } from './syntax-parts'
import { CodeWalker } from './walk-code'

/** Everything a Go file says. Exported is what begins with a capital. */
export function extractFacts(root: Node, path: string): FileFacts {
  return new Extractor(path).run(root)
}

class Extractor {
  private readonly facts = new FactsBuilder()
  private readonly code = new CodeWalker(this.facts)
  private readonly isTestFile: boolean

  constructor(path: string) {
    this.isTestFile = path.endsWith('_test.go')
  }

  run(root: Node): FileFacts {
    const tree = syntaxTree(root)
    for (const declaration of tree.namedChildren) this.declaration(declaration)
    const facts = this.facts.finish(root)
    const doc = docOf(tree.namedChildren.find((child) => child.type === 'package_clause') ?? tree)
    return { ...facts, uses: distinctUses(facts.uses, isOurs), ...(doc === '' ? {} : { fileDoc: doc }) }
  }

  private declaration(node: Syntax): void {
    switch (node.type) {
      case 'import_declaration':
        return this.imports(node)
      case 'function_declaration':
        return this.functionSymbol(node)
      case 'method_declaration':
        return this.methodSymbol(node)
      case 'type_declaration':
        for (const spec of node.namedChildren) if (spec.type !== 'comment') this.typeSymbol(spec, node)
        return
      case 'const_declaration':
      case 'var_declaration':
        return this.variables(node, node)
      case 'ERROR':
        for (const child of node.namedChildren) this.declaration(child)
        return
      case 'package_clause':
      case 'comment':
        return
      default:
        this.facts.later('', () => this.code.walk(node))
    }
  }

  private imports(node: Syntax): void {
    for (const spec of node.namedChildren) {
      if (spec.type === 'import_spec_list') this.imports(spec)
      if (spec.type !== 'import_spec') continue
      const specifier = spec.childForFieldName('path')?.text.slice(1, -1) ?? ''
      const name = spec.childForFieldName('name')
      const line = spec.line
      if (name?.type === 'dot') this.facts.imports.push({ specifier, line, names: [], spread: true })
      else if (name?.type === 'blank_identifier') this.facts.imports.push({ specifier, line, names: [] })
      else {
        const locals = name === null ? packageNames(specifier) : [name.text]
        this.facts.imports.push({ specifier, line, names: locals.map((local) => ({ imported: '*', local })) })
      }
    }
  }

  private functionSymbol(node: Syntax): void {
    const name = node.childForFieldName('name')
    if (name === null) return
    const key = this.facts.add({
      whole: node,
      name,
      kind: 'function',
      prefix: '',
      exported: isExported(name.text),
      doc: docOf(node),
      body: node.childForFieldName('body'),
      returns: resultOfType(node.childForFieldName('result')),
      parameters: parameterNames(node.childForFieldName('parameters')),
      test: this.isTestFile && /^(?:Test|Benchmark|Example|Fuzz)(?![a-z])/.test(name.text),
      // A package may have several, as it may have several `_`.
      distinct: name.text === 'init' || name.text === '_',
    })
    this.facts.later(key, () => this.code.functionParts(node, new Map()))
  }

  private methodSymbol(node: Syntax): void {
    const name = node.childForFieldName('name')
    const receiver = node.childForFieldName('receiver')?.firstNamedChild ?? null
    const type = namedType(receiver?.childForFieldName('type') ?? null)
    if (name === null || type?.is !== 'name') return
    const key = this.facts.add({
      whole: node,
      name,
      kind: 'method',
      prefix: `${type.name}.`,
      exported: isExported(name.text),
      doc: docOf(node),
      body: node.childForFieldName('body'),
      returns: resultOfType(node.childForFieldName('result')),
      parameters: parameterNames(node.childForFieldName('parameters')),
    })
    const scope: Scope = new Map()
    const self = receiver?.childForFieldName('name')
    if (self !== null && self !== undefined) scope.set(self.text, { is: 'this', symbol: type.name })
    this.facts.later(key, () => this.code.functionParts(node, scope))
  }

  private typeSymbol(spec: Syntax, declaration: Syntax): void {
    const name = spec.childForFieldName('name')
    const type = spec.childForFieldName('type')
    if (name === null || type === null) return
    const whole = declaration.namedChildCount === 1 ? declaration : spec
    const kind = type.type === 'struct_type' ? 'class' : type.type === 'interface_type' ? 'interface' : 'type'
    const body = kind === 'type' ? null : (type.namedChildren.find((child) => child.type === 'field_declaration_list') ?? null)
    const doc = docOf(spec) || docOf(whole)
    const more = spec.type === 'type_alias' ? { valueType: refOfType(type) } : {}
    const key = this.facts.add({ whole, name, kind, prefix: '', exported: isExported(name.text), doc, body, ...more })
    if (kind === 'class') this.fields(type, key)
    else if (kind === 'interface') this.interfaceMembers(type, key)
    else this.facts.later(key, () => this.code.types(type))
  }

  private fields(struct: Syntax, owner: string): void {
    for (const field of struct.namedChildren.find((child) => child.type === 'field_declaration_list')?.namedChildren ?? []) {
      if (field.type !== 'field_declaration') continue
      const type = field.childForFieldName('type')
      const valueType = refOfType(type)
      const names = field.childrenForFieldName('name')
      const prefix = `${owner}.`
      for (const name of names) {
        const key = this.facts.add({
          whole: field,
          name,
          kind: 'property',
          prefix,
          exported: isExported(name.text),
          doc: docOf(field),
          valueType,
        })
        if (type?.type === 'struct_type') this.fields(type, key)
      }
      if (type !== null) this.facts.later(owner, () => this.code.types(type))
      if (names.length > 0 || valueType.is !== 'instance') continue
      // Embedded: its members are the struct's.
      this.facts.inherits.push({ symbol: owner, base: valueType.of, line: field.line })
      const text = valueType.of.is === 'member' || valueType.of.is === 'name' ? valueType.of.name : ''
      if (type !== null)
        this.facts.add({ whole: field, name: type, kind: 'property', prefix, exported: isExported(text), doc: '', valueType, text })
    }
  }

  private interfaceMembers(type: Syntax, owner: string): void {
    for (const member of type.namedChildren) {
      const name = member.childForFieldName('name')
      if ((member.type === 'method_elem' || member.type === 'method_spec') && name !== null) {
        this.facts.add({
          whole: member,
          name,
          kind: 'method',
          prefix: `${owner}.`,
          exported: isExported(name.text),
          doc: docOf(member),
          returns: resultOfType(member.childForFieldName('result')),
          parameters: parameterNames(member.childForFieldName('parameters')),
        })
      } else if (member.type === 'type_elem' && member.namedChildCount === 1) {
        const base = namedType(member.firstNamedChild)
        if (base !== null) this.facts.inherits.push({ symbol: owner, base, line: member.line })
      }
      this.facts.later(owner, () => this.code.types(member))
    }
  }

  private variables(node: Syntax, declaration: Syntax): void {
    for (const spec of node.namedChildren) {
      if (spec.type === 'var_spec_list') this.variables(spec, declaration)
      if (spec.type !== 'const_spec' && spec.type !== 'var_spec') continue
      const type = spec.childForFieldName('type')
      const values = spec.childForFieldName('value')?.namedChildren ?? []
      const keys: string[] = []
      for (const [at, name] of spec.childrenForFieldName('name').entries()) {
        const value = values[at]
        const valueType = type !== null ? refOfType(type) : value === undefined ? { is: 'unknown' as const } : this.code.ref(value)
        const whole = node.namedChildCount === 1 ? declaration : spec
        const doc = docOf(spec) || docOf(whole)
        // `var _ Rates = table{}` only checks a type.
        const parts = { whole, name, kind: 'variable' as const, prefix: '', exported: isExported(name.text), doc, valueType }
        if (name.text !== '_') keys.push(this.facts.add(parts))
      }
      this.facts.later(keys[0] ?? '', () => {
        if (type !== null) this.code.types(type)
        for (const value of values) this.code.value(value)
      })
    }
  }
}

/** What a package is called when its import does not say: the last part of its path, without a version. */
function packageNames(specifier: string): string[] {
  const parts = specifier.split('/').filter((part) => !/^v\d+$/.test(part))
  const last = (parts.at(-1) ?? specifier).replace(/\.v\d+$/, '')
  const bare = last.replace(/^go-|[-.]go$/, '')
  return [...new Set([bare.replaceAll('-', '_'), bare.split('-').at(-1) ?? bare])]
}

function isExported(name: string): boolean {
  return /^\p{Lu}/u.test(name)
}

/** All but what the language declares: names of the package may stand in any of its files. */
function isOurs(ref: Ref): boolean {
  if (ref.is === 'name') return !BUILT_IN.has(ref.name)
  if (ref.is === 'member' || ref.is === 'result' || ref.is === 'instance') return isOurs(ref.of)
  return ref.is !== 'unknown'
}
