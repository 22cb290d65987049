import type { FileFacts } from '../code/file-facts'
import type { FactsSource } from '../facts-source'
import { FactsCollector, keyed, named } from './collect-facts'
import { endingOf, isSource, sourceTokens } from './source-tokens'
import { mentionTable } from './sql-facts'
import { snakeCase, tablesOfModel } from './table-names'
import { Symbols, TextPlaces } from './text-place'
import { argumentStarts, callsAfter, chainBefore, closing, isSign, isText, isWord } from './token-walk'
import type { Tokens } from './token-walk'

/** One use of a table as a query builder writes it. `table` is its name in the database, `model` the name of the class or variable for it. */
interface BuilderUse {
  readonly at: number
  readonly writes: boolean
  readonly table?: string
  readonly model?: string
  readonly confidence: number
  readonly method: string
}

type Rule = (tokens: Tokens, at: number, file: BuilderFile) => BuilderUse | null

/** Libraries that the file names anywhere. */
interface BuilderFile {
  readonly joins: boolean
  readonly drizzle: boolean
  readonly sqlalchemy: boolean
  readonly gorm: boolean
  readonly prisma: boolean
  /** Its classes may well be models. */
  readonly models: boolean
}

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '))
const TABLE_NAME = /^[A-Za-z_][\w$]{0,62}(?:\.[A-Za-z_][\w$]{0,62})?$/
const CLASS = /^[A-Z][A-Za-z0-9]*$/

const WRITING_CALLS = words(
  'insert insertMany insertGetId insertOrIgnore update updateOrInsert updateOrCreate upsert del delete increment decrement truncate forceDelete save create',
)
const KNEX_CALLS = words(
  'select where whereIn whereNull whereNot andWhere orWhere first insert update del delete join leftJoin innerJoin orderBy limit returning count pluck increment',
)
const SUPABASE_CALLS = words('select insert update upsert delete')
const JOINS = words('join leftJoin rightJoin innerJoin fullJoin crossJoin leftOuterJoin')
const KYSELY: Readonly<Record<string, boolean>> = {
  selectFrom: false,
  insertInto: true,
  updateTable: true,
  deleteFrom: true,
  replaceInto: true,
  mergeInto: true,
}
const DATABASE_NAME =
  /^(?:db|tx|trx|knex|conn|connection|database|drizzle|client|orm|transaction|pg|mysql|sqlite)$|(?:Db|DB|Knex|Database)$/

const PRISMA_READS = words('findMany findUnique findUniqueOrThrow findFirst findFirstOrThrow count aggregate groupBy')
const PRISMA_WRITES = words('create createMany createManyAndReturn update updateMany updateManyAndReturn upsert delete deleteMany')
const REPOSITORY = /^([A-Za-z]\w{0,60}?)(?:Repository|Repo|Dao|DAO)$/
const STORE_READS = /^(?:find|get|count|exists|query|search|list|read|stream)/
const STORE_WRITES =
  /^(?:save|insert|update|upsert|delete|remove|softDelete|restore|create(?!QueryBuilder)|persist|increment|decrement|clear)/
const MODEL_READS = words(
  'findAll findOne findByPk findAndCountAll findOrFail findBy find_by where find all first last count pluck exists? includes joins order select firstOrFail',
)
const MODEL_WRITES = words(
  'create create! bulkCreate bulk_create destroy destroy_all delete_all update_all insert_all upsert upsert_all find_or_create_by findOrCreate updateOrCreate firstOrCreate insert',
)
const DJANGO_WRITES = words('create get_or_create update_or_create bulk_create bulk_update update delete acreate aupdate adelete')
const NOT_MODELS = words(
  'Array Object Promise Map Set String Number Math JSON Date Symbol Reflect Error React Buffer Process Component Schema Route DB Auth Cache Log Config File Dir Hash Time Struct Arr Str Collection Observable Rails Enum Type Class Module Kernel Storage Http Session Request Response',
)

