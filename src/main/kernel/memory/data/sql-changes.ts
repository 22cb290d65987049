/** What a statement of SQL makes, changes or uses, in whatever dialect it was written. Offsets are those of the text. */
export type SqlChange =
  | {
      readonly is: 'create table'
      readonly table: SqlName
      readonly columns: readonly SqlColumn[]
      readonly primaryKey: readonly string[]
      readonly foreignKeys: readonly SqlForeignKey[]
    }
  | { readonly is: 'create view'; readonly table: SqlName; readonly reads: readonly SqlName[] }
  | {
      readonly is: 'create index'
      readonly name: SqlName
      readonly table: SqlName
      readonly columns: readonly string[]
      readonly unique: boolean
    }
  | { readonly is: 'create schema'; readonly name: SqlName }
  | {
      readonly is: 'alter table'
      readonly table: SqlName
      readonly added: readonly SqlColumn[]
      readonly touched: readonly { readonly name: string; readonly how: 'drop column' | 'rename column' | 'alter column' }[]
      readonly primaryKey: readonly string[]
      readonly foreignKeys: readonly SqlForeignKey[]
      readonly renamed: SqlName | null
    }
  | { readonly is: 'drop table'; readonly tables: readonly SqlName[] }
  | { readonly is: 'drop index'; readonly names: readonly SqlName[] }
  | { readonly is: 'use'; readonly reads: readonly SqlName[]; readonly writes: readonly SqlName[] }

export interface SqlName {
  /** Null for the default schema: not given, `public`, `dbo` or `main`. */
  readonly schema: string | null
  readonly name: string
  readonly at: number
}

export interface SqlColumn {
  readonly name: string
  readonly type: string
  readonly nullable: boolean
  readonly primaryKey: boolean
  readonly unique: boolean
  /** As written; null when there is none. */
  readonly default: string | null
  readonly at: number
  readonly end: number
}

export interface SqlForeignKey {
  readonly columns: readonly string[]
  readonly table: SqlName
  readonly toColumns: readonly string[]
  readonly at: number
}

const DEFAULT_SCHEMAS = new Set(['public', 'dbo', 'main'])

/** A name as it is kept: `USERS` of old scripts is `users`; names that mix upper and lower case stay as they are written. */
export function foldedName(written: string, quoted: boolean): string {
  return !quoted && written.length > 1 && written === written.toUpperCase() ? written.toLowerCase() : written
}

/** Of `catalog.schema.table` the last two parts count. */
export function sqlName(parts: readonly string[], at: number): SqlName {
  const name = parts.at(-1) ?? ''
  const schema = parts.at(-2) ?? null
  return { schema: schema === null || DEFAULT_SCHEMAS.has(schema.toLowerCase()) ? null : schema, name, at }
}

export function tableId(name: SqlName): string {
  return name.schema === null ? name.name : `${name.schema}.${name.name}`
}
