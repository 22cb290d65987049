import { AGGREGATES, FunctionMistake, functionNamed, functionNames } from './cypher-functions'
import { didYouMean } from './cypher-failure'
import { kindsOfLabel, labelHint } from './cypher-names'
import { EDGE_PROPERTIES, NODE_PROPERTIES, nodeProperty } from './cypher-properties'
import type { Expression, Labels } from './cypher-syntax'
import { compare, type CypherValue, EdgeValue, equal, isList, NodeValue, typeName } from './cypher-values'
import { LinearPattern, PatternMistake } from './linear-pattern'
import type { Compiled, QueryContext, Row, Scope } from './query-context'

type Of<Is extends Expression['is']> = Extract<Expression, { is: Is }>

/** What is computed over all rows of a group; an expression reads its result from a slot. */
export interface Aggregate {
  readonly how: string
  readonly of: Compiled | null
  readonly distinct: boolean
  readonly slot: number
}

const LONGEST_TEXT = 100_000
const LONGEST_MATCHED = 2_000

/** `aggregates` takes those of the expression; null where there can be none. */
export function compileExpression(
  context: QueryContext,
  scope: Scope,
  expression: Expression,
  aggregates: Aggregate[] | null = null,
): Compiled {
  return new ExpressionCompiler(context, scope, aggregates).compile(expression)
}

/** True only when the value is: null and false are not. */
export function compileCondition(context: QueryContext, scope: Scope, expression: Expression): (row: Row) => boolean {
  const compiled = compileExpression(context, scope, expression)
  return (row) => {
    context.work.spend(0.3)
    return truth(context, compiled(row), expression.at) === true
  }
}

/** Labels as a test; throws `cypher.unknown-name`. */
export function compileLabels(context: QueryContext, labels: Labels): ((node: NodeValue) => boolean) | null {
  const tests = labels.flatMap((either) => {
    const kinds = either.map(({ name, at }) => {
      const found = kindsOfLabel(name)
      if (found === undefined)
        throw context.fail({ code: 'unknown-name', message: `there is no label ${name}.`, at, hint: labelHint(name) })
      return found
    })
    return kinds.includes(null) ? [] : [new Set(kinds.flatMap((of) => of ?? []))]
  })
  return tests.length === 0 ? null : (node) => tests.every((kinds) => kinds.has(node.row.kind))
}

function truth(context: QueryContext, value: CypherValue, at: number): boolean | null {
  if (value === null || typeof value === 'boolean') return value
  throw context.fail({ code: 'type', message: `${typeName(value)} is neither true nor false.`, at })
}

class ExpressionCompiler {
  readonly #context: QueryContext
  readonly #scope: Scope
  readonly #aggregates: Aggregate[] | null

  constructor(context: QueryContext, scope: Scope, aggregates: Aggregate[] | null) {
    this.#context = context
    this.#scope = scope
    this.#aggregates = aggregates
  }

  compile(expression: Expression): Compiled {
    switch (expression.is) {
      case 'literal': {
        const { value } = expression
        return () => value
      }
      case 'list': {
        const items = expression.items.map((item) => this.compile(item))
        return (row) => items.map((item) => item(row))
      }
      case 'map': {
        const entries = expression.entries.map(([name, of]) => [name, this.compile(of)] as const)
        return (row) => new Map(entries.map(([name, of]) => [name, of(row)]))
      }
      case 'parameter':
        return this.#parameter(expression)
      case 'variable':
        return this.#variable(expression)
      case 'property':
        return this.#property(expression)
      case 'index':
        return this.#index(expression)
      case 'slice':
        return this.#slice(expression)
      case 'unary':
        return this.#unary(expression)
      case 'binary':
        return this.#binary(expression)
      case 'null-test': {
        const of = this.compile(expression.of)
        return (row) => (of(row) === null) !== expression.negated
      }
      case 'label-test':
        return this.#labelTest(expression)
      case 'call':
        return this.#call(expression)
      case 'case':
        return this.#case(expression)
      case 'quantifier':
        return this.#quantifier(expression)
      case 'comprehension':
        return this.#comprehension(expression)
      case 'pattern':
        return this.#pattern(expression)
    }
  }