/** `knex('users').where(...)`, `db('users')`, and `.from('users')`, `.into('users')`, `.table('users')` of Knex, Supabase, Laravel and others. */
const knexRule: Rule = (tokens, at, file) => {
  const word = tokens[at]
  const name = tokens[at + 2]
  if (!isWord(word) || !isSign(tokens[at + 1], '(') || !isText(name) || !TABLE_NAME.test(firstName(name.text))) return null
  const close = closing(tokens, at + 1)
  const after = callsAfter(tokens, close)
  const before = chainBefore(tokens, at)
  const table = firstName(name.text)
  if (before.length === 0 || before[0] === 'this') {
    if (!DATABASE_NAME.test(word.text) || !isSign(tokens[at + 3], ')') || !after.some((call) => KNEX_CALLS.has(call))) return null
    return { at, table, writes: after.some((call) => WRITING_CALLS.has(call)), confidence: 0.85, method: 'query builder' }
  }
  if (Object.hasOwn(KYSELY, word.text)) return { at, table, writes: KYSELY[word.text] === true, confidence: 0.95, method: 'query builder' }
  const builds = [...before, ...after].some(
    (call) => KNEX_CALLS.has(call) || SUPABASE_CALLS.has(call) || DATABASE_NAME.test(call) || call === 'DB',
  )
  if ((word.text === 'from' || word.text === 'into' || word.text === 'table') && builds && before[0] !== 'Array' && before[0] !== 'Buffer')
    return {
      at,
      table,
      writes: [...before, ...after].some((call) => WRITING_CALLS.has(call)) || word.text === 'into',
      confidence: 0.8,
      method: 'query builder',
    }
  if (JOINS.has(word.text) && builds && !isSign(tokens[at + 3], ')') && file.joins)
    return { at, table, writes: false, confidence: 0.8, method: 'query builder' }
  return null
}

/** Drizzle: tables are variables. */
const drizzleRule: Rule = (tokens, at, file) => {
  const word = tokens[at]
  const name = tokens[at + 2]
  if (!isWord(word) || !isSign(tokens[at - 1], '.')) return null
  if (
    isSign(tokens[at + 1], '.') &&
    word.text === 'query' &&
    isWord(name) &&
    isSign(tokens[at + 3], '.') &&
    /^find(?:Many|First)$/.test(tokens[at + 4]?.text ?? '')
  )
    return { at, model: name.text, writes: false, confidence: 0.85, method: 'query builder' }
  if (!isSign(tokens[at + 1], '(') || !isWord(name) || !(isSign(tokens[at + 3], ')') || isSign(tokens[at + 3], ','))) return null
  const before = chainBefore(tokens, at)
  if (word.text === 'from' && before.some((call) => call === 'select' || call === 'selectDistinct' || call === 'selectDistinctOn'))
    return { at, model: name.text, writes: false, confidence: 0.85, method: 'query builder' }
  if (JOINS.has(word.text) && before.includes('from') && isSign(tokens[at + 3], ','))
    return { at, model: name.text, writes: false, confidence: 0.85, method: 'query builder' }
  if (/^(?:insert|update|delete)$/.test(word.text) && DATABASE_NAME.test(before[0] ?? '') && isSign(tokens[at + 3], ')') && file.drizzle)
    return { at, model: name.text, writes: true, confidence: 0.8, method: 'query builder' }
  if (
    /^(?:insert|update|delete)$/.test(word.text) &&
    DATABASE_NAME.test(before[0] ?? '') &&
    callsAfter(tokens, at + 3).some((call) => /^(?:values|set|where|returning|execute|onConflict\w*)$/.test(call))
  )
    return { at, model: name.text, writes: true, confidence: 0.75, method: 'query builder' }
  return null
}

const prismaRule: Rule = (tokens, at, file) => {
  if (!file.prisma) return null
  const word = tokens[at]
  if (!isWord(word) || !isSign(tokens[at + 1], '(') || (!PRISMA_READS.has(word.text) && !PRISMA_WRITES.has(word.text))) return null
  const [model, client] = chainBefore(tokens, at)
  if (model === undefined || client === undefined || !/prisma|^(?:tx|trx|db|client)$/i.test(client)) return null
  return { at, model, writes: PRISMA_WRITES.has(word.text), confidence: 0.85, method: 'Prisma client' }
}

