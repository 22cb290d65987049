import { parse } from 'pgsql-ast-parser'
import type { ColumnConstraint, CreateColumnDef, Expr, Name, PGNode, Statement, TableConstraint, TableReference } from 'pgsql-ast-parser'
import { sqlName } from './sql-changes'
import type { SqlChange, SqlColumn, SqlForeignKey, SqlName } from './sql-changes'
import { SqlCursor } from './sql-cursor'
import type { SqlStatement, SqlToken } from './sql-tokens'
import { sqlUses } from './sql-uses'

/** The grammar takes about 7 ms for 1,000 characters: what is longer is read by its words. */
const LONGEST = 4_000
/** Words that the grammar is known not to have: asking it would only cost time. */
const FOREIGN = /[`[]|\b(?:ENGINE|AUTO_INCREMENT|AUTOINCREMENT|IDENTITY|NVARCHAR|UNSIGNED|WITHOUT ROWID|PARTITION|OWNER TO)\b/i

/** A statement of PostgreSQL by its grammar; null when the grammar does not take it, or it makes and changes nothing that has a name here. */
export function postgresStatement(text: string, statement: SqlStatement): SqlChange | null {
  const first = statement.tokens[0]?.upper
  if ((first !== 'CREATE' && first !== 'ALTER') || statement.end - statement.at > LONGEST) return null
  const source = text.slice(statement.at, statement.end)
  if (FOREIGN.test(source)) return null
  const [parsed] = parsedStatements(source)
  return parsed === undefined ? null : new Converter(text, statement).change(parsed)
}

function parsedStatements(source: string): readonly Statement[] {
  try {
    return parse(source, { locationTracking: true })
  } catch (thrown) {
    // The grammar throws plain errors for every statement that it does not know: those are read by their words instead.
    if (thrown instanceof Error) return []
    throw thrown
  }
}

class Converter {
  readonly #text: string
  readonly #statement: SqlStatement
  readonly #tokenAt = new Map<number, number>()

  constructor(text: string, statement: SqlStatement) {
    this.#text = text
    this.#statement = statement
    for (const [index, token] of statement.tokens.entries()) this.#tokenAt.set(token.at, index)
  }

  change(parsed: Statement): SqlChange | null {
    switch (parsed.type) {
      case 'create table': {
        const columns: SqlColumn[] = []
        const primaryKey: string[] = []
        const foreignKeys: SqlForeignKey[] = []
        for (const column of parsed.columns) if (column.kind === 'column') this.#column(column, columns, foreignKeys)
        for (const constraint of parsed.constraints ?? []) this.#constraint(constraint, primaryKey, foreignKeys)
        return { is: 'create table', table: this.#name(parsed.name), columns, primaryKey, foreignKeys }
      }
      case 'create view':
      case 'create materialized view':
        return { is: 'create view', table: this.#name(parsed.name), reads: sqlUses(this.#statement.tokens.slice(2)).reads }
      case 'create index': {
        if (parsed.indexName === undefined) return null
        const columns = parsed.expressions.flatMap(({ expression }) =>
          expression.type === 'ref' ? [this.#written(expression, expression.name)] : [],
        )
        return {
          is: 'create index',
          name: this.#name(parsed.indexName),
          table: this.#name(parsed.table),
          columns,
          unique: parsed.unique === true,
        }
      }
      case 'create schema':
        return { is: 'create schema', name: this.#name(parsed.name) }
      case 'alter table': {
        const added: SqlColumn[] = []
        const primaryKey: string[] = []
        const foreignKeys: SqlForeignKey[] = []
        const touched: { name: string; how: 'drop column' | 'rename column' | 'alter column' }[] = []
        let renamed: SqlName | null = null
        for (const change of parsed.changes) {
          if (change.type === 'add column') this.#column(change.column, added, foreignKeys)
          else if (change.type === 'add constraint') this.#constraint(change.constraint, primaryKey, foreignKeys)
          else if (change.type === 'drop column') touched.push({ name: this.#name(change.column).name, how: 'drop column' })
          else if (change.type === 'alter column') touched.push({ name: this.#name(change.column).name, how: 'alter column' })
          else if (change.type === 'rename column') touched.push({ name: this.#name(change.column).name, how: 'rename column' })
          else if (change.type === 'rename') renamed = this.#name(change.to)
        }
        return { is: 'alter table', table: this.#name(parsed.table), added, touched, primaryKey, foreignKeys, renamed }
      }
      default:
        return null
    }
  }

  #column(column: CreateColumnDef, columns: SqlColumn[], foreignKeys: SqlForeignKey[]): void {
    const { name, at } = this.#name(column.name)
    const constraints = column.constraints ?? []
    const has = (type: ColumnConstraint['type']): boolean => constraints.some((constraint) => constraint.type === type)
    const written = this.#slice(column.dataType, '').replaceAll(/\s+/g, ' ')
    // The grammar's place of a type ends before its parenthesis.
    const type = written.includes('(') && !written.includes(')') ? `${written})` : written
    const primaryKey = has('primary key')
    let standard: string | null = null
    for (const constraint of constraints) {
      if (constraint.type === 'default') standard = this.#expression(constraint, constraint.default)
      else if (constraint.type === 'reference') foreignKeys.push(this.#foreignKey([name], constraint, at))
    }
    columns.push({
      name,
      type,
      nullable: !has('not null') && !primaryKey && !/serial/i.test(type),
      primaryKey,
      unique: has('unique'),
      default: standard,
      at,
      end: this.#statement.at + (column._location?.end ?? 0),
    })
  }

  #constraint(constraint: TableConstraint, primaryKey: string[], foreignKeys: SqlForeignKey[]): void {
    if (constraint.type === 'primary key') primaryKey.push(...constraint.columns.map((column) => this.#name(column).name))
    else if (constraint.type === 'foreign key') {
      const columns = constraint.localColumns.map((column) => this.#name(column).name)
      foreignKeys.push(this.#foreignKey(columns, constraint, this.#statement.at + (constraint._location?.start ?? 0)))
    }
  }

  #foreignKey(columns: readonly string[], reference: TableReference, at: number): SqlForeignKey {
    return {
      columns,
      table: this.#name(reference.foreignTable),
      toColumns: reference.foreignColumns.map((column) => this.#name(column).name),
      at,
    }
  }

  #expression(constraint: PGNode, expression: Expr): string {
    return this.#slice(constraint, this.#slice(expression, '')).replace(/^default\s+/i, '')
  }

  #slice(node: PGNode, otherwise: string): string {
    const place = node._location
    return place === undefined ? otherwise : this.#text.slice(this.#statement.at + place.start, this.#statement.at + place.end)
  }

  /** The grammar gives unquoted names in lower case; names are kept as they are written. */
  #name(name: Name & { readonly schema?: string }): SqlName {
    const at = this.#statement.at + (name._location?.start ?? 0)
    const index = name._location === undefined ? undefined : this.#tokenAt.get(at)
    const written = index === undefined ? null : new SqlCursor(this.#tokens(), index).name()
    return written ?? sqlName(name.schema === undefined ? [name.name] : [name.schema, name.name], at)
  }

  #written(node: PGNode, otherwise: string): string {
    const at = node._location === undefined ? undefined : this.#tokenAt.get(this.#statement.at + node._location.start)
    return (at === undefined ? null : new SqlCursor(this.#tokens(), at).name())?.name ?? otherwise
  }

  #tokens(): readonly SqlToken[] {
    return this.#statement.tokens
  }
}
