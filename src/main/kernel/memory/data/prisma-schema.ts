import { KeyframeError } from '../../../../shared/failure'
import type { FactsSource } from '../facts-source'
import { FactsCollector, keyed } from './collect-facts'
import { declareColumn, declareForeignKey, declareIndex, declareTable } from './sql-facts'

const BLOCK = /^\s{0,20}(model|view|enum|datasource|generator|type)\s{1,9}([A-Za-z]\w{0,99})\s{0,9}\{/
const FIELD = /^\s{1,40}([A-Za-z]\w{0,99})\s{1,60}([A-Za-z]\w{0,99}(?:\("[^"]{0,60}"\))?)(\[\]|\?)?(.{0,1000})$/
const SCALARS = new Set(['String', 'Boolean', 'Int', 'BigInt', 'Float', 'Decimal', 'DateTime', 'Json', 'Bytes', 'Unsupported'])

interface PrismaField {
  readonly name: string
  readonly column: string
  readonly type: string
  readonly mark: string
  readonly rest: string
  readonly line: number
}

interface PrismaModel {
  readonly kind: string
  readonly name: string
  readonly line: number
  endLine: number
  table: string
  schema: string
  readonly fields: PrismaField[]
  readonly attributes: { readonly text: string; readonly line: number }[]
}

/** Models of a Prisma schema as tables; variables of the environment that its data source is given. */
export const prismaSchema: FactsSource = {
  id: 'prisma',
  claims: (path) => path.endsWith('.prisma'),
  read({ path, text }) {
    const facts = new FactsCollector()
    const models: PrismaModel[] = []
    let open: PrismaModel | null = null
    for (const [index, raw] of text.split('\n').entries()) {
      const comment = raw.search(/(?:^|\s)\/\//)
      const line = (comment === -1 ? raw : raw.slice(0, comment)).trimEnd()
      const [, kind, name] = BLOCK.exec(line) ?? []
      const variable = /\benv\("([A-Za-z_]\w{0,99})"\)/.exec(line)?.[1]
      if (variable !== undefined) {
        facts.mention(`env_var:${variable}`, 'env_var', variable, { line: index + 1 })
        facts.relate({ is: 'symbol', symbol: '' }, 'reads', keyed(`env_var:${variable}`), index + 1, 0.95, 'data source of Prisma')
      }
      if (kind !== undefined && name !== undefined) {
        open = { kind, name, line: index + 1, endLine: index + 1, table: name, schema: '', fields: [], attributes: [] }
        models.push(open)
      } else if (open !== null && /^\s{0,20}\}/.test(line)) {
        open.endLine = index + 1
        open = null
      } else if (open !== null) inBlock(open, line, index + 1)
    }
    if (models.length === 0 && text.trim() !== '' && facts.isEmpty)
      throw new KeyframeError({
        code: 'memory.unreadable-schema',
        message: `${path} holds no block of a Prisma schema.`,
        action: 'Correct the file.',
      })
    const tables = models.filter((model) => model.kind === 'model' || model.kind === 'view')
    const names = new Map(tables.map((model) => [model.name, model]))
    for (const model of tables)
      add(facts, model, names, new Set(models.filter((other) => other.kind === 'enum').map((other) => other.name)))
    return facts.facts()
  },
}

function inBlock(model: PrismaModel, line: string, at: number): void {
  const text = line.trim()
  if (text.startsWith('@@')) {
    model.table = /^@@map\(\s{0,9}(?:name:\s{0,9})?"([^"]{1,100})"/.exec(text)?.[1] ?? model.table
    model.schema = /^@@schema\("([^"]{1,100})"/.exec(text)?.[1] ?? model.schema
    model.attributes.push({ text, line: at })
    return
  }
  const [, name, type = '', mark = '', rest = ''] = FIELD.exec(line) ?? []
  if (name === undefined) return
  const column = /(?:^|\s)@map\(\s{0,9}(?:name:\s{0,9})?"([^"]{1,100})"/.exec(rest)?.[1] ?? name
  model.fields.push({ name, column, type, mark, rest, line: at })
}

function idOf(model: PrismaModel): string {
  return model.schema === '' || model.schema === 'public' ? model.table : `${model.schema}.${model.table}`
}

function add(facts: FactsCollector, model: PrismaModel, models: ReadonlyMap<string, PrismaModel>, enums: ReadonlySet<string>): void {
  const id = idOf(model)
  const columns = model.fields.filter(
    (field) => !models.has(field.type) && (SCALARS.has(field.type.split('(', 1)[0] ?? '') || enums.has(field.type)),
  )
  const columnOf = (name: string): string => model.fields.find((field) => field.name === name)?.column ?? name
  const keys = new Set(model.attributes.flatMap(({ text }) => (text.startsWith('@@id') ? namesIn(text).map(columnOf) : [])))
  const seen = {
    declaredBy: 'Prisma schema',
    ...(model.name !== model.table && { model: model.name }),
    ...(model.kind === 'view' && { view: true }),
  }
  declareTable(
    facts,
    id,
    { line: model.line, endLine: model.endLine },
    columns.map((field) => ({ name: field.column })),
    seen,
  )
  for (const field of columns) {
    const primaryKey = /(?:^|\s)@id\b/.test(field.rest) || keys.has(field.column)
    declareColumn(facts, id, {
      name: field.column,
      type: `${field.type}${field.mark === '[]' ? '[]' : ''}`,
      nullable: field.mark === '?',
      primaryKey,
      unique: /(?:^|\s)@unique\b/.test(field.rest),
      default: /@default\(((?:[^()]|\([^()]{0,60}\)){1,80})\)/.exec(field.rest)?.[1]?.replaceAll('"', "'") ?? null,
      line: field.line,
      endLine: field.line,
      column: 2,
    })
  }
  for (const field of model.fields) {
    const other = models.get(field.type)
    const own = /\bfields:\s{0,9}\[([^\]]{1,300})\]/.exec(field.rest)?.[1]
    const theirs = /\breferences:\s{0,9}\[([^\]]{1,300})\]/.exec(field.rest)?.[1]
    if (other === undefined || own === undefined || theirs === undefined) continue
    const otherColumn = (name: string): string => other.fields.find((entry) => entry.name === name)?.column ?? name
    declareForeignKey(facts, id, {
      columns: listed(own).map(columnOf),
      to: idOf(other),
      toColumns: listed(theirs).map(otherColumn),
      line: field.line,
    })
  }
  for (const { text, line } of model.attributes) {
    if (!/^@@(?:index|unique)\b/.test(text)) continue
    const fields = namesIn(text).map(columnOf)
    const unique = text.startsWith('@@unique')
    const name = /\bmap:\s{0,9}"([^"]{1,100})"/.exec(text)?.[1] ?? `${model.table}_${fields.join('_')}_${unique ? 'key' : 'idx'}`
    declareIndex(facts, `index:${name}`, name, id, fields, unique, line)
  }
}

function namesIn(attribute: string): string[] {
  return listed(/\[([^\]]{1,500})\]/.exec(attribute)?.[1] ?? '')
}

/** `[email(sort: Desc), id]` without what is in parentheses. */
function listed(list: string): string[] {
  return list
    .replaceAll(/\([^)]{0,100}\)/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
