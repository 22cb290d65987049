import { describe, expect, it } from 'vitest'
import { KeyframeError } from '../../../../shared/failure'
import { dotenv } from '../config/dotenv'
import { environment } from '../config/environment'
import { featureFlags } from '../config/feature-flags'
import { manifests } from '../config/manifests'
import { packageImports } from '../config/package-imports'
import { jsonFiles, tomlFiles, yamlFiles } from '../config/settings'
import { shellEnvironment } from '../config/shell-environment'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { codeMigrations } from './code-migrations'
import { models } from './models'
import { prismaSchema } from './prisma-schema'
import { queryBuilders } from './query-builders'
import { sqlInCode } from './sql-in-code'
import { sql } from './sql-source'

const SOURCES: readonly FactsSource[] = [
  ...[sql, sqlInCode, queryBuilders, models, codeMigrations, prismaSchema],
  ...[environment, dotenv, shellEnvironment, featureFlags, manifests, packageImports, yamlFiles, jsonFiles, tomlFiles],
]
const PATHS = [
  ...['a.sql', 'migrations/001_a.up.sql', 'a.ts', 'migrations/20240101_a.js', 'a.py', 'shop/models.py', 'shop/migrations/0001_a.py'],
  ...[
    'alembic/versions/abc_a.py',
    'a.go',
    'a.rs',
    'A.java',
    'a.rb',
    'db/schema.rb',
    'a.php',
    'schema.prisma',
    '.env',
    'a.sh',
    'package.json',
  ],
  ...[
    'pyproject.toml',
    'requirements.txt',
    'setup.cfg',
    'go.mod',
    'Cargo.toml',
    'pom.xml',
    'build.gradle',
    'Gemfile',
    'a.yaml',
    'a.json',
    'a.toml',
  ],
]

/** What each source says; a problem is null. Anything else that is thrown fails the test. */
function readAll(path: string, text: string): (ExtraFacts | null)[] {
  return SOURCES.filter((source) => source.claims(path)).map((source) => {
    try {
      return source.read({ path, text, code: null })
    } catch (thrown) {
      if (thrown instanceof KeyframeError) return null
      throw thrown
    }
  })
}

/** Each would take a reader that is not linear minutes: the test's own limit is what they are held to. */
const LONG: Readonly<Record<string, string>> = {
  spaces: ' '.repeat(100_000),
  'spaces after a word': `CREATE TABLE process.env env getenv models.Model gorm @Entity create_table ${' '.repeat(80_000)}x`,
  'open parentheses': 'x('.repeat(20_000),
  'calls within calls': 'session.query(db.from('.repeat(8_000),
  chains: `knex('a')${".where('b')".repeat(12_000)}`,
  'a long word': 'a'.repeat(60_000),
  quotes: '\'"`'.repeat(100_000),
  'open string': `"SELECT * FROM ${'a '.repeat(60_000)}`,
  'joined strings': '"SELECT a FROM b " + '.repeat(8_000),
  commas: `CREATE TABLE t (${'a int,'.repeat(20_000)})`,
  unions: `SELECT 1 FROM a ${'UNION SELECT 1 FROM a '.repeat(15_000)}`,
  withs: `WITH ${'a(b) AS (SELECT 1),'.repeat(10_000)} SELECT 1`,
  dots: '.'.repeat(100_000),
  hashes: '#'.repeat(100_000),
  'opening tags': '<dependency><groupId>'.repeat(15_000),
  'deep lists': '['.repeat(100_000),
  'deep maps': '{"a":'.repeat(50_000),
  statements: 'CREATE TABLE a (b int); '.repeat(10_000),
  lines: 'A=1\n'.repeat(30_000),
  dollars: '$'.repeat(80_000),
  decorators: '@Entity() class A { @Column() a: string '.repeat(5_000),
  'braces in templates': `\`SELECT \${${'{'.repeat(60_000)} FROM a\``,
}

