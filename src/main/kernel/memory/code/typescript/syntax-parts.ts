import type { Syntax } from '../syntax-tree'
import type { SymbolFact } from '../file-facts'
import { named, refOfType, stringValue, unwrapped } from './syntax-refs'

export const VARIABLES = new Set(['lexical_declaration', 'variable_declaration'])

export function returnsOf(node: Syntax | null): Pick<SymbolFact, 'returns'> {
  const type = node?.childForFieldName('return_type') ?? null
  if (type === null) return {}
  const returns = refOfType(type)
  return returns.is === 'unknown' ? {} : { returns }
}

export function requireSpecifier(value: Syntax): string | null {
  const node = unwrapped(value)
  if (node.type !== 'call_expression' || node.childForFieldName('function')?.text !== 'require') return null
  const argument = node.childForFieldName('arguments')?.firstNamedChild ?? null
  return argument?.type === 'string' ? stringValue(argument) : null
}

export function patternNames(pattern: Syntax): string[] {
  return patternNodes(pattern).map((node) => node.text)
}

/** The names that a pattern declares, in order. */
export function patternNodes(pattern: Syntax): Syntax[] {
  const found: Syntax[] = []
  const open = [pattern]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const inner = PATTERN_PARTS[at.type]
    if (at.type === 'identifier' || at.type === 'shorthand_property_identifier_pattern') found.push(at)
    else if (inner !== undefined) {
      const part = at.childForFieldName(inner)
      if (part !== null) open.push(part)
    } else if (at.type === 'object_pattern' || at.type === 'array_pattern' || at.type === 'rest_pattern')
      open.push(...at.namedChildren.toReversed())
  }
  return found
}

const PATTERN_PARTS: Readonly<Record<string, string>> = {
  pair_pattern: 'value',
  assignment_pattern: 'left',
  object_assignment_pattern: 'left',
}

export const lineOf = (node: Syntax): number => node.line

/** Everything before the body, on one line. */
export function signatureOf(node: Syntax): string {
  const holder = VARIABLES.has(node.type) ? (named(node, 'variable_declarator')[0]?.childForFieldName('value') ?? node) : node
  const body = unwrapped(holder).childForFieldName('body')
  const end = body === null ? node.endIndex : Math.max(node.startIndex, body.startIndex)
  const text = node.text
    .slice(0, Math.min(600, end - node.startIndex))
    .replace(/\s+/g, ' ')
    .trim()
  return text.length <= 300 ? text : `${text.slice(0, 297)}...`
}

export function docOf(node: Syntax): string {
  const comment = node.previousSibling
  if (comment?.type !== 'comment' || comment.endLine < node.line - 1) return ''
  const lines = comment.text.split('\n').map((line) =>
    line
      .replace(/^\s*(?:\/\*\*?|\*\/|\*|\/\/+)?\s?/, '')
      .replace(/\*\/\s*$/, '')
      .trim(),
  )
  return lines.find((line) => line !== '' && !line.startsWith('@'))?.slice(0, 200) ?? ''
}

/** Names of parameters in order; of a destructured one, ''; of a rest, with its dots. */
export function parametersOf(node: Syntax): Pick<SymbolFact, 'parameters'> {
  const single = node.childForFieldName('parameter')
  if (single !== null) return { parameters: [single.text] }
  const list = node.childForFieldName('parameters')
  if (list === null) return {}
  const names: string[] = []
  for (const parameter of list.namedChildren) {
    if (parameter.type === 'comment') continue
    const pattern = parameter.childForFieldName('pattern') ?? parameter.childForFieldName('left') ?? parameter
    if (pattern.type === 'this') continue
    names.push(pattern.type === 'identifier' || pattern.type === 'rest_pattern' ? pattern.text : '')
  }
  return { parameters: names }
}
