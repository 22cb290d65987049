import type { ModelColumn, ModelFile } from './model-facts'
import { addModel, plainColumn } from './model-facts'
import { snakeCase } from './table-names'

const CLASS = /^([ \t]{0,40})class[ \t]{1,9}([A-Za-z_]\w{0,99})[ \t]{0,9}(?:\(([^)]{0,300})\))?[ \t]{0,9}:/
const INDENT = /^[ \t]*/
const TABLE_NAME = /^__tablename__\s{0,9}(?::[^=]{0,60})?=\s{0,9}["']([\w.]{1,100})["']/
const DB_TABLE = /^db_table\s{0,9}=\s{0,9}["']([\w."]{1,100})["']/
const FIELD =
  /^([A-Za-z_]\w{0,99})\s{0,9}(?::\s{0,9}([^=]{1,200}?))?\s{0,9}=\s{0,9}(?:[A-Za-z_]\w{0,40}\.){0,3}([A-Za-z_]\w{0,60})\s{0,4}\(/
const ANNOTATED = /^([A-Za-z_]\w{0,99})\s{0,9}:\s{0,9}([\w[\]| .,"']{1,120})(?:=|$)/
const LONGEST_CALL = 40

interface Found {
  readonly name: string
  readonly bases: string
  readonly indent: number
  readonly line: number
  endLine: number
  body: number
  table: string
  abstract: boolean
  readonly columns: ModelColumn[]
}

/** Classes of Django, SQLAlchemy and SQLModel, line by line. */
export function pythonModels(file: ModelFile): void {
  if (!/\bmodels\.Model\b|__tablename__|\bmodels\.\w+Field|\btable\s{0,4}=\s{0,4}True\b/.test(file.text)) return
  const lines = file.text.split(/\r?\n/)
  const stack: Found[] = []
  const models: Found[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const indent = INDENT.exec(line)?.[0].length ?? 0
    while (stack.length > 0 && indent <= (stack.at(-1)?.indent ?? 0)) stack.pop()
    for (const open of stack) open.endLine = index + 1
    const [, , name, bases = ''] = CLASS.exec(line) ?? []
    if (name !== undefined) {
      const found: Found = { name, bases, indent, line: index + 1, endLine: index + 1, body: -1, table: '', abstract: false, columns: [] }
      stack.push(found)
      models.push(found)
      continue
    }
    const holder = stack.at(-1)
    if (holder === undefined) continue
    if (holder.body === -1) holder.body = indent
    const statement = line.trim()
    const outer = holder.name === 'Meta' ? stack.at(-2) : undefined
    if (outer !== undefined) {
      outer.table = DB_TABLE.exec(statement)?.[1]?.replaceAll('"', '') ?? outer.table
      if (/^abstract\s{0,4}=\s{0,4}True/.test(statement)) outer.abstract = true
    } else if (indent === holder.body) member(file, lines, index, statement, holder, models)
  }
  for (const model of models) {
    const django =
      /\bmodels\.Model\b/.test(model.bases) || model.columns.some((column) => column.type.endsWith('Field') || column.type === 'ForeignKey')
    const sqlmodel = /table\s{0,4}=\s{0,4}True/.test(model.bases)
    const explicit = model.table !== ''
    if (model.abstract || (!explicit && !/\bmodels\.Model\b/.test(model.bases) && !sqlmodel)) continue
    const table = explicit ? model.table : django ? `${djangoApp(file.path)}_${model.name.toLowerCase()}` : model.name.toLowerCase()
    const hasKey = model.columns.some((column) => column.primaryKey)
    const columns =
      django && !hasKey
        ? [plainColumn('id', 'AutoField', model.line, { primaryKey: true, nullable: false }), ...model.columns]
        : model.columns
    const tool = django ? 'Django model' : sqlmodel ? 'SQLModel model' : 'SQLAlchemy model'
    addModel(file, { table, symbol: model.name, line: model.line, endLine: model.endLine, columns, tool })
  }
}

function member(
  file: ModelFile,
  lines: readonly string[],
  index: number,
  statement: string,
  holder: Found,
  models: readonly Found[],
): void {
  const table = TABLE_NAME.exec(statement)?.[1]
  if (table !== undefined) {
    holder.table = table
    return
  }
  const [, name, annotation = '', call] = FIELD.exec(statement) ?? []
  if (name === undefined || call === undefined) {
    const [, plain, type = ''] = /table\s{0,4}=\s{0,4}True/.test(holder.bases) ? (ANNOTATED.exec(statement) ?? []) : []
    if (plain !== undefined) holder.columns.push(plainColumn(plain, type.trim(), index + 1, { nullable: /Optional|None/.test(type) }))
    return
  }
  const { text, endLine } = callText(lines, index)
  const place = { endLine, column: lines[index]?.indexOf(name) ?? 0 }
  const standard = /\bdefault\s{0,4}=\s{0,4}([\w.-]{1,60})\s{0,4}[,)]/.exec(text)?.[1] ?? null
  const unique = /\bunique\s{0,4}=\s{0,4}True/.test(text)
  const primaryKey = /\bprimary_key\s{0,4}=\s{0,4}True/.test(text)
  if (call === 'Column' || call === 'mapped_column' || call === 'Field') {
    const own = /^[^(]{1,200}\(\s{0,60}["']([\w]{1,100})["']/.exec(text)?.[1]
    const type =
      /Mapped\[(.{1,80})\]/.exec(annotation)?.[1] ??
      (annotation.trim() ||
        (/\(\s{0,60}(?:["']\w{1,100}["']\s{0,9},\s{0,60})?(?:\w{1,20}\.)?([A-Z]\w{1,40}(?:\([\d, ]{0,20}\))?)/.exec(text)?.[1] ?? ''))
    const [, toTable, toColumn] = /(?:ForeignKey\(|foreign_key\s{0,4}=)\s{0,60}["']([\w.]{1,100})\.(\w{1,100})["']/.exec(text) ?? []
    const optional = /Optional|None/.test(annotation)
    const nullable = /nullable\s{0,4}=\s{0,4}False/.test(text)
      ? false
      : annotation === '' || optional || /nullable\s{0,4}=\s{0,4}True/.test(text)
    const references = toTable === undefined || toColumn === undefined ? undefined : { table: toTable, column: toColumn }
    holder.columns.push(
      plainColumn(own ?? name, type === 'ForeignKey' ? '' : type, index + 1, {
        ...place,
        nullable: nullable && !primaryKey,
        primaryKey,
        unique,
        default: standard,
        references,
      }),
    )
    return
  }
  const foreign = call === 'ForeignKey' || call === 'OneToOneField'
  if (!foreign && !/^[A-Z]\w{0,60}Field$/.test(call)) return
  if (call === 'ManyToManyField') return
  const column = /\bdb_column\s{0,4}=\s{0,4}["'](\w{1,100})["']/.exec(text)?.[1] ?? (foreign ? `${name}_id` : name)
  const target = foreign ? djangoTarget(file, text, holder, models) : null
  holder.columns.push(
    plainColumn(column, call, index + 1, {
      ...place,
      nullable: /\bnull\s{0,4}=\s{0,4}True/.test(text),
      primaryKey,
      unique: unique || call === 'OneToOneField',
      default: standard,
      references: target === null ? undefined : { table: target, column: '' },
    }),
  )
}

/** The call that begins on this line, as far as its parenthesis closes. */
function callText(lines: readonly string[], index: number): { readonly text: string; readonly endLine: number } {
  let text = ''
  let depth = 0
  for (let at = index; at < Math.min(lines.length, index + LONGEST_CALL); at += 1) {
    const line = (lines[at] ?? '').slice(0, 2_000)
    text += `${line}\n`
    for (const char of line) {
      if (char === '(') depth += 1
      else if (char === ')') depth -= 1
    }
    if (depth <= 0) return { text, endLine: at + 1 }
  }
  return { text, endLine: index + 1 }
}

/** `ForeignKey(User)`, `ForeignKey("shop.Order")`, `ForeignKey("self")`; null for a model that is named by a setting. */
function djangoTarget(file: ModelFile, text: string, holder: Found, models: readonly Found[]): string | null {
  const [, app, written] = /(?:ForeignKey|OneToOneField)\(\s{0,60}(?:to\s{0,4}=\s{0,4})?["']?(?:(\w{1,60})\.)?(\w{1,100})/.exec(text) ?? []
  if (written === undefined || app === 'settings') return null
  const model = written === 'self' ? holder.name : written
  if (app !== undefined) return `${app}_${model.toLowerCase()}`
  const own = models.find((other) => other.name === model)
  if (own !== undefined) return own.table === '' ? `${djangoApp(file.path)}_${model.toLowerCase()}` : own.table
  const specifier = file.code?.imports.find((entry) => entry.names.some((entryName) => entryName.local === model))?.specifier ?? ''
  const parts = specifier.split('.').filter((part) => part !== '')
  const label = parts[parts.lastIndexOf('models') - 1] ?? djangoApp(file.path)
  return `${label}_${model.toLowerCase()}`
}

/** Label of the application: the folder of `models.py` or of `models/`. */
export function djangoApp(path: string): string {
  const folders = path
    .split('/')
    .slice(0, -1)
    .filter((part) => part !== 'models' && part !== 'migrations')
  return snakeCase(folders.at(-1) ?? 'app')
}