describe('hostile text', () => {
  it.each(Object.keys(LONG))('%s is read in every format', { timeout: 60_000 }, (name) => {
    for (const path of PATHS) expect(readAll(path, LONG[name] ?? '')).toBeDefined()
  })

  it('with every beginning cut off is read or is a problem', () => {
    const text =
      "CREATE TABLE t (a int DEFAULT 'x', FOREIGN KEY (a) REFERENCES b (c));\nclass A(models.Model):\n  a = models.CharField(max_length=3)\nexport const t = pgTable('t', { a: text('a').references(() => b.c) })\n@Entity() class B { @ManyToOne(() => A) a: A }\ncreate_table :x do |t|\n t.string :y\nend\nknex.schema.createTable('a', (t) => { t.string('b') })\n{\"a\": [1, {\"b\": 2}]}\nmodel A {\n a Int @id\n}\nop.create_table('a', sa.Column('b', sa.Integer()))\nprocess.env.A; export B=${C:-1}\n"
    for (let cut = 0; cut < text.length; cut += 7)
      for (const path of PATHS) {
        readAll(path, text.slice(cut))
        readAll(path, text.slice(0, cut))
      }
  })

  it('names of objects’ own members are ordinary names', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
    for (const name of names) {
      readAll('package.json', `{"name":"${name}","dependencies":{"${name}":"1"}}`)
      readAll('a.yaml', `${name}: 1\n`)
      readAll('a.py', `${name} = 1\nimport ${name}`)
      expect(readAll('a.sql', `CREATE TABLE ${name} (${name} int);`)[0]?.entities?.map((entity) => entity.name)).toEqual([name, name])
    }
  })
})

describe('secrets', () => {
  const SECRETS = [
    'hunter2-Xy9',
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'AKIAIOSFODNN7EXAMPLE',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'c2VjcmV0LXZhbHVlLXRoYXQtaXMtbG9uZw==',
  ]

  it.each(SECRETS)('%s enters nowhere', (secret) => {
    const texts: Record<string, string> = {
      '.env': `PASSWORD=${secret}\nURL=postgres://u:${secret}@h/db\nplain=${secret}\n`,
      'config.yaml': `password: ${secret}\nname: ${secret}\nurl: https://u:${secret}@h\nlist:\n  - ${secret}\nnested:\n  token: ${secret}\n`,
      'config.json': JSON.stringify({ password: secret, name: secret, nested: { apiKey: `./${secret}.json` } }),
      'config.toml': `password = "${secret}"\nname = "${secret}"\n`,
      'package.json': JSON.stringify({
        name: 'a',
        dependencies: { b: `git+https://${secret}@github.com/x/y.git`, c: `https://h/x?token=${secret}` },
        config: { token: secret },
      }),
      'requirements.txt': `--extra-index-url https://u:${secret}@h/simple\npkg @ https://${secret}@h/x.whl\n`,
      'a.sql': `CREATE TABLE t (password text DEFAULT '${secret}', a text DEFAULT '${secret}');\nINSERT INTO t VALUES ('${secret}');\nCREATE USER x PASSWORD '${secret}';\nALTER TABLE t ADD COLUMN k text DEFAULT '${secret}';\n`,
      'migrations/001_a.sql': `CREATE TABLE t (kind text CHECK (kind = '${secret}'), e enum('${secret}'));\nUPDATE t SET a = '${secret}';\n`,
      'a.ts': `const key = process.env.KEY ?? '${secret}'\ndb.query("INSERT INTO t VALUES ('${secret}')")\nconst t = pgTable('t', { a: text('a').default('${secret}') })\n`,
      'a.py': `os.getenv('KEY', '${secret}')\nclass A(models.Model):\n    a = models.CharField(default='${secret}')\n`,
      'db/schema.rb': `create_table "t" do |t|\n  t.string "a", default: "${secret}"\nend\n`,
      'schema.prisma': `datasource db {\n  url = "postgres://u:${secret}@h/db"\n}\nmodel A {\n  id Int @id\n  a String @default("${secret}")\n}\n`,
      'a.sh': `export KEY=${secret}\ncurl -H "Authorization: ${secret}" $HOST\n`,
    }
    if (secret.length > 16) texts['paths.json'] = JSON.stringify({ path: `./${secret}/x.json` })
    for (const [path, text] of Object.entries(texts)) {
      expect({ path, holds: JSON.stringify(readAll(path, text)).includes(secret) }).toEqual({ path, holds: false })
    }
  })
})
