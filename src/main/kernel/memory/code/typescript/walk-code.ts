import { elementOf, type Ref, UNKNOWN, type UseFact } from '../file-facts'
import { FlowFacts, type Origin } from '../flow-facts'
import type { Syntax } from '../syntax-tree'
import { lineOf, patternNodes } from './syntax-parts'
import { refOfType, stringValue, unwrapped } from './syntax-refs'

/** Names declared inside functions, innermost last. A name that maps to UNKNOWN hides one of the module. */
type Scope = Map<string, Ref>

export const FUNCTIONS = new Set(['function_declaration', 'generator_function_declaration', 'function_signature'])
export const FUNCTION_VALUES = new Set(['arrow_function', 'function_expression', 'generator_function'])
export const CLASSES = new Set(['class_declaration', 'abstract_class_declaration', 'class'])
const OWN_SCOPE = new Set(['statement_block', 'for_statement', 'for_in_statement', 'catch_clause', 'switch_body', 'class_static_block'])
/** Methods of lists whose callback takes an element first; of `reduce` it is the second. */
const OVER_ELEMENTS = new Set(['every', 'filter', 'find', 'findIndex', 'findLast', 'flatMap', 'forEach', 'map', 'some', 'sort', 'toSorted'])
const CASTS = new Set(['as_expression', 'satisfies_expression'])
/** How deep into an expression its origins are looked for: long chains of builders say nothing more. */
const DEEPEST_ORIGIN = 6
/** Code nested deeper is left out, so that no source can exhaust the stack. */
const DEEPEST_CODE = 400
/** The linker follows no longer chains. */
const LONGEST_REF = 12

/** What code does: calls, reads, writes, types that it names, and the ways of its values. Knows the scopes, not the symbols. */
export class CodeWalker {
  readonly uses: UseFact[] = []
  readonly flows: FlowFacts
  /** Symbol that the code being walked belongs to, and the class that `this` is. */
  owner = ''
  self: string | null = null
  /** Called for a call in code; true: it was dealt with. */
  private readonly special: (call: Syntax) => boolean
  private readonly scopes: Scope[] = []
  /** Functions without a name of their own around the code being walked: what they return is not what the owner returns. */
  private nested = 0
  private depth = 0
  private readonly typeNames: Set<string>[] = []

  constructor(path: string, special: (call: Syntax) => boolean) {
    this.flows = new FlowFacts(path)
    this.special = special
  }

  within(owner: string, self: string | null, during: () => void): void {
    const [ownerBefore, selfBefore, nestedBefore] = [this.owner, this.self, this.nested]
    this.owner = owner
    this.self = self
    this.nested = 0
    during()
    this.owner = ownerBefore
    this.self = selfBefore
    this.nested = nestedBefore
  }

  /** The parameters and the body of a function with a symbol of its own: the owner. */
  functionParts(node: Syntax, receiver: readonly Origin[] = [], hints: readonly Ref[] = []): void {
    const scope = this.push()
    const generics = node.childForFieldName('type_parameters')
    if (generics !== null) this.typeNames.push(new Set(generics.namedChildren.map((child) => child.firstNamedChild?.text ?? '')))
    const single = node.childForFieldName('parameter')
    if (single !== null) this.bind(scope, single, hints[0] ?? UNKNOWN)
    const parameters = node.childForFieldName('parameters')?.namedChildren ?? []
    for (const [at, parameter] of parameters.entries()) this.parameter(parameter, scope, hints[at] ?? UNKNOWN)
    const first = single ?? parameters[0]
    const firstName = first === undefined ? null : (first.childForFieldName('pattern') ?? first)
    if (firstName?.type === 'identifier' && receiver.length > 0) this.flows.add(receiver, this.variable(firstName.text), lineOf(node), true)
    const returned = node.childForFieldName('return_type')
    if (returned !== null) this.types(returned)
    const body = node.childForFieldName('body')
    if (body?.type === 'statement_block') {
      this.hoist(body, scope)
      for (const child of body.namedChildren) this.walk(child)
    } else if (body !== null) {
      this.returned(body)
      this.value(body)
    }
    if (generics !== null) this.typeNames.pop()
    this.scopes.pop()
  }

