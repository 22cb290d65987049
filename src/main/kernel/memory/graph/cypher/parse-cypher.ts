import { cypherFailure, didYouMean } from './cypher-failure'
import type { AsOf, Clause, CypherQuery, Expression, MatchClause, PathPattern, ProjectionClause, UnwindClause } from './cypher-syntax'
import { PatternParser } from './parse-pattern'

const LONGEST = 20_000
const WRITING = new Set([
  'CREATE',
  'MERGE',
  'SET',
  'DELETE',
  'DETACH',
  'REMOVE',
  'DROP',
  'FOREACH',
  'CALL',
  'LOAD',
  'ALTER',
  'GRANT',
  'REVOKE',
])
const CLAUSES = ['MATCH', 'OPTIONAL MATCH', 'UNWIND', 'WITH', 'RETURN']
const POINT = /\s*(?:'([^']*)'|"([^"]*)"|([^\s;]+))/y
const ADDRESS = /^([^/]+)\/([^/]+)\/(\d{1,15})$/

/**
 * Throws KeyframeError `cypher.syntax` with line, column, what was expected and, where there is one, a hint; `cypher.read-only` for what
 * would write. `AS OF` is given back, not looked up: whoever asks chooses the view by it.
 */
export function parseCypher(source: string): CypherQuery {
  if (source.length > LONGEST)
    throw cypherFailure(source, {
      code: 'syntax',
      message: `a query has at most ${LONGEST} characters, this one ${source.length}.`,
      at: LONGEST,
    })
  return new CypherParser(source).query()
}

class CypherParser extends PatternParser {
  #asOf: AsOf | null = null

  query(): CypherQuery {
    if (this.peek().is === 'end') throw this.unexpected('a query', 'Try MATCH (n) RETURN n LIMIT 10.')
    const parts: (readonly Clause[])[] = [this.#part()]
    let unique = false
    while (this.takes('UNION')) {
      if (!this.takes('ALL')) unique = true
      parts.push(this.#part())
    }
    this.takesSymbol(';')
    if (this.peek().is !== 'end') throw this.#noClause()
    return { source: this.source, parts, unique, asOf: this.#asOf }
  }

  #part(): Clause[] {
    const clauses: Clause[] = []
    for (;;) {
      const clause = this.#clause()
      clauses.push(clause)
      this.#point()
      if (clause.is === 'return') return clauses
      if (this.peek().is === 'end') throw this.unexpected('RETURN', 'A query ends with what it gives back, as RETURN n, path or count(*).')
    }
  }

  #clause(): Clause {
    const { at } = this.peek()
    if (this.takes('OPTIONAL', 'MATCH')) return this.#match(at, true)
    if (this.takes('MATCH')) return this.#match(at, false)
    if (this.takes('UNWIND')) return this.#unwind(at)
    if (this.takes('WITH')) return this.#projection('with', at)
    if (this.takes('RETURN')) return this.#projection('return', at)
    throw this.#noClause()
  }

  #noClause(): Error {
    const { word, at, text } = this.peek()
    if (WRITING.has(word))
      return cypherFailure(this.source, {
        code: 'read-only',
        message: `${word} is refused: the graph is read from the repository and is only asked, never written.`,
        at,
        hint: 'Ask with MATCH ... RETURN; the graph changes when the files do.',
      })
    if (word === 'WHERE')
      return this.unexpected('a clause', 'WHERE comes once, directly after the MATCH or WITH that it filters; join conditions with AND.')
    return this.unexpected(
      CLAUSES.join(', '),
      word === '' ? undefined : didYouMean(text, [...CLAUSES, 'WHERE', 'ORDER BY', 'LIMIT', 'SKIP', 'UNION']),
    )
  }

  #match(at: number, optional: boolean): MatchClause {
    const patterns: PathPattern[] = [this.pattern()]
    while (this.takesSymbol(',')) patterns.push(this.pattern())
    this.#point()
    const where = this.takes('WHERE') ? this.expression() : null
    return { is: 'match', optional, patterns, where, at }
  }

  #unwind(at: number): UnwindClause {
    const list = this.expression()
    if (!this.takes('AS')) throw this.unexpected('AS and a variable')
    return { is: 'unwind', list, variable: this.name('a variable'), at }
  }

  #projection(is: 'with' | 'return', at: number): ProjectionClause {
    const distinct = this.takes('DISTINCT')
    const star = this.takesSymbol('*')
    const items: { expression: Expression; name: string; at: number }[] = []
    if (!star || this.takesSymbol(','))
      do items.push(this.#item(is))
      while (this.takesSymbol(','))
    this.#point()
    const orderBy: { expression: Expression; descending: boolean }[] = []
    if (this.takes('ORDER', 'BY')) {
      do {
        const expression = this.expression()
        const descending = this.takes('DESC') || this.takes('DESCENDING')
        if (!descending && !this.takes('ASC')) this.takes('ASCENDING')
        orderBy.push({ expression, descending })
      } while (this.takesSymbol(','))
    }
    const skip = this.takes('SKIP') || this.takes('OFFSET') ? this.expression() : null
    const limit = this.takes('LIMIT') ? this.expression() : null
    const where = is === 'with' && this.takes('WHERE') ? this.expression() : null
    return { is, distinct, star, items, orderBy, skip, limit, where, at }
  }

  #item(is: 'with' | 'return'): { expression: Expression; name: string; at: number } {
    const { at } = this.peek()
    const start = this.next
    const expression = this.expression()
    const isPoint = this.peek().word === 'AS' && this.peek(1).word === 'OF' && this.#namesPoint(this.peek(1).end)
    if (!isPoint && this.takes('AS')) return { expression, name: this.name('an alias'), at }
    if (is === 'with' && expression.is !== 'variable')
      throw this.unexpected('AS and a name', 'What WITH passes on needs a name, as WITH count(n) AS many.')
    const last = this.tokens[start] === undefined ? at : (this.tokens[this.next - 1]?.end ?? at)
    return { expression, name: expression.is === 'variable' ? expression.name : this.source.slice(at, last), at }
  }

  #namesPoint(from: number): boolean {
    POINT.lastIndex = from
    const found = POINT.exec(this.source)
    return found !== null && ADDRESS.test(found[1] ?? found[2] ?? found[3] ?? '')
  }

  /** `AS OF RUN/BRANCH/FRAME`, at the end of a clause or before its WHERE. */
  #point(): void {
    const { at } = this.peek()
    if (!this.takes('AS', 'OF')) return
    POINT.lastIndex = this.tokens[this.next - 1]?.end ?? at
    const found = POINT.exec(this.source)
    const address = ADDRESS.exec(found?.[1] ?? found?.[2] ?? found?.[3] ?? '')
    const [, run, branch, frame] = address ?? []
    if (run === undefined || branch === undefined || frame === undefined)
      throw this.unexpected('RUN/BRANCH/FRAME', 'A point is written as AS OF r0123456789/b0/42.')
    const asOf = { run, branch, frame: Number(frame) }
    const known = this.#asOf
    if (known !== null && (known.run !== run || known.branch !== branch || known.frame !== asOf.frame))
      throw this.mistake('a query is asked as of one point.', at)
    this.#asOf = asOf
    const end = POINT.lastIndex
    while (this.peek().is !== 'end' && this.peek().at < end) this.next += 1
  }
}
