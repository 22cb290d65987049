import { declareForeignKey, declareIndex } from './sql-facts'
import type { MigrationChanges } from './migration-changes'
import type { ModelColumn } from './model-facts'
import { plainColumn } from './model-facts'
import { plural } from './table-names'

const NAME = `[:"']([A-Za-z_][\\w.]{0,99})["']?`
const CREATE = new RegExp(`^\\s{0,40}create_table[\\s(]{1,9}${NAME}(.{0,400})`)
const CHANGE = new RegExp(`^\\s{0,40}change_table[\\s(]{1,9}${NAME}`)
const COLUMN = /^\s{0,40}t\.(\w{1,40})[\s(]{1,20}[:"']([A-Za-z_]\w{0,99})["']?(.{0,600})/
const INDEX = /^\s{0,40}t\.index[\s(]{1,9}(\[[^\]]{0,400}\]|[:"']\w{1,100}["']?)(.{0,400})/
const ADD_COLUMN = new RegExp(
  `^\\s{0,40}(?:add_column)[\\s(]{1,9}${NAME}\\s{0,9},\\s{0,9}${NAME}\\s{0,9},\\s{0,9}[:"'](\\w{1,40})(.{0,400})`,
)
const TOUCH = new RegExp(
  `^\\s{0,40}(remove_column|rename_column|change_column|change_column_null|change_column_default|remove_reference|remove_timestamps)[\\s(]{1,9}${NAME}\\s{0,9},\\s{0,9}${NAME}`,
)
const ADD_REFERENCE = new RegExp(`^\\s{0,40}add_(?:reference|belongs_to)[\\s(]{1,9}${NAME}\\s{0,9},\\s{0,9}${NAME}(.{0,400})`)
const ADD_INDEX = new RegExp(`^\\s{0,40}add_index[\\s(]{1,9}${NAME}\\s{0,9},\\s{0,9}(\\[[^\\]]{0,400}\\]|[:"']\\w{1,100}["']?)(.{0,400})`)
const FOREIGN_KEY = new RegExp(`^\\s{0,40}add_foreign_key[\\s(]{1,9}${NAME}\\s{0,9},\\s{0,9}${NAME}(.{0,400})`)
const DROP = new RegExp(`^\\s{0,40}drop_table[\\s(]{1,9}${NAME}`)
const RENAME = new RegExp(`^\\s{0,40}rename_table[\\s(]{1,9}${NAME}\\s{0,9},\\s{0,9}${NAME}`)
const NO_COLUMN = new Set([
  'index',
  'timestamps',
  'foreign_key',
  'check_constraint',
  'remove',
  'rename',
  'change',
  'change_default',
  'remove_index',
  'exclusion_constraint',
  'unique_constraint',
])

/** `schema.rb` and migrations of ActiveRecord, line by line. */
export function railsSchema(changes: MigrationChanges): void {
  const { facts, text } = changes.file
  let open: { readonly table: string; readonly line: number; readonly creates: boolean; readonly columns: ModelColumn[] } | null = null
  const lines = text.split(/\r?\n/)
  for (const [index, line] of lines.entries()) {
    const at = index + 1
    if (/^\s{0,20}def\s{1,9}(?:self\.)?(?:up|change|down)\b/.test(line)) changes.undo = line.includes('down')
    const create = CREATE.exec(line)
    if (create !== null) {
      const [, table = '', options = ''] = create
      const key = /\bid:\s{0,4}false|primary_key:\s{0,4}\[/.test(options)
        ? []
        : [
            plainColumn(
              /\bprimary_key:\s{0,4}["':](\w{1,100})/.exec(options)?.[1] ?? 'id',
              /\bid:\s{0,4}:(\w{1,30})/.exec(options)?.[1] ?? 'bigint',
              at,
              { primaryKey: true, nullable: false },
            ),
          ]
      open = { table, line: at, creates: true, columns: key }
      if (!/\bdo\b|\{/.test(options)) {
        changes.create(table, at, at, key)
        open = null
      }
      continue
    }
    const changed = CHANGE.exec(line)?.[1]
    if (changed !== undefined) {
      open = { table: changed, line: at, creates: false, columns: [] }
      continue
    }
    if (open !== null) {
      if (/^\s{0,40}(?:end\b|\})/.test(line)) {
        if (open.creates) changes.create(open.table, open.line, at, open.columns)
        else changes.add(open.table, open.columns, open.line)
        open = null
        continue
      }
      const [, list, options = ''] = INDEX.exec(line) ?? []
      if (list !== undefined) {
        addIndex(changes, open.table, list, options, at)
        if (!open.creates) changes.table(open.table, at, 'create index')
        continue
      }
      if (/^\s{0,40}t\.timestamps/.test(line))
        for (const stamp of ['created_at', 'updated_at']) open.columns.push(plainColumn(stamp, 'datetime', at, { nullable: false }))
      const [, type, name, rest = ''] = COLUMN.exec(line) ?? []
      if (type !== undefined && name !== undefined && !NO_COLUMN.has(type))
        open.columns.push(column(type, name, rest, at, line.indexOf(name)))
      continue
    }
    const [, toTable, name, type, rest = ''] = ADD_COLUMN.exec(line) ?? []
    if (toTable !== undefined && name !== undefined && type !== undefined) changes.add(toTable, [column(type, name, rest, at, 0)], at)
    const [, how, touchedTable, touched] = TOUCH.exec(line) ?? []
    if (how !== undefined && touchedTable !== undefined && touched !== undefined)
      changes.touch(
        touchedTable,
        how === 'remove_reference' ? `${touched}_id` : touched,
        at,
        how.startsWith('remove') ? 'drop column' : how === 'rename_column' ? 'rename column' : 'alter column',
      )
    const [, referenceTable, reference, options = ''] = ADD_REFERENCE.exec(line) ?? []
    if (referenceTable !== undefined && reference !== undefined)
      changes.add(referenceTable, [column('references', reference, options, at, 0)], at)
    const [, indexTable, list, indexOptions = ''] = ADD_INDEX.exec(line) ?? []
    if (indexTable !== undefined && list !== undefined) {
      addIndex(changes, indexTable, list, indexOptions, at)
      changes.table(indexTable, at, 'create index')
    }
    const [, from, to, keyOptions = ''] = FOREIGN_KEY.exec(line) ?? []
    if (from !== undefined && to !== undefined) {
      const own = /\bcolumn:\s{0,4}[:"'](\w{1,100})/.exec(keyOptions)?.[1] ?? `${singular(to)}_id`
      declareForeignKey(facts, from, {
        columns: [own],
        to,
        toColumns: [/\bprimary_key:\s{0,4}[:"'](\w{1,100})/.exec(keyOptions)?.[1] ?? 'id'],
        line: at,
      })
      changes.table(from, at, 'add foreign key')
    }
    const dropped = DROP.exec(line)?.[1]
    if (dropped !== undefined) changes.table(dropped, at, 'drop table')
    const [, old, renamed] = RENAME.exec(line) ?? []
    if (old !== undefined && renamed !== undefined) for (const table of [old, renamed]) changes.table(table, at, 'rename table')
  }
}

function column(type: string, name: string, rest: string, line: number, character: number): ModelColumn {
  const nullable = !/\bnull:\s{0,4}false/.test(rest)
  if (type === 'references' || type === 'belongs_to') {
    const foreign = /\bforeign_key:\s{0,4}(?:true|\{\s{0,4}to_table:\s{0,4}[:"'](\w{1,100}))/.exec(rest)
    return plainColumn(`${name}_id`, 'bigint', line, {
      column: character,
      nullable,
      references: foreign === null ? undefined : { table: foreign[1] ?? plural(name), column: 'id' },
    })
  }
  const own = type === 'column' ? (/^\s{0,9},\s{0,9}[:"'](\w{1,40})/.exec(rest)?.[1] ?? '') : type
  const standard = /\bdefault:\s{0,4}("[^"]{0,60}"|'[^']{0,60}'|[\w.-]{1,40})/.exec(rest)?.[1] ?? null
  return plainColumn(name, own, line, { column: character, nullable, default: standard?.replaceAll('"', "'") ?? null })
}

function addIndex(changes: MigrationChanges, table: string, list: string, options: string, line: number): void {
  const columns = [...list.matchAll(/\w{1,100}/g)].map(([name]) => name)
  const name = /\bname:\s{0,4}[:"'](\w{1,100})/.exec(options)?.[1] ?? `index_${table}_on_${columns.join('_and_')}`
  if (!changes.undo) declareIndex(changes.file.facts, `index:${name}`, name, table, columns, /\bunique:\s{0,4}true/.test(options), line)
}

function singular(table: string): string {
  if (table.endsWith('ies')) return `${table.slice(0, -3)}y`
  return table.endsWith('s') ? table.slice(0, -1) : table
}
