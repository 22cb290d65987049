import { type Ref, UNKNOWN } from '../file-facts'
import { commentLine } from '../facts-builder'
import type { Syntax } from '../syntax-tree'

const HOLDERS = new Set([
  'pointer_type',
  'slice_type',
  'array_type',
  'map_type',
  'channel_type',
  'parenthesized_type',
  'implicit_length_array_type',
])

/** What the language itself declares. */
export const BUILT_IN = new Set(
  `any append bool byte cap clear close comparable complex complex128 complex64 copy delete error false float32 float64 imag int int16 int32
  int64 int8 iota len make max min new nil panic print println real recover rune string true uint uint16 uint32 uint64 uint8 uintptr _`.split(
    /\s+/,
  ),
)

/**
 * A value of a type: what has a name, behind pointers and inside of slices, maps and channels. Those have no methods of their own, so that
 * one step into them need not be told apart from the value itself.
 */
export function refOfType(node: Syntax | null): Ref {
  const named = namedType(node)
  return named === null ? UNKNOWN : { is: 'instance', of: named }
}

export function namedType(node: Syntax | null): Ref | null {
  if (node === null) return null
  if (node.type === 'type_identifier') return BUILT_IN.has(node.text) ? null : { is: 'name', name: node.text }
  if (node.type === 'qualified_type') {
    const of = node.childForFieldName('package')
    const name = node.childForFieldName('name')
    return of === null || name === null ? null : { is: 'member', of: { is: 'name', name: of.text }, name: name.text }
  }
  if (node.type === 'generic_type') return namedType(node.childForFieldName('type'))
  if (node.type === 'map_type') return namedType(node.childForFieldName('value'))
  if (HOLDERS.has(node.type)) return namedType(node.lastNamedChild)
  return null
}

/** What a function gives: of several, the first. */
export function resultOfType(result: Syntax | null): Ref {
  if (result?.type !== 'parameter_list') return refOfType(result)
  return refOfType(result.firstNamedChild?.childForFieldName('type') ?? null)
}

export function parameterNames(parameters: Syntax | null): string[] {
  return (parameters?.namedChildren ?? []).flatMap((parameter) => {
    if (parameter.type === 'comment') return []
    const names = parameter.childrenForFieldName('name').map((name) => name.text)
    if (parameter.type === 'variadic_parameter_declaration') return [`...${names[0] ?? ''}`]
    return names.length === 0 ? [''] : names
  })
}

/** The comment right above, without a break: its first line. */
export function docOf(node: Syntax): string {
  let first: Syntax | null = null
  let at = node
  for (;;) {
    const before = at.previousSibling
    const comment =
      before?.type === 'comment'
        ? before
        : before?.type === '\n' && before.previousSibling?.type === 'comment'
          ? before.previousSibling
          : null
    if (comment === null || comment.endLine < at.line - 1) break
    first = comment
    at = comment
  }
  return first === null ? '' : commentLine(first.text)
}
