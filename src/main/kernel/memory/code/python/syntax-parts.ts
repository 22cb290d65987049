import { type Ref, UNKNOWN } from '../file-facts'
import type { Syntax } from '../syntax-tree'

const TRANSPARENT = new Set(['parenthesized_expression', 'await', 'type', 'named_expression'])
/** Of `Optional[X]` and the like, a value is used as an X. */
const CONTAINERS = new Set([
  'Optional',
  'Final',
  'ClassVar',
  'Annotated',
  'Awaitable',
  'Coroutine',
  'ContextManager',
  'Required',
  'NotRequired',
])

/** The expression inside parentheses and `await`. */
export function unwrapped(node: Syntax): Syntax {
  let inner = node
  while (TRANSPARENT.has(inner.type)) {
    const child = inner.type === 'named_expression' ? inner.childForFieldName('value') : inner.firstNamedChild
    if (child === null) return inner
    inner = child
  }
  return inner
}

/** A value of a hinted type: the type's name; of `Optional[X]` and `X | None`, X. `self` is the class that `Self` means. */
export function refOfType(node: Syntax, self: string | null): Ref {
  const inner = unwrapped(node)
  switch (inner.type) {
    case 'identifier':
      if (inner.text === 'Self') return self === null ? UNKNOWN : { is: 'this', symbol: self }
      return inner.text === 'None' ? UNKNOWN : { is: 'instance', of: { is: 'name', name: inner.text } }
    case 'attribute':
    case 'member_type': {
      const named = dotted(inner)
      return named === null ? UNKNOWN : { is: 'instance', of: named }
    }
    case 'string': {
      const text = stringText(inner)
      if (!/^[A-Za-z_][\w.]*$/.test(text)) return UNKNOWN
      const [first = '', ...rest] = text.split('.')
      const of = rest.reduce<Ref>((holder, name) => ({ is: 'member', of: holder, name }), { is: 'name', name: first })
      return { is: 'instance', of }
    }
    case 'generic_type':
    case 'subscript': {
      const name = inner.firstNamedChild?.text.split('.').at(-1) ?? ''
      const parameter = inner.type === 'subscript' ? inner.childForFieldName('subscript') : (inner.lastNamedChild?.firstNamedChild ?? null)
      if (parameter === null || inner.firstNamedChild === null) return UNKNOWN
      if (name === 'Type' || name === 'type') {
        const value = refOfType(parameter, self)
        return value.is === 'instance' ? value.of : UNKNOWN
      }
      if (name === 'Union') return onlyOf(inner.lastNamedChild?.namedChildren ?? [], self)
      return CONTAINERS.has(name) ? refOfType(parameter, self) : refOfType(inner.firstNamedChild, self)
    }
    case 'union_type':
    case 'binary_operator':
      return onlyOf(unionMembers(inner), self)
    default:
      return UNKNOWN
  }
}

function onlyOf(members: readonly Syntax[], self: string | null): Ref {
  const known = members.filter((member) => member.text !== 'None')
  const [only] = known
  return known.length === 1 && only !== undefined ? refOfType(only, self) : UNKNOWN
}

function unionMembers(node: Syntax): Syntax[] {
  return node.namedChildren.flatMap((child) => {
    const inner = unwrapped(child)
    return inner.type === 'union_type' || inner.type === 'binary_operator' ? unionMembers(inner) : [inner]
  })
}

function dotted(node: Syntax): Ref | null {
  if (node.type === 'identifier') return { is: 'name', name: node.text }
  const [object, name] = node.namedChildren
  const of = object === undefined || name === undefined ? null : dotted(unwrapped(object))
  return of === null || name === undefined ? null : { is: 'member', of, name: name.text }
}

/** What a string holds, without prefix and quotes. */
export function stringText(node: Syntax): string {
  return node.namedChildren
    .filter((child) => child.type === 'string_content')
    .map((child) => child.text)
    .join('')
}

/** First line of the docstring of a module, class or function body. */
export function docOf(body: Syntax | null): string {
  const first = body?.namedChildren.find((child) => child.type !== 'comment')
  const text = first?.type === 'expression_statement' ? first.firstNamedChild : first
  if (text?.type !== 'string') return ''
  return (
    stringText(text)
      .split('\n')
      .map((line) => line.trim())
      .find((line) => line !== '')
      ?.slice(0, 200) ?? ''
  )
}

/** The name of a parameter however it is written; null for `/` and `*`. */
export function parameterName(parameter: Syntax): Syntax | null {
  switch (parameter.type) {
    case 'identifier':
      return parameter
    case 'default_parameter':
    case 'typed_default_parameter':
      return parameter.childForFieldName('name')
    case 'typed_parameter':
      return parameter.firstNamedChild === null ? null : parameterName(parameter.firstNamedChild)
    case 'list_splat_pattern':
    case 'dictionary_splat_pattern':
      return parameter.firstNamedChild
    default:
      return null
  }
}

/** Names in order, without the receiver; `...args` takes the rest. */
export function parameterNames(parameters: Syntax | null, isMethod: boolean): string[] {
  const names: string[] = []
  for (const parameter of parameters?.namedChildren ?? []) {
    const name = parameterName(parameter)
    const inner = parameter.type === 'typed_parameter' ? parameter.firstNamedChild : parameter
    if (name === null || inner?.type === 'dictionary_splat_pattern') continue
    names.push(inner?.type === 'list_splat_pattern' ? `...${name.text}` : name.text)
  }
  return isMethod ? names.slice(1) : names
}
