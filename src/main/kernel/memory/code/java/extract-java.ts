import type { Node } from 'web-tree-sitter'
import type { NodeKind } from '../../../../../shared/graph'
import { commentLine, FactsBuilder, instanceOf, memberPath, symbolRef } from '../facts-builder'
import { type FileFacts, type Ref, UNKNOWN } from '../file-facts'
import { type Syntax, syntaxTree } from '../syntax-tree'
import { JavaCode, nameOfParameter } from './java-code'

/** A type and those that it lies in. */
export interface JavaType {
  readonly key: string
  readonly outer: JavaType | null
  readonly hasBase: boolean
  readonly generics: ReadonlyMap<string, Ref>
}

const TYPES: Readonly<Record<string, NodeKind>> = {
  class_declaration: 'class',
  record_declaration: 'class',
  interface_declaration: 'interface',
  annotation_type_declaration: 'interface',
  enum_declaration: 'enum',
}
const TEST = /@(?:Test|ParameterizedTest|RepeatedTest|TestFactory|TestTemplate|Property|Theory)\b/

/** Overloads of a method are one symbol; constructors are methods with the name of their class. */
export function extractJava(root: Node): FileFacts {
  return new JavaFile().run(root)
}

export class JavaFile {
  readonly facts = new FactsBuilder()
  private readonly methods = new Set<string>()
  private readonly fields = new Set<string>()
  private readonly imported = new Set<string>()
  /** Classes all of whose static members are imported. */
  private readonly staticHolders: string[] = []

  run(root: Node): FileFacts {
    for (const child of syntaxTree(root).namedChildren) {
      if (child.type === 'import_declaration') this.import(child)
      else this.member(child, null, null)
    }
    return this.facts.finish(root)
  }

  private import(node: Syntax): void {
    const path = node.namedChildren.find((child) => child.type === 'scoped_identifier' || child.type === 'identifier')
    if (path === undefined) return
    const parts = path.text.replace(/\s+/g, '').split('.')
    const isStatic = node.children.some((child) => child.type === 'static')
    const all = node.namedChildren.some((child) => child.type === 'asterisk')
    const at = parts.findIndex((part) => /^[A-Z]/.test(part))
    const classAt = at === -1 ? parts.length - 1 : at
    const specifier = parts.slice(0, classAt + 1).join('.')
    const inside = parts.slice(classAt + 1)
    const top = parts[classAt] ?? ''
    const { line } = node
    if (all && !isStatic && at === -1) {
      this.facts.imports.push({ specifier: `${parts.join('.')}.*`, line, names: [], spread: true })
    } else if (all) {
      const holder = `${specifier}.*`
      this.facts.imports.push({ specifier, line, names: [{ imported: [top, ...inside].join('.'), local: holder }] })
      if (isStatic) this.staticHolders.push(holder)
    } else {
      const local = inside.at(-1) ?? top
      this.imported.add(local)
      this.facts.imports.push({ specifier, line, names: [{ imported: [top, ...inside].join('.'), local }] })
    }
  }

  private member(node: Syntax, type: JavaType | null, holder: NodeKind | null): void {
    const kind = TYPES[node.type]
    if (kind !== undefined) return this.type(node, kind, type)
    switch (node.type) {
      case 'method_declaration':
      case 'constructor_declaration':
      case 'compact_constructor_declaration':
      case 'annotation_type_element_declaration':
        return this.method(node, type, holder)
      case 'field_declaration':
      case 'constant_declaration':
        return this.field(node, type, holder)
      case 'enum_constant':
        return this.constant(node, type)
      case 'enum_body_declarations':
        for (const child of node.namedChildren) this.member(child, type, holder)
        return
      case 'static_initializer':
      case 'block':
        if (type !== null) this.facts.later(type.key, () => new JavaCode(this, type).walk(node))
        return
    }
  }

