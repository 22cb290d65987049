import { harmlessValue, isSensitiveName } from '../config/harmless-values'
import type { Target } from '../code/file-facts'
import type { FactsCollector } from './collect-facts'
import { keyed, THE_FILE } from './collect-facts'
import { tableId } from './sql-changes'
import type { SqlChange, SqlColumn, SqlForeignKey, SqlName } from './sql-changes'
import type { TextPlaces } from './text-place'

/** Where changes were read, and how they count. */
export interface ChangesFrom {
  readonly facts: FactsCollector
  readonly places: TextPlaces
  /** Added to offsets: SQL that stands in another language's string. */
  readonly offset: number
  /** What uses and changes: the file, or the symbol whose string it is. */
  readonly by: Target
  /** A migration's changes are written by its file. */
  readonly migration: boolean
  readonly undo: boolean
  readonly confidence: number
  /** "SQL", "SQL in a string". */
  readonly method: string
}

/** A column as every way of declaring one gives it. */
export type DeclaredColumn = Omit<SqlColumn, 'at' | 'end'> & { readonly line: number; readonly endLine: number; readonly column: number }

export function addChange(change: SqlChange, statement: { readonly at: number; readonly end: number }, from: ChangesFrom): void {
  const { facts, places, offset } = from
  const lines = (at: number, end: number): { line: number; endLine: number; column: number } => ({
    ...places.place(at + offset),
    endLine: places.line(Math.max(at, end - 1) + offset),
  })
  const line = places.line(statement.at + offset)
  const wrote = (table: SqlName, what: string): void => {
    if (from.migration) facts.relate(from.by, 'writes', keyed(`table:${tableId(table)}`), line, 1, `migration: ${what}`)
  }
  const wroteColumn = (table: SqlName, column: string, what: string): void => {
    if (from.migration) facts.relate(from.by, 'writes', keyed(`column:${tableId(table)}.${column}`), line, 1, `migration: ${what}`)
  }
  const columns = (table: SqlName, added: readonly SqlColumn[], primaryKey: readonly string[]): void => {
    for (const column of added) {
      const { line: at, endLine, column: character } = lines(column.at, column.end)
      const inKey = column.primaryKey || primaryKey.includes(column.name)
      const nullable = column.nullable && !inKey
      declareColumn(facts, tableId(table), { ...column, primaryKey: inKey, nullable, line: at, endLine, column: character })
    }
  }
  const keys = (table: SqlName, foreignKeys: readonly SqlForeignKey[]): void => {
    for (const key of foreignKeys)
      declareForeignKey(facts, tableId(table), { ...key, to: tableId(key.table), line: places.line(key.at + offset) })
  }
  switch (change.is) {
    case 'create table': {
      const id = tableId(change.table)
      if (from.undo) mentionTable(facts, id, line)
      else
        declareTable(
          facts,
          id,
          { ...lines(statement.at, statement.end), column: places.place(change.table.at + offset).column },
          change.columns,
        )
      if (!from.undo) columns(change.table, change.columns, change.primaryKey)
      keys(change.table, change.foreignKeys)
      wrote(change.table, 'create table')
      return
    }
    case 'create view': {
      const id = tableId(change.table)
      declareTable(facts, id, lines(statement.at, statement.end), [], { view: true })
      wrote(change.table, 'create view')
      for (const read of change.reads) {
        mentionTable(facts, tableId(read), places.line(read.at + offset))
        facts.relate(keyed(`table:${id}`), 'reads', keyed(`table:${tableId(read)}`), places.line(read.at + offset), 0.95, 'view')
      }
      return
    }
    case 'create index': {
      const table = tableId(change.table)
      const key = `index:${tableId(change.name)}`
      mentionTable(facts, table, line)
      declareIndex(facts, key, change.name.name, table, change.columns, change.unique, line)
      wrote(change.table, 'create index')
      return
    }
    case 'create schema':
      facts.declare(`schema:${change.name.name}`, 'schema', change.name.name, { line }, `schema ${change.name.name}`)
      if (from.migration) facts.relate(from.by, 'writes', keyed(`schema:${change.name.name}`), line, 1, 'migration: create schema')
      return
    case 'alter table': {
      const id = tableId(change.table)
      mentionTable(facts, id, line)
      columns(change.table, change.added, change.primaryKey)
      keys(change.table, change.foreignKeys)
      wrote(change.table, 'alter table')
      for (const column of change.added) wroteColumn(change.table, column.name, 'add column')
      for (const { name, how } of change.touched) {
        facts.mention(`column:${id}.${name}`, 'column', name, { line })
        wroteColumn(change.table, name, how)
      }
      if (change.renamed !== null) {
        const renamed: SqlName = { ...change.renamed, schema: change.renamed.schema ?? change.table.schema }
        mentionTable(facts, tableId(renamed), line)
        wrote(renamed, 'rename table')
        facts.relate(keyed(`table:${tableId(renamed)}`), 'references', keyed(`table:${id}`), line, 0.9, 'renamed from')
      }
      return
    }
    case 'drop table':
      for (const table of change.tables) {
        mentionTable(facts, tableId(table), line)
        wrote(table, 'drop table')
      }
      return
    case 'drop index':
      for (const name of change.names) {
        facts.mention(`index:${tableId(name)}`, 'index', name.name, { line })
        if (from.migration) facts.relate(from.by, 'writes', keyed(`index:${tableId(name)}`), line, 1, 'migration: drop index')
      }
      return
    case 'use':
      for (const [kind, tables] of [
        ['reads', change.reads],
        ['writes', change.writes],
      ] as const)
        for (const table of tables) {
          const at = places.line(table.at + offset)
          mentionTable(facts, tableId(table), at)
          facts.relate(from.by, kind, keyed(`table:${tableId(table)}`), at, from.confidence, from.method)
        }
  }
}

