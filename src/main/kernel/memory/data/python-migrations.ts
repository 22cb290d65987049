import type { MigrationChanges } from './migration-changes'
import type { ModelColumn, ModelFile } from './model-facts'
import { plainColumn } from './model-facts'
import { djangoApp } from './python-models'
import { declareForeignKey, declareIndex } from './sql-facts'
import { argumentStarts, chainBefore, closing, isSign, isText, isWord } from './token-walk'

/** `op.create_table(...)` and its like of Alembic. What stands in `downgrade` undoes. */
export function alembicMigration(changes: MigrationChanges): void {
  const { file } = changes
  const tokens = file.tokens()
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at]
    if (!isWord(word)) continue
    if (isWord(tokens[at - 1], 'def')) changes.undo = word.text === 'downgrade'
    const holder = chainBefore(tokens, at)[0] ?? ''
    if (!isSign(tokens[at + 1], '(') || !/^(?:op|batch_op)$/.test(holder)) continue
    const line = file.places.line(word.at)
    const starts = argumentStarts(tokens, at + 1)
    const end = closing(tokens, at + 1)
    const texts = starts.map((start) => (isText(tokens[start]) ? (tokens[start]?.text ?? '') : ''))
    const [first = '', second = ''] = texts
    const schema = /\bschema\s{0,4}=\s{0,4}["'](\w{1,100})/.exec(file.text.slice(word.at, tokens[end]?.end).slice(-400))?.[1]
    const qualified = (table: string): string => (schema === undefined || schema === 'public' ? table : `${schema}.${table}`)
    switch (word.text) {
      case 'create_table':
        createTable(changes, at, qualified(first), starts.slice(1))
        break
      case 'drop_table':
        changes.table(qualified(first), line, 'drop table')
        break
      case 'rename_table':
        for (const table of [first, second]) changes.table(qualified(table), line, 'rename table')
        break
      case 'add_column':
        if (second === '' && starts[1] !== undefined) changes.add(qualified(first), alchemyColumns(file, [starts[1]]), line)
        break
      case 'drop_column':
        if (holder === 'op') changes.touch(qualified(first), second, line, 'drop column')
        break
      case 'alter_column':
        if (holder === 'op') changes.touch(qualified(first), second, line, 'alter column')
        break
      case 'create_index': {
        const name = first === '' ? (isWord(tokens[starts[0] ?? 0]) ? (tokens[(starts[0] ?? 0) + 4]?.text ?? '') : '') : first
        const columns =
          starts[2] === undefined
            ? []
            : tokens
                .slice(starts[2], closing(tokens, starts[2]))
                .filter(isText)
                .map((token) => token.text)
        if (name !== '' && second !== '' && !changes.undo)
          declareIndex(
            file.facts,
            `index:${name}`,
            name,
            qualified(second),
            columns,
            /unique\s{0,4}=\s{0,4}True/.test(file.text.slice(word.at, tokens[end]?.end).slice(0, 600)),
            line,
          )
        if (second !== '') changes.table(qualified(second), line, 'create index')
        break
      }
      case 'create_foreign_key':
        if (second !== '' && (texts[2] ?? '') !== '') {
          declareForeignKey(file.facts, qualified(second), {
            columns: listAt(file, starts[3]),
            to: texts[2] ?? '',
            toColumns: listAt(file, starts[4]),
            line,
          })
          changes.table(qualified(second), line, 'add foreign key')
        }
        break
      default:
    }
  }
}

/** `users = Table('users', metadata, Column(...))` of SQLAlchemy. */
export function metadataTables(changes: MigrationChanges): void {
  const tokens = changes.file.tokens()
  for (let at = 0; at < tokens.length; at += 1) {
    const name = tokens[at + 2]
    if (!isWord(tokens[at], 'Table') || !isSign(tokens[at + 1], '(') || !isText(name)) continue
    createTable(changes, at, name.text, argumentStarts(tokens, at + 1).slice(1))
  }
}

function createTable(changes: MigrationChanges, at: number, table: string, starts: readonly number[]): void {
  const { file } = changes
  const tokens = file.tokens()
  const line = file.places.line(tokens[at]?.at ?? 0)
  const keys = new Set<string>()
  for (const start of starts) {
    const call = callAt(file, start)
    if (call === null) continue
    if (call.name === 'PrimaryKeyConstraint')
      for (const token of tokens
        .slice(call.open, closing(tokens, call.open))
        .filter((entry, index) => isText(entry) && !isSign(tokens[call.open + index - 1], '=')))
        keys.add(token.text)
    if (call.name === 'ForeignKeyConstraint') {
      const [own, other] = argumentStarts(tokens, call.open)
      const targets = listAt(file, other).map((target) => target.split('.'))
      const to = targets[0]?.slice(0, -1).join('.') ?? ''
      if (to !== '')
        declareForeignKey(file.facts, table, {
          columns: listAt(file, own),
          to,
          toColumns: targets.map((target) => target.at(-1) ?? ''),
          line,
        })
    }
  }
  const columns = alchemyColumns(file, starts).map((column) =>
    keys.has(column.name) ? { ...column, primaryKey: true, nullable: false } : column,
  )
  if (columns.length > 0 || starts.length > 0)
    changes.create(table, line, file.places.line(tokens[closing(tokens, at + 1)]?.at ?? 0), columns)
}

/** `Column` or `sa.Column` where an argument begins. */
function callAt(file: ModelFile, start: number): { readonly name: string; readonly open: number } | null {
  const tokens = file.tokens()
  const word = isSign(tokens[start + 1], '.') ? start + 2 : start
  const name = tokens[word]
  return isWord(name) && isSign(tokens[word + 1], '(') ? { name: name.text, open: word + 1 } : null
}

