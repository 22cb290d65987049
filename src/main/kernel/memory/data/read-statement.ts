import { foldedName } from './sql-changes'
import type { SqlChange, SqlColumn, SqlForeignKey, SqlName } from './sql-changes'
import { columnList, splitByComma, SqlCursor } from './sql-cursor'
import type { SqlStatement, SqlToken } from './sql-tokens'
import { sqlUses } from './sql-uses'

const BEFORE_OBJECT = new Set([
  ...['OR', 'REPLACE', 'GLOBAL', 'LOCAL', 'TEMP', 'TEMPORARY', 'UNLOGGED', 'EXTERNAL', 'FOREIGN', 'VIRTUAL', 'MATERIALIZED', 'RECURSIVE'],
  ...['UNIQUE', 'FULLTEXT', 'SPATIAL', 'CLUSTERED', 'NONCLUSTERED', 'BITMAP', 'FORCE', 'SECURE', 'ALGORITHM', '=', 'UNDEFINED', 'MERGE'],
])
const TABLE_PARTS = new Set([
  ...['CONSTRAINT', 'PRIMARY', 'FOREIGN', 'UNIQUE', 'CHECK', 'EXCLUDE', 'KEY', 'INDEX', 'FULLTEXT', 'SPATIAL', 'LIKE', 'PERIOD'],
])
const AFTER_TYPE = new Set([
  ...['NOT', 'NULL', 'DEFAULT', 'PRIMARY', 'UNIQUE', 'REFERENCES', 'CHECK', 'CONSTRAINT', 'COLLATE', 'GENERATED', 'AUTO_INCREMENT', 'KEY'],
  ...['AUTOINCREMENT', 'IDENTITY', 'COMMENT', 'ON', 'AS', 'FIRST', 'AFTER', 'ENCODE', 'SPARSE', 'ROWGUIDCOL', 'VIRTUAL', 'STORED', 'USING'],
  ...['INVISIBLE', 'VISIBLE', 'DEFERRABLE', 'INITIALLY', 'MATCH'],
])
const WORDS_OF_USE = new Set([
  'SELECT',
  'WITH',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'REPLACE',
  'TRUNCATE',
  'COPY',
  'EXPLAIN',
  'BEGIN',
  '(',
])

/**
 * What a statement does, read by its words alone: CREATE, ALTER and DROP of tables, views, indexes and schemas, and uses of tables. Null for
 * everything else. Tolerant: what is not understood in the middle of a statement is stepped over.
 */
export function readStatement(text: string, statement: SqlStatement): SqlChange | null {
  const cursor = new SqlCursor(statement.tokens)
  if (cursor.take('CREATE')) return create(text, cursor)
  if (cursor.take('ALTER', 'TABLE')) return alterTable(text, cursor)
  if (cursor.take('DROP', 'TABLE') || cursor.take('DROP', 'VIEW') || cursor.take('DROP', 'MATERIALIZED', 'VIEW'))
    return { is: 'drop table', tables: names(cursor) }
  if (cursor.take('DROP', 'INDEX')) return { is: 'drop index', names: names(cursor) }
  if (cursor.take('EXEC', 'SP_RENAME') || !WORDS_OF_USE.has(cursor.peek()?.upper ?? '')) return null
  return { is: 'use', ...sqlUses(statement.tokens) }
}

function create(text: string, cursor: SqlCursor): SqlChange | null {
  const unique = cursor.peek()?.upper === 'UNIQUE'
  while (cursor.takeAny(BEFORE_OBJECT));
  // `DEFINER = user@host SQL SECURITY DEFINER VIEW` of MySQL.
  if (cursor.peek()?.upper === 'DEFINER') while (!cursor.done && cursor.at < 16 && cursor.peek()?.upper !== 'VIEW') cursor.at += 1
  if (cursor.take('TABLE')) return createTable(text, cursor)
  if (cursor.take('VIEW')) {
    ifExists(cursor)
    const table = cursor.name()
    return table === null ? null : { is: 'create view', table, reads: sqlUses(cursor.tokens.slice(cursor.at)).reads }
  }
  if (cursor.take('SCHEMA')) {
    ifExists(cursor)
    const name = cursor.peek()?.upper === 'AUTHORIZATION' ? null : cursor.name()
    return name === null ? null : { is: 'create schema', name }
  }
  if (cursor.take('INDEX')) {
    cursor.take('CONCURRENTLY')
    ifExists(cursor)
    const name = cursor.peek()?.upper === 'ON' ? null : cursor.name()
    if (!cursor.take('ON')) return null
    cursor.take('ONLY')
    const table = cursor.name()
    if (name === null || table === null) return null
    while (!cursor.done && cursor.peek()?.upper !== '(') cursor.at += 1
    return { is: 'create index', name, table, columns: columnList(cursor.group()), unique }
  }
  return null
}

