import { cypherFailure } from './cypher-failure'
import type { BinaryOperator, Expression, Labels, NodePattern, PathPattern, Quantifier, RelationPattern } from './cypher-syntax'
import { type Token, tokensOf } from './cypher-tokens'

const DEEPEST = 120
/** Operators of one query: a chain of them is as deep as it is long for whoever evaluates it. */
const MOST_OPERATORS = 3000
const COMPARISONS = new Set(['=', '<>', '<', '<=', '>', '>='])
const QUANTIFIERS = new Set(['ANY', 'ALL', 'NONE', 'SINGLE'])
const LENGTHS = 1000
/** No variable is called so unless it is quoted: a clause that was forgotten would be taken for one. */
const RESERVED = new Set(
  `MATCH OPTIONAL WHERE RETURN WITH UNWIND UNION ORDER SKIP LIMIT AND OR XOR NOT IN CONTAINS STARTS ENDS IS NULL TRUE FALSE DISTINCT CASE WHEN THEN
  ELSE END CREATE MERGE DELETE SET REMOVE DETACH CALL FOREACH LOAD DROP`.split(/\s+/),
)

type Operation = readonly [operator: BinaryOperator, words: readonly string[]]

/** Reads expressions and patterns: each may hold the other. */
export class PatternParser {
  protected readonly source: string
  protected readonly tokens: readonly Token[]
  protected next = 0
  #depth = 0
  #operators = 0

  constructor(source: string) {
    this.source = source
    this.tokens = tokensOf(source)
  }

  expression(): Expression {
    return this.#deeper(() => this.#or())
  }

  pattern(): PathPattern {
    const at = this.peek().at
    let variable: string | null = null
    if (this.peek().is === 'name' && this.peek(1).text === '=' && this.peek(1).is === 'symbol') {
      variable = this.name('a variable')
      this.next += 1
    }
    const how = this.peek(1).text === '(' ? this.#shortest() : null
    if (how === null) return { ...this.#chain(), variable, how: 'every', at }
    this.next += 2
    const chain = this.#chain()
    this.symbol(')')
    if (chain.relations.length !== 1) {
      throw this.mistake('shortestPath takes one relationship, as shortestPath((a)-[:CALLS*..8]->(b)).', at, 'one relationship')
    }
    return { ...chain, variable, how, at }
  }

  /** Not of a kind that was expected. */
  protected unexpected(expected: string, hint?: string): Error {
    const found = this.peek()
    const shown =
      found.is === 'end' ? 'the query ends' : `${JSON.stringify(found.is === 'string' ? `'${found.text}'` : found.text)} was found`
    return this.mistake(`expected ${expected}, but ${shown}.`, found.at, expected, hint)
  }

  protected mistake(message: string, at: number, expected?: string, hint?: string): Error {
    return cypherFailure(this.source, {
      ...{ code: 'syntax', message, at },
      ...(expected === undefined ? {} : { expected }),
      ...(hint === undefined ? {} : { hint }),
    })
  }

  protected peek(ahead = 0): Token {
    const token = this.tokens[Math.min(this.next + ahead, this.tokens.length - 1)]
    if (token === undefined) throw new Error('a query has no last token')
    return token
  }

  protected isSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.is === 'symbol' && token.text === text
  }

  /** Goes on when the next word or words are these. */
  protected takes(...words: readonly string[]): boolean {
    if (!words.every((word, ahead) => this.peek(ahead).word === word)) return false
    this.next += words.length
    return true
  }