export function mentionTable(facts: FactsCollector, id: string, line: number): void {
  facts.mention(`table:${id}`, 'table', id.slice(id.lastIndexOf('.') + 1), { line })
}

export function declareTable(
  facts: FactsCollector,
  id: string,
  place: { readonly line: number; readonly endLine: number; readonly column?: number },
  columns: readonly { readonly name: string }[],
  attributes: Readonly<Record<string, string | boolean>> = {},
): void {
  const dot = id.lastIndexOf('.')
  const names = columns.map((column) => column.name)
  const shown = names.length > 12 ? [...names.slice(0, 12), '...'] : names
  const signature = `${attributes['view'] === true ? 'view' : 'table'} ${id}${shown.length === 0 ? '' : ` (${shown.join(', ')})`}`
  facts.declare(`table:${id}`, 'table', id.slice(dot + 1), place, signature, {
    ...(dot !== -1 && { schema: id.slice(0, dot) }),
    ...attributes,
  })
  facts.relate(THE_FILE, 'contains', keyed(`table:${id}`), place.line, 1, 'declaration')
  if (dot === -1) return
  const schema = id.slice(0, dot)
  facts.mention(`schema:${schema}`, 'schema', schema, { line: place.line })
  facts.relate(keyed(`schema:${schema}`), 'contains', keyed(`table:${id}`), place.line, 1, 'schema of a table')
}

export function declareColumn(facts: FactsCollector, table: string, column: DeclaredColumn): void {
  const key = `column:${table}.${column.name}`
  const standard = column.default === null ? null : harmlessDefault(column.name, column.default)
  const notes = [
    ...(column.primaryKey ? ['primary key'] : []),
    ...(column.nullable || column.primaryKey ? [] : ['not null']),
    ...(column.unique ? ['unique'] : []),
    ...(standard === null ? [] : [`default ${standard}`]),
  ]
  const type = harmlessType(column.type)
  facts.declare(key, 'column', column.name, column, [column.name, type, ...notes].filter((word) => word !== '').join(' '), {
    table,
    ...(type !== '' && { type }),
    nullable: column.nullable,
    primaryKey: column.primaryKey,
    ...(column.unique && { unique: true }),
    ...(standard !== null && { default: standard }),
  })
  facts.relate(keyed(`table:${table}`), 'contains', keyed(key), column.line, 1, 'column')
}

export function declareIndex(
  facts: FactsCollector,
  key: string,
  name: string,
  table: string,
  columns: readonly string[],
  unique: boolean,
  line: number,
): void {
  const list = columns.join(', ')
  facts.declare(key, 'index', name, { line }, `${unique ? 'unique ' : ''}index ${name} on ${table} (${list})`, { table, columns, unique })
  facts.relate(keyed(key), 'references', keyed(`table:${table}`), line, 1, 'index on a table')
  for (const column of columns) {
    facts.mention(`column:${table}.${column}`, 'column', column, { line })
    facts.relate(keyed(key), 'references', keyed(`column:${table}.${column}`), line, 1, 'index on a column')
  }
}

export function declareForeignKey(
  facts: FactsCollector,
  table: string,
  key: { readonly columns: readonly string[]; readonly to: string; readonly toColumns: readonly string[]; readonly line: number },
): void {
  mentionTable(facts, table, key.line)
  mentionTable(facts, key.to, key.line)
  facts.relate(keyed(`table:${table}`), 'references', keyed(`table:${key.to}`), key.line, 1, 'foreign key')
  for (const [index, column] of key.columns.entries()) {
    const own = `column:${table}.${column}`
    const toColumn = key.toColumns[index]
    const other = toColumn === undefined ? `table:${key.to}` : `column:${key.to}.${toColumn}`
    facts.mention(own, 'column', column, { line: key.line })
    if (toColumn !== undefined) facts.mention(other, 'column', toColumn, { line: key.line })
    facts.relate(keyed(own), 'references', keyed(other), key.line, 1, 'foreign key')
  }
}

/** Keywords, numbers and calls as written; a text only when it plainly is no secret. */
function harmlessDefault(column: string, written: string): string | null {
  const text = written.replaceAll(/\s+/g, ' ').trim()
  if (text.length > 60 || isSensitiveName(column)) return null
  const inner = /^[EN]?'([^']{0,60})'(?:::[\w ."]{1,40})?$/i.exec(text)?.[1]
  if (inner !== undefined) return inner === '' ? "''" : harmlessValue(column, inner) === null ? null : text
  return /['"]/.test(text) ? null : text
}

/** Types carry texts in enumerations only; one that is no plain word keeps the whole list out. */
function harmlessType(type: string): string {
  if (!/['"]/.test(type)) return type
  const texts = [...type.matchAll(/'([^']{0,80})'/g)]
  return texts.every((text) => harmlessValue('', text[1] ?? '') !== null) ? type : type.slice(0, type.search(/\(|['"]/))
}
