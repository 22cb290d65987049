import { type FactsBuilder, instanceOf, memberOf, resultOf, type Scope, symbolRef } from '../facts-builder'
import { type FlowPoint, type Ref, UNKNOWN, type UseFact } from '../file-facts'
import type { FlowFacts, Origin } from '../flow-facts'
import type { Syntax } from '../syntax-tree'
import { parameterName, refOfType, unwrapped } from './syntax-parts'

const DEEPEST_ORIGIN = 6
/** The linker follows no longer chains. */
const LONGEST_REF = 12
const PATTERNS = new Set(['pattern_list', 'tuple_pattern', 'list_pattern', 'list_splat_pattern', 'tuple', 'list', 'as_pattern_target'])
const COMPREHENSIONS = new Set(['list_comprehension', 'set_comprehension', 'dictionary_comprehension', 'generator_expression'])

/** What Python code does: calls, reads, writes, types that it names, and the ways of its values. */
export class CodeWalker {
  private readonly facts: FactsBuilder
  private readonly flows: FlowFacts
  /** An import inside of a function; true: it was dealt with. */
  private readonly imports: (node: Syntax) => boolean
  private self: string | null = null
  private nested = 0
  private readonly globals = new Set<string>()

  constructor(facts: FactsBuilder, flows: FlowFacts, imports: (node: Syntax) => boolean) {
    this.facts = facts
    this.flows = flows
    this.imports = imports
  }

  /** Parameters and body of a function with a symbol of its own: the owner. */
  functionParts(node: Syntax, self: string | null, hasReceiver: boolean, scope: Scope): void {
    const before = this.self
    this.self = self
    this.globals.clear()
    this.facts.inScope(() => {
      const parameters = node.childForFieldName('parameters')?.namedChildren ?? []
      for (const [at, parameter] of parameters.entries()) {
        const name = parameterName(parameter)
        if (name === null) continue
        if (at > 0 || !hasReceiver) this.flows.declare(this.facts.owner, name)
        this.parameter(parameter, name)
      }
      const hint = node.childForFieldName('return_type')
      if (hint !== null) this.types(hint)
      this.children(node.childForFieldName('body'))
    }, scope)
    this.self = before
  }

  decorator(node: Syntax): void {
    const inner = node.firstNamedChild
    if (inner === null) return
    if (inner.type === 'call') this.walk(inner)
    else this.use(inner, 'call', node.line)
  }