  #fail(message: string, at: number): Error {
    return this.#context.fail({ code: 'type', message, at })
  }

  #parameter({ name, at }: Of<'parameter'>): Compiled {
    const { parameters } = this.#context
    if (!Object.hasOwn(parameters, name))
      throw this.#context.fail({
        code: 'unknown-parameter',
        message: `no value was given for $${name}.`,
        at,
        hint: 'Write the value into the query.',
      })
    const value = parameters[name] ?? null
    return () => value
  }

  #variable({ name, at }: Of<'variable'>): Compiled {
    const slot = this.#scope.slotOf(name)
    if (slot === undefined) {
      const hint = didYouMean(name, this.#scope.names) ?? `Known here: ${this.#scope.names.join(', ') || 'nothing yet'}.`
      throw this.#context.fail({ code: 'unknown-name', message: `there is no variable ${name} here.`, at, hint })
    }
    return (row) => row[slot] ?? null
  }

  #property({ of, name, at }: Of<'property'>): Compiled {
    const value = this.compile(of)
    const { asked } = this.#context
    const isKnown = Object.hasOwn(NODE_PROPERTIES, name)
    return (row) => {
      const holder = value(row)
      if (holder === null) return null
      if (holder instanceof NodeValue) {
        const found = nodeProperty(holder, name)
        if (!isKnown) {
          const entry = asked.get(name)
          if (entry === undefined) asked.set(name, { at, found: found !== undefined })
          else if (found !== undefined) entry.found = true
        }
        return found ?? null
      }
      if (holder instanceof EdgeValue) {
        const read = Object.hasOwn(EDGE_PROPERTIES, name) ? EDGE_PROPERTIES[name] : undefined
        if (read !== undefined) return read(holder.row)
        const known = Object.keys(EDGE_PROPERTIES)
        const hint = didYouMean(name, known) ?? `Relationships have ${known.join(', ')}.`
        throw this.#context.fail({ code: 'unknown-name', message: `relationships have no property ${name}.`, at, hint })
      }
      if (holder instanceof Map) return holder.get(name) ?? null
      throw this.#fail(`${typeName(holder)} has no properties.`, at)
    }
  }

  #index({ of, index, at }: Of<'index'>): Compiled {
    const [holder, place] = [this.compile(of), this.compile(index)]
    return (row) => {
      const [value, where] = [holder(row), place(row)]
      if (value === null || where === null) return null
      if (isList(value) && typeof where === 'number') return value.at(where) ?? null
      if (value instanceof Map && typeof where === 'string') return value.get(where) ?? null
      if (value instanceof NodeValue && typeof where === 'string') return nodeProperty(value, where) ?? null
      throw this.#fail(`${typeName(value)} has nothing at ${typeName(where)}.`, at)
    }
  }

  #slice({ of, from, to, at }: Of<'slice'>): Compiled {
    const [holder, first, last] = [this.compile(of), from === null ? null : this.compile(from), to === null ? null : this.compile(to)]
    return (row) => {
      const [value, begin, end] = [holder(row), first === null ? 0 : first(row), last === null ? Number.MAX_SAFE_INTEGER : last(row)]
      if (value === null || begin === null || end === null) return null
      if (!isList(value) || typeof begin !== 'number' || typeof end !== 'number')
        throw this.#fail('only lists are cut, between two numbers.', at)
      return value.slice(begin, end)
    }
  }

  #unary({ operator, of, at }: Of<'unary'>): Compiled {
    const value = this.compile(of)
    if (operator === 'not') {
      return (row) => {
        const known = truth(this.#context, value(row), at)
        return known === null ? null : !known
      }
    }
    return (row) => {
      const number = value(row)
      if (number === null) return null
      if (typeof number !== 'number') throw this.#fail(`${typeName(number)} has no opposite.`, at)
      return -number
    }
  }

  #binary({ operator, left, right, at }: Of<'binary'>): Compiled {
    const [a, b] = [this.compile(left), this.compile(right)]
    const logic = (row: Row, one: Compiled) => truth(this.#context, one(row), at)
    switch (operator) {
      case 'and':
        return (row) => {
          const first = logic(row, a)
          if (first === false) return false
          const second = logic(row, b)
          return second === false ? false : first === null || second === null ? null : true
        }
      case 'or':
        return (row) => {
          const first = logic(row, a)
          if (first === true) return true
          const second = logic(row, b)
          return second === true ? true : first === null || second === null ? null : false
        }
      case 'xor':
        return (row) => {
          const [first, second] = [logic(row, a), logic(row, b)]
          return first === null || second === null ? null : first !== second
        }
      case '=':
        return (row) => equal(a(row), b(row))
      case '<>':
        return (row) => {
          const same = equal(a(row), b(row))
          return same === null ? null : !same
        }
      case '<':
        return compared(a, b, (order) => order < 0)
      case '<=':
        return compared(a, b, (order) => order <= 0)
      case '>':
        return compared(a, b, (order) => order > 0)
      case '>=':
        return compared(a, b, (order) => order >= 0)
      case 'in':
        return (row) => this.#in(a(row), b(row), at)
      case 'contains':
        return ofTexts(a, b, (text, part) => text.includes(part))
      case 'starts with':
        return ofTexts(a, b, (text, part) => text.startsWith(part))
      case 'ends with':
        return ofTexts(a, b, (text, part) => text.endsWith(part))
      case '=~':
        return this.#matches(a, b, right.at)
      default:
        return (row) => this.#arithmetic(operator, a(row), b(row), at)
    }
  }

  #in(wanted: CypherValue, list: CypherValue, at: number): boolean | null {
    if (list === null) return null
    if (!isList(list)) throw this.#fail(`IN looks into a list, not into ${typeName(list)}.`, at)
    this.#context.work.spend(list.length / 50)
    let unknown = false
    for (const item of list) {
      const same = equal(wanted, item)
      if (same === true) return true
      if (same === null) unknown = true
    }
    return unknown ? null : false
  }

  #matches(text: Compiled, pattern: Compiled, at: number): Compiled {
    const known = new Map<string, LinearPattern>()
    return (row) => {
      const [value, written] = [text(row), pattern(row)]
      if (typeof value !== 'string' || typeof written !== 'string') return null
      let compiled = known.get(written)
      if (compiled === undefined) {
        try {
          compiled = new LinearPattern(written)
        } catch (thrown) {
          if (!(thrown instanceof PatternMistake)) throw thrown
          throw this.#context.fail({ code: 'pattern', message: `this pattern cannot be used: ${thrown.message}.`, at })
        }
        known.set(written, compiled)
      }
      const looked = value.slice(0, LONGEST_MATCHED)
      this.#context.work.spend(looked.length / 10)
      return compiled.matches(looked)
    }
  }

  #arithmetic(operator: string, left: CypherValue, right: CypherValue, at: number): CypherValue {
    if (left === null || right === null) return null
    if (typeof left === 'number' && typeof right === 'number') return calculated(operator, left, right)
    if (operator === '+') {
      if (isList(left) || isList(right)) {
        const joined = [...(isList(left) ? left : [left]), ...(isList(right) ? right : [right])]
        this.#context.work.spend(joined.length / 50)
        if (joined.length > LONGEST_TEXT) throw this.#fail(`a list has at most ${LONGEST_TEXT} items.`, at)
        return joined
      }
      if ((typeof left === 'string' || typeof right === 'string') && isPlain(left) && isPlain(right)) {
        const joined = `${left}${right}`
        if (joined.length > LONGEST_TEXT) throw this.#fail(`a text has at most ${LONGEST_TEXT} characters.`, at)
        return joined
      }
    }
    throw this.#fail(`${typeName(left)} ${operator} ${typeName(right)} means nothing.`, at)
  }

  #labelTest({ of, labels, at }: Of<'label-test'>): Compiled {
    const value = this.compile(of)
    const test = compileLabels(this.#context, labels)
    return (row) => {
      const node = value(row)
      if (node === null) return null
      if (!(node instanceof NodeValue)) throw this.#fail(`${typeName(node)} has no labels.`, at)
      return test === null || test(node)
    }
  }

  #call(call: Of<'call'>): Compiled {
    const name = call.name.toLowerCase()
    if (AGGREGATES.includes(name)) return this.#aggregate(call, name)
    const known = functionNamed(call.name)
    if (known === undefined) {
      const hint = didYouMean(call.name, functionNames()) ?? `Functions are ${functionNames().join(', ')}.`
      throw this.#context.fail({ code: 'unknown-name', message: `there is no function ${call.name}.`, at: call.at, hint })
    }
    const count = call.arguments.length
    if (call.star || call.distinct || count < known.least || count > known.most) {
      const takes = known.least === known.most ? String(known.least) : `${known.least} to ${known.most}`
      throw this.#context.fail({ code: 'type', message: `${call.name} takes ${takes} value${takes === '1' ? '' : 's'}.`, at: call.at })
    }
    const given = call.arguments.map((argument) => this.compile(argument))
    return (row) => {
      try {
        return known.apply(given.map((argument) => argument(row)))
      } catch (thrown) {
        if (!(thrown instanceof FunctionMistake)) throw thrown
        throw this.#fail(`${call.name} ${thrown.message}.`, call.at)
      }
    }
  }

  #aggregate(call: Of<'call'>, how: string): Compiled {
    const aggregates = this.#aggregates
    if (aggregates === null)
      throw this.#context.fail({
        ...{ code: 'syntax', message: `${call.name} counts over rows: it stands in RETURN or WITH.`, at: call.at },
        hint: 'Write WITH n, count(m) AS many WHERE many > 3.',
      })
    if (call.star ? how !== 'count' : call.arguments.length !== 1)
      throw this.#context.fail({ code: 'type', message: `${call.name} takes one value.`, at: call.at })
    const [argument] = call.arguments
    // Of one row, in which there is no other aggregate.
    const of = argument === undefined ? null : compileExpression(this.#context, this.#scope, argument)
    const slot = this.#scope.hidden()
    aggregates.push({ how, of, distinct: call.distinct, slot })
    return (row) => row[slot] ?? null
  }

  #case({ subject, whens, otherwise, at }: Of<'case'>): Compiled {
    const value = subject === null ? null : this.compile(subject)
    const branches = whens.map(([when, then]) => [this.compile(when), this.compile(then)] as const)
    const last = otherwise === null ? null : this.compile(otherwise)
    return (row) => {
      const wanted = value === null ? null : value(row)
      for (const [when, then] of branches) {
        const found = when(row)
        if (value === null ? truth(this.#context, found, at) === true : equal(wanted, found) === true) return then(row)
      }
      return last === null ? null : last(row)
    }
  }

  #inner(variable: string): { readonly slot: number; readonly compiler: ExpressionCompiler } {
    const scope = this.#scope.inner()
    const slot = scope.declare(variable)
    return { slot, compiler: new ExpressionCompiler(this.#context, scope, this.#aggregates) }
  }

  #quantifier({ how, variable, list, where, at }: Of<'quantifier'>): Compiled {
    const items = this.compile(list)
    const { slot, compiler } = this.#inner(variable)
    const condition = compiler.compile(where)
    return (row) => {
      const of = items(row)
      if (of === null) return null
      if (!isList(of)) throw this.#fail(`${how.toUpperCase()} looks at a list, not at ${typeName(of)}.`, at)
      this.#context.work.spend(of.length / 2)
      let [yes, unknown] = [0, 0]
      for (const item of of) {
        row[slot] = item
        const holds = truth(this.#context, condition(row), at)
        if (holds === true) yes += 1
        else if (holds === null) unknown += 1
      }
      return quantified(how, yes, unknown, of.length)
    }
  }

  #comprehension({ variable, list, where, map, at }: Of<'comprehension'>): Compiled {
    const items = this.compile(list)
    const { slot, compiler } = this.#inner(variable)
    const condition = where === null ? null : compiler.compile(where)
    const result = map === null ? null : compiler.compile(map)
    return (row) => {
      const of = items(row)
      if (of === null) return null
      if (!isList(of)) throw this.#fail(`this goes through a list, not through ${typeName(of)}.`, at)
      this.#context.work.spend(of.length / 2)
      const made: CypherValue[] = []
      for (const item of of) {
        if (this.#context.work.isDone) break
        row[slot] = item
        if (condition !== null && truth(this.#context, condition(row), at) !== true) continue
        made.push(result === null ? item : result(row))
      }
      return made
    }
  }

  #pattern({ how, patterns, where }: Of<'pattern'>): Compiled {
    const matches = this.#context.matching(this.#context, patterns, where, this.#scope.inner())
    if (how === 'exists') {
      return (row) => {
        for (const _ of matches(row)) return true
        return false
      }
    }
    return (row) => {
      let count = 0
      for (const _ of matches(row)) count += 1
      return count
    }
  }
}

function isPlain(value: CypherValue): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function compared(a: Compiled, b: Compiled, holds: (order: number) => boolean): Compiled {
  return (row) => {
    const order = compare(a(row), b(row))
    return order === null ? null : holds(order)
  }
}

function ofTexts(a: Compiled, b: Compiled, holds: (text: string, part: string) => boolean): Compiled {
  return (row) => {
    const [text, part] = [a(row), b(row)]
    return typeof text === 'string' && typeof part === 'string' ? holds(text, part) : null
  }
}

/** Division gives fractions: a confidence of 1 is no whole number. By zero there is nothing. */
function calculated(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case '+':
      return left + right
    case '-':
      return left - right
    case '*':
      return left * right
    case '/':
      return right === 0 ? null : left / right
    case '%':
      return right === 0 ? null : left % right
    default:
      return left ** right
  }
}

function quantified(how: string, yes: number, unknown: number, length: number): boolean | null {
  switch (how) {
    case 'any':
      return yes > 0 ? true : unknown > 0 ? null : false
    case 'all':
      return yes === length ? true : yes + unknown === length ? null : false
    case 'none':
      return yes > 0 ? false : unknown > 0 ? null : true
    default:
      return yes > 1 ? false : unknown > 0 ? null : yes === 1
  }
}