  /** Code: finds what it uses and the names it declares. */
  walk(node: Syntax): void {
    if (this.depth >= DEEPEST_CODE) return
    this.depth += 1
    this.walkInto(node)
    this.depth -= 1
  }

  private walkInto(node: Syntax): void {
    switch (node.type) {
      case 'call_expression':
        return this.call(node, 'function', 'call')
      case 'new_expression':
        return this.call(node, 'constructor', 'new')
      case 'decorator': {
        const inner = node.firstNamedChild
        if (inner !== null && inner.type !== 'call_expression') this.use(inner, 'call', lineOf(node))
        else if (inner !== null) this.walk(inner)
        return
      }
      case 'jsx_opening_element':
      case 'jsx_self_closing_element':
        return this.jsxElement(node)
      case 'pair': {
        const value = node.childForFieldName('value')
        const key = node.childForFieldName('key')
        if (key?.type === 'computed_property_name') this.walk(key)
        if (value === null) return
        if (key?.type === 'property_identifier' || key?.type === 'string') {
          const name = key.type === 'string' ? stringValue(key) : key.text
          this.flows.add(this.origins(value), { is: 'property', of: UNKNOWN, name }, lineOf(value))
        }
        return this.value(value)
      }
      case 'shorthand_property_identifier':
        this.flows.add(this.origins(node), { is: 'property', of: UNKNOWN, name: node.text }, lineOf(node))
        return this.value(node)
      case 'return_statement':
        if (node.firstNamedChild === null) return
        this.returned(node.firstNamedChild)
        return this.value(node.firstNamedChild)
      case 'identifier':
        return this.use(node, 'read', lineOf(node))
      case 'member_expression':
        return this.use(node, 'read', lineOf(node))
      case 'assignment_expression':
      case 'augmented_assignment_expression':
        return this.assignment(node)
      case 'update_expression': {
        const target = node.childForFieldName('argument')
        if (target !== null) this.use(target, 'write', lineOf(node))
        return
      }
      case 'variable_declarator':
        return this.localVariable(node)
      case 'as_expression':
      case 'satisfies_expression': {
        const [value, type] = node.namedChildren
        if (value !== undefined) this.value(value)
        if (type !== undefined) this.types(type)
        return
      }
      case 'type_annotation':
      case 'type_arguments':
      case 'type_alias_declaration':
      case 'interface_declaration':
      case 'implements_clause':
        return this.types(node)
      case 'type_parameters':
      case 'comment':
        return
    }
    if (FUNCTIONS.has(node.type) || FUNCTION_VALUES.has(node.type) || node.type === 'method_definition') return this.nestedFunction(node)
    if (OWN_SCOPE.has(node.type)) return this.block(node)
    for (const child of node.namedChildren) this.walk(child)
  }

  /** An expression whose value goes on: a bare name is a use of what it names. */
  value(node: Syntax): void {
    if (node.type === 'identifier' || node.type === 'shorthand_property_identifier' || node.type === 'member_expression')
      this.use(node, 'value', lineOf(node))
    else this.walk(node)
  }

  /** Types of the module that a type names. */
  types(node: Syntax): void {
    if (node.type === 'type_identifier') {
      if (!this.typeNames.some((names) => names.has(node.text)))
        this.uses.push({ by: this.owner, target: this.lookUp(node.text), how: 'type', line: lineOf(node) })
      return
    }
    if (node.type === 'nested_type_identifier') {
      const ref = refOfType(node)
      if (ref.is === 'instance') this.uses.push({ by: this.owner, target: ref.of, how: 'type', line: lineOf(node) })
      return
    }
    if (node.type === 'type_query') {
      const inner = node.firstNamedChild
      if (inner !== null) this.use(inner, 'read', lineOf(node))
      return
    }
    if (this.depth >= DEEPEST_CODE) return
    this.depth += 1
    for (const child of node.namedChildren) this.types(child)
    this.depth -= 1
  }

