import type { Model, ModelColumn, ModelFile } from './model-facts'
import { addModel, plainColumn } from './model-facts'
import { plural, snakeCase } from './table-names'
import { argumentStarts, callsAfter, chainBefore, closing, isSign, isText, isWord } from './token-walk'
import type { Tokens } from './token-walk'

const DRIZZLE = /^(?:(?:pg|mysql|sqlite|singlestore|mssql|cockroach)Table|createTable|table)$/
const COLUMN_DECORATORS = new Set([
  'Column',
  'PrimaryColumn',
  'PrimaryGeneratedColumn',
  'CreateDateColumn',
  'UpdateDateColumn',
  'DeleteDateColumn',
  'VersionColumn',
  'ObjectIdColumn',
])
const MODIFIERS = new Set(['public', 'private', 'protected', 'readonly', 'declare', 'override', 'static'])
const MOST_MEMBERS = 4_000

/** Tables of Drizzle, TypeORM, Sequelize and of Kysely's `Database`. */
export function scriptModels(file: ModelFile): void {
  const { text } = file
  if (/drizzle|(?:pg|mysql|sqlite)Table/.test(text)) drizzle(file)
  if (/@Entity\b/.test(text)) entities(file)
  if (/sequelize|DataTypes\b/i.test(text)) sequelize(file)
  if (/kysely/.test(text)) kysely(file)
}

function drizzle(file: ModelFile): void {
  const tokens = file.tokens()
  const found: { readonly at: number; readonly table: string; readonly variable: string }[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at]
    const name = tokens[at + 2]
    if (!isWord(word) || !DRIZZLE.test(word.text) || !isSign(tokens[at + 1], '(') || !isText(name)) continue
    const [holder] = chainBefore(tokens, at)
    const schema = holder === undefined ? '' : (schemaOf(tokens, holder) ?? '')
    if (word.text === 'table' && schema === '') continue
    const equals = holder === undefined ? at - 1 : at - 3
    const variable = isSign(tokens[equals], '=') ? tokens[equals - 1] : undefined
    found.push({ at, table: schema === '' ? name.text : `${schema}.${name.text}`, variable: isWord(variable) ? variable.text : '' })
  }
  const tables = new Map(found.map((entry) => [entry.variable, entry.table]))
  for (const { at, table, variable } of found) {
    const end = closing(tokens, at + 1)
    const second = argumentStarts(tokens, at + 1)[1] ?? end
    let open = second
    while (open < Math.min(end, second + 12) && !isSign(tokens[open], '{')) open += 1
    const columns = isSign(tokens[open], '{') ? argumentStarts(tokens, open).flatMap((start) => drizzleColumn(file, start, tables)) : []
    const line = file.places.line(tokens[at]?.at ?? 0)
    addModel(file, { table, symbol: variable, line, endLine: file.places.line(tokens[end]?.at ?? 0), columns, tool: 'Drizzle table' })
  }
}

/** `const billing = pgSchema('billing')` in the same file. */
function schemaOf(tokens: Tokens, variable: string): string | null {
  for (const [at, token] of tokens.entries()) {
    const name = tokens[at + 2]
    if (isWord(token) && /^(?:pg|mysql)Schema$/.test(token.text) && isWord(tokens[at - 2], variable) && isText(name)) return name.text
  }
  return null
}

