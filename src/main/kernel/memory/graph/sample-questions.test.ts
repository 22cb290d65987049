import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { GraphValue } from '../../../../shared/graph'
import { createSampleWorkspace } from '../../workspace/sample-workspace'
import type { Memory } from '../memory'
import { createMemory } from '../store/sqlite-memory'

// A thread is started and grammars are loaded: seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const SAMPLE = join(import.meta.dirname, '../../../../../resources/sample')
let folder: string
let memory: Memory

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyframe-sample-'))
  const root = join(folder, 'sample')
  await createSampleWorkspace(SAMPLE, root)
  const listFiles = async () => {
    const entries = await readdir(root, { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    return paths.filter((path) => !path.startsWith('.git/'))
  }
  memory = createMemory({ root, databasePath: join(folder, 'memory.db'), listFiles, now: () => Date.now() })
  await memory.refresh()
})

afterAll(async () => {
  await memory.dispose()
  await rm(folder, { recursive: true, force: true })
})

function shown(value: GraphValue): unknown {
  if (value === null || typeof value !== 'object') return value
  if (value.is === 'node') return value.id
  if (value.is === 'edge') return `${value.edge.from} ${value.edge.kind} ${value.edge.to}`
  if (value.is === 'path') return value.nodes.map((id) => id.replace(/^.*#/, '')).join(' > ')
  return value.items.map(shown)
}

function answer(cypher: string): unknown[] {
  const table = memory.query(cypher, 1000)
  expect(table.limit).toBeNull()
  return table.rows.map((row) => (row.length === 1 ? shown(row[0] ?? null) : row.map(shown)))
}

const QUESTIONS: readonly { readonly asks: string; readonly cypher: string; readonly answer: unknown[] }[] = [
  {
    asks: "the article's query, verbatim: nothing here has these names",
    cypher: `MATCH path = (src:Entity {name: "api_gateway"})-[:CALLS*1..5]->(dst:Entity {name: "billing"})
WHERE ANY(n IN nodes(path) WHERE n.name CONTAINS "user_id")
RETURN path`,
    answer: [],
  },
  {
    asks: "the article's query with the names of the sample",
    cypher: `MATCH path = (src:Entity {name: "route"})-[:CALLS*1..5]->(dst:Entity {name: "chargeUser"})
WHERE ANY(n IN nodes(path) WHERE n.name CONTAINS "Invoice")
RETURN path`,
    answer: ['route > dispatch > handleCreateInvoice > createInvoice > chargeUser'],
  },
  {
    asks: 'the shortest way from the gateway to tax rates',
    cypher: 'MATCH p = shortestPath((a {name: "route"})-[:CALLS*]->(b {name: "taxRateFor"})) RETURN length(p), b.path',
    answer: [[5, 'src/billing/tax.ts']],
  },
  {
    asks: 'who computes totals, tests left out',
    cypher: 'MATCH (f)-[:CALLS]->({name: "calculateInvoiceTotal"}) WHERE NOT f:Test RETURN f.key ORDER BY f.key',
    answer: ['src/invoices/invoice-service.ts#createInvoice', 'src/invoices/invoice-service.ts#quoteInvoice'],
  },
  {
    asks: 'what of billing the gateway reaches',
    cypher: `MATCH ({name: "route"})-[:CALLS*1..6]->(f:Function) WHERE f.path STARTS WITH "src/billing/"
RETURN DISTINCT f.name AS name ORDER BY name`,
    answer: [
      'addMoney',
      'applyDiscount',
      'calculateInvoiceTotal',
      'chargeUser',
      'formatMoney',
      'money',
      'planNamed',
      'scaleMoney',
      'taxRateFor',
    ],
  },
  {
    asks: 'tables and how many columns they have',
    cypher: 'MATCH (t:Table)-[:CONTAINS]->(c:Column) RETURN t.name, count(c) ORDER BY t.name',
    answer: [
      ['charges', 5],
      ['invoice_lines', 5],
      ['invoices', 8],
      ['users', 7],
    ],
  },
  {
    asks: 'which tables lean on which',
    cypher: 'MATCH (t:Table)-[:REFERENCES]->(u:Table) RETURN DISTINCT t.name, u.name ORDER BY t.name, u.name',
    answer: [
      ['charges', 'invoices'],
      ['charges', 'users'],
      ['invoice_lines', 'invoices'],
      ['invoices', 'users'],
    ],
  },
  {
    asks: 'where a user_id is stored',
    cypher: 'MATCH (c:Column) WHERE c.name = "user_id" RETURN c.key ORDER BY c.key',
    answer: ['column:charges.user_id', 'column:invoices.user_id'],
  },
  {
    asks: 'what is derived from what',
    cypher: 'MATCH (c:Class)-[:INHERITS]->(of) RETURN c.name, of.name ORDER BY c.name',
    answer: [['FakePaymentProvider', 'PaymentProvider']],
  },
  {
    asks: 'methods of the repositories',
    cypher: `MATCH (c:Class)-[:CONTAINS]->(m:Method) WHERE c.name ENDS WITH "Repository"
RETURN c.name, collect(m.name) ORDER BY c.name`,
    answer: [
      ['InvoiceRepository', ['add', 'get', 'ofUser', 'setStatus']],
      ['UserRepository', ['add', 'save', 'get', 'findByEmail']],
    ],
  },
  {
    asks: 'the variables of the environment',
    cypher: 'MATCH (e:EnvVar) RETURN e.name ORDER BY e.name',
    answer: ['AUTH_SECRET', 'CHARGE_LIMIT_CENTS', 'PORT'],
  },
  {
    asks: 'functions that most others call',
    cypher: `MATCH (f:Function)<-[:CALLS]-(g:Function) WHERE NOT f.path CONTAINS ".test."
RETURN f.name, count(DISTINCT g) AS callers ORDER BY callers DESC, f.name LIMIT 3`,
    answer: [
      ['formatMoney', 5],
      ['money', 4],
      ['requireActiveUser', 4],
    ],
  },
  {
    asks: 'who outside of billing uses its private parts',
    cypher: `MATCH (f:File)-[:IMPORTS]->(b:File) WHERE b.path STARTS WITH "src/billing/" AND NOT b.path ENDS WITH "/billing.ts"
AND NOT f.path STARTS WITH "src/billing/" AND NOT f.path CONTAINS ".test." RETURN f.path, b.name ORDER BY f.path, b.name`,
    answer: [
      ['src/app.ts', 'payments.ts'],
      ['src/gateway/router.ts', 'money.ts'],
      ['src/invoices/invoice-service.ts', 'payments.ts'],
      ['src/users/user-service.ts', 'plan.ts'],
      ['src/users/user.ts', 'plan.ts'],
      ['src/users/user.ts', 'tax.ts'],
    ],
  },
  {
    asks: 'what the decisions decide about taxes',
    cypher: 'MATCH (f {name: "taxRateFor"})-[:DECIDED_BY]->(d:Decision) RETURN d.key ORDER BY d.key',
    answer: ['decision:docs/adr/0001-modules-talk-through-one-file', 'decision:docs/adr/0003-discount-before-tax'],
  },
  {
    asks: 'what the incident was about, and whether it is called when invoices are made',
    cypher: `MATCH (i:Incident)-[:CAUSED_BY]->(f) OPTIONAL MATCH (g {name: "createInvoice"})-[:CALLS*1..3]->(f)
RETURN f.name, g IS NOT NULL`,
    answer: [['renderInvoice', false]],
  },
]

describe('questions about the sample workspace', () => {
  it.each(QUESTIONS)('$asks', ({ cypher, answer: expected }) => {
    expect(answer(cypher)).toEqual(expected)
  })

  it('follows a value from the gateway into billing, over the arguments of calls', () => {
    const ways = memory.flow('user_id', 'src/gateway', 'src/billing', 12).ways.map(({ hops }) => hops.map(({ from, to }) => [from, to]))
    const through = [
      'src/gateway/handlers.ts#handleCreateInvoice(userId)',
      'src/invoices/invoice-service.ts#createInvoice(userId)',
      'src/billing/charge.ts#chargeUser(userId)',
    ]
    expect(ways).toContainEqual([through.slice(0, 2), through.slice(1)])
  })
})
