import { instanceOf, memberOf, resultOf } from '../facts-builder'
import { type Ref, UNKNOWN, type UseFact } from '../file-facts'
import type { Syntax } from '../syntax-tree'
import type { ItemContext, RustFile } from './extract-rust'
import { segmentsOf, TRANSPARENT_CALLS, typeRef, broughtIn } from './rust-types'

/** Of the standard library and in every file: they only wrap or name nothing of the repository. */
const WRAPPERS = new Set(['Some', 'Ok', 'Err', 'Box', 'Rc', 'Arc'])
const LITERALS = new Set(['None', 'true', 'false', '_'])

/** The code of one item: calls, reads and writes, and the names that it declares. */
export class RustCode {
  private readonly file: RustFile
  private readonly context: ItemContext

  constructor(file: RustFile, context: ItemContext) {
    this.file = file
    this.context = context
  }

  functionParts(node: Syntax): void {
    const facts = this.file.facts
    this.typesIn(node.childForFieldName('return_type'))
    facts.inScope(() => {
      for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
        const type = parameter.childForFieldName('type')
        const pattern = parameter.childForFieldName('pattern') ?? (parameter.type === 'identifier' ? parameter : null)
        this.typesIn(type)
        if (pattern !== null) this.bind(pattern, this.type(type))
      }
      const body = node.childForFieldName('body')
      if (body !== null) this.value(body)
    })
  }

  /** Types that a declaration names. */
  typesIn(node: Syntax | null): void {
    if (node === null) return
    if (node.type === 'type_identifier' || node.type === 'scoped_type_identifier') {
      const target = this.file.path(node, this.context)
      if (target.is !== 'this' && node.text !== 'Self') this.file.facts.use(target, 'type', node.line)
      return
    }
    this.file.facts.nested(() => {
      for (const child of node.namedChildren) if (child.type !== 'lifetime' && child.type !== 'block') this.typesIn(child)
    })
  }

  walk(node: Syntax): void {
    this.file.facts.nested(() => this.code(node))
  }

  private code(node: Syntax): void {
    const facts = this.file.facts
    switch (node.type) {
      case 'call_expression':
        return this.call(node)
      case 'macro_invocation':
        return this.macro(node)
      case 'let_declaration':
      case 'let_condition':
        return this.declaration(node)
      case 'block':
      case 'unsafe_block':
      case 'async_block':
        return this.block(node)
      case 'closure_expression':
      case 'function_item':
        return this.functionParts(node)
      case 'use_declaration': {
        const scope = `${facts.owner}::`
        for (const { path, name } of broughtIn(node.childForFieldName('argument'))) {
          this.file.bring(path, name, this.context, scope, false, node.line)
          if (name === null) continue
          const ref = this.file.aliasOf(scope, name)
          if (ref !== null) facts.declare(name, ref)
        }
        return
      }
      case 'if_expression':
      case 'while_expression':
        return facts.inScope(() => this.children(node))
      case 'for_expression': {
        const value = node.childForFieldName('value')
        const pattern = node.childForFieldName('pattern')
        const body = node.childForFieldName('body')
        if (value !== null) this.value(value)
        return facts.inScope(() => {
          if (pattern !== null) this.bind(pattern, UNKNOWN)
          if (body !== null) this.walk(body)
        })
      }
      case 'match_expression':
        return this.match(node)
      case 'assignment_expression':
      case 'compound_assignment_expr': {
        const left = node.childForFieldName('left')
        const right = node.childForFieldName('right')
        if (left !== null) this.place(left, 'write')
        if (right !== null) this.value(right)
        return
      }
      case 'field_expression':
        return this.place(node, 'read')
      case 'identifier':
      case 'scoped_identifier':
        return this.name(node)
      case 'struct_expression': {
        const type = node.childForFieldName('name')
        if (type !== null) facts.use(this.path(type), 'new', node.line)
        for (const field of node.childForFieldName('body')?.namedChildren ?? []) {
          const value = field.childForFieldName('value') ?? (field.type === 'field_initializer' ? null : field.firstNamedChild)
          if (value !== null) this.value(value)
        }
        return
      }
      case 'type_cast_expression': {
        const value = node.childForFieldName('value')
        this.typesIn(node.childForFieldName('type'))
        if (value !== null) this.value(value)
        return
      }
      case 'token_tree':
      case 'type_arguments':
      case 'attribute_item':
      case 'line_comment':
      case 'block_comment':
      case 'label':
      case 'struct_item':
      case 'enum_item':
      case 'impl_item':
      case 'trait_item':
      case 'macro_definition':
        return
    }
    this.children(node)
  }

  private children(node: Syntax): void {
    for (const child of node.namedChildren) this.walk(child)
  }

  value(node: Syntax): void {
    this.walk(node)
  }

  private block(node: Syntax): void {
    const facts = this.file.facts
    facts.inScope(() => {
      const children = node.namedChildren
      // Items of a block are known in all of it.
      for (const child of children) {
        const name = /^(?:function|struct|enum|const|static)_item$/.test(child.type) ? child.childForFieldName('name') : null
        if (name !== null) facts.declare(name.text, UNKNOWN)
        if (child.type === 'macro_definition') facts.declare(`${child.childForFieldName('name')?.text ?? ''}!`, UNKNOWN)
      }
      for (const child of children) this.walk(child)
    })
  }

  private declaration(node: Syntax): void {
    const pattern = node.childForFieldName('pattern')
    const value = node.childForFieldName('value')
    const type = node.childForFieldName('type')
    const otherwise = node.childForFieldName('alternative')
    if (value !== null) this.value(value)
    if (otherwise !== null) this.walk(otherwise)
    this.typesIn(type)
    if (pattern !== null) this.bind(pattern, type === null ? this.ref(value) : this.type(type))
  }

  private match(node: Syntax): void {
    const value = node.childForFieldName('value')
    if (value !== null) this.value(value)
    const matched = this.ref(value)
    for (const arm of node.childForFieldName('body')?.namedChildren ?? []) {
      if (arm.type !== 'match_arm') continue
      this.file.facts.inScope(() => {
        const pattern = arm.childForFieldName('pattern')
        const then = arm.childForFieldName('value')
        for (const part of pattern?.namedChildren ?? []) this.bind(part, matched)
        const guard = pattern?.childForFieldName('condition')
        if (guard !== null && guard !== undefined) this.walk(guard)
        if (then !== null) this.value(then)
      })
    }
  }

  /** Names that a pattern declares. `Some(x)` and `Ok(x)` of a value are the value itself, as its type leaves them out too. */
  private bind(pattern: Syntax, value: Ref): void {
    switch (pattern.type) {
      case 'identifier':
        if (/^[a-z_]/.test(pattern.text)) this.file.facts.declare(pattern.text, value)
        else this.name(pattern)
        return
      case 'shorthand_field_identifier':
        return this.file.facts.declare(pattern.text, UNKNOWN)
      case 'scoped_identifier':
        return this.name(pattern)
      case 'mut_pattern':
      case 'ref_pattern':
      case 'reference_pattern':
      case 'captured_pattern':
        return pattern.namedChildren.forEach((child) => this.bind(child, value))
      case 'tuple_struct_pattern': {
        const [type, ...inner] = pattern.namedChildren
        const wraps = type !== undefined && WRAPPERS.has(type.text)
        if (type !== undefined && !wraps) this.name(type)
        for (const child of inner) this.bind(child, wraps && type.text !== 'Err' && inner.length === 1 ? value : UNKNOWN)
        return
      }
      case 'token_tree':
      case 'macro_invocation':
      case 'type_identifier':
      case 'scoped_type_identifier':
      case 'field_identifier':
        return
    }
    this.file.facts.nested(() => pattern.namedChildren.forEach((child) => this.bind(child, UNKNOWN)))
  }

  private call(node: Syntax): void {
    const callee = node.childForFieldName('function')
    if (callee !== null) this.callee(callee, node.line)
    for (const argument of node.childForFieldName('arguments')?.namedChildren ?? []) this.value(argument)
  }

  private callee(node: Syntax, line: number): void {
    const facts = this.file.facts
    const inner = node.type === 'generic_function' ? (node.childForFieldName('function') ?? node) : node
    if (inner.type === 'identifier' || inner.type === 'scoped_identifier') {
      if (WRAPPERS.has(inner.text)) return
      facts.use(this.path(inner), isVariant(inner) ? 'read' : makes(inner) ? 'new' : 'call', line)
    } else if (inner.type === 'field_expression') {
      facts.use(this.ref(inner), 'call', line)
      const object = inner.childForFieldName('value')
      if (object !== null && object.type !== 'self') this.value(object)
    } else this.value(inner)
  }

  private macro(node: Syntax): void {
    const name = node.childForFieldName('macro')
    const segments = name === null ? null : segmentsOf(name)
    if (name === null || segments === null) return
    const last = `${segments.at(-1) ?? ''}!`
    const line = node.line
    const facts = this.file.facts
    if (segments.length === 1) {
      if (facts.local(last) === null) facts.use(this.file.named([last], this.context, line), 'call', line)
    } else facts.use(this.file.named([...segments.slice(0, -1), last], this.context, line), 'call', line)
    for (const child of node.namedChildren) if (child.type === 'token_tree') this.tokens(child)
  }

  /** A macro's tokens are no syntax: a path and parentheses after it are taken for a call. */
  private tokens(tree: Syntax): void {
    const facts = this.file.facts
    facts.nested(() => {
      let path: string[] = []
      let joined: '' | '::' | '.' = ''
      let of: Ref = UNKNOWN
      let line = 0
      const children = tree.children
      for (let index = 0; index < children.length; index += 1) {
        const token = children[index]
        if (token === undefined) continue
        const type = token.type
        if (type === 'identifier' || type === 'self' || type === 'super' || type === 'crate') {
          const text = token.text
          if (joined === '.') {
            of = memberOf(path.length === 0 ? of : this.head(path, line), text)
            path = []
          } else if (joined === '::' && path.length > 0) path.push(text)
          else {
            path = [text]
            of = UNKNOWN
          }
          line = token.line
          joined = ''
        } else if (type === '::' || type === '.') joined = type
        else {
          if (type === 'token_tree') {
            if (token.children[0]?.type === '(' && (path.length > 0 || of.is === 'member')) {
              const target = path.length === 0 ? of : this.head(path, line)
              const name = path.at(-1) ?? ''
              if (!WRAPPERS.has(name)) facts.use(target, /^[A-Z]/.test(name) ? 'new' : 'call', line)
              of = resultOf(target)
              path = []
              this.tokens(token)
              joined = ''
              continue
            }
            this.tokens(token)
          } else if (type === '!' && path.length > 0 && children[index + 1]?.type === 'token_tree') {
            const called = `${path.at(-1) ?? ''}!`
            facts.use(this.file.named([...path.slice(0, -1), called], this.context, line), 'call', line)
          }
          path = []
          of = UNKNOWN
          joined = ''
        }
      }
    })
  }

  private head(path: readonly string[], line: number): Ref {
    const [only] = path
    if (path.length === 1 && only === 'self') return this.self()
    return this.file.named(path, this.context, line)
  }

  /** A field that is read or written; what it is a field of may hold calls. */
  private place(node: Syntax, how: 'read' | 'write'): void {
    if (node.type === 'identifier' || node.type === 'scoped_identifier') {
      if (node.type === 'scoped_identifier' || this.file.facts.local(node.text) === null)
        this.file.facts.use(this.path(node), how, node.line)
      return
    }
    if (node.type === 'unary_expression' || node.type === 'parenthesized_expression' || node.type === 'index_expression') {
      const [first, ...rest] = node.namedChildren
      if (first !== undefined) this.file.facts.nested(() => this.place(first, how))
      for (const child of rest) this.value(child)
      return
    }
    if (node.type !== 'field_expression') return this.walk(node)
    const ref = this.ref(node)
    if (ref.is === 'member' && ref.of.is !== 'unknown') this.file.facts.use(ref, how, node.line)
    const object = node.childForFieldName('value')
    if (object !== null && object.type !== 'self' && object.type !== 'identifier') this.walk(object)
  }

  /** A name by itself: a constant or static is read, a function is handed on. */
  private name(node: Syntax): void {
    if (node.type === 'identifier') {
      const text = node.text
      if (LITERALS.has(text) || WRAPPERS.has(text) || this.file.facts.local(text) !== null || this.context.generics.has(text)) return
    }
    this.file.facts.use(this.path(node), how(node), node.line)
  }

  private path(node: Syntax): Ref {
    return this.file.path(node, this.context)
  }

  private type(node: Syntax | null): Ref {
    return typeRef(node, (at) => this.path(at))
  }

  private self(): Ref {
    return this.context.self === null ? UNKNOWN : { is: 'this', symbol: this.context.self }
  }

  /** What an expression is. */
  private ref(node: Syntax | null): Ref {
    switch (node?.type) {
      case 'identifier':
      case 'scoped_identifier':
        return this.path(node)
      case 'self':
        return this.self()
      case 'parenthesized_expression':
      case 'try_expression':
      case 'await_expression':
      case 'unary_expression':
        return this.ref(node.firstNamedChild)
      case 'reference_expression':
        return this.ref(node.childForFieldName('value'))
      case 'type_cast_expression':
        return this.type(node.childForFieldName('type'))
      case 'field_expression': {
        const field = node.childForFieldName('field')
        return field === null ? UNKNOWN : memberOf(this.ref(node.childForFieldName('value')), field.text)
      }
      case 'struct_expression': {
        const type = node.childForFieldName('name')
        return type === null ? UNKNOWN : instanceOf(this.withoutVariant(type))
      }
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        if (callee === null) return UNKNOWN
        const inner = callee.type === 'generic_function' ? (callee.childForFieldName('function') ?? callee) : callee
        if (inner.type === 'field_expression') {
          const name = inner.childForFieldName('field')?.text ?? ''
          return TRANSPARENT_CALLS.has(name) ? this.ref(inner.childForFieldName('value')) : resultOf(this.ref(inner))
        }
        if (inner.type !== 'identifier' && inner.type !== 'scoped_identifier') return UNKNOWN
        const segments = segmentsOf(inner) ?? []
        if (WRAPPERS.has(segments[0] ?? '') && segments[0] !== 'Err' && (segments.length === 1 || segments[1] === 'new'))
          return this.ref(node.childForFieldName('arguments')?.firstNamedChild ?? null)
        return makes(inner) ? instanceOf(this.withoutVariant(inner)) : resultOf(this.path(inner))
      }
      default:
        return UNKNOWN
    }
  }

  /** `Kind::Paid` is of type `Kind`. */
  private withoutVariant(node: Syntax): Ref {
    const segments = segmentsOf(node)
    if (segments === null) return UNKNOWN
    const types = segments.length > 1 && /^[A-Z]/.test(segments.at(-2) ?? '') ? segments.slice(0, -1) : segments
    if (types.length === 1 && types[0] === 'Self') return this.self()
    return this.file.named(types, this.context, node.line)
  }
}

/** A name in capitals that is called is a tuple struct or a variant. */
function makes(node: Syntax): boolean {
  return /(?:^|::)[A-Z]\w*$/.test(node.text)
}

/** `Kind::Paid` by convention. */
function isVariant(node: Syntax): boolean {
  return /(?:^|::)[A-Z]\w*::[A-Z]\w*$/.test(node.text)
}

function how(node: Syntax): UseFact['how'] {
  return /(?:^|::)[A-Z]\w*$/.test(node.text) ? 'read' : 'value'
}
