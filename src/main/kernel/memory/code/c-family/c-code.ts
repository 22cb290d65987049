import { instanceOf, memberOf, resultOf } from '../facts-builder'
import { type Ref, UNKNOWN } from '../file-facts'
import type { Syntax } from '../syntax-tree'
import { declared, pathRef, qualified, typeRef } from './c-types'
import type { CContext, CFile } from './extract-c'

const CASTS = /^(?:static|dynamic|const|reinterpret)_cast$|^make_(?:unique|shared)$|(?:pointer|down)_cast$/
const PASSES_ON = new Set(['move', 'forward', 'ref', 'cref', 'as_const'])
const CONSTANTS = new Set(['NULL', 'nullptr', 'true', 'false'])
/** How members of a class are told from other names when the class is in another file. */
const LIKE_A_FIELD = /_$|^m_|^_[a-z]/

/** The code of one function: calls, reads and writes, and the names that it declares. */
export class CCode {
  private readonly file: CFile
  private readonly context: CContext

  constructor(file: CFile, context: CContext) {
    this.file = file
    this.context = context
  }

  functionParts(node: Syntax, declarator: Syntax | null): void {
    const { facts } = this.file
    facts.inScope(() => {
      this.parameters(declarator)
      for (const child of node.namedChildren) {
        if (child.type !== 'field_initializer_list') continue
        for (const entry of child.namedChildren) this.initializer(entry)
      }
      const body = node.childForFieldName('body')
      if (body !== null) this.walk(body)
    })
  }

  private parameters(declarator: Syntax | null): void {
    for (const parameter of declarator?.childForFieldName('parameters')?.namedChildren ?? []) {
      const type = parameter.childForFieldName('type')
      const found = declared(parameter.childForFieldName('declarator'))
      this.typesIn(type)
      if (found !== null) this.file.facts.declare(found.name.text, typeRef(type, this.file))
    }
  }

  /** `: total_(0), Base(rates)` */
  private initializer(entry: Syntax): void {
    const [name, value] = entry.namedChildren
    if (name === undefined) return
    const { type } = this.context
    if (name.type === 'field_identifier' && type !== null)
      this.file.facts.use({ is: 'member', of: { is: 'this', symbol: type }, name: name.text }, 'write', entry.line)
    else if (name.type !== 'field_identifier') {
      const ref = typeRef(name, this.file)
      if (ref.is === 'instance') this.file.facts.use(ref.of, 'new', entry.line)
    }
    if (value !== undefined) this.walk(value)
  }

  /** Types that a declaration names. */
  typesIn(node: Syntax | null): void {
    if (node === null) return
    switch (node.type) {
      case 'field_declaration_list':
      case 'enumerator_list':
      case 'primitive_type':
        return
      case 'type_identifier':
      case 'qualified_identifier': {
        const ref = typeRef(node, this.file)
        if (ref.is === 'instance') this.file.facts.use(ref.of, 'type', node.line)
        if (node.type === 'type_identifier') return
      }
    }
    this.file.facts.nested(() => {
      for (const child of node.namedChildren) {
        if (child.type === 'template_argument_list' || child.type === 'template_type' || node.type !== 'qualified_identifier')
          this.typesIn(child)
      }
    })
  }

  walk(node: Syntax): void {
    this.file.facts.nested(() => this.visit(node))
  }