/** `userRepository.save(...)` of TypeORM, Spring Data and hand-made ones; `getRepository(User).find()`; `manager.find(User, ...)`. */
const repositoryRule: Rule = (tokens, at) => {
  const word = tokens[at]
  if (!isWord(word) || !isSign(tokens[at + 1], '(')) return null
  if (word.text === 'getRepository' || word.text === 'getMongoRepository') {
    const name = tokens[at + 2]
    if (!isWord(name) || !CLASS.test(name.text)) return null
    const [call] = callsAfter(tokens, closing(tokens, at + 1))
    return { at, model: name.text, writes: call !== undefined && STORE_WRITES.test(call), confidence: 0.75, method: 'repository' }
  }
  const writes = STORE_WRITES.test(word.text)
  if (!writes && !STORE_READS.test(word.text) && word.text !== 'createQueryBuilder') return null
  const [holder] = chainBefore(tokens, at)
  const repository = REPOSITORY.exec(holder ?? '')?.[1]
  if (repository !== undefined && repository !== 'base' && repository !== 'get')
    return { at, model: singular(repository.charAt(0).toUpperCase() + repository.slice(1)), writes, confidence: 0.65, method: 'repository' }
  const [first] = argumentStarts(tokens, at + 1)
  const name = first === undefined ? undefined : tokens[first]
  if (!/^(?:\w*[mM]anager|entityManager|em)$/.test(holder ?? '') || !isWord(name) || !CLASS.test(name.text)) return null
  return { at, model: name.text, writes, confidence: 0.7, method: 'entity manager' }
}

/** `User.findAll()` of Sequelize, `User.where(...)` of ActiveRecord, `User::create(...)` of Eloquent. */
const modelRule: Rule = (tokens, at, file) => {
  if (!file.models) return null
  const word = tokens[at]
  if (!isWord(word) || (!MODEL_READS.has(word.text) && !MODEL_WRITES.has(word.text))) return null
  const before = chainBefore(tokens, at)
  const [model] = before
  if (before.length !== 1 || model === undefined || !/^[A-Z][a-z0-9]\w*$/.test(model) || NOT_MODELS.has(model)) return null
  return { at, model, writes: MODEL_WRITES.has(word.text), confidence: 0.55, method: 'model by name' }
}

const djangoRule: Rule = (tokens, at) => {
  const model = tokens[at - 2]
  if (!isWord(tokens[at], 'objects') || !isSign(tokens[at - 1], '.') || !isWord(model) || !CLASS.test(model.text)) return null
  return {
    at,
    model: model.text,
    writes: callsAfter(tokens, at).some((call) => DJANGO_WRITES.has(call)),
    confidence: 0.8,
    method: 'Django model',
  }
}

/** `session.query(User)`, `select(User)`, `insert(User)`, `session.get(User, 1)`, `User.query` of Flask. */
const sqlalchemyRule: Rule = (tokens, at, file) => {
  const word = tokens[at]
  if (!isWord(word)) return null
  const owner = tokens[at - 2]
  if (word.text === 'query' && isSign(tokens[at - 1], '.') && isWord(owner) && CLASS.test(owner.text) && isSign(tokens[at + 1], '.'))
    return {
      at,
      model: owner.text,
      writes: callsAfter(tokens, at).some((call) => call === 'delete' || call === 'update'),
      confidence: 0.7,
      method: 'SQLAlchemy model',
    }
  const name = tokens[at + 2]
  if (!isSign(tokens[at + 1], '(') || !isWord(name) || !CLASS.test(name.text)) return null
  const before = chainBefore(tokens, at)
  const inSession = /session|^db$|^s$/i.test(before[0] ?? '')
  const use = (writes: boolean): BuilderUse => ({ at, model: name.text, writes, confidence: 0.8, method: 'SQLAlchemy query' })
  if (inSession && (word.text === 'query' || word.text === 'get' || word.text === 'scalars'))
    return use(callsAfter(tokens, closing(tokens, at + 1)).some((call) => call === 'delete' || call === 'update'))
  if (inSession && (word.text === 'add' || word.text === 'merge' || word.text === 'delete') && isSign(tokens[at + 3], '(')) return use(true)
  if (before.length > 0 && before[0] !== 'sa' && before[0] !== 'sqlalchemy') return null
  if (!file.sqlalchemy) return null
  if (word.text === 'select' || word.text === 'exists') return use(false)
  return word.text === 'insert' || word.text === 'update' || word.text === 'delete' ? use(true) : null
}

