import type { Node } from 'web-tree-sitter'
import { commentLine, FactsBuilder } from '../facts-builder'
import { type FileFacts, type Ref, UNKNOWN } from '../file-facts'
import { type Syntax, syntaxTree } from '../syntax-tree'
import { CCode } from './c-code'
import { declared, definedPath, type Names, qualified, typeRef, withoutNamespaces } from './c-types'
import { withoutMacros } from './without-macros'

/** What is around a declaration. */
export interface CContext {
  /** Key of the class whose member it is; null outside of classes. */
  readonly type: string | null
  readonly exported: boolean
  readonly generics: ReadonlySet<string>
  /** The node with the template's head or the typedef, when the declaration is only a part of it. */
  readonly whole: Syntax | null
  /** Inside of a condition on the platform: names of the C library are defined again there. */
  readonly platform?: boolean
}

const RECORDS = new Set(['struct_specifier', 'class_specifier', 'union_specifier'])
const CONDITIONALS = /^preproc_(?:if|ifdef|else|elif|elifdef)(?:_in_\w+)?$/
const PLATFORM = /\b_?_?(?:WIN(?:32|64|DOWS)|_WIN32|_WIN64|MSC_VER|MINGW|CYGWIN|APPLE|sun|NDEBUG)/
const GOOGLE_TEST = /^(?:TYPED_)?TEST(?:_F|_P)?$/
const CATCH_TEST = /^(?:TEMPLATE_)?(?:TEST_CASE|SCENARIO)(?:_METHOD)?$/

/** Symbols of C and C++. Keys have no namespaces: a method is `Class.method`, also where it is defined outside of its class. */
export function extractC(root: Node): FileFacts {
  const again = withoutMacros(root)
  try {
    return new CFile().run(again?.rootNode ?? root)
  } finally {
    again?.delete()
  }
}

export class CFile implements Names {
  readonly facts = new FactsBuilder()
  private readonly namespaces = new Set<string>()
  /** Classes of other files whose members this one defines. */
  private readonly holders = new Set<string>()
  private generics: ReadonlySet<string> = new Set()
  private tree: Syntax | null = null
  private mentioned: ReadonlySet<string> | null = null

  run(root: Node): FileFacts {
    const tree = syntaxTree(root)
    this.tree = tree
    this.list(tree.namedChildren, { type: null, exported: true, generics: new Set(), whole: null })
    return this.facts.finish(root)
  }

  isNamespace(name: string): boolean {
    return this.namespaces.has(name)
  }

  isType(name: string): boolean {
    const kind = this.facts.kindOf(name)
    return kind === 'class' || kind === 'enum' || kind === 'type' || this.holders.has(name)
  }

  private defined(parts: readonly string[]): readonly string[] {
    const path = definedPath(parts, this)
    for (const holder of path.slice(0, -1)) this.holders.add(holder)
    return path
  }

  /** Whether the file names a type so anywhere: then a call of that name makes one. */
  namesType(name: string): boolean {
    this.mentioned ??= typesOf(this.tree)
    return this.mentioned.has(name)
  }

  isParameter(name: string): boolean {
    return this.generics.has(name)
  }

  private list(nodes: readonly Syntax[], context: CContext): void {
    for (const [index, node] of nodes.entries()) {
      const body = nodes[index + 1]
      if (node.type === 'expression_statement' && body?.type === 'compound_statement' && this.catchTest(node, body)) continue
      this.facts.nested(() => this.item(node, context))
    }
  }