  protected takesSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false
    this.next += 1
    return true
  }

  protected symbol(text: string, hint?: string): void {
    if (!this.takesSymbol(text)) throw this.unexpected(`\`${text}\``, hint)
  }

  protected name(expected: string): string {
    const token = this.peek()
    if (token.is !== 'name' || RESERVED.has(token.word)) throw this.unexpected(expected)
    this.next += 1
    return token.text
  }

  /** A name where no keyword can be: of a property, a label, a type. */
  #anyName(expected: string): { name: string; at: number } {
    const token = this.peek()
    if (token.is !== 'name') throw this.unexpected(expected)
    this.next += 1
    return { name: token.text, at: token.at }
  }

  #deeper<T>(read: () => T): T {
    this.#depth += 1
    if (this.#depth > DEEPEST) throw this.mistake('this is nested too deeply.', this.peek().at)
    const result = read()
    this.#depth -= 1
    return result
  }

  #operator(): void {
    this.#operators += 1
    if (this.#operators > MOST_OPERATORS) throw this.mistake(`a query has at most ${MOST_OPERATORS} operators.`, this.peek().at)
  }

  #shortest(): 'shortest' | 'all-shortest' | null {
    const { word } = this.peek()
    return word === 'SHORTESTPATH' ? 'shortest' : word === 'ALLSHORTESTPATHS' ? 'all-shortest' : null
  }

  #chain(): Pick<PathPattern, 'nodes' | 'relations'> {
    const nodes = [this.#node()]
    const relations: RelationPattern[] = []
    while (this.isSymbol('-') || this.isSymbol('<')) {
      relations.push(this.#relation())
      nodes.push(this.#node())
    }
    return { nodes, relations }
  }

  #node(): NodePattern {
    const at = this.peek().at
    this.symbol('(', 'A node is written in parentheses, as (n:Function {name: "main"}).')
    const variable = this.peek().is === 'name' && this.peek().word !== 'WHERE' ? this.name('a variable') : null
    const labels = this.isSymbol(':') ? this.#labels() : []
    const properties = this.#properties()
    const where = this.takes('WHERE') ? this.expression() : null
    this.symbol(')')
    return { variable, labels, properties, where, at }
  }

  #labels(): Labels {
    const labels: { name: string; at: number }[][] = []
    while (this.takesSymbol(':') || (labels.length > 0 && this.takesSymbol('&'))) {
      const one = [this.#anyName('a label')]
      while (this.takesSymbol('|')) {
        this.takesSymbol(':')
        one.push(this.#anyName('a label'))
      }
      labels.push(one)
    }
    return labels
  }

  #relation(): RelationPattern {
    const at = this.peek().at
    const isLeft = this.takesSymbol('<')
    this.symbol('-')
    let inside: Omit<RelationPattern, 'direction' | 'at'> = { variable: null, types: [], length: null, properties: [] }
    if (this.takesSymbol('[')) {
      const variable = this.peek().is === 'name' ? this.name('a variable') : null
      const types: { name: string; at: number }[] = []
      if (this.takesSymbol(':')) {
        types.push(this.#anyName('a type of relationship'))
        while (this.takesSymbol('|')) {
          this.takesSymbol(':')
          types.push(this.#anyName('a type of relationship'))
        }
      }
      const length = this.takesSymbol('*') ? this.#length() : null
      inside = { variable, types, length, properties: this.#properties() }
      this.symbol(']', 'A relationship is written as -[r:CALLS*1..5]->.')
    }
    this.symbol('-')
    const isRight = this.takesSymbol('>')
    return { ...inside, direction: isLeft === isRight ? 'both' : isLeft ? 'in' : 'out', at }
  }

  #length(): { least: number; most: number | null } {
    const at = this.peek().at
    const first = this.#count()
    if (!this.takesSymbol('..')) return first === null ? { least: 1, most: null } : { least: first, most: first }
    const least = first ?? 1
    const most = this.#count()
    if (most !== null && most < least) throw this.mistake(`*${least}..${most} ends before it starts.`, at, `a number of at least ${least}`)
    return { least, most }
  }

  #count(): number | null {
    const token = this.peek()
    if (token.is !== 'number') return null
    const count = Number(token.text)
    if (!Number.isInteger(count) || count > LENGTHS) throw this.unexpected(`a whole number up to ${LENGTHS}`)
    this.next += 1
    return count
  }

  #properties(): (readonly [string, Expression])[] {
    return this.isSymbol('{') ? this.#entries() : []
  }

  #entries(): (readonly [string, Expression])[] {
    this.symbol('{')
    const entries: (readonly [string, Expression])[] = []
    if (this.takesSymbol('}')) return entries
    do {
      const { name } = this.#anyName('the name of a property')
      this.symbol(':')
      entries.push([name, this.expression()])
    } while (this.takesSymbol(','))
    this.symbol('}')
    return entries
  }

  #or(): Expression {
    return this.#binary([['or', ['OR']]], () => this.#binary([['xor', ['XOR']]], () => this.#binary([['and', ['AND']]], () => this.#not())))
  }

  #not(): Expression {
    const at = this.peek().at
    return this.takes('NOT') ? { is: 'unary', operator: 'not', of: this.#deeper(() => this.#not()), at } : this.#comparison()
  }

  #binary(operations: readonly Operation[], operand: () => Expression): Expression {
    let left = operand()
    for (;;) {
      const at = this.peek().at
      const found = operations.find(([operator, words]) => (words.length > 0 ? this.takes(...words) : this.takesSymbol(operator)))
      if (found === undefined) return left
      this.#operator()
      left = { is: 'binary', operator: found[0], left, right: operand(), at }
    }
  }

  /** `1 < a < 3` is `1 < a AND a < 3`. */
  #comparison(): Expression {
    let left = this.#predicate()
    let whole: Expression | null = null
    for (;;) {
      const { at, text } = this.peek()
      if (this.isSymbol('!=')) throw this.unexpected('`<>`', 'Cypher writes "not equal" as <>.')
      if (this.peek().is !== 'symbol' || !COMPARISONS.has(text)) return whole ?? left
      this.next += 1
      this.#operator()
      const right = this.#predicate()
      const one: Expression = { is: 'binary', operator: text as BinaryOperator, left, right, at }
      whole = whole === null ? one : { is: 'binary', operator: 'and', left: whole, right: one, at }
      left = right
    }
  }

  #predicate(): Expression {
    let of = this.#sum()
    for (;;) {
      const { at } = this.peek()
      this.#operator()
      if (this.takes('IS', 'NULL')) of = { is: 'null-test', of, negated: false, at }
      else if (this.takes('IS', 'NOT', 'NULL')) of = { is: 'null-test', of, negated: true, at }
      else {
        const operations: readonly Operation[] = [
          ['in', ['IN']],
          ['contains', ['CONTAINS']],
          ['starts with', ['STARTS', 'WITH']],
          ['ends with', ['ENDS', 'WITH']],
          ['=~', []],
        ]
        const found = operations.find(([operator, words]) => (words.length > 0 ? this.takes(...words) : this.takesSymbol(operator)))
        if (found === undefined) return of
        of = { is: 'binary', operator: found[0], left: of, right: this.#sum(), at }
      }
    }
  }

  #sum(): Expression {
    const term = () =>
      this.#binary(
        [
          ['*', []],
          ['/', []],
          ['%', []],
        ],
        () => this.#binary([['^', []]], () => this.#sign()),
      )
    return this.#binary(
      [
        ['+', []],
        ['-', []],
      ],
      term,
    )
  }

  #sign(): Expression {
    const at = this.peek().at
    if (this.takesSymbol('-')) return { is: 'unary', operator: 'minus', of: this.#deeper(() => this.#sign()), at }
    if (this.takesSymbol('+')) return this.#deeper(() => this.#sign())
    return this.#access()
  }

  #access(): Expression {
    let of = this.#atom()
    for (;;) {
      const at = this.peek().at
      this.#operator()
      if (this.takesSymbol('.')) of = { is: 'property', of, name: this.#anyName('the name of a property').name, at }
      else if (this.isSymbol('[')) of = this.#indexed(of)
      else if (this.isSymbol(':')) of = { is: 'label-test', of, labels: this.#labels(), at }
      else return of
    }
  }

  #indexed(of: Expression): Expression {
    const at = this.peek().at
    this.symbol('[')
    const from = this.isSymbol('..') ? null : this.expression()
    if (!this.takesSymbol('..')) {
      this.symbol(']')
      return from === null ? of : { is: 'index', of, index: from, at }
    }
    const to = this.isSymbol(']') ? null : this.expression()
    this.symbol(']')
    return { is: 'slice', of, from, to, at }
  }

  #atom(): Expression {
    const token = this.peek()
    const { at } = token
    if (token.is === 'number') {
      this.next += 1
      return { is: 'literal', value: Number(token.text), at }
    }
    if (token.is === 'string') {
      this.next += 1
      return { is: 'literal', value: token.text, at }
    }
    if (token.is === 'parameter') {
      this.next += 1
      return { is: 'parameter', name: token.text, at }
    }
    if (this.isSymbol('(')) return this.#parenthesised()
    if (this.isSymbol('[')) return this.#list()
    if (this.isSymbol('{')) return { is: 'map', entries: this.#entries(), at }
    if (token.is !== 'name') throw this.unexpected('an expression')
    if (this.takes('TRUE')) return { is: 'literal', value: true, at }
    if (this.takes('FALSE')) return { is: 'literal', value: false, at }
    if (this.takes('NULL')) return { is: 'literal', value: null, at }
    if (this.takes('CASE')) return this.#case(at)
    if (this.isSymbol('(', 1) && token.word !== '') return this.#call(token)
    if (this.isSymbol('{', 1) && (token.word === 'EXISTS' || token.word === 'COUNT'))
      return this.#block(token.word === 'COUNT' ? 'count' : 'exists')
    return { is: 'variable', name: this.name('an expression'), at }
  }

  #parenthesised(): Expression {
    if (this.#startsPattern()) return this.#patternHere('exists')
    this.symbol('(')
    const inside = this.expression()
    this.symbol(')')
    return inside
  }

  /** `(a)-[...` and `(a)<--`, where `(a) - 1` and `(a) < -1` are expressions. */
  #startsPattern(): boolean {
    let depth = 0
    for (let ahead = 0; this.next + ahead < this.tokens.length; ahead += 1) {
      if (this.isSymbol('(', ahead)) depth += 1
      else if (this.isSymbol(')', ahead)) depth -= 1
      if (depth > 0) continue
      const dash = this.isSymbol('<', ahead + 1) ? ahead + 2 : ahead + 1
      if (!this.isSymbol('-', dash) || !(this.isSymbol('[', dash + 1) || this.isSymbol('-', dash + 1))) return false
      const first = this.peek(1).is === 'name' ? 2 : 1
      return this.isSymbol(')', first) || this.isSymbol(':', first) || this.isSymbol('{', first) || this.peek(first).word === 'WHERE'
    }
    return false
  }

  #patternHere(how: 'exists' | 'count'): Expression {
    const { at } = this.peek()
    return { is: 'pattern', how, patterns: [{ ...this.#chain(), variable: null, how: 'every', at }], where: null, at }
  }

  #block(how: 'exists' | 'count'): Expression {
    const { at } = this.peek()
    this.next += 1
    this.symbol('{')
    this.takes('MATCH')
    const patterns = [this.pattern()]
    while (this.takesSymbol(',')) patterns.push(this.pattern())
    const where = this.takes('WHERE') ? this.expression() : null
    this.symbol('}')
    return { is: 'pattern', how, patterns, where, at }
  }

  #list(): Expression {
    const { at } = this.peek()
    this.symbol('[')
    if (this.peek().is === 'name' && this.peek(1).word === 'IN') {
      const variable = this.name('a variable')
      this.next += 1
      const list = this.expression()
      const where = this.takes('WHERE') ? this.expression() : null
      const map = this.takesSymbol('|') ? this.expression() : null
      this.symbol(']')
      return { is: 'comprehension', variable, list, where, map, at }
    }
    const items: Expression[] = []
    if (!this.isSymbol(']'))
      do items.push(this.expression())
      while (this.takesSymbol(','))
    this.symbol(']')
    return { is: 'list', items, at }
  }

  #case(at: number): Expression {
    const subject = this.peek().word === 'WHEN' ? null : this.expression()
    const whens: (readonly [Expression, Expression])[] = []
    while (this.takes('WHEN')) {
      const when = this.expression()
      if (!this.takes('THEN')) throw this.unexpected('THEN')
      whens.push([when, this.expression()])
    }
    if (whens.length === 0) throw this.unexpected('WHEN')
    const otherwise = this.takes('ELSE') ? this.expression() : null
    if (!this.takes('END')) throw this.unexpected('END')
    return { is: 'case', subject, whens, otherwise, at }
  }

  #call(token: Token): Expression {
    const { at } = token
    if (token.word === 'SHORTESTPATH' || token.word === 'ALLSHORTESTPATHS')
      throw this.mistake('shortestPath stands in MATCH.', at, undefined, 'Write MATCH p = shortestPath((a)-[*..8]->(b)).')
    this.next += 2
    if (QUANTIFIERS.has(token.word)) return this.#quantifier(token)
    if ((token.word === 'EXISTS' || token.word === 'SIZE') && this.isSymbol('(') && this.#startsPattern()) {
      const inside = this.#patternHere(token.word === 'SIZE' ? 'count' : 'exists')
      this.symbol(')')
      return inside
    }
    if (this.takesSymbol('*')) {
      this.symbol(')')
      return { is: 'call', name: token.text, distinct: false, star: true, arguments: [], at }
    }
    const distinct = this.takes('DISTINCT')
    const given: Expression[] = []
    if (!this.isSymbol(')'))
      do given.push(this.expression())
      while (this.takesSymbol(','))
    this.symbol(')')
    return { is: 'call', name: token.text, distinct, star: false, arguments: given, at }
  }

  #quantifier(token: Token): Expression {
    const how = token.text.toLowerCase() as Quantifier
    const variable = this.name('a variable')
    if (!this.takes('IN')) throw this.unexpected('IN', `Write ${token.text}(n IN nodes(path) WHERE ...).`)
    const list = this.expression()
    if (!this.takes('WHERE')) throw this.unexpected('WHERE', `Write ${token.text}(n IN nodes(path) WHERE ...).`)
    const where = this.expression()
    this.symbol(')')
    return { is: 'quantifier', how, variable, list, where, at: token.at }
  }
}