/** `db.Model(&User{})`, `db.Create(&user)`, `db.Find(&users)` where the variable's type is said in the same file; `db.Table("users")`. */
const gormRule: Rule = (tokens, at, file) => {
  const word = tokens[at]
  if (!isWord(word) || !isSign(tokens[at - 1], '.') || !isSign(tokens[at + 1], '(') || !file.gorm) return null
  const reads = /^(?:Find|First|Last|Take|Scan|Pluck|Count|Preload|FindInBatches)$/.test(word.text)
  const writes = /^(?:Create|Save|Updates?|Delete|UpdateColumns?|CreateInBatches|FirstOrCreate|Upsert)$/.test(word.text)
  const after = callsAfter(tokens, closing(tokens, at + 1))
  const chainWrites = after.some((call) => /^(?:Create|Save|Updates?|Delete|UpdateColumns?)$/.test(call))
  const name = tokens[at + 2]
  if (word.text === 'Table' && isText(name) && TABLE_NAME.test(name.text))
    return { at, table: name.text, writes: chainWrites, confidence: 0.85, method: 'GORM' }
  if (!reads && !writes && word.text !== 'Model') return null
  let index = at + 2
  while (isSign(tokens[index], '&') || isSign(tokens[index], '*') || isSign(tokens[index], '[') || isSign(tokens[index], ']')) index += 1
  const value = tokens[index]
  if (!isWord(value)) return null
  const model = isSign(tokens[index + 1], '{') ? value.text : typeOfVariable(tokens, index, value.text)
  if (model === null || !/^[A-Z]/.test(model)) return null
  return { at, model, writes: word.text === 'Model' ? chainWrites : writes, confidence: 0.75, method: 'GORM' }
}

/** `users::table` of Diesel; written when it is given to `insert_into`, `update` or `delete`. */
const dieselRule: Rule = (tokens, at) => {
  const table = tokens[at - 3]
  if (
    !isWord(tokens[at], 'table') ||
    !isSign(tokens[at - 1], ':') ||
    !isSign(tokens[at - 2], ':') ||
    !isWord(table) ||
    !/^[a-z_]+$/.test(table.text)
  )
    return null
  const call = isSign(tokens[at - 4], '(') ? tokens[at - 5] : undefined
  return {
    at,
    table: table.text,
    writes: isWord(call) && /^(?:insert_into|update|delete|replace_into|insert_or_ignore_into)$/.test(call.text),
    confidence: 0.8,
    method: 'Diesel',
  }
}

