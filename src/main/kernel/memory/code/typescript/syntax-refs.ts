import type { Syntax } from '../syntax-tree'
import { listOf, type Ref, UNKNOWN } from '../file-facts'

export function named(node: Syntax, type: string): Syntax[] {
  return node.namedChildren.filter((child) => child.type === type)
}

/** Text of a string literal without its quotes. */
export function stringValue(node: Syntax): string {
  return node.text.slice(1, -1)
}

const TRANSPARENT = new Set(['parenthesized_expression', 'non_null_expression', 'await_expression'])
const LISTS = new Set([
  ...['Array', 'ReadonlyArray', 'Set', 'ReadonlySet', 'Iterable', 'IterableIterator', 'AsyncIterable', 'Generator', 'AsyncGenerator'],
])
const CONTAINERS = new Set(['Promise', 'Readonly', 'Required', 'Partial', 'NonNullable', 'Awaited'])

/** The expression inside parentheses, `!` and `await`. */
export function unwrapped(node: Syntax): Syntax {
  let inner = node
  while (TRANSPARENT.has(inner.type)) {
    const child = inner.firstNamedChild
    if (child === null) return inner
    inner = child
  }
  return inner
}

/** A value of a declared type: the type's name; of `T | null`, T; of `Promise<T>`, T. Unknown for anything else. */
export function refOfType(node: Syntax): Ref {
  switch (node.type) {
    case 'type_annotation':
    case 'readonly_type':
    case 'parenthesized_type':
    case 'asserts_annotation':
      return node.firstNamedChild === null ? UNKNOWN : refOfType(node.firstNamedChild)
    case 'type_identifier':
    case 'identifier':
      return { is: 'instance', of: { is: 'name', name: node.text } }
    case 'nested_type_identifier': {
      const module = node.childForFieldName('module')
      const name = node.childForFieldName('name')
      if (module?.type !== 'identifier' || name === null) return UNKNOWN
      return { is: 'instance', of: { is: 'member', of: { is: 'name', name: module.text }, name: name.text } }
    }
    case 'array_type':
      return node.firstNamedChild === null ? UNKNOWN : listOf(refOfType(node.firstNamedChild))
    case 'generic_type': {
      const name = node.childForFieldName('name')
      if (name === null) return UNKNOWN
      const argument = node.childForFieldName('type_arguments')?.firstNamedChild ?? null
      if (LISTS.has(name.text)) return argument === null ? UNKNOWN : listOf(refOfType(argument))
      return CONTAINERS.has(name.text) && argument !== null ? refOfType(argument) : refOfType(name)
    }
    case 'union_type': {
      const known = unionMembers(node).filter((member) => !/^(?:null|undefined)$/.test(member.text))
      const only = known[0]
      return known.length === 1 && only !== undefined ? refOfType(only) : UNKNOWN
    }
    default:
      return UNKNOWN
  }
}

/** Long unions are deeply nested to the left. */
function unionMembers(node: Syntax): Syntax[] {
  const found: Syntax[] = []
  const open = [node]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.type === 'union_type') open.push(...at.namedChildren)
    else found.push(at)
  }
  return found
}
