import type { ReadPolicy } from './cedar-text'

/** What a policy's conditions ask of one attribute of a resource. Equal answers to all terms of a policy mean that it decides alike. */
export interface Term {
  readonly attribute: string
  /** The same for terms that ask the same. */
  readonly key: string
  answer(value: unknown): string
  /** Texts and numbers that it compares with; stars stand for any text. */
  readonly names: readonly string[]
}

/** Asks for the whole resource: nothing but the same resource is decided alike. */
const IDENTITY: Term = { attribute: 'path', key: 'identity', answer: (value) => String(value), names: [] }

/** Every term of the policies' conditions, each once. */
export function termsOf(policies: readonly ReadPolicy[]): readonly Term[] {
  const terms = new Map<string, Term>()
  for (const policy of policies) {
    const found = policy.conditions.flatMap(({ body }) => termsIn(body))
    for (const term of policy.namesResource ? [IDENTITY, ...found] : found) terms.set(term.key, term)
  }
  return [...terms.values()]
}

function termsIn(expression: unknown): Term[] {
  if (!isRecord(expression)) return []
  const [[operator, operands] = ['', undefined]] = Object.entries(expression)
  if (operator === 'Value') return []
  if (operator === '&&' || operator === '||') return sidesOf(operands).flatMap(termsIn)
  if (operator === '!') return isRecord(operands) ? termsIn(operands['arg']) : []
  const attribute = attributeOf(expression)
  if (attribute !== null) return [whole(attribute)]
  return comparison(operator, operands) ?? attributesWithin(operands)
}

function comparison(operator: string, operands: unknown): Term[] | null {
  if (!isRecord(operands)) return null
  const left = attributeOf(operands['left'])
  const right = attributeOf(operands['right'])
  if (operator === 'like' && left !== null && Array.isArray(operands['pattern'])) return [likeTerm(left, operands['pattern'])]
  if (operator === '==' && left !== null) return equalTerm(left, [literalOf(operands['right'])])
  if (operator === '==' && right !== null) return equalTerm(right, [literalOf(operands['left'])])
  if (operator === 'contains' && right !== null && isRecord(operands['left']) && Array.isArray(operands['left']['Set'])) {
    return equalTerm(right, operands['left']['Set'].map(literalOf))
  }
  return null
}

function equalTerm(attribute: string, values: readonly (string | number | boolean | null)[]): Term[] | null {
  if (values.includes(null)) return null
  const those = new Set<unknown>(values)
  const key = `${attribute} in ${JSON.stringify([...values].map(String).sort())}`
  return [{ attribute, key, answer: (value) => (those.has(value) ? '1' : '0'), names: values.map(String) }]
}

function likeTerm(attribute: string, pattern: readonly unknown[]): Term {
  let source = ''
  let name = ''
  for (const part of pattern) {
    const literal = isRecord(part) && typeof part['Literal'] === 'string' ? part['Literal'] : null
    source += literal === null ? '[\\s\\S]*' : literal.replace(/[\\^$.*+?()[\]{}|/-]/gu, '\\$&')
    name += literal ?? '*'
  }
  const fits = new RegExp(`^${source}$`, 'u')
  return {
    attribute,
    key: `${attribute} like ${source}`,
    answer: (value) => (typeof value === 'string' && fits.test(value) ? '1' : '0'),
    names: [name],
  }
}

function whole(attribute: string): Term {
  return { attribute, key: `${attribute} itself`, answer: (value) => JSON.stringify(value) ?? '', names: [] }
}

/** For what is not understood here: all attributes that it mentions, or the whole resource. */
function attributesWithin(expression: unknown): Term[] {
  if (Array.isArray(expression)) return expression.flatMap(attributesWithin)
  if (!isRecord(expression)) return []
  const attribute = attributeOf(expression)
  if (attribute !== null) return [whole(attribute)]
  if (expression['Var'] === 'resource') return [IDENTITY]
  return Object.entries(expression).flatMap(([key, value]) => {
    const names = key === 'Value' && (typeof value === 'number' || typeof value === 'string') ? [numberTerm(value)] : []
    return [...names, ...attributesWithin(value)]
  })
}

/** A literal in a comparison by size: it changes no answer, and names a boundary. */
function numberTerm(value: number | string): Term {
  return { attribute: 'number', key: `boundary ${value}`, answer: () => '', names: [String(value)] }
}

function sidesOf(operands: unknown): unknown[] {
  return isRecord(operands) ? [operands['left'], operands['right']] : []
}

function attributeOf(expression: unknown): string | null {
  const access = isRecord(expression) ? expression['.'] : undefined
  if (!isRecord(access) || !isRecord(access['left']) || access['left']['Var'] !== 'resource') return null
  return typeof access['attr'] === 'string' ? access['attr'] : null
}

function literalOf(expression: unknown): string | number | boolean | null {
  const value = isRecord(expression) ? expression['Value'] : undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