const SCRIPT = [prismaRule, knexRule, drizzleRule, repositoryRule, modelRule]
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  ...Object.fromEntries(['js', 'jsx', 'mjs', 'cjs', 'ts', 'tsx', 'mts', 'cts', 'vue', 'svelte'].map((ending) => [ending, SCRIPT])),
  py: [djangoRule, sqlalchemyRule],
  go: [gormRule],
  rs: [dieselRule],
  rb: [modelRule],
  php: [knexRule, modelRule],
  java: [repositoryRule],
  kt: [repositoryRule],
}
const HINTS: Readonly<Record<string, RegExp>> = {
  py: /\bobjects\b|sqlalchemy|sqlmodel|session/i,
  go: /gorm/,
  rs: /::table\b/,
  rb: /\.(?:where|find|create|find_by|pluck|update_all|delete_all|joins|includes|all)\b/,
  php: /DB::|::(?:where|find|create|all)|->(?:from|table)\(/,
}
const SCRIPT_HINT =
  /prisma|knex|kysely|drizzle|supabase|sequelize|typeorm|Repository|Repo\b|[mM]anager\b|\b(?:db|trx|tx)\b|selectFrom|insertInto|updateTable|deleteFrom|Dao\b/

/** Which function reads and writes which table, by the calls of query builders and object-relational mappers. */
export const queryBuilders: FactsSource = {
  id: 'query-builders',
  claims: (path) => isSource(path) && Object.hasOwn(RULES, endingOf(path)),
  read({ path, text, code }) {
    const facts = new FactsCollector()
    const ending = endingOf(path)
    const hint = Object.hasOwn(HINTS, ending) ? HINTS[ending] : SCRIPT_HINT
    if (hint?.test(text) !== true) return facts.facts()
    const rules = RULES[ending] ?? []
    const tokens = sourceTokens(path, text)
    const places = new TextPlaces(text)
    const symbols = new Symbols(code)
    const file: BuilderFile = {
      joins: /knex|kysely|DB::|supabase/i.test(text),
      drizzle: /drizzle/i.test(text),
      sqlalchemy: /sqlalchemy|sqlmodel/i.test(text),
      gorm: text.includes('gorm'),
      prisma: /prisma/i.test(text),
      models: ending === 'rb' || ending === 'php' || /sequelize|objection|bookshelf|typeorm|adonis|\bModel\b/i.test(text),
    }
    for (let at = 0; at < tokens.length; at += 1) {
      if (tokens[at]?.kind !== 'word') continue
      for (const rule of rules) {
        const use = rule(tokens, at, file)
        if (use === null) continue
        const line = places.line(tokens[at]?.at ?? 0)
        const by = { is: 'symbol', symbol: symbols.at(line) } as const
        const kind = use.writes ? 'writes' : 'reads'
        if (use.table !== undefined) {
          mentionTable(facts, use.table, line)
          facts.relate(by, kind, keyed(`table:${use.table}`), line, use.confidence, use.method)
        } else if (use.model !== undefined) {
          for (const table of tableCandidates(path, use, code))
            facts.relate(by, kind, named(table, 'table'), line, use.confidence, use.method)
          if (CLASS.test(use.model) && use.method !== 'model by name')
            facts.relate(by, kind, named(use.model, 'class'), line, use.confidence, use.method)
        }
        break
      }
    }
    return facts.facts()
  },
}

/** Of Django the application's name is part of the table's: it is where the model is imported from. */
function tableCandidates(path: string, use: BuilderUse, code: FileFacts | null): readonly string[] {
  const model = use.model ?? ''
  if (use.method !== 'Django model') return tablesOfModel(model)
  const specifier = code?.imports.find((entry) => entry.names.some((name) => name.local === model))?.specifier
  const folders = path.split('/').slice(0, -1)
  const parts = (specifier ?? '.models').split('.').filter((part) => part !== '')
  const before = parts.lastIndexOf('models')
  const label = before > 0 ? parts[before - 1] : folders.filter((part) => part !== 'models' && part !== 'views' && part !== 'tests').at(-1)
  const imported = code?.imports.flatMap((entry) => entry.names).find((name) => name.local === model)?.imported ?? model
  return label === undefined ? [] : [`${snakeCase(label)}_${imported.toLowerCase()}`]
}

/** `users as u` is users. */
function firstName(text: string): string {
  return text.trim().split(/\s/, 1)[0] ?? ''
}

function singular(name: string): string {
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name
}

const NEAREST = 400

/** `var users []User`, `user := User{`, `user *User` before the use. */
function typeOfVariable(tokens: Tokens, from: number, name: string): string | null {
  for (let at = from - 1; at >= Math.max(0, from - NEAREST); at -= 1) {
    if (!isWord(tokens[at], name) || isSign(tokens[at - 1], '.')) continue
    let next = at + 1
    if (isSign(tokens[next], ':') && isSign(tokens[next + 1], '=')) next += 2
    while (isSign(tokens[next], '*') || isSign(tokens[next], '&') || isSign(tokens[next], '[') || isSign(tokens[next], ']')) next += 1
    if (isWord(tokens[next]) && isSign(tokens[next + 1], '.')) next += 2
    const type = tokens[next]
    if (next > at + 1 ? isWord(type) : isWord(type) && /^[A-Z]/.test(type.text)) return type?.text ?? null
  }
  return null
}
