import { tableId } from './sql-changes'
import type { SqlName } from './sql-changes'
import { SqlCursor } from './sql-cursor'
import type { SqlToken } from './sql-tokens'

export interface SqlUses {
  readonly reads: readonly SqlName[]
  readonly writes: readonly SqlName[]
}

const AFTER_UPDATE = new Set(['LOW_PRIORITY', 'IGNORE', 'ONLY', 'OR', 'ROLLBACK', 'ABORT', 'REPLACE', 'FAIL'])
const AFTER_INSERT = new Set(['LOW_PRIORITY', 'DELAYED', 'HIGH_PRIORITY', 'IGNORE', 'OR', 'ROLLBACK', 'ABORT', 'REPLACE', 'FAIL'])
const NO_TABLE = new Set([
  'SELECT',
  'LATERAL',
  'UNNEST',
  'VALUES',
  'DUAL',
  'SET',
  'STDIN',
  'STDOUT',
  'WHERE',
  'ON',
  'NOTHING',
  'TABLE',
  'ONLY',
])
const FROM_OF_FUNCTIONS = new Set(['EXTRACT', 'SUBSTRING', 'TRIM', 'OVERLAY', 'POSITION', 'DATE_PART'])
const AFTER_TABLE = new Set([
  ...['WHERE', 'JOIN', 'INNER', 'LEFT', 'RIGHT', 'FULL', 'CROSS', 'NATURAL', 'ON', 'USING', 'GROUP', 'ORDER', 'LIMIT', 'HAVING', 'UNION'],
  ...['SET', 'VALUES', 'SELECT', 'RETURNING', 'WITH', 'FOR', 'WINDOW', 'OFFSET', 'FETCH', 'EXCEPT', 'INTERSECT', 'DEFAULT'],
])

/** Tables that a statement reads and writes, by its keywords alone: any dialect, with or without placeholders. Names of its WITH are none. */
export function sqlUses(tokens: readonly SqlToken[]): SqlUses {
  const reads = new Map<string, SqlName>()
  const writes = new Map<string, SqlName>()
  const own = withNames(tokens)
  const cursor = new SqlCursor(tokens)
  const functions: boolean[] = []
  const add = (to: Map<string, SqlName>): SqlName | null => {
    if (NO_TABLE.has(cursor.peek()?.upper ?? '')) return null
    const start = cursor.at
    const name = cursor.name()
    if (name === null) return null
    // A function that gives rows is no table; `INSERT INTO t (a, b)` is one.
    if (cursor.peek()?.upper === '(' && to === reads) {
      cursor.at = start + 1
      return null
    }
    if (name.schema !== null || !own.has(name.name.toLowerCase())) to.set(tableId(name), name)
    return name
  }
  while (!cursor.done) {
    const token = cursor.peek()
    const before = cursor.at === 0 ? undefined : tokens[cursor.at - 1]
    cursor.at += 1
    switch (token?.upper) {
      case '(':
        functions.push(FROM_OF_FUNCTIONS.has(before?.upper ?? ''))
        break
      case ')':
        functions.pop()
        break
      case 'FROM':
        if (functions.at(-1) === true || before?.upper === 'DISTINCT') break
        if (before?.upper === 'DELETE') {
          cursor.take('ONLY')
          add(writes)
        } else fromList(cursor, () => add(reads))
        break
      case 'JOIN':
        cursor.take('LATERAL')
        add(reads)
        break
      case 'USING':
        if (cursor.peek()?.upper !== '(' && (tokens[0]?.upper === 'DELETE' || tokens[0]?.upper === 'MERGE')) add(reads)
        break
      case 'UPDATE':
        if (['FOR', 'ON', 'DO', 'KEY', 'THEN'].includes(before?.upper ?? '') || before?.upper === ',') break
        while (cursor.takeAny(AFTER_UPDATE));
        add(writes)
        break
      case 'INSERT':
      case 'REPLACE':
        if (token.upper === 'REPLACE' && (before !== undefined || cursor.peek()?.upper === '(')) break
        while (cursor.takeAny(AFTER_INSERT));
        if (cursor.take('INTO') || token.upper === 'INSERT') {
          cursor.take('TABLE')
          add(writes)
        }
        break
      case 'MERGE':
        if (cursor.take('INTO')) add(writes)
        break
      case 'TRUNCATE':
        cursor.take('TABLE')
        cursor.take('ONLY')
        add(writes)
        break
      case 'COPY':
        if (before === undefined) add(tokens.some((other) => other.upper === 'TO') ? reads : writes)
        break
      case undefined:
        break
      default:
    }
  }
  return { reads: [...reads.values()], writes: [...writes.values()] }
}

/** `FROM a, b AS x, c y`: stops at whatever is no further table. */
function fromList(cursor: SqlCursor, add: () => SqlName | null): void {
  for (;;) {
    cursor.take('ONLY')
    if (add() === null) return
    cursor.take('AS')
    const next = cursor.peek()
    if ((next?.kind === 'word' && !AFTER_TABLE.has(next.upper)) || next?.kind === 'quoted') cursor.at += 1
    if (!cursor.take(',')) return
  }
}

function withNames(tokens: readonly SqlToken[]): Set<string> {
  const names = new Set<string>()
  for (const [index, token] of tokens.entries()) {
    if (token.upper !== 'AS') continue
    const open = tokens[index + 1]?.upper === 'MATERIALIZED' || tokens[index + 1]?.upper === 'NOT' ? 2 : 1
    const inner = tokens.slice(index + open, index + open + 3).map((next) => next.upper)
    const parenthesis = inner.indexOf('(')
    if (parenthesis === -1) continue
    let name = tokens[index - 1]
    if (name?.upper === ')') {
      let back = index - 1
      while (back > 0 && tokens[back]?.upper !== '(') back -= 1
      name = tokens[back - 1]
    }
    if (name !== undefined && (name.kind === 'word' || name.kind === 'quoted')) names.add(name.text.toLowerCase())
  }
  return tokens.some((token) => token.upper === 'WITH') ? names : new Set()
}