function createTable(text: string, cursor: SqlCursor): SqlChange | null {
  ifExists(cursor)
  const table = cursor.name()
  if (table === null) return null
  if (cursor.peek()?.upper !== '(') {
    const { reads } = sqlUses(cursor.tokens.slice(cursor.at))
    return reads.length > 0
      ? { is: 'create view', table, reads }
      : { is: 'create table', table, columns: [], primaryKey: [], foreignKeys: [] }
  }
  const columns: SqlColumn[] = []
  const primaryKey: string[] = []
  const foreignKeys: SqlForeignKey[] = []
  for (const part of splitByComma(cursor.group())) tablePart(text, part, { columns, primaryKey, foreignKeys })
  return { is: 'create table', table, columns, primaryKey, foreignKeys }
}

interface TableParts {
  readonly columns: SqlColumn[]
  readonly primaryKey: string[]
  readonly foreignKeys: SqlForeignKey[]
}

/** A column or a constraint of a table. */
function tablePart(text: string, part: readonly SqlToken[], into: TableParts): void {
  const [first, second] = part
  if (first === undefined) return
  const named = first.kind === 'quoted' || !TABLE_PARTS.has(first.upper)
  // `key text`, `index int`: keywords that are names of columns have a type behind them.
  const isColumn =
    named || (['KEY', 'INDEX', 'PERIOD', 'CHECK', 'LIKE'].includes(first.upper) && second?.kind === 'word' && part[2]?.upper !== '(')
  if (isColumn) {
    const column = readColumn(text, part)
    if (column === null) return
    into.columns.push(column)
    const at = part.findIndex((token) => token.upper === 'REFERENCES')
    const reference = at === -1 ? null : references(new SqlCursor(part, at + 1), [column.name], first.at)
    if (reference !== null) into.foreignKeys.push(reference)
    return
  }
  const cursor = new SqlCursor(part)
  if (cursor.take('CONSTRAINT')) cursor.name()
  if (cursor.take('PRIMARY', 'KEY')) {
    while (!cursor.done && cursor.peek()?.upper !== '(') cursor.at += 1
    into.primaryKey.push(...columnList(cursor.group()))
  } else if (cursor.take('FOREIGN', 'KEY')) {
    while (!cursor.done && cursor.peek()?.upper !== '(') cursor.at += 1
    const columns = columnList(cursor.group())
    const found = cursor.take('REFERENCES') ? references(cursor, columns, first.at) : null
    if (found !== null) into.foreignKeys.push(found)
  }
}

function references(cursor: SqlCursor, columns: readonly string[], at: number): SqlForeignKey | null {
  const table = cursor.name()
  if (table === null) return null
  return { columns, table, toColumns: cursor.peek()?.upper === '(' ? columnList(cursor.group()) : [], at }
}

/** `name type [constraints]`; a type may be missing (SQLite) and may have several words and parentheses. */
export function readColumn(text: string, part: readonly SqlToken[]): SqlColumn | null {
  const [first] = part
  const last = part.at(-1)
  if (first === undefined || last === undefined || (first.kind !== 'word' && first.kind !== 'quoted') || first.text === '') return null
  let to = 1
  let depth = 0
  while (to < part.length) {
    const upper = part[to]?.upper ?? ''
    if (upper === '(') depth += 1
    else if (upper === ')') depth -= 1
    else if (depth === 0 && AFTER_TYPE.has(upper)) break
    to += 1
  }
  const type = to === 1 ? '' : text.slice(part[1]?.at, part[to - 1]?.end)
  const rest = part.slice(to).map((token) => token.upper)
  const has = (...words: readonly string[]): boolean =>
    rest.some((_, index) => words.every((word, offset) => rest[index + offset] === word))
  const primaryKey = has('PRIMARY', 'KEY')
  const serial = /serial/i.test(type)
  return {
    name: foldedName(first.text, first.kind === 'quoted'),
    type: typeText(type),
    nullable: !has('NOT', 'NULL') && !primaryKey && !serial,
    primaryKey,
    unique: has('UNIQUE'),
    default: defaultOf(text, part, to),
    at: first.at,
    end: last.end,
  }
}

