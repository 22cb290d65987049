import type { Expression, PathPattern } from './cypher-syntax'

/** Variables that an expression takes from outside. */
export function freeVariables(expression: Expression): Set<string> {
  const found = new Set<string>()
  collect(expression, new Set(), found)
  return found
}

function collect(expression: Expression, bound: ReadonlySet<string>, found: Set<string>): void {
  const each = (...parts: readonly (Expression | null)[]) => {
    for (const part of parts) if (part !== null) collect(part, bound, found)
  }
  switch (expression.is) {
    case 'literal':
    case 'parameter':
      return
    case 'variable':
      if (!bound.has(expression.name)) found.add(expression.name)
      return
    case 'list':
      return each(...expression.items)
    case 'map':
      return each(...expression.entries.map(([, of]) => of))
    case 'property':
    case 'null-test':
    case 'label-test':
    case 'unary':
      return each(expression.of)
    case 'index':
      return each(expression.of, expression.index)
    case 'slice':
      return each(expression.of, expression.from, expression.to)
    case 'binary':
      return each(expression.left, expression.right)
    case 'call':
      return each(...expression.arguments)
    case 'case':
      return each(expression.subject, ...expression.whens.flat(), expression.otherwise)
    case 'quantifier':
    case 'comprehension': {
      each(expression.list)
      const inner = new Set([...bound, expression.variable])
      for (const part of [expression.where, expression.is === 'comprehension' ? expression.map : null])
        if (part !== null) collect(part, inner, found)
      return
    }
    case 'pattern':
      for (const pattern of expression.patterns) inPattern(pattern, bound, found)
      return each(expression.where)
  }
}

/** Variables of a pattern inside of an expression count too: where they are known outside, they are those. */
function inPattern(pattern: PathPattern, bound: ReadonlySet<string>, found: Set<string>): void {
  for (const part of [...pattern.nodes, ...pattern.relations]) {
    if (part.variable !== null && !bound.has(part.variable)) found.add(part.variable)
    for (const [, of] of part.properties) collect(of, bound, found)
  }
  for (const node of pattern.nodes) if (node.where !== null) collect(node.where, bound, found)
}

/** The conditions that `AND` joins. */
export function conjunctsOf(expression: Expression | null): Expression[] {
  if (expression === null) return []
  if (expression.is === 'binary' && expression.operator === 'and')
    return [...conjunctsOf(expression.left), ...conjunctsOf(expression.right)]
  return [expression]
}