  private visit(node: Syntax): void {
    const { facts } = this.file
    switch (node.type) {
      case 'call_expression':
        return this.call(node)
      case 'new_expression': {
        const type = node.childForFieldName('type')
        const ref = typeRef(type, this.file)
        if (ref.is === 'instance') facts.use(ref.of, 'new', node.line)
        for (const child of node.namedChildren) if (child !== type) this.walk(child)
        return
      }
      case 'compound_statement':
      case 'for_statement':
      case 'if_statement':
      case 'while_statement':
      case 'switch_statement':
      case 'catch_clause':
        return facts.inScope(() => {
          if (node.type === 'catch_clause') this.parameters(node)
          this.children(node)
        })
      case 'declaration':
        return this.declaration(node)
      case 'for_range_loop': {
        const type = node.childForFieldName('type')
        const right = node.childForFieldName('right')
        this.typesIn(type)
        if (right !== null) this.walk(right)
        return facts.inScope(() => {
          const found = declared(node.childForFieldName('declarator'))
          if (found !== null) facts.declare(found.name.text, typeRef(type, this.file))
          const body = node.childForFieldName('body')
          if (body !== null) this.walk(body)
        })
      }
      case 'lambda_expression': {
        const declarator = node.childForFieldName('declarator')
        const body = node.childForFieldName('body')
        for (const capture of node.childForFieldName('captures')?.namedChildren ?? [])
          if (capture.type === 'lambda_capture_initializer') this.children(capture)
        return facts.inScope(() => {
          this.parameters(declarator)
          if (body !== null) this.walk(body)
        })
      }
      case 'assignment_expression': {
        const left = node.childForFieldName('left')
        const right = node.childForFieldName('right')
        if (left !== null) this.place(left, 'write')
        if (right !== null) this.walk(right)
        return
      }
      case 'update_expression': {
        const argument = node.childForFieldName('argument')
        if (argument !== null) this.place(argument, 'write')
        return
      }
      case 'identifier':
      case 'qualified_identifier':
      case 'field_expression':
        return this.place(node, 'read')
      case 'cast_expression':
      case 'compound_literal_expression':
        this.typesIn(node.childForFieldName('type'))
        return this.part(node, 'value')
      case 'sizeof_expression':
        this.typesIn(node.childForFieldName('type'))
        return this.part(node, 'value')
      case 'initializer_pair':
        return this.part(node, 'value')
      case 'template_function':
        return this.typesIn(node.childForFieldName('arguments'))
      case 'struct_specifier':
      case 'class_specifier':
      case 'union_specifier':
      case 'enum_specifier':
      case 'type_definition':
      case 'type_descriptor':
      case 'goto_statement':
      case 'comment':
        return
    }
    this.children(node)
  }

  private children(node: Syntax): void {
    for (const child of node.namedChildren) this.walk(child)
  }

  private part(node: Syntax, field: string): void {
    const child = node.childForFieldName(field)
    if (child !== null) this.walk(child)
  }

  private declaration(node: Syntax): void {
    const { facts } = this.file
    const type = node.childForFieldName('type')
    const ref = typeRef(type, this.file)
    this.typesIn(type)
    for (const child of node.childrenForFieldName('declarator')) {
      const found = declared(child)
      const value = child.childForFieldName('value')
      if (value !== null) {
        // `Invoice made(rates)` and `Invoice made{rates}`.
        if (ref.is === 'instance' && child.type === 'init_declarator' && value.type === 'argument_list')
          facts.use(ref.of, 'new', child.line)
        this.walk(value)
      }
      if (found === null) continue
      const isAuto = type?.type === 'placeholder_type_specifier'
      const isPrototype = found.parameters !== null && !found.isPointer && value === null && ref.is !== 'instance'
      if (!isPrototype) facts.declare(found.name.text, isAuto ? this.ref(value) : found.isPointer ? UNKNOWN : ref)
    }
  }

  private call(node: Syntax): void {
    const { facts } = this.file
    const callee = node.childForFieldName('function')
    const { line } = node
    if (callee?.type === 'identifier') {
      const local = facts.local(callee.text)
      if (local === null) this.named(callee.text, 'call', line)
    } else if (callee?.type === 'field_expression') {
      facts.use(this.ref(callee), 'call', line)
      const object = callee.childForFieldName('argument')
      if (object !== null && object.type !== 'this' && object.type !== 'identifier') this.walk(object)
    } else if (callee?.type === 'template_function') {
      const name = callee.childForFieldName('name')?.text ?? ''
      if (!CASTS.test(name)) this.named(name, 'call', line)
      this.typesIn(callee.childForFieldName('arguments'))
    } else if (callee?.type === 'qualified_identifier') facts.use(this.path(callee), 'call', line)
    else if (callee !== null) this.walk(callee)
    const list = node.childForFieldName('arguments')
    if (list !== null) this.children(list)
  }

  /** A bare name: of the class whose method this is, or of the file and its headers; where both may be, both are asked for. */
  private named(name: string, how: 'call' | 'read' | 'write', line: number): void {
    const { facts } = this.file
    const { type } = this.context
    if (type === null) return facts.use({ is: 'name', name }, how, line)
    const member: Ref = { is: 'member', of: { is: 'this', symbol: type }, name }
    if (facts.kindOf(`${type}.${name}`) !== undefined || LIKE_A_FIELD.test(name)) return facts.use(member, how, line)
    facts.use({ is: 'name', name }, how, line)
    // Capitals are macros.
    if (facts.kindOf(name) === undefined && !/^[A-Z][A-Z0-9_]*$/.test(name) && !this.file.namesType(name)) facts.use(member, how, line)
  }