  walk(node: Syntax): void {
    switch (node.type) {
      case 'call':
        return this.call(node)
      case 'identifier':
        return this.use(node, 'read', node.line)
      case 'attribute':
        return this.use(node, 'read', node.line)
      case 'assignment':
      case 'augmented_assignment':
        return this.assignment(node)
      case 'named_expression': {
        const name = node.childForFieldName('name')
        const value = node.childForFieldName('value')
        if (value !== null) this.value(value)
        if (name !== null && value !== null) this.bind(name, this.origins(value), this.valueRef(value), node.line)
        return
      }
      case 'return_statement': {
        const value = node.firstNamedChild
        if (value === null) return
        if (this.nested === 0 && this.facts.owner !== '')
          this.flows.add(this.origins(value), { is: 'return', of: this.facts.owner }, node.line)
        return this.value(value)
      }
      case 'global_statement':
      case 'nonlocal_statement':
        for (const name of node.namedChildren) this.globals.add(name.text)
        return
      case 'for_statement':
      case 'for_in_clause': {
        const left = node.childForFieldName('left')
        const right = node.childForFieldName('right')
        if (right !== null) this.value(right)
        if (left !== null) this.bind(left, right === null ? [] : this.origins(right).map(asPart), UNKNOWN, node.line)
        for (const child of node.namedChildren) if (child !== left && child !== right) this.nest(child)
        return
      }
      case 'as_pattern': {
        const [value] = node.namedChildren
        const alias = node.childForFieldName('alias')
        if (value !== undefined) this.value(value)
        if (value === undefined || alias === null) return
        // What `with` gives is as a rule what was entered.
        const isWith = node.parent?.type === 'with_item'
        const target = alias.firstNamedChild ?? alias
        return this.bind(target, isWith ? this.origins(value) : [], isWith ? this.valueRef(value) : UNKNOWN, node.line)
      }
      case 'lambda':
      case 'function_definition':
        return this.nestedFunction(node)
      case 'decorated_definition':
        for (const child of node.namedChildren) if (child.type === 'decorator') this.decorator(child)
        return this.nest(node.childForFieldName('definition'))
      case 'class_definition': {
        const name = node.childForFieldName('name')
        if (name !== null) this.facts.declare(name.text, UNKNOWN)
        this.nest(node.childForFieldName('superclasses'))
        this.nested += 1
        this.facts.inScope(() => this.children(node.childForFieldName('body')))
        this.nested -= 1
        return
      }
      case 'keyword_argument':
        return this.valueOf(node.childForFieldName('value'))
      case 'pair': {
        const key = node.childForFieldName('key')
        const value = node.childForFieldName('value')
        if (key !== null && key.type !== 'string') this.value(key)
        if (value === null) return
        const name = key?.type === 'string' ? key.text.replace(/^\w*["']+|["']+$/g, '') : ''
        if (/^[A-Za-z_]\w*$/.test(name)) this.flows.add(this.origins(value), { is: 'property', of: UNKNOWN, name }, value.line)
        return this.value(value)
      }
      case 'subscript': {
        const value = node.childForFieldName('value')
        if (value !== null) this.value(value)
        for (const index of node.childrenForFieldName('subscript')) this.value(index)
        return
      }
      case 'type':
        return this.types(node)
      case 'except_clause':
        this.children(node)
        return
      case 'comment':
      case 'string_content':
        return
    }
    if (COMPREHENSIONS.has(node.type)) {
      const body = node.childForFieldName('body')
      return this.facts.inScope(() => {
        for (const child of node.namedChildren) if (child !== body) this.nest(child)
        this.nest(body)
      })
    }
    if (this.imports(node)) return
    this.children(node)
  }

  /** An expression whose value goes on: a bare name is a use of what it names. */
  value(node: Syntax): void {
    if (node.type === 'identifier' || node.type === 'attribute') this.use(node, 'value', node.line)
    else this.nest(node)
  }

  types(node: Syntax): void {
    if (node.type === 'identifier') return this.use(node, 'type', node.line)
    if (node.type === 'attribute') return this.use(node, 'type', node.line)
    if (node.type === 'string') {
      const ref = refOfType(node, null)
      if (ref.is === 'instance') this.facts.use(ref.of, 'type', node.line)
      return
    }
    for (const child of node.namedChildren) this.facts.nested(() => this.types(child))
  }

  /** What an expression names. */
  ref(expression: Syntax, length = 0): Ref {
    if (length > LONGEST_REF) return UNKNOWN
    const node = unwrapped(expression)
    switch (node.type) {
      case 'identifier':
        return this.facts.local(node.text) ?? { is: 'name', name: node.text }
      case 'attribute': {
        const object = node.childForFieldName('object')
        const name = node.childForFieldName('attribute')
        return object === null || name === null ? UNKNOWN : memberOf(this.ref(object, length + 1), name.text)
      }
      case 'call': {
        const callee = node.childForFieldName('function')
        if (callee === null) return UNKNOWN
        if (callee.text === 'super') return this.self === null ? UNKNOWN : { is: 'super', symbol: this.self }
        const of = this.callee(callee, length + 1)
        return this.madeBy(of) ?? resultOf(of)
      }
      default:
        return UNKNOWN
    }
  }

  /** What an expression is, as the value of a variable. */
  valueRef(expression: Syntax, length = 0): Ref {
    const node = unwrapped(expression)
    if (length > LONGEST_REF) return UNKNOWN
    if (node.type === 'boolean_operator' && node.childForFieldName('operator')?.type === 'or') {
      const right = node.childForFieldName('right')
      const left = node.childForFieldName('left')
      const second = right === null ? UNKNOWN : this.valueRef(right, length + 1)
      return second.is !== 'unknown' || left === null ? second : this.valueRef(left, length + 1)
    }
    if (node.type === 'conditional_expression') {
      const [first, , last] = node.namedChildren
      const known = first === undefined ? UNKNOWN : this.valueRef(first, length + 1)
      return known.is !== 'unknown' || last === undefined ? known : this.valueRef(last, length + 1)
    }
    return this.ref(node)
  }

  origins(expression: Syntax, depth = 0): Origin[] {
    if (depth > DEEPEST_ORIGIN) return []
    const node = unwrapped(expression)
    switch (node.type) {
      case 'identifier':
        return [{ point: this.variable(node.text), partial: false }]
      case 'attribute': {
        const object = node.childForFieldName('object')
        const name = node.childForFieldName('attribute')
        return object === null || name === null
          ? []
          : [{ point: { is: 'property', of: this.ref(object), name: name.text }, partial: false }]
      }
      case 'call':
        return this.originsOfCall(node, depth)
      case 'subscript': {
        const value = node.childForFieldName('value')
        const index = node.childForFieldName('subscript')
        const name = index?.type === 'string' ? index.text.replace(/^\w*["']+|["']+$/g, '') : ''
        if (/^[A-Za-z_]\w*$/.test(name)) return [{ point: { is: 'property', of: UNKNOWN, name }, partial: false }]
        return value === null ? [] : this.origins(value, depth + 1).map(asPart)
      }
      case 'conditional_expression': {
        const [first, , last] = node.namedChildren
        return [first, last].flatMap((branch) => (branch === undefined ? [] : this.origins(branch, depth + 1)))
      }
      case 'boolean_operator':
        return node.namedChildren.flatMap((child) => this.origins(child, depth + 1))
      case 'pair':
      case 'keyword_argument': {
        const value = node.childForFieldName('value')
        return value === null ? [] : this.origins(value, depth + 1).map(asPart)
      }
      case 'string':
      case 'concatenated_string':
      case 'interpolation':
      case 'binary_operator':
      case 'unary_operator':
      case 'tuple':
      case 'list':
      case 'set':
      case 'dictionary':
      case 'expression_list':
      case 'list_splat':
      case 'dictionary_splat':
        return node.namedChildren.flatMap((child) => this.origins(child, depth + 1)).map(asPart)
      default:
        return []
    }
  }

  assigned(target: Syntax, origins: readonly Origin[], line: number): void {
    if (target.type === 'identifier') this.flows.add(origins, this.variable(target.text), line)
    else if (target.type === 'attribute') {
      const object = target.childForFieldName('object')
      const name = target.childForFieldName('attribute')
      if (object !== null && name !== null) this.flows.add(origins, { is: 'property', of: this.ref(object), name: name.text }, line)
    } else if (target.type === 'subscript') {
      const value = target.childForFieldName('value')
      const index = target.childForFieldName('subscript')
      const name = index?.type === 'string' ? index.text.replace(/^\w*["']+|["']+$/g, '') : ''
      if (/^[A-Za-z_]\w*$/.test(name)) this.flows.add(origins, { is: 'property', of: UNKNOWN, name }, line)
      else if (value !== null) this.assigned(value, origins.map(asPart), line)
    } else if (PATTERNS.has(target.type)) for (const child of target.namedChildren) this.assigned(child, origins.map(asPart), line)
  }

  use(expression: Syntax, how: UseFact['how'], line: number): void {
    const node = unwrapped(expression)
    const target = how === 'call' ? this.callee(node) : this.ref(node)
    if (!(how !== 'call' && node.type === 'identifier' && this.facts.local(node.text) !== null)) this.facts.use(target, how, line)
    if (node.type === 'attribute') {
      const object = node.childForFieldName('object')
      // The receiver may hold calls of its own.
      if (object !== null) this.nest(object)
    } else if (node.type !== 'identifier') this.nest(node)
  }

  /** What is called: of the receiver's class, the class itself. */
  private callee(node: Syntax, length = 0): Ref {
    const ref = this.ref(node, length)
    return ref.is === 'this' ? symbolRef(ref.symbol) : ref
  }

  /** `cls()` gives an instance of the class; null for everything else. */
  private madeBy(callee: Ref): Ref | null {
    return this.self !== null && JSON.stringify(callee) === JSON.stringify(symbolRef(this.self)) ? instanceOf(callee) : null
  }

  private variable(name: string): FlowPoint {
    return { is: 'variable', of: this.facts.local(name) === null ? '' : this.facts.owner, name }
  }

  private children(node: Syntax | null): void {
    for (const child of node?.namedChildren ?? []) this.nest(child)
  }

  private nest(node: Syntax | null): void {
    if (node !== null) this.facts.nested(() => this.walk(node))
  }

  private valueOf(node: Syntax | null): void {
    if (node !== null) this.value(node)
  }

  private bind(target: Syntax, origins: readonly Origin[], value: Ref, line: number): void {
    if (target.type === 'identifier') {
      if (this.globals.has(target.text) || this.facts.scopes.length === 0) {
        this.facts.use({ is: 'name', name: target.text }, 'write', line)
      } else {
        // A later value of another kind does not hide what is known: branches are not told apart.
        const known = this.facts.local(target.text)
        if (known === null || known.is === 'unknown' || value.is !== 'unknown') this.facts.declare(target.text, value)
        this.flows.declare(this.facts.owner, target)
      }
    } else if (target.type === 'attribute') this.use(target, 'write', line)
    else if (PATTERNS.has(target.type)) {
      for (const child of target.namedChildren) this.bind(child, origins.map(asPart), UNKNOWN, line)
      return
    } else this.nest(target)
    this.assigned(target, origins, line)
  }

  private assignment(node: Syntax): void {
    const left = node.childForFieldName('left')
    const right = node.childForFieldName('right')
    const hint = node.childForFieldName('type')
    if (hint !== null) this.types(hint)
    if (right !== null) this.value(right)
    if (left === null) return
    const plain = node.type === 'assignment'
    const origins = right === null ? [] : this.origins(right)
    const value = hint !== null ? refOfType(hint, this.self) : right === null || !plain ? UNKNOWN : this.valueRef(right)
    this.bind(left, plain ? origins : origins.map(asPart), value, node.line)
  }

  private parameter(parameter: Syntax, name: Syntax): void {
    const type = parameter.childForFieldName('type')
    const value = parameter.childForFieldName('value')
    if (type !== null) this.types(type)
    if (value === null) return
    this.value(value)
    this.flows.add(this.origins(value), this.variable(name.text), value.line)
  }

  private nestedFunction(node: Syntax): void {
    const name = node.childForFieldName('name')
    if (name !== null) this.facts.declare(name.text, UNKNOWN)
    this.nested += 1
    this.facts.inScope(() => {
      for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
        const declared = parameterName(parameter)
        if (declared === null) continue
        const type = parameter.childForFieldName('type')
        this.facts.declare(declared.text, type === null ? UNKNOWN : refOfType(type, this.self))
        this.flows.declare(this.facts.owner, declared)
        this.parameter(parameter, declared)
      }
      const body = node.childForFieldName('body')
      if (body?.type === 'block') this.children(body)
      else if (body !== null) this.value(body)
    })
    this.nested -= 1
  }

  private call(node: Syntax): void {
    const callee = node.childForFieldName('function')
    const list = node.childForFieldName('arguments')
    if (callee === null) return
    if (callee.text !== 'super') this.use(callee, 'call', node.line)
    const ref = this.callee(callee)
    if (list?.type !== 'argument_list') return this.nest(list)
    let at = 0
    for (const argument of list.namedChildren) {
      if (argument.type === 'comment') continue
      const isNamed = argument.type === 'keyword_argument'
      const value = isNamed ? argument.childForFieldName('value') : argument
      if (value === null) continue
      const place = isNamed ? (argument.childForFieldName('name')?.text ?? '') : at
      if (ref.is !== 'unknown') this.flows.add(this.origins(value), { is: 'argument', callee: ref, at: place }, argument.line)
      if (!isNamed) at += 1
      this.value(value)
    }
  }

  private originsOfCall(node: Syntax, depth: number): Origin[] {
    const callee = node.childForFieldName('function')
    const ref = callee === null ? UNKNOWN : this.callee(callee)
    const found: Origin[] = ref.is === 'unknown' ? [] : [{ point: { is: 'result', callee: ref }, partial: false }]
    const receiver = callee?.type === 'attribute' ? callee.childForFieldName('object') : null
    const inputs = [...(receiver === null ? [] : [receiver]), ...(node.childForFieldName('arguments')?.namedChildren ?? [])]
    for (const input of inputs) {
      for (const origin of this.origins(input, depth + 1)) if (origin.through === undefined) found.push({ ...origin, through: ref })
    }
    return found
  }
}

function asPart(origin: Origin): Origin {
  return origin.partial ? origin : { ...origin, partial: true }
}
