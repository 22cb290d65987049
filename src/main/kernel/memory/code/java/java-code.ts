import { instanceOf, memberOf, resultOf } from '../facts-builder'
import { type Ref, UNKNOWN } from '../file-facts'
import type { Syntax } from '../syntax-tree'
import type { JavaFile, JavaType } from './extract-java'

/** Of `java.lang` and in every file. */
const COMMON = new Set(
  'String Object Integer Long Boolean Double Float Character Byte Short Number Void Math System Override Deprecated SuppressWarnings FunctionalInterface SafeVarargs Exception RuntimeException Throwable Error Iterable Comparable CharSequence Class Thread Runnable StringBuilder'.split(
    ' ',
  ),
)

/** The code of one member: calls, reads and writes, and the names that it declares. */
export class JavaCode {
  private readonly file: JavaFile
  private readonly type: JavaType

  constructor(file: JavaFile, type: JavaType) {
    this.file = file
    this.type = type
  }

  functionParts(node: Syntax): void {
    const facts = this.file.facts
    facts.inScope(() => {
      for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
        const name = parameter.type === 'identifier' ? parameter : nameOfParameter(parameter)
        const type = parameter.type === 'spread_parameter' ? null : parameter.childForFieldName('type')
        this.typesIn(parameter.type === 'spread_parameter' ? (parameter.firstNamedChild ?? null) : type)
        if (name !== null) facts.declare(name.text, this.file.typeRef(type, this.type))
      }
      const parameters = node.childForFieldName('parameters')
      if (parameters?.type === 'identifier') facts.declare(parameters.text, UNKNOWN)
      const body = node.childForFieldName('body')
      if (body !== null) this.walk(body)
    })
  }

  annotations(node: Syntax): void {
    const modifiers = node.firstNamedChild
    if (modifiers?.type !== 'modifiers') return
    for (const child of modifiers.namedChildren) {
      const name = child.childForFieldName('name')
      if (name?.type !== 'identifier') continue
      if (!COMMON.has(name.text)) this.file.facts.use(this.file.typeNamed(name.text, this.type), 'type', child.line)
      const values = child.childForFieldName('arguments')
      if (values !== null) this.walk(values)
    }
  }

  /** Types that a declaration names. */
  typesIn(node: Syntax | null): void {
    if (node === null || node.type.endsWith('_type_identifier')) {
      const ref = this.file.typeRef(node, this.type)
      if (node !== null && ref.is === 'instance') this.file.facts.use(ref.of, 'type', node.line)
      return
    }
    if (node.type === 'type_identifier') {
      const name = node.text
      if (!COMMON.has(name) && name !== 'var' && !this.type.generics.has(name))
        this.file.facts.use(this.file.typeNamed(name, this.type), 'type', node.line)
      return
    }
    this.file.facts.nested(() => node.namedChildren.forEach((child) => this.typesIn(child)))
  }

  walk(node: Syntax): void {
    this.file.facts.nested(() => this.code(node))
  }

  private code(node: Syntax): void {
    const facts = this.file.facts
    switch (node.type) {
      case 'method_invocation': {
        facts.use(this.callee(node), 'call', node.line)
        const object = node.childForFieldName('object')
        if (object !== null && object.type !== 'super' && object.type !== 'this') this.walk(object)
        return this.part(node, 'arguments')
      }
      case 'object_creation_expression':
        return this.creation(node)
      case 'explicit_constructor_invocation': {
        const called = node.childForFieldName('constructor')
        if (called?.type === 'super') facts.use({ is: 'super', symbol: this.type.key }, 'new', node.line)
        return this.part(node, 'arguments')
      }
      case 'method_reference': {
        const [object, name] = node.namedChildren
        if (object === undefined) return
        const method = name?.text
        const isType = object.type.includes('type')
        const of = isType ? this.typeOnly(object) : this.ref(object)
        if (method === undefined || method === 'new') facts.use(of, 'new', node.line)
        else facts.use(memberOf(of, method), 'value', node.line)
        if (!isType && object.type !== 'identifier' && object.type !== 'this' && object.type !== 'super') this.walk(object)
        return
      }
      case 'lambda_expression':
        return this.functionParts(node)
      case 'block':
      case 'constructor_body':
      case 'switch_block_statement_group':
      case 'switch_rule':
      case 'for_statement':
      case 'catch_clause':
      case 'try_with_resources_statement':
        return facts.inScope(() => this.children(node))
      case 'enhanced_for_statement': {
        this.part(node, 'value')
        this.typesIn(node.childForFieldName('type'))
        return facts.inScope(() => {
          this.bind(node, node.childForFieldName('type'), null)
          this.part(node, 'body')
        })
      }
      case 'local_variable_declaration': {
        const type = node.childForFieldName('type')
        this.typesIn(type)
        for (const declarator of node.childrenForFieldName('declarator')) {
          const value = declarator.childForFieldName('value')
          if (value !== null) this.walk(value)
          this.bind(declarator, type, value)
        }
        return
      }
      case 'resource': {
        this.part(node, 'value')
        if (node.childForFieldName('name') === null) return this.children(node)
        return this.bind(node, node.childForFieldName('type'), node.childForFieldName('value'))
      }
      case 'catch_formal_parameter': {
        const types = node.namedChildren.find((child) => child.type === 'catch_type') ?? null
        this.typesIn(types)
        return this.bind(node, types?.namedChildCount === 1 ? types.firstNamedChild : null, null)
      }
      case 'instanceof_expression': {
        this.part(node, 'left')
        const type = node.childForFieldName('right')
        this.typesIn(type)
        if (node.childForFieldName('name') !== null) this.bind(node, type, null)
        else this.part(node, 'pattern')
        return
      }
      case 'type_pattern':
      case 'record_pattern_component': {
        const [type, name] = node.namedChildren
        if (name?.type === 'identifier' && type !== undefined) facts.declare(name.text, this.file.typeRef(type, this.type))
        return
      }
      case 'assignment_expression': {
        const left = node.childForFieldName('left')
        if (left !== null) this.place(left, 'write')
        return this.part(node, 'right')
      }
      case 'update_expression': {
        const target = node.firstNamedChild
        if (target !== null) this.place(target, 'write')
        return
      }
      case 'identifier':
      case 'field_access':
        return this.place(node, 'read')
      case 'cast_expression':
        this.typesIn(node.childForFieldName('type'))
        return this.part(node, 'value')
      case 'array_creation_expression':
        this.typesIn(node.childForFieldName('type'))
        for (const child of node.namedChildren) if (child.type === 'dimensions_expr' || child.type === 'array_initializer') this.walk(child)
        return
      case 'class_literal':
        return this.typesIn(node)
      case 'switch_label':
        for (const child of node.namedChildren) if (child.type !== 'identifier') this.walk(child)
        return
      case 'element_value_pair':
        return this.part(node, 'value')
      case 'class_body':
        return this.anonymous(node)
      case 'class_declaration':
      case 'record_declaration':
      case 'enum_declaration':
      case 'interface_declaration': {
        const name = node.childForFieldName('name')
        const body = node.childForFieldName('body')
        if (name !== null) facts.declare(name.text, UNKNOWN)
        if (body !== null) this.anonymous(body)
        return
      }
      case 'line_comment':
      case 'block_comment':
      case 'type_arguments':
      case 'type_identifier':
      case 'generic_type':
      case 'scoped_type_identifier':
      case 'labeled_statement_label':
      case 'break_statement':
      case 'continue_statement':
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

  private bind(node: Syntax, type: Syntax | null, value: Syntax | null): void {
    const name = node.childForFieldName('name')
    if (name === null) return
    const inferred = type === null || type.text === 'var'
    this.file.facts.declare(name.text, inferred ? (value === null ? UNKNOWN : this.ref(value)) : this.file.typeRef(type, this.type))
  }

  private creation(node: Syntax): void {
    const type = node.childForFieldName('type')
    const ref = this.file.typeRef(type, this.type)
    if (ref.is === 'instance' && type !== null && !this.isLocalType(type)) this.file.facts.use(ref.of, 'new', node.line)
    if (type?.type === 'generic_type') for (const child of type.namedChildren) if (child.type === 'type_arguments') this.typesIn(child)
    for (const child of node.namedChildren) if (child !== type) this.walk(child)
  }

  private isLocalType(type: Syntax): boolean {
    return this.file.facts.local(type.type === 'generic_type' ? (type.firstNamedChild?.text ?? '') : type.text) !== null
  }

  /** The body of a class without a symbol: its code belongs to the member around it, and its own methods hide those of the type. */
  private anonymous(body: Syntax): void {
    const facts = this.file.facts
    facts.inScope(() => {
      const members = body.namedChildren.flatMap((child) => (child.type === 'enum_body_declarations' ? child.namedChildren : [child]))
      for (const child of members) {
        const name = child.type.endsWith('_declaration') ? child.childForFieldName('name') : null
        if (name !== null && child.type === 'method_declaration') facts.declare(`${name.text}()`, UNKNOWN)
        if (child.type === 'field_declaration')
          for (const declarator of child.childrenForFieldName('declarator')) this.bind(declarator, child.childForFieldName('type'), null)
      }
      facts.declare('this', UNKNOWN)
      for (const child of members) {
        if (/^(?:method|constructor|compact_constructor)_declaration$/.test(child.type)) {
          this.annotations(child)
          this.typesIn(child.childForFieldName('type'))
          this.functionParts(child)
        } else if (child.type === 'field_declaration') {
          for (const declarator of child.childrenForFieldName('declarator')) this.part(declarator, 'value')
        } else this.walk(child)
      }
    })
  }

  private callee(node: Syntax): Ref {
    const name = node.childForFieldName('name')
    const object = node.childForFieldName('object')
    if (name === null) return UNKNOWN
    if (object !== null) return memberOf(this.ref(object), name.text)
    if (this.file.facts.local(`${name.text}()`) !== null) return UNKNOWN
    return this.file.methodNamed(name.text, this.type)
  }

  private place(node: Syntax, how: 'read' | 'write'): void {
    const facts = this.file.facts
    if (node.type === 'identifier') {
      const name = node.text
      if (facts.local(name) === null && !COMMON.has(name)) facts.use(this.file.valueNamed(name, this.type), how, node.line)
      return
    }
    if (node.type === 'parenthesized_expression') {
      const inner = node.firstNamedChild
      if (inner !== null) facts.nested(() => this.place(inner, how))
      return
    }
    if (node.type === 'array_access') {
      this.part(node, 'index')
      const array = node.childForFieldName('array')
      if (array !== null) facts.nested(() => this.place(array, how))
      return
    }
    if (node.type !== 'field_access') return this.walk(node)
    const ref = this.ref(node)
    if (ref.is === 'member' && ref.of.is !== 'unknown') facts.use(ref, how, node.line)
    const object = node.childForFieldName('object')
    if (object !== null && object.type !== 'this' && object.type !== 'super') this.walk(object)
  }

  private typeOnly(node: Syntax): Ref {
    const ref = this.file.typeRef(node, this.type)
    return ref.is === 'instance' ? ref.of : ref
  }

  /** What an expression is. */
  private ref(node: Syntax | null): Ref {
    switch (node?.type) {
      case 'identifier':
        return this.file.facts.local(node.text) ?? this.file.valueNamed(node.text, this.type)
      case 'this':
        return this.file.facts.local('this') ?? { is: 'this', symbol: this.type.key }
      case 'super':
        return this.file.facts.local('this') ?? { is: 'super', symbol: this.type.key }
      case 'parenthesized_expression':
        return this.ref(node.firstNamedChild)
      case 'cast_expression':
        return this.file.typeRef(node.childForFieldName('type'), this.type)
      case 'assignment_expression':
        return this.ref(node.childForFieldName('right'))
      case 'object_creation_expression': {
        const type = node.childForFieldName('type')
        return type === null || this.isLocalType(type) ? UNKNOWN : this.file.typeRef(type, this.type)
      }
      case 'method_invocation':
        return resultOf(this.callee(node))
      case 'field_access': {
        const field = node.childForFieldName('field')
        const object = node.childForFieldName('object')
        if (field === null || object === null) return UNKNOWN
        // `Outer.this`.
        if (field.type === 'this') {
          const outer = this.outerNamed(object.text)
          return outer === null ? UNKNOWN : { is: 'this', symbol: outer }
        }
        return memberOf(this.ref(object), field.text)
      }
      case 'type_identifier':
      case 'scoped_type_identifier':
      case 'generic_type':
        return instanceOf(this.typeOnly(node))
      default:
        return UNKNOWN
    }
  }

  private outerNamed(name: string): string | null {
    for (let at: JavaType | null = this.type; at !== null; at = at.outer) if (at.key === name || at.key.endsWith(`.${name}`)) return at.key
    return null
  }
}

export function nameOfParameter(parameter: Syntax): Syntax | null {
  if (parameter.type === 'spread_parameter') return parameter.namedChildren.at(-1)?.childForFieldName('name') ?? null
  return parameter.childForFieldName('name')
}