  private place(node: Syntax, how: 'read' | 'write'): void {
    const { facts } = this.file
    switch (node.type) {
      case 'identifier': {
        const name = node.text
        if (facts.local(name) === null && !CONSTANTS.has(name)) this.named(name, how, node.line)
        return
      }
      case 'qualified_identifier':
        return facts.use(this.path(node), how, node.line)
      case 'parenthesized_expression': {
        const inner = node.firstNamedChild
        if (inner !== null) facts.nested(() => this.place(inner, how))
        return
      }
      case 'pointer_expression': {
        // What a pointer leads to is written, the pointer itself is read.
        const inner = node.childForFieldName('argument')
        if (inner !== null) facts.nested(() => this.place(inner, 'read'))
        return
      }
      case 'subscript_expression': {
        const array = node.childForFieldName('argument')
        if (array !== null) facts.nested(() => this.place(array, how))
        for (const child of node.namedChildren) if (child !== array) this.walk(child)
        return
      }
      case 'field_expression': {
        const ref = this.ref(node)
        if (ref.is === 'member' && ref.of.is !== 'unknown') facts.use(ref, how, node.line)
        const object = node.childForFieldName('argument')
        if (object !== null && object.type !== 'this') facts.nested(() => this.place(object, 'read'))
        return
      }
      default:
        return this.walk(node)
    }
  }

  private path(node: Syntax): Ref {
    const parts = qualified(node)
    return parts === null ? UNKNOWN : pathRef(parts, this.file)
  }

  /** What an expression is. */
  private ref(node: Syntax | null): Ref {
    const { facts } = this.file
    const { type } = this.context
    switch (node?.type) {
      case 'identifier': {
        const name = node.text
        const local = facts.local(name)
        if (local !== null) return local
        const isMember =
          type !== null && (facts.kindOf(`${type}.${name}`) !== undefined || (LIKE_A_FIELD.test(name) && facts.kindOf(name) === undefined))
        return isMember ? { is: 'member', of: { is: 'this', symbol: type }, name } : { is: 'name', name }
      }
      case 'this':
        return type === null ? UNKNOWN : { is: 'this', symbol: type }
      case 'qualified_identifier':
        return this.path(node)
      case 'parenthesized_expression':
        return this.ref(node.firstNamedChild)
      case 'pointer_expression':
      case 'subscript_expression':
        return this.ref(node.childForFieldName('argument'))
      case 'cast_expression':
      case 'new_expression':
      case 'compound_literal_expression':
        return typeRef(node.childForFieldName('type'), this.file)
      case 'assignment_expression':
        return this.ref(node.childForFieldName('right'))
      case 'field_expression': {
        const field = node.childForFieldName('field')
        const object = node.childForFieldName('argument')
        if (field === null || object === null) return UNKNOWN
        return memberOf(this.ref(object), qualified(field)?.at(-1) ?? field.text)
      }
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        if (callee === null) return UNKNOWN
        const last = callee.type === 'qualified_identifier' ? (callee.namedChildren.at(-1) ?? callee) : callee
        const name = last.childForFieldName('name')?.text ?? last.text
        if (last.type === 'template_function' && CASTS.test(name))
          return typeRef(last.childForFieldName('arguments')?.firstNamedChild ?? null, this.file)
        if (PASSES_ON.has(name)) return this.ref(node.childForFieldName('arguments')?.firstNamedChild ?? null)
        if (callee.type === 'template_function') return resultOf({ is: 'name', name })
        if (callee.type !== 'identifier') return resultOf(this.ref(callee))
        if (facts.local(name) !== null) return UNKNOWN
        const own = type !== null && facts.kindOf(`${type}.${name}`) !== undefined
        return own ? resultOf({ is: 'member', of: { is: 'this', symbol: type }, name }) : resultOf({ is: 'name', name })
      }
      case 'template_function':
        return instanceOf(this.path(node))
      default:
        return UNKNOWN
    }
  }
}
