import { describe, expect, it } from 'vitest'
import { factsLines } from '../../testing/facts-lines'
import { sql } from './sql-source'

const read = (path: string, text: string): ReturnType<typeof factsLines> => factsLines(sql, path, text)

describe('SQL of PostgreSQL', () => {
  const text = `-- The shop; its users
CREATE SCHEMA billing;
CREATE TABLE public.users (
  id BIGSERIAL PRIMARY KEY,
  email text NOT NULL UNIQUE,
  api_key text DEFAULT 'sk_live_4242',
  role text NOT NULL DEFAULT 'member',
  team_id bigint REFERENCES teams(id) ON DELETE CASCADE
);
CREATE TABLE billing.invoices (id int, user_id int, total numeric(10,2), PRIMARY KEY (id), FOREIGN KEY (user_id) REFERENCES users (id));
CREATE UNIQUE INDEX users_email ON users (lower(email), role);
CREATE VIEW active AS WITH x AS (SELECT 1) SELECT * FROM users u JOIN billing.invoices i ON i.user_id = u.id, x;
COPY users (id, email) FROM stdin;
1	ann's@example.org
\\.
SELECT extract(epoch FROM now()) FROM teams;
`
  it('gives tables, columns, indexes, schemas and views with their places', () => {
    expect(read('db/schema.sql', text).entities).toEqual([
      'schema:billing 2-2 schema billing',
      'table:users 3-9 table users (id, email, api_key, role, team_id)',
      'column:users.id 4-4 id BIGSERIAL primary key',
      'column:users.email 5-5 email text not null unique',
      'column:users.api_key 6-6 api_key text',
      "column:users.role 7-7 role text not null default 'member'",
      'column:users.team_id 8-8 team_id bigint',
      '~table:teams',
      '~column:teams.id',
      'table:billing.invoices 10-10 table billing.invoices (id, user_id, total)',
      'column:billing.invoices.id 10-10 id int primary key',
      'column:billing.invoices.user_id 10-10 user_id int',
      'column:billing.invoices.total 10-10 total numeric(10,2)',
      'index:users_email 11-11 unique index users_email on users (role)',
      'table:active 12-12 view active',
    ])
  })

  it('gives foreign keys, what views read and what statements use', () => {
    const relations = read('db/schema.sql', text).relations.filter((relation) => !/contains/.test(relation))
    expect(relations).toEqual([
      'table:users references table:teams (foreign key)',
      'column:users.team_id references column:teams.id (foreign key)',
      'table:billing.invoices references table:users (foreign key)',
      'column:billing.invoices.user_id references column:users.id (foreign key)',
      'index:users_email references table:users (index on a table)',
      'index:users_email references column:users.role (index on a column)',
      'table:active reads table:users (view)',
      'table:active reads table:billing.invoices (view)',
      'file writes table:users (SQL)',
      'file reads table:teams (SQL)',
    ])
  })

  it('keeps what defaults hold out when a column or a value may be a secret', () => {
    const { facts } = read(
      'a.sql',
      "CREATE TABLE t (password text DEFAULT 'hunter2', note text DEFAULT '8f3a9b2c1d4e5f607182', kind varchar(9) DEFAULT 'plain')",
    )
    expect(JSON.stringify(facts)).not.toMatch(/hunter2|8f3a9b2c/)
    expect(JSON.stringify(facts)).toContain("'plain'")
  })

  it('keeps rows out', () => {
    const { facts } = read('a.sql', "INSERT INTO users (email) VALUES ('ann@example.org');\nCOPY users FROM stdin;\nbob@example.org\n\\.\n")
    expect(JSON.stringify(facts)).not.toContain('example.org')
  })
})

