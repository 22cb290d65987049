import { type FactsBuilder, instanceOf, memberOf, resultOf, type Scope } from '../facts-builder'
import { type Ref, UNKNOWN, type UseFact } from '../file-facts'
import type { Syntax } from '../syntax-tree'
import { namedType, refOfType } from './syntax-parts'

const TRANSPARENT = new Set(['parenthesized_expression', 'unary_expression', 'index_expression', 'slice_expression', 'literal_element'])
/** The linker follows no longer chains. */
const LONGEST_REF = 12
const OWN_SCOPE = new Set([
  ...['block', 'if_statement', 'for_statement', 'expression_switch_statement', 'select_statement', 'communication_case'],
  ...['expression_case', 'default_case', 'type_case'],
])
const TYPES = new Set([
  'pointer_type',
  'slice_type',
  'array_type',
  'map_type',
  'channel_type',
  'function_type',
  'struct_type',
  'interface_type',
])

/** What Go code does: calls, reads, writes and the types that it names. */
export class CodeWalker {
  private readonly facts: FactsBuilder

  constructor(facts: FactsBuilder) {
    this.facts = facts
  }

  /** Parameters and body of a function, the owner's or a literal's. */
  functionParts(node: Syntax, scope: Scope): void {
    this.facts.inScope(() => {
      const receiver = node.childForFieldName('receiver')
      if (receiver !== null) this.types(receiver)
      for (const list of [node.childForFieldName('parameters'), node.childForFieldName('result')]) {
        if (list === null) continue
        this.types(list)
        if (list.type !== 'parameter_list') continue
        for (const parameter of list.namedChildren) {
          const type = refOfType(parameter.childForFieldName('type'))
          for (const name of parameter.childrenForFieldName('name')) this.facts.declare(name.text, type)
        }
      }
      this.children(node.childForFieldName('body'))
    }, scope)
  }

