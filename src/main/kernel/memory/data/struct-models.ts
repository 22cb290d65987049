import type { ModelColumn, ModelFile } from './model-facts'
import { addModel, plainColumn } from './model-facts'
import { plural, snakeCase } from './table-names'
import { closing, isSign, isWord } from './token-walk'

const STRUCT = /^type\s{1,9}([A-Z]\w{0,99})\s{1,9}struct\s{0,9}\{/
const FIELD = /^\s{1,40}([A-Z]\w{0,99})\s{1,60}([\w.*[\]]{1,80})\s{0,60}(?:`([^`]{0,300})`)?/
const TABLE_NAME = /^func\s{0,9}\(\s{0,9}(?:\w{1,40}\s{1,9})?\*?(\w{1,100})\)\s{0,9}TableName\(\)\s{0,9}string\s{0,9}\{/

/** Structs of GORM: with `gorm` tags or an embedded `gorm.Model`. */
export function goModels(file: ModelFile): void {
  if (!file.text.includes('gorm')) return
  const lines = file.text.split(/\r?\n/)
  const tables = new Map<string, string>()
  for (const [index, line] of lines.entries()) {
    const model = TABLE_NAME.exec(line)?.[1]
    const name = /return\s{1,9}"([\w.]{1,100})"/.exec(`${line} ${lines[index + 1] ?? ''}`.slice(0, 600))?.[1]
    if (model !== undefined && name !== undefined) tables.set(model, name)
  }
  for (let index = 0; index < lines.length; index += 1) {
    const name = STRUCT.exec(lines[index] ?? '')?.[1]
    if (name === undefined) continue
    const columns: ModelColumn[] = []
    let isModel = tables.has(name)
    let end = index + 1
    for (; end < lines.length && !(lines[end] ?? '').startsWith('}'); end += 1) {
      const line = lines[end] ?? ''
      if (/^\s{1,40}gorm\.Model\b/.test(line)) {
        isModel = true
        columns.push(plainColumn('id', 'uint', end + 1, { primaryKey: true, nullable: false }))
        for (const stamp of ['created_at', 'updated_at', 'deleted_at']) columns.push(plainColumn(stamp, 'time.Time', end + 1))
        continue
      }
      const [, field, type = '', tags = ''] = FIELD.exec(line) ?? []
      if (field === undefined) continue
      const tag = /\bgorm:"([^"]{0,300})"/.exec(tags)?.[1]
      if (tag !== undefined) isModel = true
      if (tag === '-' || /foreignKey|many2many|references:/i.test(tag ?? '') || (/^(?:\*|\[\])*[A-Z]/.test(type) && tag === undefined))
        continue
      const primaryKey = /primary_?key/i.test(tag ?? '') || field === 'ID'
      columns.push(
        plainColumn(
          /\bcolumn:([\w]{1,100})/.exec(tag ?? '')?.[1] ?? snakeCase(field),
          /\btype:([\w() ,]{1,60})/.exec(tag ?? '')?.[1] ?? type,
          end + 1,
          {
            column: line.indexOf(field),
            primaryKey,
            nullable: !primaryKey && !/not null/i.test(tag ?? ''),
            unique: /unique/i.test(tag ?? ''),
          },
        ),
      )
    }
    if (isModel)
      addModel(file, {
        table: tables.get(name) ?? plural(snakeCase(name)),
        symbol: name,
        line: index + 1,
        endLine: end + 1,
        columns,
        tool: 'GORM model',
      })
    index = end
  }
}

/** `diesel::table! { users (id) { id -> Integer, } }`. */
export function rustModels(file: ModelFile): void {
  if (!file.text.includes('table!')) return
  const tokens = file.tokens()
  for (let at = 0; at < tokens.length; at += 1) {
    if (!isWord(tokens[at], 'table') || !isSign(tokens[at + 1], '!') || !isSign(tokens[at + 2], '{')) continue
    const end = closing(tokens, at + 2)
    let start = at + 3
    while (isSign(tokens[start], '#')) start = closing(tokens, start + 1) + 1
    while (isWord(tokens[start], 'use')) {
      while (start < end && !isSign(tokens[start], ';')) start += 1
      start += 1
    }
    let name = tokens[start]?.text ?? ''
    if (isSign(tokens[start + 1], '.')) {
      name = `${name}.${tokens[start + 2]?.text ?? ''}`
      start += 2
    }
    const keys = isSign(tokens[start + 1], '(') ? tokens.slice(start + 2, closing(tokens, start + 1)).map((token) => token.text) : ['id']
    let open = start + 1
    while (open < end && !isSign(tokens[open], '{')) open += 1
    const columns: ModelColumn[] = []
    for (let index = open + 1; index < end; index += 1) {
      const column = tokens[index]
      const type = tokens[index + 3]
      if (!isWord(column) || !isSign(tokens[index + 1], '-') || !isSign(tokens[index + 2], '>') || !isWord(type)) continue
      const place = file.places.place(column.at)
      columns.push(
        plainColumn(column.text, type.text === 'Nullable' ? (tokens[index + 5]?.text ?? '') : type.text, place.line, {
          column: place.column,
          nullable: type.text === 'Nullable',
          primaryKey: keys.includes(column.text),
        }),
      )
    }
    if (/^\w/.test(name))
      addModel(file, {
        table: name,
        symbol: '',
        line: file.places.line(tokens[at]?.at ?? 0),
        endLine: file.places.line(tokens[end]?.at ?? 0),
        columns,
        tool: 'Diesel table',
      })
    at = end
  }
}

const ANNOTATIONS_OF_JOIN = /^(?:ManyToOne|OneToOne)$/
const MODIFIERS = new Set([
  'public',
  'private',
  'protected',
  'final',
  'static',
  'transient',
  'volatile',
  'lateinit',
  'open',
  'override',
  'var',
  'val',
])

/** Classes of JPA: `@Entity`, `@Table(name)`, `@Column`, `@Id`, `@ManyToOne` with `@JoinColumn`. Java and Kotlin. */
export function javaModels(file: ModelFile): void {
  if (!/@Entity\b/.test(file.text)) return
  const tokens = file.tokens()
  for (let at = 0; at < tokens.length; at += 1) {
    if (!isSign(tokens[at], '@') || !isWord(tokens[at + 1], 'Entity')) continue
    let start = at
    let options = ''
    while (start < Math.min(tokens.length, at + 400) && !isWord(tokens[start], 'class')) {
      if (isSign(tokens[start], '@') && isWord(tokens[start + 1], 'Table') && isSign(tokens[start + 2], '(')) {
        const end = closing(tokens, start + 2)
        options = file.text.slice(tokens[start + 2]?.at, tokens[end]?.end).slice(0, 600)
        start = end
      }
      start += 1
    }
    const name = tokens[start + 1]
    if (!isWord(tokens[start], 'class') || !isWord(name)) continue
    let open = start + 2
    while (open < Math.min(tokens.length, start + 60) && !isSign(tokens[open], '{') && !isSign(tokens[open], '(')) open += 1
    const close = closing(tokens, open)
    const schema = /\bschema\s{0,9}=\s{0,9}"(\w{1,100})"/.exec(options)?.[1]
    const table = /\bname\s{0,9}=\s{0,9}"([\w.]{1,100})"/.exec(options)?.[1] ?? snakeCase(name.text)
    addModel(file, {
      table: schema === undefined ? table : `${schema}.${table}`,
      symbol: name.text,
      line: file.places.line(tokens[at]?.at ?? 0),
      endLine: file.places.line(tokens[close]?.at ?? 0),
      columns: javaColumns(file, open, close),
      tool: 'JPA entity',
    })
    at = open
  }
}

function javaColumns(file: ModelFile, open: number, close: number): ModelColumn[] {
  const tokens = file.tokens()
  const columns: ModelColumn[] = []
  let annotations = new Map<string, string>()
  let at = open + 1
  while (at < close) {
    const token = tokens[at]
    if (isSign(token, '@') && isWord(tokens[at + 1])) {
      let name = at + 1
      if (isSign(tokens[name + 1], ':') && isWord(tokens[name + 2])) name += 2
      const end = isSign(tokens[name + 1], '(') ? closing(tokens, name + 1) : name
      annotations.set(tokens[name]?.text ?? '', end === name ? '' : file.text.slice(tokens[name + 1]?.at, tokens[end]?.end).slice(0, 600))
      at = end + 1
      continue
    }
    if (isSign(token, '{')) {
      at = closing(tokens, at) + 1
      annotations = new Map()
      continue
    }
    const kotlin = isWord(token) && (token.text === 'var' || token.text === 'val')
    const field = kotlin ? tokens[at + 1] : token
    if (kotlin || (isWord(token) && !MODIFIERS.has(token.text))) {
      // Java: a type, then the name, then `;` or `=`; anything else is a method.
      let end = at + 1
      if (!kotlin)
        while (
          end < close &&
          end < at + 24 &&
          !isSign(tokens[end], ';') &&
          !isSign(tokens[end], '=') &&
          !isSign(tokens[end], '(') &&
          !isSign(tokens[end], '@')
        )
          end += 1
      const isField = kotlin ? isSign(tokens[at + 2], ':') : isSign(tokens[end], ';') || isSign(tokens[end], '=')
      const name = kotlin ? field : tokens[end - 1]
      const type = kotlin ? (tokens[at + 3]?.text ?? '') : (token?.text ?? '')
      if (isField && isWord(name)) columns.push(...javaColumn(file, name.text, type, name.at, annotations))
      annotations = new Map()
      while (isField && end < close && !isSign(tokens[end], ';') && !isSign(tokens[end], ','))
        end = isSign(tokens[end], '(') || isSign(tokens[end], '{') ? closing(tokens, end) + 1 : end + 1
      if (!isField && isSign(tokens[end], '(')) end = closing(tokens, end)
      at = Math.max(at + 1, end + 1)
      continue
    }
    at += 1
  }
  return columns
}

function javaColumn(file: ModelFile, name: string, type: string, offset: number, annotations: ReadonlyMap<string, string>): ModelColumn[] {
  if (annotations.size === 0 || annotations.has('Transient') || annotations.has('OneToMany') || annotations.has('ManyToMany')) return []
  const place = file.places.place(offset)
  const options = annotations.get('Column') ?? annotations.get('JoinColumn') ?? ''
  const joined = [...annotations.keys()].some((annotation) => ANNOTATIONS_OF_JOIN.test(annotation))
  if (joined && annotations.get('OneToOne')?.includes('mappedBy') === true) return []
  const own = /\bname\s{0,9}=\s{0,9}"(\w{1,100})"/.exec(options)?.[1] ?? (joined ? `${snakeCase(name)}_id` : snakeCase(name))
  const primaryKey = annotations.has('Id') || annotations.has('EmbeddedId')
  return [
    plainColumn(own, joined ? '' : type, place.line, {
      column: place.column,
      primaryKey,
      nullable: !primaryKey && !/\bnullable\s{0,9}=\s{0,9}false/.test(options) && !annotations.has('NotNull'),
      unique: /\bunique\s{0,9}=\s{0,9}true/.test(options),
      model: joined ? type : undefined,
    }),
  ]
}
