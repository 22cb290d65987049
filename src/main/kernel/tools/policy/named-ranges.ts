import type { ReadPolicy } from './cedar-text'

/**
 * Ranges of addresses that a permit names as a way to satisfy it: `isInRange(ip("..."))` and `== ip("...")` in its `when`
 * clauses, but not beneath a negation, where naming a range excludes it.
 */
export function namedRanges(policy: ReadPolicy): readonly string[] {
  return policy.conditions.flatMap(({ kind, body }) => (kind === 'when' ? rangesIn(body) : []))
}

function rangesIn(expression: unknown): string[] {
  if (!isRecord(expression)) return []
  for (const connective of ['&&', '||']) {
    const sides = expression[connective]
    if (isRecord(sides)) return [...rangesIn(sides['left']), ...rangesIn(sides['right'])]
  }
  const inRange = expression['isInRange']
  if (Array.isArray(inRange) && inRange.length === 2 && isAddress(inRange[0])) return literal(inRange[1])
  const equal = expression['==']
  if (isRecord(equal)) {
    if (isAddress(equal['left'])) return literal(equal['right'])
    if (isAddress(equal['right'])) return literal(equal['left'])
  }
  return []
}

function isAddress(expression: unknown): boolean {
  const access = isRecord(expression) ? expression['.'] : undefined
  return isRecord(access) && access['attr'] === 'address' && isRecord(access['left']) && access['left']['Var'] === 'resource'
}

function literal(expression: unknown): string[] {
  const args = isRecord(expression) ? expression['ip'] : undefined
  const [first]: unknown[] = Array.isArray(args) ? args : []
  const value = isRecord(first) ? first['Value'] : undefined
  return typeof value === 'string' ? [value] : []
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