  private type(node: Syntax, kind: NodeKind, outer: JavaType | null): void {
    const name = node.childForFieldName('name')
    if (name === null) return
    const body = node.childForFieldName('body')
    const modifiers = modifiersOf(node)
    const prefix = outer === null ? '' : `${outer.key}.`
    const key = this.facts.add({
      whole: node,
      name,
      kind,
      prefix,
      exported: /\b(?:public|protected)\b/.test(modifiers) || (outer !== null && this.facts.kindOf(outer.key) === 'interface'),
      doc: docOf(node),
      body,
      distinct: true,
    })
    const bases: Syntax[] = []
    for (const child of node.namedChildren) {
      if (child.type === 'superclass' || child.type === 'super_interfaces' || child.type === 'extends_interfaces')
        for (const base of child.namedChildren) bases.push(...(base.type === 'type_list' ? base.namedChildren : [base]))
    }
    const type: JavaType = { key, outer, hasBase: bases.length > 0, generics: this.generics(node, outer) }
    this.facts.later(key, () => {
      for (const base of bases) {
        const ref = this.typeRef(base, outer === null ? { ...type, outer: null } : type)
        if (ref.is === 'instance')
          this.facts.inherits.push({
            symbol: key,
            base: base === bases[0] && node.childForFieldName('superclass') !== null ? ref.of : ref,
            line: base.line,
          })
      }
      new JavaCode(this, type).annotations(node)
    })
    for (const parameter of node.type === 'record_declaration' ? (node.childForFieldName('parameters')?.namedChildren ?? []) : []) {
      const called = parameter.childForFieldName('name')
      if (called !== null) this.addField(parameter, called, parameter.childForFieldName('type'), type, true, null)
    }
    for (const child of body?.namedChildren ?? []) this.member(child, type, kind)
  }

  private method(node: Syntax, type: JavaType | null, holder: NodeKind | null): void {
    const name = node.childForFieldName('name')
    if (name === null || type === null) return
    const modifiers = modifiersOf(node)
    const inner: JavaType = { ...type, generics: this.generics(node, type) }
    const parameters = (node.childForFieldName('parameters')?.namedChildren ?? []).map((parameter) => nameOfParameter(parameter)?.text)
    const returned = node.childForFieldName('type')
    const key = this.facts.add({
      whole: node,
      name,
      kind: 'method',
      prefix: `${type.key}.`,
      exported: holder === 'interface' || /\b(?:public|protected)\b/.test(modifiers),
      doc: docOf(node),
      body: node.childForFieldName('body'),
      parameters: parameters.filter((parameter) => parameter !== undefined),
      test: TEST.test(modifiers),
      returns: node.type === 'method_declaration' ? this.typeRef(returned, inner) : UNKNOWN,
    })
    this.methods.add(key)
    this.facts.later(key, () => {
      const code = new JavaCode(this, inner)
      code.annotations(node)
      code.typesIn(returned)
      code.functionParts(node)
    })
  }

  private field(node: Syntax, type: JavaType | null, holder: NodeKind | null): void {
    if (type === null) return
    const exported = holder === 'interface' || /\b(?:public|protected)\b/.test(modifiersOf(node))
    const declared = node.childForFieldName('type')
    for (const declarator of node.childrenForFieldName('declarator')) {
      const name = declarator.childForFieldName('name')
      if (name === null) continue
      this.addField(node, name, declared, type, exported, declarator.childForFieldName('value'))
    }
  }

  private addField(whole: Syntax, name: Syntax, declared: Syntax | null, type: JavaType, exported: boolean, value: Syntax | null): void {
    const valueType = this.typeRef(declared, type)
    const key = this.facts.add({
      whole,
      name,
      kind: 'property',
      prefix: `${type.key}.`,
      exported,
      doc: docOf(whole),
      valueType,
      body: value,
    })
    this.fields.add(key)
    this.facts.later(key, () => {
      const code = new JavaCode(this, type)
      code.annotations(whole)
      code.typesIn(declared)
      if (value !== null) code.walk(value)
    })
  }

  private constant(node: Syntax, type: JavaType | null): void {
    const name = node.childForFieldName('name')
    if (name === null || type === null) return
    const valueType = instanceOf(symbolRef(type.key))
    const key = this.facts.add({ whole: node, name, kind: 'property', prefix: `${type.key}.`, exported: true, doc: docOf(node), valueType })
    this.fields.add(key)
    this.facts.later(key, () => {
      const code = new JavaCode(this, type)
      for (const part of ['arguments', 'body']) {
        const child = node.childForFieldName(part)
        if (child !== null) code.walk(child)
      }
    })
  }