  private item(node: Syntax, context: CContext): void {
    if (CONDITIONALS.test(node.type)) {
      const said = [node.childForFieldName('condition'), node.childForFieldName('name')]
      const platform = context.platform === true || said.some((part) => part !== null && PLATFORM.test(part.text))
      const rest = node.namedChildren.filter((child) => !said.includes(child))
      return this.list(rest, { ...context, platform })
    }
    switch (node.type) {
      case 'preproc_include': {
        const path = node.childForFieldName('path')
        if (path !== null && /^["<]/.test(path.text))
          this.facts.imports.push({ specifier: path.text, line: node.line, names: [], spread: true })
        return
      }
      case 'preproc_def':
      case 'preproc_function_def':
        return this.macro(node, context)
      case 'namespace_definition': {
        const name = node.childForFieldName('name')
        const body = node.childForFieldName('body')
        if (name !== null) {
          for (const part of name.text.split('::')) this.namespaces.add(part.trim())
          this.facts.add({ whole: node, name, kind: 'module', prefix: '', exported: true, doc: docOf(node), body })
        }
        return this.list(body?.namedChildren ?? [], { ...context, exported: context.exported && name !== null })
      }
      case 'linkage_specification': {
        const body = node.childForFieldName('body')
        return this.list(body?.type === 'declaration_list' ? body.namedChildren : body === null ? [] : [body], context)
      }
      case 'using_declaration': {
        if (node.children.some((child) => child.type === 'namespace'))
          for (const part of qualified(node.lastNamedChild ?? node) ?? []) this.namespaces.add(part)
        return
      }
      case 'namespace_alias_definition': {
        const name = node.childForFieldName('name')
        if (name !== null) this.namespaces.add(name.text)
        return
      }
      case 'template_declaration': {
        const generics = new Set(context.generics)
        for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
          const name = parameter.childForFieldName('name') ?? parameter.namedChildren.find((child) => child.type === 'type_identifier')
          if (name !== undefined && name !== null && parameter.type !== 'parameter_declaration') generics.add(name.text)
        }
        for (const child of node.namedChildren)
          if (child.type !== 'template_parameter_list') this.item(child, { ...context, generics, whole: node })
        return
      }
      case 'function_definition':
        return this.functionDefinition(node, context)
      case 'declaration':
      case 'field_declaration':
        return this.declaration(node, context)
      case 'type_definition':
        return this.typeDefinition(node, context)
      case 'alias_declaration': {
        const name = node.childForFieldName('name')
        if (name !== null) this.type(node, name, node.childForFieldName('type'), context)
        return
      }
      case 'class_specifier':
      case 'struct_specifier':
      case 'union_specifier':
        return void this.record(node, context, null)
      case 'enum_specifier':
        return this.enumeration(node, context, null)
      case 'expression_statement':
        return this.facts.later('', () => this.code(context).walk(node))
      case 'ERROR':
      case 'declaration_list':
        return this.list(node.namedChildren, context)
    }
  }

  private code(context: CContext): CCode {
    this.generics = context.generics
    return new CCode(this, context)
  }

  private ref(node: Syntax | null, context: CContext): Ref {
    this.generics = context.generics
    return typeRef(node, this)
  }

  private macro(node: Syntax, context: CContext): void {
    const name = node.childForFieldName('name')
    const value = node.childForFieldName('value')
    // An include guard says nothing.
    if (name === null || (node.type === 'preproc_def' && value === null)) return
    if (name.text === 'assert' || (context.platform === true && /^[a-z]/.test(name.text))) return
    const parameters = node.childForFieldName('parameters')?.namedChildren.map((child) => child.text)
    const kind = node.type === 'preproc_def' ? 'variable' : 'function'
    this.facts.add({
      whole: node,
      name,
      kind,
      prefix: '',
      exported: true,
      doc: docOf(node),
      ...(parameters === undefined ? {} : { parameters }),
    })
  }

  private record(node: Syntax, context: CContext, named: Syntax | null): string | null {
    const own = node.childForFieldName('name')
    const body = node.childForFieldName('body')
    const name = own ?? named
    if (body === null) return null
    const parts = name === null ? null : qualified(name)
    if (name === null || parts === null) {
      // Members of a record without a name are those of what is around it.
      this.members(body, context, node.type === 'class_specifier')
      return null
    }
    const path = withoutNamespaces(parts, this)
    const prefix = [...(context.type === null ? [] : [context.type]), ...path.slice(0, -1)].map((part) => `${part}.`).join('')
    const whole = context.whole ?? node
    const { exported } = context
    const key = this.facts.add({
      whole,
      name,
      text: path.at(-1) ?? '',
      kind: 'class',
      prefix,
      exported,
      doc: docOf(whole),
      body,
      distinct: true,
    })
    const inner: CContext = { ...context, type: key, whole: null }
    const bases = node.namedChildren.find((child) => child.type === 'base_class_clause')
    if (bases !== undefined) {
      this.facts.later(key, () => {
        for (const child of bases.namedChildren) {
          const base = this.ref(child, context)
          if (base.is === 'instance') this.facts.inherits.push({ symbol: key, base: base.of, line: child.line })
        }
      })
    }
    this.members(body, inner, node.type === 'class_specifier')
    return key
  }

  private members(body: Syntax, context: CContext, isPrivate: boolean): void {
    let exported = context.exported && !isPrivate
    for (const child of body.namedChildren) {
      if (child.type === 'access_specifier') exported = context.exported && child.text !== 'private'
      else this.facts.nested(() => this.item(child, { ...context, exported }))
    }
  }

  private enumeration(node: Syntax, context: CContext, named: Syntax | null): void {
    const name = node.childForFieldName('name') ?? named
    const body = node.childForFieldName('body')
    if (body === null) return
    const { exported } = context
    const around = context.type === null ? '' : `${context.type}.`
    const key =
      name === null
        ? null
        : this.facts.add({
            whole: context.whole ?? node,
            name,
            kind: 'enum',
            prefix: around,
            exported,
            doc: docOf(context.whole ?? node),
            body,
            distinct: true,
          })
    const scoped = key !== null && node.children.some((child) => child.type === 'class' || child.type === 'struct')
    for (const child of body.namedChildren) {
      const called = child.type === 'enumerator' ? child.childForFieldName('name') : null
      if (called === null) continue
      const prefix = scoped ? `${key}.` : around
      // Names of an enum without scope are those of the scope around it.
      const member = this.facts.add({
        whole: child,
        name: called,
        kind: prefix === '' ? 'variable' : 'property',
        prefix,
        exported,
        doc: docOf(child),
      })
      const value = child.childForFieldName('value')
      if (value !== null) this.facts.later(member, () => this.code(context).walk(value))
    }
  }

  private type(node: Syntax, name: Syntax, type: Syntax | null, context: CContext): void {
    const valueType = this.ref(type, context)
    const prefix = context.type === null ? '' : `${context.type}.`
    this.facts.add({
      whole: context.whole ?? node,
      name,
      kind: 'type',
      prefix,
      exported: context.exported,
      doc: docOf(node),
      valueType,
      distinct: true,
    })
  }

  private typeDefinition(node: Syntax, context: CContext): void {
    const type = node.childForFieldName('type')
    const declarators = node.childrenForFieldName('declarator').map((child) => declared(child))
    const direct = node.childrenForFieldName('declarator').find((child) => child.type === 'type_identifier') ?? null
    const outer = { ...context, whole: node }
    const own = type === null ? null : (type.childForFieldName('name')?.text ?? direct?.text ?? null)
    if (type !== null && RECORDS.has(type.type)) this.record(type, outer, direct)
    else if (type?.type === 'enum_specifier') this.enumeration(type, outer, direct)
    const isTagged = type !== null && (RECORDS.has(type.type) || type.type === 'enum_specifier')
    for (const found of declarators) {
      // `typedef struct node node` says nothing new.
      if (found === null || (isTagged && found.name.text === own)) continue
      this.type(node, found.name, found.parameters === null ? type : null, context)
    }
  }

  private declaration(node: Syntax, context: CContext): void {
    const type = node.childForFieldName('type')
    if (type !== null && RECORDS.has(type.type))
      this.record(type, { ...context, whole: node.childForFieldName('declarator') === null ? context.whole : null }, null)
    else if (type?.type === 'enum_specifier') this.enumeration(type, context, null)
    if (node.children.some((child) => child.type === 'friend')) return
    const isStatic = storageOf(node).includes('static')
    for (const child of node.childrenForFieldName('declarator')) {
      const found = declared(child)
      if (found === null) continue
      const parts = qualified(found.name)
      if (parts === null) continue
      const path = this.defined(parts)
      const holder = [...(context.type === null ? [] : [context.type]), ...path.slice(0, -1)].join('.')
      const exported = context.exported && (context.type !== null || !isStatic)
      const prefix = holder === '' ? '' : `${holder}.`
      const shared = {
        whole: context.whole ?? node,
        name: found.name,
        text: path.at(-1) ?? '',
        prefix,
        exported,
        doc: docOf(context.whole ?? node),
      }
      if (found.parameters !== null && !found.isPointer) {
        const kind = holder === '' ? 'function' : 'method'
        this.facts.add({ ...shared, kind, declaration: true, parameters: parametersOf(found.parameters), returns: this.ref(type, context) })
        continue
      }
      const kind = context.type === null && path.length === 1 ? 'variable' : 'property'
      const value = child.childForFieldName('value') ?? (node.type === 'field_declaration' ? node.childForFieldName('default_value') : null)
      const declaration = storageOf(node).includes('extern') && value === null
      const valueType = found.parameters === null ? this.ref(type, context) : UNKNOWN
      const key = this.facts.add({ ...shared, kind, declaration, valueType, body: value })
      this.facts.later(key, () => {
        const code = this.code({ ...context, type: holder === '' ? null : holder })
        code.typesIn(type)
        if (value !== null) code.walk(value)
      })
    }
  }

  private functionDefinition(node: Syntax, context: CContext): void {
    const declarator = node.childForFieldName('declarator')
    const found = declared(declarator)
    const body = node.childForFieldName('body')
    if (found === null) {
      if (declarator?.type === 'operator_cast' && body !== null) this.operatorCast(node, declarator, body, context)
      return
    }
    if (GOOGLE_TEST.test(found.name.text) && node.childForFieldName('type') === null)
      return this.googleTest(node, found.name, found.parameters, body, context)
    const parts = qualified(found.name)
    if (parts === null) return
    const path = this.defined(parts)
    const holder = [...(context.type === null ? [] : [context.type]), ...path.slice(0, -1)].join('.')
    const whole = context.whole ?? node
    const type = node.childForFieldName('type')
    const isStatic = context.type === null && storageOf(node).includes('static')
    const inner: CContext = { ...context, type: holder === '' ? null : holder, whole: null }
    const key = this.facts.add({
      whole,
      name: found.name,
      text: path.at(-1) ?? '',
      kind: holder === '' ? 'function' : 'method',
      prefix: holder === '' ? '' : `${holder}.`,
      exported: context.exported && !isStatic,
      doc: docOf(whole),
      body: node.namedChildren.find((child) => child.type === 'field_initializer_list') ?? body,
      parameters: parametersOf(found.parameters),
      returns: this.ref(type, context),
    })
    this.facts.later(key, () => {
      const code = this.code(inner)
      code.typesIn(type)
      code.functionParts(node, found.parameters)
    })
  }

  private operatorCast(node: Syntax, declarator: Syntax, body: Syntax, context: CContext): void {
    const text = `operator ${declarator.childForFieldName('type')?.text ?? ''}`
    const prefix = context.type === null ? '' : `${context.type}.`
    const key = this.facts.add({
      whole: node,
      name: declarator,
      text,
      kind: 'method',
      prefix,
      exported: context.exported,
      doc: docOf(node),
      body,
    })
    this.facts.later(key, () => this.code(context).functionParts(node, null))
  }

  private googleTest(node: Syntax, name: Syntax, parameters: Syntax | null, body: Syntax | null, context: CContext): void {
    const said = (parameters?.childForFieldName('parameters')?.namedChildren ?? []).map((child) => child.text)
    const fixture = /_[FP]$|^TYPED/.test(name.text) ? (said[0] ?? null) : null
    const key = this.facts.add({
      whole: node,
      name,
      text: said.join('_'),
      kind: 'function',
      prefix: '',
      exported: false,
      doc: docOf(node),
      body,
      test: true,
      distinct: true,
    })
    this.facts.later(key, () => this.code({ ...context, type: fixture }).functionParts(node, null))
  }

  private catchTest(call: Syntax, body: Syntax): boolean {
    const expression = call.firstNamedChild
    const name = expression?.type === 'call_expression' ? expression.childForFieldName('function') : null
    if (expression === null || name === null || !CATCH_TEST.test(name.text)) return false
    const title = expression.childForFieldName('arguments')?.firstNamedChild
    const text = title?.text.replace(/^"|"$/g, '').replaceAll('.', ' ') ?? name.text
    const key = this.facts.add({
      whole: body,
      name: call,
      text,
      kind: 'function',
      prefix: '',
      exported: false,
      doc: docOf(call),
      body,
      test: true,
      distinct: true,
    })
    this.facts.later(key, () => this.code({ type: null, exported: false, generics: new Set(), whole: null }).walk(body))
    return true
  }
}

function typesOf(tree: Syntax | null): ReadonlySet<string> {
  const found = new Set<string>()
  const open = tree === null ? [] : [tree]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'type_identifier') found.add(node.text)
    for (const child of node.children) if (child.isNamed) open.push(child)
  }
  return found
}

function storageOf(node: Syntax): string {
  return node.namedChildren
    .filter((child) => child.type === 'storage_class_specifier')
    .map((child) => child.text)
    .join(' ')
}

function parametersOf(declarator: Syntax | null): string[] {
  const list = declarator?.childForFieldName('parameters')?.namedChildren ?? []
  const names = list.map((parameter) =>
    parameter.type.endsWith('parameter_declaration') ? (declared(parameter.childForFieldName('declarator'))?.name.text ?? '') : '',
  )
  return names.length === 1 && names[0] === '' ? [] : names
}

function docOf(node: Syntax): string {
  let doc = ''
  let line = node.line
  for (let at = node.previousSibling; at?.type === 'comment' && at.endLine >= line - 1; at = at.previousSibling) {
    const text = commentLine(at.text)
    if (text !== '') doc = text
    line = at.line
  }
  return doc
}