  initialiserType(value: Syntax | null): Ref {
    if (value === null) return UNKNOWN
    const inner = unwrapped(value)
    if (CASTS.has(inner.type)) {
      const type = inner.lastNamedChild
      if (type?.type === 'const' || type === null) return UNKNOWN
      return refOfType(type)
    }
    if (FUNCTION_VALUES.has(inner.type) || inner.type === 'class') return UNKNOWN
    return this.ref(inner)
  }

  ref(expression: Syntax, length = 0): Ref {
    if (length > LONGEST_REF) return UNKNOWN
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
        return made === null ? UNKNOWN : { is: 'instance', of: this.ref(made, length + 1) }
      }
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        if (callee === null) return UNKNOWN
        const of = this.ref(callee, length + 1)
        return of.is === 'unknown' ? UNKNOWN : { is: 'result', of }
      }
      case 'nested_identifier':
      case 'member_expression': {
        const object = node.childForFieldName('object')
        const property = node.childForFieldName('property')
        if (object === null || property === null) return UNKNOWN
        return { is: 'member', of: this.ref(object, length + 1), name: property.text }
      }
      case 'subscript_expression': {
        const object = node.childForFieldName('object')
        return object === null ? UNKNOWN : elementOf(this.ref(object, length + 1))
      }
      case 'as_expression':
      case 'satisfies_expression':
        return this.initialiserType(node)
      default:
        return UNKNOWN
    }
  }

  /** Where the value of an expression comes from. */
  origins(expression: Syntax, depth = 0): Origin[] {
    if (depth > DEEPEST_ORIGIN) return []
    const node = unwrapped(expression)
    switch (node.type) {
      case 'identifier':
      case 'shorthand_property_identifier':
        return node.text === 'undefined' ? [] : [{ point: this.variable(node.text), partial: false }]
      case 'member_expression': {
        const object = node.childForFieldName('object')
        const property = node.childForFieldName('property')
        if (object === null || property === null) return []
        return [{ point: { is: 'property', of: this.ref(object), name: property.text }, partial: false }]
      }
      case 'call_expression':
      case 'new_expression':
        return this.originsOfCall(node, depth)
      case 'as_expression':
      case 'satisfies_expression':
        return node.firstNamedChild === null ? [] : this.origins(node.firstNamedChild, depth + 1)
      case 'assignment_expression': {
        const right = node.childForFieldName('right')
        return right === null ? [] : this.origins(right, depth + 1)
      }
      case 'ternary_expression':
        return ['consequence', 'alternative'].flatMap((field) => {
          const branch = node.childForFieldName(field)
          return branch === null ? [] : this.origins(branch, depth + 1)
        })
      case 'binary_expression': {
        const operator = node.childForFieldName('operator')?.type ?? ''
        if (/^(?:[=!]==?|[<>]=?|in|instanceof)$/.test(operator)) return []
        const all = node.namedChildren.flatMap((child) => this.origins(child, depth + 1))
        return operator === '??' || operator === '||' || operator === '&&' ? all : all.map(asPart)
      }
      case 'object':
        return node.namedChildren
          .flatMap((child) => {
            const value =
              child.type === 'pair' ? child.childForFieldName('value') : child.type === 'spread_element' ? child.firstNamedChild : child
            return value === null || child.type === 'method_definition' ? [] : this.origins(value, depth + 1)
          })
          .map(asPart)
      case 'subscript_expression': {
        const object = node.childForFieldName('object')
        return object === null ? [] : this.origins(object, depth + 1).map(asPart)
      }
      case 'template_string':
      case 'template_substitution':
      case 'array':
      case 'spread_element':
      case 'sequence_expression':
      case 'unary_expression':
        return node.namedChildren.flatMap((child) => this.origins(child, depth + 1)).map(asPart)
      default:
        return []
    }
  }

  assigned(pattern: Syntax, origins: readonly Origin[], of: Ref, line: number): void {
    if (this.depth >= DEEPEST_CODE) return
    this.depth += 1
    this.assignedTo(pattern, origins, of, line)
    this.depth -= 1
  }

  private assignedTo(pattern: Syntax, origins: readonly Origin[], of: Ref, line: number): void {
    switch (pattern.type) {
      case 'identifier':
      case 'shorthand_property_identifier_pattern':
        this.flows.add(origins, this.variable(pattern.text), line)
        return
      case 'object_pattern':
        for (const child of pattern.namedChildren) {
          const inner = child.type === 'object_assignment_pattern' ? child.childForFieldName('left') : child
          if (inner?.type === 'shorthand_property_identifier_pattern')
            this.assigned(inner, [{ point: { is: 'property', of, name: inner.text }, partial: false }], UNKNOWN, line)
          else if (inner?.type === 'pair_pattern') {
            const name = inner.childForFieldName('key')?.text ?? ''
            const value = inner.childForFieldName('value')
            const target = value?.type === 'assignment_pattern' ? value.childForFieldName('left') : value
            const property: Ref = { is: 'member', of, name }
            if (target !== null && target !== undefined)
              this.assigned(target, [{ point: { is: 'property', of, name }, partial: false }], property, line)
          } else if (inner?.type === 'rest_pattern' && inner.firstNamedChild !== null)
            this.assigned(inner.firstNamedChild, origins.map(asPart), UNKNOWN, line)
        }
        return
      case 'array_pattern':
        for (const child of pattern.namedChildren) this.assigned(child, origins.map(asPart), UNKNOWN, line)
        return
      case 'assignment_pattern': {
        const left = pattern.childForFieldName('left')
        if (left !== null) this.assigned(left, origins, of, line)
        return
      }
      case 'member_expression': {
        const object = pattern.childForFieldName('object')
        const property = pattern.childForFieldName('property')
        if (object !== null && property !== null)
          this.flows.add(origins, { is: 'property', of: this.ref(object), name: property.text }, line)
        return
      }
      case 'subscript_expression': {
        const object = pattern.childForFieldName('object')
        if (object !== null) this.assigned(object, origins.map(asPart), UNKNOWN, line)
      }
    }
  }

  use(callee: Syntax, how: UseFact['how'], line: number): void {
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
      if (object !== null && object.type !== 'this' && object.type !== 'super') this.walk(object)
      const index = inner.childForFieldName('index')
      if (index !== null) this.walk(index)
    } else if (inner.namedChildCount > 0) this.walk(inner)
  }

  private push(): Scope {
    const scope: Scope = new Map()
    this.scopes.push(scope)
    return scope
  }

  private bind(scope: Scope, name: Syntax, type: Ref): void {
    scope.set(name.text, type)
    this.flows.declare(this.owner, name)
  }

  private isLocal(name: string): boolean {
    return this.scopes.some((scope) => scope.has(name))
  }

  private variable(name: string): Origin['point'] {
    return { is: 'variable', of: this.isLocal(name) ? this.owner : '', name }
  }

  private nestedFunction(node: Syntax, receiver: readonly Origin[] = [], hints: readonly Ref[] = []): void {
    this.nested += 1
    this.functionParts(node, receiver, hints)
    this.nested -= 1
  }

  private returned(value: Syntax): void {
    if (this.nested === 0 && this.owner !== '') this.flows.add(this.origins(value), { is: 'return', of: this.owner }, lineOf(value))
  }

  private call(node: Syntax, field: string, how: 'call' | 'new'): void {
    if (this.special(node)) return
    const callee = node.childForFieldName(field)
    if (callee !== null) this.use(callee, how, lineOf(node))
    const types = node.childForFieldName('type_arguments')
    if (types !== null) this.types(types)
    const list = node.childForFieldName('arguments')
    if (list?.type !== 'arguments') {
      if (list !== null) this.walk(list)
      return
    }
    const ref =
      callee === null
        ? UNKNOWN
        : callee.type === 'super' && this.self !== null
          ? { is: 'super' as const, symbol: this.self }
          : this.ref(callee)
    let at = 0
    for (const argument of list.namedChildren) {
      if (argument.type === 'comment') continue
      if (ref.is !== 'unknown') this.flows.add(this.origins(argument), { is: 'argument', callee: ref, at }, lineOf(argument))
      at += 1
      if (FUNCTION_VALUES.has(argument.type)) {
        const object = callee?.type === 'member_expression' ? callee.childForFieldName('object') : null
        if (object === null) this.nestedFunction(argument)
        else
          this.nestedFunction(argument, this.origins(object), this.elementHints(object, callee?.childForFieldName('property')?.text ?? ''))
      } else this.value(argument)
    }
  }

  /** What the parameters of a callback are, when a method of a list takes it. */
  private elementHints(object: Syntax, method: string): readonly Ref[] {
    const element = OVER_ELEMENTS.has(method) || method === 'reduce' ? elementOf(this.ref(object)) : UNKNOWN
    if (method === 'reduce') return [UNKNOWN, element]
    return method === 'sort' || method === 'toSorted' ? [element, element] : [element]
  }

  private jsxElement(node: Syntax): void {
    const name = node.childForFieldName('name')
    if (name !== null && /^[A-Z]|\./.test(name.text)) this.use(name, 'call', lineOf(node))
    for (const child of node.namedChildren) {
      if (child === name) continue
      if (child.type === 'jsx_attribute') {
        const [key, value] = child.namedChildren
        if (key !== undefined && value !== undefined && value.type === 'jsx_expression' && value.firstNamedChild !== null) {
          this.flows.add(this.origins(value.firstNamedChild), { is: 'property', of: UNKNOWN, name: key.text }, lineOf(child))
          this.value(value.firstNamedChild)
        } else if (value !== undefined) this.walk(value)
      } else this.walk(child)
    }
  }

  private assignment(node: Syntax): void {
    const left = node.childForFieldName('left')
    const right = node.childForFieldName('right')
    if (left === null || right === null) return
    const line = lineOf(node)
    this.value(right)
    const plain = node.type === 'assignment_expression'
    const origins = this.origins(right)
    this.assigned(left, plain ? origins : origins.map(asPart), this.initialiserType(right), line)
    if (left.type === 'identifier' || left.type === 'member_expression') this.use(left, 'write', line)
    else this.walk(left)
  }

  private originsOfCall(node: Syntax, depth: number): Origin[] {
    const callee = node.childForFieldName('function') ?? node.childForFieldName('constructor')
    const ref = callee === null ? UNKNOWN : this.ref(callee)
    const found: Origin[] = ref.is === 'unknown' ? [] : [{ point: { is: 'result', callee: ref }, partial: false }]
    const receiver = callee?.type === 'member_expression' ? callee.childForFieldName('object') : null
    const inputs = [...(receiver === null ? [] : [receiver]), ...(node.childForFieldName('arguments')?.namedChildren ?? [])]
    for (const input of inputs) {
      if (FUNCTION_VALUES.has(input.type)) continue
      for (const origin of this.origins(input, depth + 1)) if (origin.through === undefined) found.push({ ...origin, through: ref })
    }
    return found
  }

  private parameter(parameter: Syntax, scope: Scope, hint: Ref): void {
    const isDefault = parameter.type === 'assignment_pattern'
    const pattern = parameter.childForFieldName('pattern') ?? (isDefault ? parameter.childForFieldName('left') : parameter)
    const type = parameter.childForFieldName('type')
    const value = parameter.childForFieldName('value') ?? (isDefault ? parameter.childForFieldName('right') : null)
    for (const child of parameter.namedChildren) if (child.type === 'decorator') this.walk(child)
    if (type !== null) this.types(type)
    const declared = type !== null ? refOfType(type) : value === null ? hint : this.initialiserType(value)
    if (pattern?.type === 'identifier') this.bind(scope, pattern, declared)
    else if (pattern !== null) {
      for (const name of patternNodes(pattern)) this.bind(scope, name, UNKNOWN)
      if (pattern.type === 'object_pattern') {
        this.patternTypes(pattern, declared, scope)
        this.assigned(pattern, [], declared, lineOf(pattern))
      }
    }
    if (value === null) return
    if (pattern?.type === 'identifier') this.flows.add(this.origins(value), this.variable(pattern.text), lineOf(value))
    this.value(value)
  }

  /** What destructured names are, when the type of the whole is known. */
  private patternTypes(pattern: Syntax, of: Ref, scope: Scope): void {
    if (of.is === 'unknown') return
    for (const child of pattern.namedChildren) {
      const inner = child.type === 'object_assignment_pattern' ? child.childForFieldName('left') : child
      if (inner?.type === 'shorthand_property_identifier_pattern') scope.set(inner.text, { is: 'member', of, name: inner.text })
      else if (inner?.type === 'pair_pattern') {
        const key = inner.childForFieldName('key')?.text ?? ''
        const value = inner.childForFieldName('value')
        if (value?.type === 'identifier') scope.set(value.text, { is: 'member', of, name: key })
        else if (value?.type === 'object_pattern') this.patternTypes(value, { is: 'member', of, name: key }, scope)
      }
    }
  }

  /** Functions and classes of a block are known in all of it. */
  private hoist(block: Syntax, scope: Scope): void {
    for (const child of block.namedChildren) {
      if (!FUNCTIONS.has(child.type) && !CLASSES.has(child.type)) continue
      const name = child.childForFieldName('name')
      if (name !== null) scope.set(name.text, UNKNOWN)
    }
  }

  private block(node: Syntax): void {
    const scope = this.push()
    this.hoist(node, scope)
    const loop = node.type === 'for_in_statement' ? node.childForFieldName('left') : null
    const caught = node.type === 'catch_clause' ? node.childForFieldName('parameter') : null
    for (const declared of [loop, caught]) {
      if (declared !== null) for (const name of patternNodes(declared)) this.bind(scope, name, UNKNOWN)
    }
    const over = node.childForFieldName('right')
    if (loop !== null && over !== null && node.children.some((child) => child.type === 'of')) {
      const element = elementOf(this.ref(over))
      if (loop.type === 'identifier') scope.set(loop.text, element)
      else if (loop.type === 'object_pattern') this.patternTypes(loop, element, scope)
    }
    if (loop !== null && over !== null) this.assigned(loop, this.origins(over).map(asPart), UNKNOWN, lineOf(node))
    for (const child of node.namedChildren) if (child !== loop && child !== caught) this.walk(child)
    this.scopes.pop()
  }

  private localVariable(node: Syntax): void {
    const name = node.childForFieldName('name')
    const value = node.childForFieldName('value')
    const type = node.childForFieldName('type')
    if (value !== null) this.value(value)
    if (type !== null) this.types(type)
    const scope = this.scopes.at(-1)
    if (scope === undefined || name === null) return
    const origins = value === null ? [] : this.origins(value)
    const declared = type === null ? this.initialiserType(value) : refOfType(type)
    if (name.type === 'identifier') this.bind(scope, name, declared)
    else {
      for (const each of patternNodes(name)) this.bind(scope, each, UNKNOWN)
      if (name.type === 'object_pattern') this.patternTypes(name, declared, scope)
    }
    this.assigned(name, origins, declared, lineOf(node))
  }

  private lookUp(name: string): Ref {
    for (let index = this.scopes.length - 1; index >= 0; index -= 1) {
      const found = this.scopes[index]?.get(name)
      if (found !== undefined) return found
    }
    return { is: 'name', name }
  }
}

function asPart(origin: Origin): Origin {
  return origin.partial ? origin : { ...origin, partial: true }
}