  walk(node: Syntax): void {
    switch (node.type) {
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        const list = node.childForFieldName('arguments')
        if (callee !== null) this.use(callee, 'call', node.line)
        for (const argument of list?.namedChildren ?? []) this.value(argument)
        return this.typesOf(node.childForFieldName('type_arguments'))
      }
      case 'identifier':
      case 'selector_expression':
        return this.use(node, 'read', node.line)
      case 'composite_literal':
        return this.literal(node)
      case 'short_var_declaration':
      case 'range_clause': {
        const left = node.childForFieldName('left')
        const right = node.childForFieldName('right')
        this.values(right)
        const declares = node.type === 'short_var_declaration' || node.children.some((child) => child.type === ':=')
        if (left !== null && declares) this.bind(left, right, node.type === 'range_clause')
        else if (left !== null) for (const target of left.namedChildren) this.write(target)
        return
      }
      case 'assignment_statement': {
        this.values(node.childForFieldName('right'))
        for (const target of node.childForFieldName('left')?.namedChildren ?? []) this.write(target)
        return
      }
      case 'inc_statement':
      case 'dec_statement':
        if (node.firstNamedChild !== null) this.write(node.firstNamedChild)
        return
      case 'var_spec':
      case 'const_spec': {
        const type = node.childForFieldName('type')
        const values = node.childForFieldName('value')
        this.typesOf(type)
        this.values(values)
        for (const [at, name] of node.childrenForFieldName('name').entries()) {
          const value = values?.namedChildren[at]
          this.facts.declare(name.text, type !== null ? refOfType(type) : value === undefined ? UNKNOWN : this.ref(value))
        }
        return
      }
      case 'type_switch_statement': {
        const alias = node.childForFieldName('alias')
        this.facts.inScope(() => {
          for (const child of node.namedChildren) {
            if (child === alias) continue
            if (child.type !== 'type_case') {
              this.nest(child)
              continue
            }
            // One type a case: the variable is of it.
            const types = child.childrenForFieldName('type')
            const only = types.length === 1 ? refOfType(types[0] ?? null) : UNKNOWN
            this.facts.inScope(() => {
              for (const name of alias?.namedChildren ?? []) this.facts.declare(name.text, only)
              for (const type of types) this.types(type)
              for (const part of child.namedChildren) if (!types.includes(part)) this.nest(part)
            })
          }
        })
        return
      }
      case 'type_assertion_expression':
      case 'type_conversion_expression':
        this.typesOf(node.childForFieldName('type'))
        return this.nest(node.childForFieldName('operand'))
      case 'func_literal':
        return this.functionParts(node, new Map())
      case 'return_statement':
        return this.values(node.firstNamedChild)
      case 'type_declaration':
        for (const spec of node.namedChildren) {
          const name = spec.childForFieldName('name')
          if (name !== null) this.facts.declare(name.text, UNKNOWN)
          this.typesOf(spec.childForFieldName('type'))
        }
        return
      case 'type_identifier':
      case 'qualified_type':
      case 'generic_type':
        return this.types(node)
      case 'labeled_statement':
        for (const child of node.namedChildren) if (child.type !== 'label_name') this.nest(child)
        return
      case 'label_name':
      case 'comment':
        return
    }
    if (TYPES.has(node.type)) return this.types(node)
    if (OWN_SCOPE.has(node.type)) return this.facts.inScope(() => this.children(node))
    this.children(node)
  }

  value(node: Syntax): void {
    if (node.type === 'identifier' || node.type === 'selector_expression') this.use(node, 'value', node.line)
    else this.nest(node)
  }

  types(node: Syntax): void {
    if (node.type === 'type_identifier' || node.type === 'qualified_type') {
      const named = namedType(node)
      if (named !== null && !(named.is === 'name' && this.facts.local(named.name) !== null)) this.facts.use(named, 'type', node.line)
      return
    }
    if (node.type === 'identifier' || node.type === 'field_identifier' || node.type === 'comment') return
    for (const child of node.namedChildren) this.facts.nested(() => this.types(child))
  }

  ref(expression: Syntax, length = 0): Ref {
    if (length > LONGEST_REF) return UNKNOWN
    let node = expression
    while (TRANSPARENT.has(node.type)) {
      const inner = node.childForFieldName('operand') ?? node.firstNamedChild
      if (inner === null) return UNKNOWN
      node = inner
    }
    switch (node.type) {
      case 'identifier':
        return this.facts.local(node.text) ?? { is: 'name', name: node.text }
      case 'selector_expression': {
        const operand = node.childForFieldName('operand')
        const field = node.childForFieldName('field')
        return operand === null || field === null ? UNKNOWN : memberOf(this.ref(operand, length + 1), field.text)
      }
      case 'call_expression': {
        const callee = node.childForFieldName('function')
        if (callee === null) return UNKNOWN
        const [first] = node.childForFieldName('arguments')?.namedChildren ?? []
        if ((callee.text === 'new' || callee.text === 'make') && first !== undefined) return refOfType(first)
        if (callee.text === 'append' && first !== undefined) return this.ref(first, length + 1)
        if (callee.type === 'type_instantiation_expression' && callee.firstNamedChild !== null)
          return resultOf(this.ref(callee.firstNamedChild, length + 1))
        return resultOf(this.ref(callee, length + 1))
      }
      case 'composite_literal':
      case 'type_assertion_expression':
      case 'type_conversion_expression': {
        const type = namedType(node.childForFieldName('type'))
        return type === null ? UNKNOWN : instanceOf(type)
      }
      default:
        return UNKNOWN
    }
  }

  private use(expression: Syntax, how: UseFact['how'], line: number): void {
    let node = expression
    while (node.type === 'parenthesized_expression' && node.firstNamedChild !== null) node = node.firstNamedChild
    if (node.type === 'identifier') {
      const local = this.facts.local(node.text)
      // A local that holds a function of the package is that function.
      if (local === null || (how === 'call' && local.is !== 'unknown')) this.facts.use(local ?? { is: 'name', name: node.text }, how, line)
    } else if (node.type === 'selector_expression') {
      this.facts.use(this.ref(node), how, line)
      const operand = node.childForFieldName('operand')
      if (operand !== null) this.nest(operand)
    } else this.nest(node)
  }

  private write(target: Syntax): void {
    if (target.type === 'identifier' || target.type === 'selector_expression') return this.use(target, 'write', target.line)
    const held = target.type === 'index_expression' ? target.childForFieldName('operand') : null
    if (held?.type === 'identifier' || held?.type === 'selector_expression') this.use(held, 'write', target.line)
    this.nest(target)
  }

  private bind(left: Syntax, right: Syntax | null, isRange: boolean): void {
    const values = isRange ? [] : (right?.namedChildren ?? [])
    const names = left.namedChildren
    for (const [at, name] of names.entries()) {
      if (name.type !== 'identifier' || name.text === '_') continue
      // Of a range the value comes second, of a call with several results the first one is known.
      const from = isRange ? (at === names.length - 1 ? right : undefined) : values.length === 1 && at > 0 ? undefined : values[at]
      this.facts.declare(name.text, from === undefined || from === null ? UNKNOWN : this.ref(from))
    }
  }

  /** `Order{Owner: user}` names a type and writes its fields. */
  private literal(node: Syntax): void {
    const type = node.childForFieldName('type')
    const body = node.childForFieldName('body')
    this.typesOf(type)
    if (body !== null) this.elements(body, type?.type === 'map_type' ? null : namedType(type))
  }

  private elements(body: Syntax, of: Ref | null): void {
    for (const element of body.namedChildren) {
      if (element.type !== 'keyed_element') {
        this.element(element, of)
        continue
      }
      const [key, value] = element.namedChildren
      const name = key?.firstNamedChild ?? key
      if (name?.type === 'identifier' && of !== null) this.facts.use(memberOf(instanceOf(of), name.text), 'write', element.line)
      else if (key !== undefined && of === null) this.element(key, null)
      if (value !== undefined) this.element(value, null)
    }
  }

  private element(element: Syntax, of: Ref | null): void {
    const inner = element.type === 'literal_element' ? element.firstNamedChild : element
    if (inner?.type === 'literal_value') this.facts.nested(() => this.elements(inner, of))
    else if (inner !== null) this.value(inner)
  }

  private values(list: Syntax | null): void {
    if (list?.type === 'expression_list') for (const value of list.namedChildren) this.value(value)
    else if (list !== null) this.value(list)
  }

  private typesOf(node: Syntax | null): void {
    if (node !== null) this.types(node)
  }

  private children(node: Syntax | null): void {
    for (const child of node?.namedChildren ?? []) this.nest(child)
  }

  private nest(node: Syntax | null): void {
    if (node !== null) this.facts.nested(() => this.walk(node))
  }
}
