import type { Node } from 'web-tree-sitter'
import type { SymbolFact } from '../file-facts'
import { named, refOfType, stringValue, unwrapped } from './syntax-refs'

export const VARIABLES = new Set(['lexical_declaration', 'variable_declaration'])

export function returnsOf(node: Node | null): Pick<SymbolFact, 'returns'> {
  const type = node?.childForFieldName('return_type') ?? null
  if (type === null) return {}
  const returns = refOfType(type)
  return returns.is === 'unknown' ? {} : { returns }
}

export function requireSpecifier(value: Node): string | null {
  const node = unwrapped(value)
  if (node.type !== 'call_expression' || node.childForFieldName('function')?.text !== 'require') return null
  const argument = node.childForFieldName('arguments')?.firstNamedChild ?? null
  return argument?.type === 'string' ? stringValue(argument) : null
}

export function patternNames(pattern: Node): string[] {
  return patternNodes(pattern).map((node) => node.text)
}

export function patternNodes(pattern: Node): Node[] {
  if (pattern.type === 'identifier' || pattern.type === 'shorthand_property_identifier_pattern') return [pattern]
  if (pattern.type === 'pair_pattern') {
    const value = pattern.childForFieldName('value')
    return value === null ? [] : patternNodes(value)
  }
  if (pattern.type === 'assignment_pattern' || pattern.type === 'object_assignment_pattern') {
    const left = pattern.childForFieldName('left')
    return left === null ? [] : patternNodes(left)
  }
  if (pattern.type === 'object_pattern' || pattern.type === 'array_pattern' || pattern.type === 'rest_pattern')
    return pattern.namedChildren.flatMap(patternNodes)
  return []
}

export const lineOf = (node: Node): number => node.startPosition.row + 1

/** Everything before the body, on one line. */
export function signatureOf(node: Node): string {
  const holder = VARIABLES.has(node.type) ? (named(node, 'variable_declarator')[0]?.childForFieldName('value') ?? node) : node
  const body = unwrapped(holder).childForFieldName('body')
  const end = body === null ? node.endIndex : Math.max(node.startIndex, body.startIndex)
  const text = node.text
    .slice(0, Math.min(600, end - node.startIndex))
    .replace(/\s+/g, ' ')
    .trim()
  return text.length <= 300 ? text : `${text.slice(0, 297)}...`
}

export function docOf(node: Node): string {
  const comment = node.previousSibling
  if (comment?.type !== 'comment' || comment.endPosition.row < node.startPosition.row - 1) return ''
  const lines = comment.text.split('\n').map((line) =>
    line
      .replace(/^\s*(?:\/\*\*?|\*\/|\*|\/\/+)?\s?/, '')
      .replace(/\*\/\s*$/, '')
      .trim(),
  )
  return lines.find((line) => line !== '' && !line.startsWith('@'))?.slice(0, 200) ?? ''
}

export function firstError(root: Node): number {
  let node = root
  for (;;) {
    const next = node.children.find((child) => child.isError || child.isMissing || child.hasError)
    if (next === undefined || next.isError || next.isMissing) return lineOf(next ?? node)
    node = next
  }
}