  private generics(node: Syntax, outer: JavaType | null): ReadonlyMap<string, Ref> {
    const declared = node.childForFieldName('type_parameters')
    const before = outer?.generics ?? new Map<string, Ref>()
    if (declared === null) return before
    const generics = new Map(before)
    for (const parameter of declared.namedChildren) {
      const name = parameter.namedChildren.find((child) => child.type === 'type_identifier' || child.type === 'identifier')
      const bound = parameter.namedChildren.find((child) => child.type === 'type_bound')?.firstNamedChild ?? null
      if (name !== undefined) generics.set(name.text, this.typeRef(bound, outer))
    }
    return generics
  }

  /** What a declared type is an instance of. */
  typeRef(node: Syntax | null, type: JavaType | null): Ref {
    switch (node?.type) {
      case 'type_identifier':
        return type?.generics.get(node.text) ?? instanceOf(this.typeNamed(node.text, type))
      case 'scoped_type_identifier': {
        const parts = node.namedChildren.filter((child) => !child.type.endsWith('annotation'))
        const [first, ...rest] = parts.flatMap((child) => child.text.replace(/<[^]*>|\s+/g, '').split('.'))
        return first === undefined || /^[a-z]/.test(first) ? UNKNOWN : instanceOf(memberPath(this.typeNamed(first, type), rest))
      }
      case 'generic_type':
      case 'annotated_type': {
        const inner = node.namedChildren.find((child) => child.type.endsWith('type_identifier'))
        if (inner?.text === 'Optional') return this.typeRef(node.namedChildren.at(-1)?.firstNamedChild ?? null, type)
        return inner === undefined ? UNKNOWN : this.typeRef(inner, type)
      }
      default:
        return UNKNOWN
    }
  }

  typeNamed(name: string, type: JavaType | null): Ref {
    for (let at = type; at !== null; at = at.outer) {
      const kind = this.facts.kindOf(`${at.key}.${name}`)
      if (kind === 'class' || kind === 'interface' || kind === 'enum') return symbolRef(`${at.key}.${name}`)
    }
    return { is: 'name', name }
  }

  /** What `f()` calls: of the innermost type that has such a method, of a base, or imported. */
  methodNamed(name: string, type: JavaType): Ref {
    let based: JavaType | null = null
    for (let at: JavaType | null = type; at !== null; at = at.outer) {
      if (this.methods.has(`${at.key}.${name}`)) return { is: 'member', of: { is: 'this', symbol: at.key }, name }
      if (based === null && at.hasBase) based = at
    }
    if (this.imported.has(name)) return { is: 'name', name }
    const [holder] = this.staticHolders
    if (based === null && holder !== undefined) return { is: 'member', of: { is: 'name', name: holder }, name }
    return { is: 'member', of: { is: 'this', symbol: (based ?? type).key }, name }
  }

  /** What a bare name in code is that is no local variable: a field, a type, or something imported. */
  valueNamed(name: string, type: JavaType): Ref {
    let based: JavaType | null = null
    for (let at: JavaType | null = type; at !== null; at = at.outer) {
      if (this.fields.has(`${at.key}.${name}`)) return { is: 'member', of: { is: 'this', symbol: at.key }, name }
      if (based === null && at.hasBase) based = at
    }
    if (this.imported.has(name)) return { is: 'name', name }
    if (/^[A-Z](?:$|.*[a-z])/.test(name)) return this.typeNamed(name, type)
    if (based !== null) return { is: 'member', of: { is: 'this', symbol: based.key }, name }
    const [holder] = this.staticHolders
    return holder === undefined ? this.typeNamed(name, type) : { is: 'member', of: { is: 'name', name: holder }, name }
  }
}

function modifiersOf(node: Syntax): string {
  const first = node.firstNamedChild
  return first?.type === 'modifiers' ? first.text : ''
}

function docOf(node: Syntax): string {
  const comment = node.previousSibling
  return comment?.type === 'block_comment' && comment.text.startsWith('/**') ? commentLine(comment.text).replace(/<\/?\w+>/g, '') : ''
}