function drizzleColumn(file: ModelFile, start: number, tables: ReadonlyMap<string, string>): ModelColumn[] {
  const tokens = file.tokens()
  const key = tokens[start]
  if (key === undefined || (!isWord(key) && !isText(key)) || !isSign(tokens[start + 1], ':')) return []
  let call = start + 2
  if (isSign(tokens[call + 1], '.') && isWord(tokens[call + 2])) call += 2
  const type = tokens[call]
  if (!isWord(type) || !isSign(tokens[call + 1], '(')) return []
  const close = closing(tokens, call + 1)
  const written = tokens[call + 2]
  const chain = callsAfter(tokens, close)
  let references: ModelColumn['references']
  let model: string | undefined
  let at = close
  for (const name of chain) {
    while (at < close + 400 && !isWord(tokens[at], name)) at += 1
    if (name !== 'references') continue
    const arrow = [...tokens.slice(at, at + 14)].findIndex((token, index) => isSign(token, '=') && isSign(tokens[at + index + 1], '>'))
    const table = tokens[at + arrow + 2]
    const column = tokens[at + arrow + 4]
    if (arrow === -1 || !isWord(table) || !isWord(column)) continue
    const known = tables.get(table.text)
    if (known === undefined) model = table.text
    else references = { table: known, column: snakeCase(column.text) }
  }
  const place = file.places.place(key.at)
  return [
    plainColumn(isText(written) ? written.text : key.text, type.text, place.line, {
      column: place.column,
      primaryKey: chain.includes('primaryKey'),
      nullable: !chain.includes('notNull') && !chain.includes('primaryKey'),
      unique: chain.includes('unique'),
      references,
      model,
    }),
  ]
}

