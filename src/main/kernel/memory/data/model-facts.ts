import type { FileFacts } from '../code/file-facts'
import type { FactsCollector } from './collect-facts'
import { keyed, named } from './collect-facts'
import type { DeclaredColumn } from './sql-facts'
import { declareColumn, declareForeignKey, declareTable } from './sql-facts'
import { tablesOfModel } from './table-names'
import type { TextPlaces } from './text-place'
import type { Tokens } from './token-walk'

/** What readers of models have of a file. */
export interface ModelFile {
  readonly path: string
  readonly text: string
  readonly code: FileFacts | null
  readonly facts: FactsCollector
  readonly places: TextPlaces
  /** Made when asked for. */
  readonly tokens: () => Tokens
}

export interface ModelColumn extends DeclaredColumn {
  /** What a foreign key points at; the column is '' when only the table is known. */
  readonly references?: { readonly table: string; readonly column: string } | undefined
  /** The model that it points at, where the name of its table is said elsewhere. */
  readonly model?: string | undefined
}

export interface Model {
  readonly table: string
  /** Local key of the class, struct or variable that is the model; '' when there is none. */
  readonly symbol: string
  readonly line: number
  readonly endLine: number
  readonly columns: readonly ModelColumn[]
  /** "Django model", ...: how a person would call it. */
  readonly tool: string
}

/** A table that a model declares, with the symbol that stands for it. */
export function addModel(file: ModelFile, model: Model): void {
  const { facts } = file
  declareTable(facts, model.table, { line: model.line, endLine: model.endLine }, model.columns, { declaredBy: model.tool })
  for (const column of model.columns) {
    declareColumn(facts, model.table, column)
    const to = column.references
    for (const table of to === undefined && column.model !== undefined ? tablesOfModel(column.model) : [])
      for (const from of [`table:${model.table}`, `column:${model.table}.${column.name}`])
        facts.relate(keyed(from), 'references', named(table, 'table'), column.line, 0.7, 'foreign key by name of the model')
    if (to === undefined) continue
    declareForeignKey(facts, model.table, {
      columns: [column.name],
      to: to.table,
      toColumns: to.column === '' ? [] : [to.column],
      line: column.line,
    })
  }
  if (model.symbol !== '' && file.code?.symbols.some((symbol) => symbol.key === model.symbol) === true)
    facts.relate({ is: 'symbol', symbol: model.symbol }, 'references', keyed(`table:${model.table}`), model.line, 1, 'model of a table')
}

export function plainColumn(name: string, type: string, line: number, more: Partial<ModelColumn> = {}): ModelColumn {
  return { name, type, nullable: true, primaryKey: false, unique: false, default: null, line, endLine: line, column: 0, ...more }
}