/** Values of an enumeration may be anything: the type is cut before strings get long. */
function typeText(written: string): string {
  const type = written.replaceAll(/\s+/g, ' ').trim()
  return type.length <= 60 ? type : `${type.slice(0, 57)}...`
}

function defaultOf(text: string, part: readonly SqlToken[], from: number): string | null {
  const at = part.findIndex((token, index) => index >= from && token.upper === 'DEFAULT')
  const first = part[at + 1]
  if (at === -1 || first === undefined) return null
  let to = at + 1
  let depth = 0
  while (to < part.length) {
    const upper = part[to]?.upper ?? ''
    if (upper === '(') depth += 1
    else if (upper === ')') depth -= 1
    else if (depth === 0 && to > at + 1 && AFTER_TYPE.has(upper)) break
    to += 1
  }
  return text.slice(first.at, part[to - 1]?.end)
}

type AlterTable = Extract<SqlChange, { is: 'alter table' }>

function alterTable(text: string, cursor: SqlCursor): SqlChange | null {
  ifExists(cursor)
  cursor.take('ONLY')
  const table = cursor.name()
  if (table === null) return null
  const parts: TableParts = { columns: [], primaryKey: [], foreignKeys: [] }
  const touched: { name: string; how: AlterTable['touched'][number]['how'] }[] = []
  let renamed: SqlName | null = null
  const touch = (inner: SqlCursor, how: AlterTable['touched'][number]['how']): void => {
    ifExists(inner)
    const name = inner.name()
    if (name !== null) touched.push({ name: name.name, how })
  }
  for (const action of splitByComma(cursor.tokens.slice(cursor.at))) {
    const inner = new SqlCursor(action)
    inner.take('WITH', 'CHECK')
    if (inner.take('ADD')) {
      const column = inner.take('COLUMN')
      ifExists(inner)
      if (inner.peek()?.upper === '(') for (const part of splitByComma(inner.group())) tablePart(text, part, parts)
      else tablePart(text, column ? asColumn(action.slice(inner.at)) : action.slice(inner.at), parts)
    } else if (inner.take('DROP')) {
      if (inner.take('COLUMN') || !['CONSTRAINT', 'PRIMARY', 'FOREIGN', 'INDEX', 'KEY', 'CHECK'].includes(inner.peek()?.upper ?? ''))
        touch(inner, 'drop column')
    } else if (inner.take('RENAME', 'TO') || inner.take('RENAME', 'AS')) renamed = inner.name()
    else if (inner.take('RENAME', 'COLUMN')) touch(inner, 'rename column')
    else if (inner.take('RENAME') && inner.peek(1)?.upper === 'TO') touch(inner, 'rename column')
    else if (inner.take('ALTER', 'COLUMN') || inner.take('ALTER') || inner.take('MODIFY', 'COLUMN') || inner.take('MODIFY'))
      touch(inner, 'alter column')
    else if (inner.take('CHANGE', 'COLUMN') || inner.take('CHANGE')) {
      touch(inner, 'rename column')
      tablePart(text, asColumn(action.slice(inner.at)), parts)
    } else if (parts.columns.length > 0 && action.length > 1 && action[0]?.kind !== 'sign') tablePart(text, action, parts)
  }
  return {
    is: 'alter table',
    table,
    added: parts.columns,
    touched,
    primaryKey: parts.primaryKey,
    foreignKeys: parts.foreignKeys,
    renamed,
  }
}

/** After the word COLUMN even a keyword is a name. */
function asColumn(part: readonly SqlToken[]): readonly SqlToken[] {
  return part.map((token, index) =>
    index === 0 && token.kind === 'word' ? { ...token, kind: 'quoted', text: foldedName(token.text, false) } : token,
  )
}

function ifExists(cursor: SqlCursor): void {
  if (!cursor.take('IF', 'NOT', 'EXISTS')) cursor.take('IF', 'EXISTS')
}

function names(cursor: SqlCursor): SqlName[] {
  cursor.take('CONCURRENTLY')
  ifExists(cursor)
  const found: SqlName[] = []
  do {
    const name = cursor.name()
    if (name === null) break
    found.push(name)
  } while (cursor.take(','))
  return found
}