describe('other dialects', () => {
  it('reads MySQL', () => {
    const text =
      "CREATE TABLE `orders` (\r\n `id` int(11) unsigned NOT NULL AUTO_INCREMENT,\r\n `status` enum('new','paid') DEFAULT 'new',\r\n `user_id` int,\r\n PRIMARY KEY (`id`),\r\n KEY `k` (`user_id`),\r\n CONSTRAINT `f` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`)\r\n) ENGINE=InnoDB;\r\nDELIMITER $$\r\nCREATE PROCEDURE p() BEGIN UPDATE orders SET a=1; END$$\r\nDELIMITER ;\r\nALTER TABLE `orders` MODIFY COLUMN `status` varchar(20), ADD `paid_at` datetime;"
    expect(read('schema.sql', text).entities).toEqual([
      'table:orders 1-8 table orders (id, status, user_id)',
      'column:orders.id 2-2 id int(11) unsigned primary key',
      "column:orders.status 3-3 status enum('new','paid') default 'new'",
      'column:orders.user_id 4-4 user_id int',
      '~table:users',
      '~column:users.id',
      'column:orders.paid_at 12-12 paid_at datetime',
    ])
  })

  it('reads SQL Server', () => {
    const text =
      'CREATE TABLE [dbo].[Order Details] ([ID] INT IDENTITY(1,1) NOT NULL, [Name] NVARCHAR(50) NULL)\nGO\nCREATE TABLE sales.Items (Id INT)\nGO\n'
    expect(read('schema.sql', text).entities).toEqual([
      'table:Order Details 1-1 table Order Details (ID, Name)',
      'column:Order Details.ID 1-1 ID INT not null',
      'column:Order Details.Name 1-1 Name NVARCHAR(50)',
      'table:sales.Items 3-3 table sales.Items (Id)',
      '~schema:sales',
      'column:sales.Items.Id 3-3 Id INT',
    ])
  })

  it('reads SQLite', () => {
    const { entities } = read(
      'schema.sql',
      'CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value) WITHOUT ROWID; CREATE VIRTUAL TABLE words USING fts5(body);',
    )
    expect(entities).toEqual([
      'table:kv 1-1 table kv (key, value)',
      'column:kv.key 1-1 key TEXT primary key',
      'column:kv.value 1-1 value',
      'table:words 1-1 table words',
    ])
  })

  it('knows scripts that shout and names that mix upper and lower case', () => {
    expect(read('a.sql', 'CREATE TABLE USERS (ID INT); CREATE TABLE UserRoles (UserId INT);').entities).toEqual([
      'table:users 1-1 table users (id)',
      'column:users.id 1-1 id INT',
      'table:UserRoles 1-1 table UserRoles (UserId)',
      'column:UserRoles.UserId 1-1 UserId INT',
    ])
  })
})

describe('migrations', () => {
  it.each([
    ['db/migration/V1_2__add_users.sql', { tool: 'flyway', number: '1_2', name: 'add_users', direction: 'up' }],
    ['migrations/000001_init.down.sql', { tool: 'golang-migrate', number: '000001', name: 'init', direction: 'down' }],
    ['prisma/migrations/20240101_init/migration.sql', { tool: 'prisma', number: '20240101', name: 'init', direction: 'up' }],
    ['drizzle/0000_brave_hulk.sql', { tool: 'drizzle', number: '0000', name: 'brave_hulk', direction: 'up' }],
    ['migrations/2024-01-01-000000_users/up.sql', { tool: 'diesel', number: '2024-01-01-000000', name: 'users', direction: 'up' }],
    ['db/migrations/003_more.sql', { tool: 'sql', number: '003', name: 'more', direction: 'up' }],
  ])('knows %s', (path, attributes) => {
    const { facts } = read(path, 'ALTER TABLE a ADD COLUMN b int;')
    expect([facts.fileKind, facts.fileAttributes]).toEqual(['migration', attributes])
  })

  it('writes what it changes', () => {
    const text =
      'ALTER TABLE users ADD COLUMN age int, DROP COLUMN role, RENAME COLUMN a TO b;\nALTER TABLE x RENAME TO y;\nDROP TABLE old, billing.older;\n'
    expect(read('migrations/002_x.up.sql', text).relations.filter((relation) => / writes /.test(relation))).toEqual([
      'file writes table:users (migration: alter table)',
      'file writes column:users.age (migration: add column)',
      'file writes column:users.role (migration: drop column)',
      'file writes column:users.a (migration: rename column)',
      'file writes table:x (migration: alter table)',
      'file writes table:y (migration: rename table)',
      'file writes table:old (migration: drop table)',
      'file writes table:billing.older (migration: drop table)',
    ])
  })

  it('declares nothing in the part that undoes', () => {
    const { entities, facts } = read(
      'migrations/001_a.sql',
      '-- +goose Up\nCREATE TABLE a (id int);\n-- +goose Down\nCREATE TABLE b (id int);\nDROP TABLE a;\n',
    )
    expect(entities).toEqual(['table:a 2-2 table a (id)', 'column:a.id 2-2 id int', '~table:b'])
    expect(facts.fileAttributes?.['direction']).toBe('both')
  })
})

describe('what is broken', () => {
  it('says so only when nothing could be read', () => {
    expect(() => read('a.sql', 'once upon a time; there was')).toThrowError(expect.objectContaining({ name: 'KeyframeError' }))
    expect(read('a.sql', '').entities).toEqual([])
    expect(read('a.sql', '-- nothing yet\n').entities).toEqual([])
    expect(read('a.sql', 'CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql;').entities).toEqual([])
  })

  it.each([
    'CREATE TABLE',
    'CREATE TABLE t (',
    'CREATE TABLE t (a int, , b',
    "CREATE TABLE t (a text DEFAULT 'open",
    'ALTER TABLE t ADD',
    'CREATE INDEX ON',
    'CREATE TABLE "a',
    'DROP TABLE ;',
  ])('steps over %s', (text) => {
    expect(read('a.sql', `${text};\nCREATE TABLE good (id int);`).facts.entities).toBeDefined()
  })
})
