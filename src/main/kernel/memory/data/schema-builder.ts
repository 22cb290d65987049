import type { MigrationChanges } from './migration-changes'
import type { ModelColumn } from './model-facts'
import { plainColumn } from './model-facts'
import { sequelizeColumns } from './script-models'
import { declareIndex } from './sql-facts'
import { plural } from './table-names'
import { argumentStarts, callsAfter, chainBefore, closing, isSign, isText, isWord } from './token-walk'

const CREATE = new Set(['createTable', 'create', 'createTableIfNotExists'])
const ALTER = new Set(['alterTable', 'table'])
const DROP = new Set(['dropTable', 'dropTableIfExists', 'drop', 'dropIfExists'])
const NO_COLUMN = new Set([
  'primary',
  'unique',
  'index',
  'foreign',
  'comment',
  'engine',
  'charset',
  'collate',
  'dropForeign',
  'dropUnique',
  'dropIndex',
  'dropPrimary',
  'dropTimestamps',
  'check',
  'inherits',
  'setNullable',
  'dropNullable',
  'fullText',
  'spatialIndex',
])
const MOST_TOKENS = 4_000

/** Migrations of Knex, Kysely, Laravel and Sequelize. */
export function schemaBuilder(changes: MigrationChanges): void {
  const tokens = changes.file.tokens()
  const { places } = changes.file
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at]
    if (!isWord(word)) continue
    if ((word.text === 'up' || word.text === 'down') && !isSign(tokens[at - 1], '(')) changes.undo = word.text === 'down'
    const first = tokens[at + 2]
    if (!isSign(tokens[at + 1], '(') || !isText(first)) continue
    const before = chainBefore(tokens, at)
    const line = places.line(word.at)
    const end = closing(tokens, at + 1)
    const endLine = places.line(tokens[end]?.at ?? word.at)
    const starts = argumentStarts(tokens, at + 1)
    if (/^queryInterface$|^query$/i.test(before[0] ?? '')) {
      queryInterface(changes, at, starts, line, endLine)
      continue
    }
    const inSchema = before.some((name) => /^schema$/i.test(name)) || before.some((name) => CREATE.has(name) || DROP.has(name))
    if (!inSchema) continue
    const body = starts[1]
    if (CREATE.has(word.text)) {
      const columns = body === undefined ? kyselyColumns(changes, end, end) : bodyColumns(changes, first.text, body, end)
      changes.create(first.text, line, endLine, columns)
    } else if (ALTER.has(word.text)) {
      const columns = body === undefined ? kyselyColumns(changes, end, end) : bodyColumns(changes, first.text, body, end)
      changes.add(first.text, columns, line)
    } else if (DROP.has(word.text)) changes.table(first.text, line, 'drop table')
    else if (word.text === 'renameTable' || word.text === 'rename') changes.table(first.text, line, 'rename table')
  }
}

/** `t.string('email').notNullable()`, `$table->foreignId('user_id')->constrained()`. */
function bodyColumns(changes: MigrationChanges, table: string, from: number, end: number): ModelColumn[] {
  const { file } = changes
  const tokens = file.tokens()
  const columns: ModelColumn[] = []
  const holder = tokens
    .slice(from, from + 16)
    .find(
      (token, index) =>
        isWord(token) &&
        token.text !== 'function' &&
        token.text !== 'async' &&
        token.text !== 'Blueprint' &&
        !isWord(tokens[from + index + 1]),
    )?.text
  for (let at = from; at < Math.min(end, from + MOST_TOKENS); at += 1) {
    const word = tokens[at]
    if (!isWord(word) || !isSign(tokens[at + 1], '(') || chainBefore(tokens, at).length !== 1 || chainBefore(tokens, at)[0] !== holder)
      continue
    const line = file.places.line(word.at)
    const close = closing(tokens, at + 1)
    const chain = callsAfter(tokens, close)
    const name = tokens[at + 2]
    if (word.text === 'dropColumn' || word.text === 'renameColumn') {
      for (const token of tokens.slice(at + 2, word.text === 'renameColumn' ? at + 3 : close))
        if (isText(token)) changes.touch(table, token.text, line, word.text === 'dropColumn' ? 'drop column' : 'rename column')
      continue
    }
    if (word.text === 'index' || word.text === 'unique') {
      const names = tokens
        .slice(at + 2, close)
        .filter(isText)
        .map((token) => token.text)
      if (names.length > 0 && !changes.undo)
        declareIndex(
          file.facts,
          `index:${table}_${names.join('_')}_${word.text}`,
          `${table}_${names.join('_')}_${word.text}`,
          table,
          names,
          word.text === 'unique',
          line,
        )
      continue
    }
    if (word.text === 'timestamps') {
      for (const stamp of ['created_at', 'updated_at']) columns.push(plainColumn(stamp, 'timestamp', line))
      continue
    }
    if (word.text === 'foreign' && isText(name)) {
      const references = reference(changes, at, close, chain, name.text)
      const known = columns.findIndex((column) => column.name === name.text)
      const column = columns[known]
      if (column !== undefined && references !== undefined) columns[known] = { ...column, references }
      continue
    }
    const id = word.text === 'id' || word.text === 'increments' || word.text === 'bigIncrements' || word.text === 'uuidPrimary'
    if (NO_COLUMN.has(word.text) || (!isText(name) && !id)) continue
    const column = isText(name) ? name.text : 'id'
    const primaryKey = id || chain.includes('primary')
    // Columns are nullable in Knex unless they are said not to be, and the other way round in Laravel.
    const nullable = file.path.endsWith('.php') ? chain.includes('nullable') : !chain.includes('notNullable')
    columns.push(
      plainColumn(column, word.text === 'specificType' ? (tokens[at + 4]?.text ?? '') : word.text, line, {
        nullable: nullable && !primaryKey,
        primaryKey,
        unique: chain.includes('unique'),
        references: reference(changes, at, close, chain, column),
      }),
    )
  }
  return columns
}

