import { keyed, THE_FILE } from './collect-facts'
import type { ModelColumn, ModelFile } from './model-facts'
import { addModel } from './model-facts'
import { declareColumn, declareForeignKey, mentionTable } from './sql-facts'

export type ColumnChange = 'add column' | 'drop column' | 'rename column' | 'alter column'

/** What readers of migrations in programming languages report to. */
export class MigrationChanges {
  readonly file: ModelFile
  /** What undoes a migration changes, but declares nothing. */
  undo = false
  readonly #migration: boolean
  readonly #tool: string

  constructor(file: ModelFile, migration: boolean, tool: string) {
    this.file = file
    this.#migration = migration
    this.#tool = tool
  }

  create(table: string, line: number, endLine: number, columns: readonly ModelColumn[]): void {
    if (this.undo) mentionTable(this.file.facts, table, line)
    else addModel(this.file, { table, symbol: '', line, endLine, columns, tool: this.#tool })
    this.#writes(`table:${table}`, line, 'create table')
  }

  add(table: string, columns: readonly ModelColumn[], line: number): void {
    mentionTable(this.file.facts, table, line)
    this.#writes(`table:${table}`, line, 'alter table')
    for (const column of columns) {
      if (this.undo) this.file.facts.mention(`column:${table}.${column.name}`, 'column', column.name, { line: column.line })
      else addColumn(this.file, table, column)
      this.#writes(`column:${table}.${column.name}`, column.line, 'add column')
    }
  }

  touch(table: string, column: string, line: number, how: ColumnChange): void {
    mentionTable(this.file.facts, table, line)
    this.file.facts.mention(`column:${table}.${column}`, 'column', column, { line })
    this.#writes(`table:${table}`, line, 'alter table')
    this.#writes(`column:${table}.${column}`, line, how)
  }

  table(table: string, line: number, how: 'drop table' | 'rename table' | 'alter table' | 'create index' | 'add foreign key'): void {
    mentionTable(this.file.facts, table, line)
    this.#writes(`table:${table}`, line, how)
  }

  #writes(key: string, line: number, what: string): void {
    if (this.#migration) this.file.facts.relate(THE_FILE, 'writes', keyed(key), line, 1, `migration: ${what}`)
  }
}

function addColumn(file: ModelFile, table: string, column: ModelColumn): void {
  declareColumn(file.facts, table, column)
  if (column.references !== undefined)
    declareForeignKey(file.facts, table, {
      columns: [column.name],
      to: column.references.table,
      toColumns: column.references.column === '' ? [] : [column.references.column],
      line: column.line,
    })
}