/** Decorated classes of TypeORM and MikroORM. */
function entities(file: ModelFile): void {
  const tokens = file.tokens()
  for (let at = 0; at < tokens.length; at += 1) {
    if (!isSign(tokens[at], '@') || !isWord(tokens[at + 1], 'Entity')) continue
    const end = isSign(tokens[at + 2], '(') ? closing(tokens, at + 2) : at + 1
    const options = file.text.slice(tokens[at + 2]?.at, tokens[end]?.end).slice(0, 600)
    let start = end + 1
    while (start < Math.min(tokens.length, end + 60) && !isWord(tokens[start], 'class')) start += 1
    const name = tokens[start + 1]
    if (!isWord(tokens[start], 'class') || !isWord(name)) continue
    let open = start
    while (open < Math.min(tokens.length, start + 60) && !isSign(tokens[open], '{')) open += 1
    const close = closing(tokens, open)
    const schema = /\bschema\s{0,9}:\s{0,9}["'`](\w{1,100})/.exec(options)?.[1]
    const table =
      /^\(\s{0,60}["'`]([\w.]{1,100})/.exec(options)?.[1] ??
      /\b(?:name|tableName)\s{0,9}:\s{0,9}["'`]([\w.]{1,100})/.exec(options)?.[1] ??
      snakeCase(name.text)
    const columns = decorated(file, open, close)
    const line = file.places.line(tokens[at]?.at ?? 0)
    addModel(file, {
      table: schema === undefined ? table : `${schema}.${table}`,
      symbol: name.text,
      line,
      endLine: file.places.line(tokens[close]?.at ?? 0),
      columns,
      tool: 'TypeORM entity',
    })
  }
}

function decorated(file: ModelFile, open: number, close: number): ModelColumn[] {
  const tokens = file.tokens()
  const columns: ModelColumn[] = []
  let options: { decorator: string; text: string }[] = []
  let at = open + 1
  while (at < Math.min(close, open + MOST_MEMBERS)) {
    const token = tokens[at]
    if (isSign(token, '@') && isWord(tokens[at + 1])) {
      const end = isSign(tokens[at + 2], '(') ? closing(tokens, at + 2) : at + 1
      options.push({ decorator: tokens[at + 1]?.text ?? '', text: file.text.slice(tokens[at + 2]?.at, tokens[end]?.end).slice(0, 600) })
      at = end + 1
    } else if (isWord(token) && MODIFIERS.has(token.text)) at += 1
    else if (isWord(token) && options.length > 0) {
      columns.push(...decoratedColumn(file, at, options))
      options = []
      at += 1
    } else if (isSign(token, '{') || isSign(token, '(')) at = closing(tokens, at) + 1
    else {
      if (isSign(token, ';')) options = []
      at += 1
    }
  }
  return columns
}

function decoratedColumn(
  file: ModelFile,
  at: number,
  options: readonly { readonly decorator: string; readonly text: string }[],
): ModelColumn[] {
  const tokens = file.tokens()
  const name = tokens[at]
  if (name === undefined) return []
  const place = file.places.place(name.at)
  const isOptional = isSign(tokens[at + 1], '?')
  const type = tokens[at + (isOptional || isSign(tokens[at + 1], '!') ? 3 : 2)]?.text ?? ''
  const column = options.find((entry) => COLUMN_DECORATORS.has(entry.decorator))
  const relation = options.find(
    (entry) =>
      entry.decorator === 'ManyToOne' || (entry.decorator === 'OneToOne' && options.some((other) => other.decorator === 'JoinColumn')),
  )
  if (relation !== undefined) {
    const target = /=>\s{0,9}(\w{1,100})/.exec(relation.text)?.[1] ?? /^\(\s{0,9}(?:["'`])?([A-Z]\w{0,99})/.exec(relation.text)?.[1]
    const join = options.find((entry) => entry.decorator === 'JoinColumn')
    const own = /\bname\s{0,9}:\s{0,9}["'`](\w{1,100})/.exec(join?.text ?? '')?.[1] ?? `${name.text}Id`
    if (target === undefined) return []
    return [
      plainColumn(own, '', place.line, {
        column: place.column,
        nullable: !/nullable\s{0,9}:\s{0,9}false/.test(relation.text),
        model: target,
      }),
    ]
  }
  if (column === undefined) return []
  const own = /\bname\s{0,9}:\s{0,9}["'`](\w{1,100})/.exec(column.text)?.[1] ?? name.text
  const written =
    /^\(\s{0,9}["'`]([\w ]{1,40})/.exec(column.text)?.[1] ?? /\btype\s{0,9}:\s{0,9}["'`]([\w ]{1,40})/.exec(column.text)?.[1] ?? type
  const primaryKey = column.decorator.startsWith('Primary') || /\bprimary\s{0,9}:\s{0,9}true/.test(column.text)
  return [
    plainColumn(own, written, place.line, {
      column: place.column,
      primaryKey,
      nullable: /\bnullable\s{0,9}:\s{0,9}true/.test(column.text),
      unique: /\bunique\s{0,9}:\s{0,9}true/.test(column.text),
    }),
  ]
}

/** `sequelize.define('User', {...}, {...})` and `User.init({...}, {...})`. */
function sequelize(file: ModelFile): void {
  const tokens = file.tokens()
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at]
    if (!isWord(word) || !isSign(tokens[at + 1], '(')) continue
    const [holder] = chainBefore(tokens, at)
    const first = tokens[at + 2]
    const defines = word.text === 'define' && /sequelize|^db$/i.test(holder ?? '') && isText(first)
    const inits = word.text === 'init' && holder !== undefined && /^[A-Z]/.test(holder) && isSign(first, '{')
    if (!defines && !inits) continue
    const starts = argumentStarts(tokens, at + 1)
    const open = starts[defines ? 1 : 0]
    const options = starts[defines ? 2 : 1]
    const end = closing(tokens, at + 1)
    const rest = options === undefined ? '' : file.text.slice(tokens[options]?.at, tokens[end]?.at).slice(0, 1_000)
    const name = defines ? (first?.text ?? '') : (holder ?? '')
    const table =
      /\btableName\s{0,9}:\s{0,9}["'`]([\w.]{1,100})/.exec(rest)?.[1] ??
      (/freezeTableName\s{0,9}:\s{0,9}true/.test(rest)
        ? name
        : plural(/underscored\s{0,9}:\s{0,9}true/.test(rest) ? snakeCase(name) : name))
    if (open === undefined || !isSign(tokens[open], '{')) continue
    addModel(file, {
      table,
      symbol: name,
      line: file.places.line(word.at),
      endLine: file.places.line(tokens[end]?.at ?? 0),
      columns: sequelizeColumns(file, open),
      tool: 'Sequelize model',
    })
  }
}

/** Columns of an object such as `{ email: { type: DataTypes.STRING, allowNull: false } }`, of models and of migrations. */
export function sequelizeColumns(file: ModelFile, open: number): ModelColumn[] {
  const tokens = file.tokens()
  const end = closing(tokens, open)
  const starts = argumentStarts(tokens, open)
  return starts.flatMap((start, index) => {
    const key = tokens[start]
    if (key === undefined || (!isWord(key) && !isText(key)) || !isSign(tokens[start + 1], ':')) return []
    const options = file.text.slice(tokens[start + 2]?.at, tokens[starts[index + 1] ?? end]?.at).slice(0, 800)
    const type =
      /(?:DataTypes|Sequelize|DataType)\.(\w{1,40})/.exec(options)?.[1] ?? /\btype\s{0,9}:\s{0,9}["'`]?(\w{1,40})/.exec(options)?.[1]
    if (type === undefined) return []
    const place = file.places.place(key.at)
    const primaryKey = /\bprimaryKey\s{0,9}:\s{0,9}true/.test(options)
    const model = /\bmodel\s{0,9}:\s{0,9}(?:\{\s{0,60}tableName\s{0,9}:\s{0,9})?["'`](\w{1,100})/.exec(options)?.[1]
    const column = /\bkey\s{0,9}:\s{0,9}["'`](\w{1,100})/.exec(options)?.[1] ?? ''
    return [
      plainColumn(/\bfield\s{0,9}:\s{0,9}["'`](\w{1,100})/.exec(options)?.[1] ?? key.text, type, place.line, {
        column: place.column,
        primaryKey,
        nullable: !primaryKey && !/\ballowNull\s{0,9}:\s{0,9}false/.test(options),
        unique: /\bunique\s{0,9}:\s{0,9}true/.test(options),
        references: model === undefined ? undefined : { table: model, column },
      }),
    ]
  })
}

/** `interface Database { person: PersonTable }`, with the columns of tables that are declared in the same file. */
function kysely(file: ModelFile): void {
  const tokens = file.tokens()
  const interfaces = new Map<string, number>()
  for (const [at, token] of tokens.entries()) {
    const name = tokens[at + 1]
    if (isWord(token, 'interface') && isWord(name) && isSign(tokens[at + 2], '{')) interfaces.set(name.text, at + 2)
    else if (isWord(token, 'type') && isWord(name) && isSign(tokens[at + 2], '=') && isSign(tokens[at + 3], '{'))
      interfaces.set(name.text, at + 3)
  }
  for (const name of ['Database', 'DB']) {
    const open = interfaces.get(name)
    if (open === undefined) continue
    for (const { key, at, type } of members(tokens, open)) {
      const inner = interfaces.get(type)
      const columns =
        inner === undefined
          ? []
          : members(tokens, inner).map((member) => plainColumn(member.key, member.type, file.places.line(member.at), { nullable: false }))
      const line = file.places.line(at)
      const model: Model = { table: key, symbol: inner === undefined ? '' : type, line, endLine: line, columns, tool: 'Kysely table' }
      addModel(file, model)
    }
  }
}

function members(tokens: Tokens, open: number): { readonly key: string; readonly at: number; readonly type: string }[] {
  const found: { key: string; at: number; type: string }[] = []
  const end = closing(tokens, open)
  for (let at = open + 1; at < end; at += 1) {
    const key = tokens[at]
    if (isSign(key, '{') || isSign(key, '(') || isSign(key, '<')) at = isSign(key, '<') ? at : closing(tokens, at)
    else if (key !== undefined && (isWord(key) || isText(key)) && isSign(tokens[at + 1], ':') && isWord(tokens[at + 2])) {
      found.push({ key: key.text, at: key.at, type: tokens[at + 2]?.text ?? '' })
      at += 2
    }
  }
  return found
}