function reference(
  changes: MigrationChanges,
  at: number,
  close: number,
  chain: readonly string[],
  column: string,
): ModelColumn['references'] {
  if (!chain.includes('references') && !chain.includes('constrained')) return undefined
  const from = changes.file.tokens()[close]?.at ?? 0
  const ahead = changes.file.text.slice(from, from + 400)
  const end = ahead.search(/;|\n[ \t]{0,80}[\w$}]/)
  const source = end === -1 ? ahead : ahead.slice(0, end)
  const written = /\breferences\(\s{0,9}["'`](?:(\w{1,100})\.)?(\w{1,100})/.exec(source)
  const table = written?.[1] ?? /\b(?:inTable|on|constrained)\(\s{0,9}["'`](\w{1,100})/.exec(source)?.[1]
  if (table !== undefined) return { table, column: written?.[2] ?? 'id' }
  const [, model] = /^(\w{1,100})_id$/.exec(column) ?? []
  return chain.includes('constrained') && model !== undefined && at < close ? { table: plural(model), column: 'id' } : undefined
}

/** `.createTable('person').addColumn('id', 'serial', (col) => col.primaryKey())`. */
function kyselyColumns(changes: MigrationChanges, from: number, end: number): ModelColumn[] {
  const { file } = changes
  const tokens = file.tokens()
  const columns: ModelColumn[] = []
  let at = Math.max(from, end) + 1
  while (isSign(tokens[at], '.') && isWord(tokens[at + 1]) && columns.length < 500) {
    const call = tokens[at + 1]
    const close = isSign(tokens[at + 2], '(') ? closing(tokens, at + 2) : at + 1
    const name = tokens[at + 3]
    const type = tokens[at + 5]
    if (call?.text === 'addColumn' && isText(name)) {
      const options = file.text.slice(name.at, tokens[close]?.at).slice(0, 500)
      const primaryKey = options.includes('primaryKey(')
      const [, table, column] = /references\(["'`](\w{1,100})\.(\w{1,100})/.exec(options) ?? []
      columns.push(
        plainColumn(name.text, isText(type) ? type.text : '', file.places.line(name.at), {
          primaryKey,
          nullable: !primaryKey && !options.includes('notNull('),
          unique: options.includes('unique('),
          references: table === undefined || column === undefined ? undefined : { table, column },
        }),
      )
    }
    at = close + 1
  }
  return columns
}

/** `queryInterface.createTable('Users', {...})` of Sequelize. */
function queryInterface(changes: MigrationChanges, at: number, starts: readonly number[], line: number, endLine: number): void {
  const { file } = changes
  const tokens = file.tokens()
  const table = tokens[at + 2]?.text ?? ''
  const second = starts[1]
  const name = second === undefined ? undefined : tokens[second]
  switch (tokens[at]?.text) {
    case 'createTable':
      changes.create(table, line, endLine, second === undefined ? [] : sequelizeColumns(file, second))
      return
    case 'dropTable':
      changes.table(table, line, 'drop table')
      return
    case 'renameTable':
      changes.table(table, line, 'rename table')
      return
    case 'addColumn':
      if (isText(name)) changes.add(table, [plainColumn(name.text, typeIn(file.text.slice(name.at, name.at + 300)), line)], line)
      return
    case 'removeColumn':
      if (isText(name)) changes.touch(table, name.text, line, 'drop column')
      return
    case 'renameColumn':
      if (isText(name)) changes.touch(table, name.text, line, 'rename column')
      return
    case 'changeColumn':
      if (isText(name)) changes.touch(table, name.text, line, 'alter column')
      return
    case 'addIndex':
      changes.table(table, line, 'create index')
      return
    default:
  }
}

function typeIn(source: string): string {
  return /(?:DataTypes|Sequelize|DataType)\.(\w{1,40})/.exec(source)?.[1] ?? ''
}