function listAt(file: ModelFile, start: number | undefined): string[] {
  const tokens = file.tokens()
  return start === undefined
    ? []
    : tokens
        .slice(start, closing(tokens, start) + 1)
        .filter(isText)
        .map((token) => token.text)
}

function alchemyColumns(file: ModelFile, starts: readonly number[]): ModelColumn[] {
  const tokens = file.tokens()
  return starts.flatMap((start) => {
    const call = callAt(file, start)
    const name = call === null ? undefined : tokens[call.open + 1]
    if (call?.name !== 'Column' || !isText(name)) return []
    const end = closing(tokens, call.open)
    const options = file.text.slice(name.at, tokens[end]?.at).slice(0, 800)
    const [, table, column] = /ForeignKey\(\s{0,9}["']([\w.]{1,100})\.(\w{1,100})["']/.exec(options) ?? []
    const primaryKey = /primary_key\s{0,4}=\s{0,4}True/.test(options)
    const type = /^["'][^"']{1,100}["']\s{0,9},\s{0,60}(?:\w{1,30}\.){0,3}([A-Z]\w{0,40}(?:\([\w=, ]{0,40}\))?)/.exec(options)?.[1] ?? ''
    const place = file.places.place(name.at)
    return [
      plainColumn(name.text, type === 'ForeignKey' ? '' : type, place.line, {
        column: place.column + 1,
        primaryKey,
        nullable: !primaryKey && !/nullable\s{0,4}=\s{0,4}False/.test(options),
        unique: /unique\s{0,4}=\s{0,4}True/.test(options),
        references: table === undefined || column === undefined ? undefined : { table, column },
      }),
    ]
  })
}

/** `migrations.CreateModel(...)` and its like of Django. */
export function djangoMigration(changes: MigrationChanges): void {
  const { file } = changes
  const tokens = file.tokens()
  const app = djangoApp(file.path)
  for (let at = 0; at < tokens.length; at += 1) {
    const word = tokens[at]
    if (!isWord(word) || !isSign(tokens[at + 1], '(') || chainBefore(tokens, at)[0] !== 'migrations') continue
    const line = file.places.line(word.at)
    const end = closing(tokens, at + 1)
    const named = (name: string): number => {
      for (const start of argumentStarts(tokens, at + 1))
        if (isWord(tokens[start], name) && isSign(tokens[start + 1], '=')) return start + 2
      return -1
    }
    const text = (name: string): string => tokens[named(name)]?.text ?? ''
    const table = `${app}_${text('model_name').toLowerCase()}`
    switch (word.text) {
      case 'CreateModel': {
        const fields = named('fields')
        const columns =
          fields === -1
            ? []
            : argumentStarts(tokens, fields).flatMap((start) => djangoColumn(file, app, tokens[start + 1]?.text ?? '', start + 3))
        const explicit = /["']db_table["']\s{0,4}:\s{0,4}["']([\w]{1,100})/.exec(file.text.slice(word.at, tokens[end]?.at))?.[1]
        changes.create(explicit ?? `${app}_${text('name').toLowerCase()}`, line, file.places.line(tokens[end]?.at ?? 0), columns)
        break
      }
      case 'AddField':
        changes.add(table, djangoColumn(file, app, text('name'), named('field')), line)
        break
      case 'RemoveField':
        changes.touch(table, text('name'), line, 'drop column')
        break
      case 'AlterField':
        changes.touch(table, text('name'), line, 'alter column')
        break
      case 'RenameField':
        changes.touch(table, text('old_name'), line, 'rename column')
        break
      case 'DeleteModel':
        changes.table(`${app}_${(text('name') || (tokens[at + 2]?.text ?? '')).toLowerCase()}`, line, 'drop table')
        break
      case 'RenameModel':
        for (const name of ['old_name', 'new_name']) changes.table(`${app}_${text(name).toLowerCase()}`, line, 'rename table')
        break
      default:
    }
  }
}

function djangoColumn(file: ModelFile, app: string, name: string, start: number): ModelColumn[] {
  const tokens = file.tokens()
  let call = start
  while (isWord(tokens[call]) && isSign(tokens[call + 1], '.')) call += 2
  const type = tokens[call]
  if (name === '' || start < 0 || !isWord(type) || !isSign(tokens[call + 1], '(') || type.text === 'ManyToManyField') return []
  const options = file.text.slice(type.at, tokens[closing(tokens, call + 1)]?.end).slice(0, 800)
  const foreign = type.text === 'ForeignKey' || type.text === 'OneToOneField'
  const [, toApp, model] = /\bto\s{0,4}=\s{0,4}["'](?:(\w{1,60})\.)?(\w{1,100})["']/.exec(options) ?? []
  const primaryKey = /primary_key\s{0,4}=\s{0,4}True/.test(options)
  return [
    plainColumn(
      /\bdb_column\s{0,4}=\s{0,4}["'](\w{1,100})/.exec(options)?.[1] ?? (foreign ? `${name}_id` : name),
      type.text,
      file.places.line(type.at),
      {
        primaryKey,
        nullable: /\bnull\s{0,4}=\s{0,4}True/.test(options),
        unique: /\bunique\s{0,4}=\s{0,4}True/.test(options) || type.text === 'OneToOneField',
        references: foreign && model !== undefined ? { table: `${toApp ?? app}_${model.toLowerCase()}`, column: '' } : undefined,
      },
    ),
  ]
}
