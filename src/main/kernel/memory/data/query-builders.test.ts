import { describe, expect, it } from 'vitest'
import type { FileFacts } from '../code/file-facts'
import { codeWith, factsLines } from '../../testing/facts-lines'
import { queryBuilders } from './query-builders'

const relations = (path: string, text: string, code: FileFacts | null = null): readonly string[] =>
  factsLines(queryBuilders, path, text, code).relations

describe('query builders', () => {
  it.each([
    ["knex('users').where({ id }).first()", 'file reads table:users (query builder)'],
    ["knex('users').where({ id }).del()", 'file writes table:users (query builder)'],
    ["await trx('users').insert(row)", 'file writes table:users (query builder)'],
    ["db.selectFrom('person').selectAll()", 'file reads table:person (query builder)'],
    ["db.insertInto('person').values(x)", 'file writes table:person (query builder)'],
    ["db.deleteFrom('billing.person')", 'file writes table:billing.person (query builder)'],
    ["supabase.from('items').select('*')", 'file reads table:items (query builder)'],
    ["supabase.from('items').upsert(x)", 'file writes table:items (query builder)'],
    ['db.select().from(users)', 'file reads ?table:users (query builder)'],
    ['db.insert(users).values({})', 'file writes ?table:users (query builder)'],
    ['prisma.user.findMany({})', 'file reads ?table:User (Prisma client)'],
    ['this.prisma.orderItem.create({})', 'file writes ?table:order_items (Prisma client)'],
    ['this.userRepository.save(x)', 'file writes ?table:users (repository)'],
    ['getRepository(User).find()', 'file reads ?table:user (repository)'],
    ['manager.find(User, {})', 'file reads ?class:User (entity manager)'],
    ['const { Model } = sequelize; User.findAll()', 'file reads ?table:users (model by name)'],
  ])('%s', (text, expected) => {
    expect(relations('a.ts', text)).toContain(expected)
  })

  it.each([
    ['shop/views.py', 'User.objects.filter(a=1).first()', 'file reads ?table:shop_user (Django model)'],
    ['shop/views.py', 'User.objects.filter(a=1).update(b=2)', 'file writes ?table:shop_user (Django model)'],
    ['a.py', 'session.query(Order).all()', 'file reads ?table:orders (SQLAlchemy query)'],
    ['a.py', 'session.add(Order(1))', 'file writes ?class:Order (SQLAlchemy query)'],
    ['a.py', 'from sqlalchemy import select\nselect(User).where(x)', 'file reads ?table:users (SQLAlchemy query)'],
    ['a.go', 'import "gorm.io/gorm"\nvar users []User\ndb.Find(&users)', 'file reads ?table:users (GORM)'],
    ['a.go', 'import "gorm.io/gorm"\ndb.Model(&User{}).Update("a", 1)', 'file writes ?table:users (GORM)'],
    ['a.go', 'import "gorm.io/gorm"\ndb.Table("people").Count(&n)', 'file reads table:people (GORM)'],
    ['a.rs', 'diesel::insert_into(users::table).values(x)', 'file writes table:users (Diesel)'],
    ['a.rs', 'users::table.load(c)', 'file reads table:users (Diesel)'],
    ['a.rb', 'Person.where(a: 1)', 'file reads ?table:people (model by name)'],
    ['a.php', "DB::table('users')->where('a', 1)->delete();", 'file writes table:users (query builder)'],
    ['A.java', 'userRepository.findById(1);', 'file reads ?table:users (repository)'],
  ])('%s: %s', (path, text, expected) => {
    expect(relations(path, text)).toContain(expected)
  })

  it('finds the application of a Django model by its import', () => {
    const code: FileFacts = {
      ...codeWith(),
      imports: [{ specifier: 'accounts.models', line: 1, names: [{ imported: 'User', local: 'Account' }] }],
    }
    expect(relations('shop/views.py', 'Account.objects.all()', code)).toContain('file reads ?table:accounts_user (Django model)')
  })

  it.each([
    "Array.from('abc')",
    'Buffer.from("x")',
    'map.delete(key)',
    'new Map().insert(x)',
    "$('users').first()",
    "import x from 'db'",
    'registry.create("a")',
    "app.from('x')",
  ])('is none: %s', (text) => {
    expect(relations('a.ts', `import 'knex'\n${text}`)).toEqual([])
  })
})
