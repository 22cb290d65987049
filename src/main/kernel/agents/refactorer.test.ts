import { describe, expect, test } from 'vitest'
import { RecordingAgentApi, type RecordingOptions } from '../testing/recording-agent-api'
import { sampleFiles } from '../testing/sample-files'
import { refactorer } from './refactorer'

const SAMPLE = sampleFiles()

async function run(options: Partial<RecordingOptions> & { task: string }) {
  const api = new RecordingAgentApi({ files: SAMPLE, ...options })
  const result = await refactorer.run(api)
  return { api, result }
}

/** Lines that differ, as `path: -old` and `path: +new`. */
function diff(before: Readonly<Record<string, string>>, after: ReadonlyMap<string, string>): string[] {
  const lines: string[] = []
  for (const [path, text] of [...after].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const old = (before[path] ?? '').split('\n')
    const now = text.split('\n')
    for (const line of old) if (!now.includes(line)) lines.push(`${path}: -${line.trim()}`)
    for (const line of now) if (!old.includes(line)) lines.push(`${path}: +${line.trim()}`)
  }
  return lines
}

describe.each([true, false])('rename in a workspace, where the server prefers aliases: %s', { timeout: 30_000 }, (serverPrefersAliases) => {
  test('an exported function: code only', async () => {
    const { api } = await run({ task: 'rename symbol calculateInvoiceTotal to invoiceTotal', serverPrefersAliases })
    expect(diff(SAMPLE, api.branch('code only'))).toMatchInlineSnapshot(`
      [
        "src/billing/billing.ts: -export { calculateInvoiceTotal, type InvoiceTotal, type PricedLine } from './calculate-total.ts'",
        "src/billing/billing.ts: +export { invoiceTotal, type InvoiceTotal, type PricedLine } from './calculate-total.ts'",
        "src/billing/calculate-total.test.ts: -import { calculateInvoiceTotal } from './calculate-total.ts'",
        "src/billing/calculate-total.test.ts: -const total = calculateInvoiceTotal([{ quantity: 2, unitPrice: money(1000) }], 'starter', 'DE')",
        "src/billing/calculate-total.test.ts: -const total = calculateInvoiceTotal([{ quantity: 1, unitPrice: money(10000) }], 'scale', 'FR')",
        "src/billing/calculate-total.test.ts: -assert.equal(calculateInvoiceTotal([], 'starter', 'US').gross.cents, 0)",
        "src/billing/calculate-total.test.ts: +import { invoiceTotal } from './calculate-total.ts'",
        "src/billing/calculate-total.test.ts: +const total = invoiceTotal([{ quantity: 2, unitPrice: money(1000) }], 'starter', 'DE')",
        "src/billing/calculate-total.test.ts: +const total = invoiceTotal([{ quantity: 1, unitPrice: money(10000) }], 'scale', 'FR')",
        "src/billing/calculate-total.test.ts: +assert.equal(invoiceTotal([], 'starter', 'US').gross.cents, 0)",
        "src/billing/calculate-total.ts: -export function calculateInvoiceTotal(lines: readonly PricedLine[], plan: PlanName, country: CountryCode): InvoiceTotal {",
        "src/billing/calculate-total.ts: +export function invoiceTotal(lines: readonly PricedLine[], plan: PlanName, country: CountryCode): InvoiceTotal {",
        "src/invoices/invoice-service.ts: -import { calculateInvoiceTotal, chargeUser } from '../billing/billing.ts'",
        "src/invoices/invoice-service.ts: -const total = calculateInvoiceTotal(draft.lines, user.plan, user.country)",
        "src/invoices/invoice-service.ts: -return calculateInvoiceTotal(draft.lines, user.plan, user.country)",
        "src/invoices/invoice-service.ts: +import { invoiceTotal, chargeUser } from '../billing/billing.ts'",
        "src/invoices/invoice-service.ts: +const total = invoiceTotal(draft.lines, user.plan, user.country)",
        "src/invoices/invoice-service.ts: +return invoiceTotal(draft.lines, user.plan, user.country)",
        "src/invoices/render.ts: -import { formatMoney, money, calculateInvoiceTotal, type Money } from '../billing/billing.ts'",
        "src/invoices/render.ts: +import { formatMoney, money, invoiceTotal, type Money } from '../billing/billing.ts'",
      ]
    `)
  })

  test('the alias variant keeps the old name public, also through the barrel', async () => {
    const { api } = await run({ task: 'rename symbol calculateInvoiceTotal to invoiceTotal', serverPrefersAliases })
    const files = api.branch('keep a deprecated alias')
    expect(files.get('src/billing/calculate-total.ts')?.split('\n').slice(-6).join('\n')).toMatchInlineSnapshot(`
      "
      export {
        /** @deprecated Use \`invoiceTotal\` instead. */
        invoiceTotal as calculateInvoiceTotal,
      }
      "
    `)
    expect(files.get('src/billing/billing.ts')).toContain(
      'export { invoiceTotal, calculateInvoiceTotal, type InvoiceTotal, type PricedLine }',
    )
  })
})

test('a distinctive name is also renamed in comments, strings and docs, and that variant is merged', async () => {
  const { api, result } = await run({ task: 'rename symbol calculateInvoiceTotal to invoiceTotal' })
  expect(result.ok).toBe(true)
  expect(diff(Object.fromEntries(api.branch('code only')), api.branch('also comments, strings and docs'))).toMatchInlineSnapshot(`
    [
      "AGENTS.md: -- \`calculateInvoiceTotal\` is the only place that adds tax (ADR 0003).",
      "AGENTS.md: +- \`invoiceTotal\` is the only place that adds tax (ADR 0003).",
      "README.md: -billing/               calculateInvoiceTotal, chargeUser",
      "README.md: -The total of an invoice is worked out by \`calculateInvoiceTotal\` and nowhere else: discount first, then tax",
      "README.md: +billing/               invoiceTotal, chargeUser",
      "README.md: +The total of an invoice is worked out by \`invoiceTotal\` and nowhere else: discount first, then tax",
      "docs/adr/0001-modules-talk-through-one-file.md: -\`calculateInvoiceTotal\` and \`chargeUser\` are public; \`applyDiscount\` and \`taxRateFor\` are not and may change freely.",
      "docs/adr/0001-modules-talk-through-one-file.md: +\`invoiceTotal\` and \`chargeUser\` are public; \`applyDiscount\` and \`taxRateFor\` are not and may change freely.",
      "docs/adr/0003-discount-before-tax.md: -\`calculateInvoiceTotal\` works out net, tax and gross, in this order: lines, discount, tax. What it returns is stored with the",
      "docs/adr/0003-discount-before-tax.md: +\`invoiceTotal\` works out net, tax and gross, in this order: lines, discount, tax. What it returns is stored with the",
      "docs/runbooks/billing-outage.md: -4. Totals look wrong: compare one invoice by hand with \`calculateInvoiceTotal\` (ADR 0003). Rates are in \`src/billing/tax.ts\`.",
      "docs/runbooks/billing-outage.md: +4. Totals look wrong: compare one invoice by hand with \`invoiceTotal\` (ADR 0003). Rates are in \`src/billing/tax.ts\`.",
      "src/billing/calculate-total.test.ts: -test('calculateInvoiceTotal adds up lines and tax', () => {",
      "src/billing/calculate-total.test.ts: +test('invoiceTotal adds up lines and tax', () => {",
      "src/billing/calculate-total.ts: -* What an invoice comes to. The discount is taken before tax (ADR 0003); calculateInvoiceTotal is the only place that",
      "src/billing/calculate-total.ts: +* What an invoice comes to. The discount is taken before tax (ADR 0003); invoiceTotal is the only place that",
      "src/gateway/router.test.ts: -test('a quote uses calculateInvoiceTotal without making an invoice', async () => {",
      "src/gateway/router.test.ts: +test('a quote uses invoiceTotal without making an invoice', async () => {",
      "src/invoices/invoice.ts: -/** A row of \`invoices\` with its lines. \`total\` is what calculateInvoiceTotal returned on the day: it is never worked out again. */",
      "src/invoices/invoice.ts: +/** A row of \`invoices\` with its lines. \`total\` is what invoiceTotal returned on the day: it is never worked out again. */",
      "src/notifications/templates.ts: -// The amounts come from the invoice. Never call calculateInvoiceTotal here: rates may have changed since it was made.",
      "src/notifications/templates.ts: +// The amounts come from the invoice. Never call invoiceTotal here: rates may have changed since it was made.",
    ]
  `)
  expect(api.states).toMatchInlineSnapshot(`
    [
      "analysing",
      "planning",
      "reviewing-plan",
      "rehearsing",
      "reviewing-merge",
      "merging",
      "done",
    ]
  `)
  expect(result.summary).toMatchInlineSnapshot(
    `"Rename calculateInvoiceTotal to invoiceTotal: merged “also comments, strings and docs”, 13 files."`,
  )
  expect(api.messages).toMatchInlineSnapshot(`
    "Rename calculateInvoiceTotal to invoiceTotal: merged “also comments, strings and docs”, 13 files.

    10 edits in 5 files; 11 mentions in comments, strings and docs of 10 files; no new errors.

    - also comments, strings and docs: 10 edits in 5 files; 11 mentions in comments, strings and docs of 10 files; no new errors. Passed, score 1.00 ().
    - code only: 10 edits in 5 files; no new errors. Passed, score 1.00 ().
    - keep a deprecated alias: 11 edits in 5 files; no new errors. Passed, score 1.00 ()."
  `)
  expect(api.of('approvePlan')[0]?.[0]).toMatchObject({
    notes: [
      'The name stays in CHANGELOG.md (changelogs, which tell the past).',
      'The name stays in db/migrations/0002_invoices.sql (migrations, which are released as they are).',
      'The name stays in docs/incidents/2026-03-02-double-tax.md (incident reports, which tell the past).',
    ],
  })
  expect(api.files).toEqual(api.branch('also comments, strings and docs'))
})

const unchanged = (api: RecordingAgentApi) => expect(Object.fromEntries(api.files)).toEqual(SAMPLE)

describe('what ends a run without a change', () => {
  test.each<[string, Partial<RecordingOptions>, RegExp]>([
    ['frobnicate everything', {}, /I did not understand the task\.[^]*- rename symbol A to B/],
    ['rename symbol createInvoice to class', {}, /“class” is a reserved word/],
    ['rename symbol createInvoice to 2fast', {}, /“2fast” is not an identifier/],
    ['rename symbol createInvoice to createInvoice', {}, /has that name already/],
    [
      'rename symbol createInvoice to quoteInvoice',
      {},
      /quoteInvoice already stands for something else in src\/invoices\/invoice-service\.ts/,
    ],
    ['rename symbol InvoiceRepository.get to setStatus', {}, /InvoiceRepository has a member setStatus already/],
    ['rename symbol createInvoise to makeInvoice', {}, /There is no symbol createInvoise in the workspace/],
    [
      'rename symbol Nowhere.createInvoice to makeInvoice',
      {},
      /There is no Nowhere\.createInvoice in the workspace\. There is createInvoice\./,
    ],
    [
      'rename symbol createInvoice to makeInvoice',
      { answers: { approvePlan: { decision: 'deny', text: 'not now' } } },
      /not approved.*not now/,
    ],
    ['rename symbol createInvoice to makeInvoice', { answers: { reviewMerge: { decision: 'deny' } } }, /No variant was merged/],
    ['rename symbol validate to check', {}, /Nobody chose which validate is meant/],
    ['rename symbol createInvoice to makeInvoice', { notes: ['- exclude: src/invoices/'] }, /the context excludes that file/],
    ['find references of createInvoice', {}, /a task for the agent analyst/],
    ['move symbol createInvoice to src/invoices/validate.md', {}, /is not a TypeScript or JavaScript file/],
    ['move symbol InvoiceRepository.get to src/x.ts', {}, /not declared at the top/],
    ['move symbol formatMoney to src/billing/money.ts', {}, /is in src\/billing\/money\.ts already/],
    ['organise imports in nowhere/**', {}, /names no file/],
    ['organise imports in docs', {}, /None of them is TypeScript/],
    ['apply fix 9999 in src/invoices', {}, /has a diagnostic with the code 9999\. There are: 6133/],
  ])('%s %j', async (task, options, message) => {
    const { api, result } = await run({ task, ...options })
    expect(result.ok).toBe(false)
    expect(api.messages).toMatch(message)
    unchanged(api)
  })

  test('a read-only run ends with its plan', async () => {
    const { api, result } = await run({ task: 'rename symbol createInvoice to makeInvoice', readOnly: true })
    expect(result).toEqual({ ok: true, summary: 'Rename createInvoice to makeInvoice: plan only, nothing was changed.' })
    expect(api.of('speculate')).toEqual([])
    unchanged(api)
  })

  test('when no variant passes nothing is merged, and what failed before is said', async () => {
    const failed = { check: 'tests', state: 'failed', command: 'npm test', detail: 'x', durationMs: 1, score: 0 } as const
    const judge = () => ({ judge: 'checks', score: 0, passed: false, checks: [failed] })
    const { api, result } = await run({ task: 'rename symbol createInvoice to makeInvoice', judge })
    expect(result).toEqual({ ok: false, summary: 'Rename createInvoice to makeInvoice: no variant passed, so nothing was merged.' })
    expect(api.messages).toContain('Before the change these failed too: tests failed')
    expect(api.of('reviewMerge')).toEqual([])
    unchanged(api)
  })

  test('a tool that fails in every variant is told, not thrown', async () => {
    const tools = {
      'lsp.rename': () => {
        throw new Error('the server died')
      },
    }
    const { api, result } = await run({ task: 'rename symbol createInvoice to makeInvoice', tools })
    expect(result.ok).toBe(false)
    expect(api.messages).toContain('the server died')
    unchanged(api)
  })
})

describe('an ambiguous name', () => {
  const chosen = { decision: 'choose' as const, optionId: 'src/auth/credentials.ts:7:16' }

  test('becomes a question, and only the chosen symbol changes', async () => {
    const { api, result } = await run({ task: 'rename symbol validate to checkCredentials', answers: { chooseOption: chosen } })
    expect(result.ok).toBe(true)
    expect(api.of('chooseOption')[0]?.[2]).toMatchObject([
      { label: 'validate in src/auth/credentials.ts' },
      { label: 'validate in src/invoices/validate.ts' },
    ])
    expect(api.of('reviewMerge')[0]?.[1]).toMatchObject([{ label: 'code only' }, { label: 'keep a deprecated alias' }])
    expect(api.files.get('src/auth/credentials.ts')).toContain('export function checkCredentials(')
    expect(api.files.get('src/auth/token.test.ts')).toContain("import { checkCredentials } from './credentials.ts'")
    expect(api.files.get('src/invoices/validate.ts')).toBe(SAMPLE['src/invoices/validate.ts'])
  })

  test('words in texts that may mean the other symbol stay, and a variant that would be the same is left out', async () => {
    const { api } = await run({ task: 'rename symbol validate to checkCredentials', answers: { chooseOption: chosen } })
    expect(api.of('speculate')).toEqual([[['code only', 'keep a deprecated alias']]])
    expect(api.of('approvePlan')[0]?.[0]).toMatchObject({
      notes: expect.arrayContaining(['“also comments, strings and docs” would be the same as “code only” and is left out.']),
    })
  })

  test('a plan says when there is only one variant', async () => {
    const files = { 'a.ts': 'const value = 1\nexport const b = value\n' }
    const { api, result } = await run({ task: 'rename symbol value to amount', files })
    expect(result.ok).toBe(true)
    expect(api.of('approvePlan')[0]?.[0]).toMatchObject({ notes: expect.arrayContaining(['So there is only one variant.']) })
    expect(api.files.get('a.ts')).toBe('const amount = 1\nexport const b = amount\n')
  })

  test('each file is read once, and each variant is one edit', async () => {
    const { api } = await run({ task: 'rename symbol calculateInvoiceTotal to invoiceTotal' })
    const reads = api.of('call').flatMap(([tool, args]) => (tool === 'fs.read' ? [JSON.stringify(args)] : []))
    expect(reads).toEqual([...new Set(reads)])
    for (const branch of api.branches.values()) {
      expect(branch.of('call').map(([tool]) => tool)).toEqual(['fs.applyEdit', 'lsp.diagnostics'])
    }
  })

  test('is settled by a file in the task', async () => {
    const { api, result } = await run({ task: 'rename validate in src/invoices/validate.ts to draftProblems' })
    expect(result.ok).toBe(true)
    expect(api.of('chooseOption')).toEqual([])
    expect(api.files.get('src/invoices/invoice-service.ts')).toContain('const problems = draftProblems(draft)')
  })
})

describe('members and shorthand', () => {
  test('a property keeps the names of variables in shorthand', async () => {
    const { api } = await run({ task: 'rename symbol Invoice.userId to customerId' })
    const service = api.branch('code only').get('src/invoices/invoice-service.ts')
    expect(service).toContain('const invoice: Invoice = { id: randomUUID(), customerId: userId, lines: draft.lines')
    expect(api.branch('code only').get('src/gateway/handlers.ts')).toContain('user_id: invoice.customerId')
  })

  test.each([true, false])('a variable keeps the names of properties in shorthand, aliases: %s', async (serverPrefersAliases) => {
    const files = {
      'a.ts': 'export const port = 1\nexport const config = { port }\n',
      'b.ts': "import { port } from './a.ts'\nexport const other = { port }\n",
    }
    const { api } = await run({ task: 'rename symbol port to listenPort in a.ts', files, serverPrefersAliases })
    expect(api.branch('code only').get('a.ts')).toBe('export const listenPort = 1\nexport const config = { port: listenPort }\n')
    expect(api.branch('code only').get('b.ts')).toBe("import { listenPort } from './a.ts'\nexport const other = { port: listenPort }\n")
  })

  test('a file where the new name is taken keeps the old one as an alias', async () => {
    const files = {
      'a.ts': 'export const port = 1\n',
      'b.ts': "import { port } from './a.ts'\nexport const gate = (size: number) => port + size\n",
    }
    const { api } = await run({ task: 'rename symbol port to size', files })
    expect(api.branch('code only').get('b.ts')).toBe(
      "import { size as port } from './a.ts'\nexport const gate = (size: number) => port + size\n",
    )
  })

  test('a type keeps a type-only alias, an export list gets both names', async () => {
    const files = {
      'a.ts': 'export interface Box { readonly side: number }\nconst unit = 1\nexport { unit }\n',
      'b.ts': "export type { Box } from './a.ts'\n",
    }
    const { api } = await run({ task: 'rename symbol Box to Cube', files })
    expect(api.branch('keep a deprecated alias').get('a.ts')).toContain(
      '\nexport type {\n  /** @deprecated Use `Cube` instead. */\n  Cube as Box,\n}\n',
    )
    expect(api.branch('keep a deprecated alias').get('b.ts')).toBe("export type { Cube, Box } from './a.ts'\n")
    const listed = await run({ task: 'rename symbol unit to one', files })
    expect(listed.api.branch('keep a deprecated alias').get('a.ts')).toContain('const one = 1\nexport { one, one as unit }\n')
  })

  test('files that the context excludes are left out', async () => {
    const { api } = await run({ task: 'rename symbol formatMoney to showMoney', notes: ['exclude: src/notifications/**, docs/'] })
    expect(api.files.get('src/notifications/templates.ts')).toBe(SAMPLE['src/notifications/templates.ts'])
    expect(JSON.stringify(api.of('approvePlan'))).toContain('References in these files stay')
  })
})

describe('move', () => {
  test('importers follow, or the old module re-exports', async () => {
    const { api, result } = await run({ task: 'move symbol scaleMoney to src/billing/scale-money.ts' })
    expect(result).toMatchObject({ ok: true })
    expect(api.files.get('src/billing/scale-money.ts')).toContain('export function scaleMoney(amount: Money, factor: number): Money {')
    expect(api.files.get('src/billing/discount.ts')).toContain("import { scaleMoney } from './scale-money.ts'")
    expect(api.branch('also leave a re-export').get('src/billing/money.ts')).toContain("export { scaleMoney } from './scale-money.ts'")
  })

  test('a move that breaks a re-export does not pass, unless it leaves one', async () => {
    const { api, result } = await run({ task: 'move symbol formatMoney to src/billing/format-money.ts' })
    expect(result).toMatchObject({ ok: true, summary: expect.stringContaining('merged “also leave a re-export”') })
    expect(api.messages).toContain(`src/billing/billing.ts:4 Module '"./money.ts"' has no exported member 'formatMoney'`)
  })

  test('a name that the target declares is refused', async () => {
    const { api, result } = await run({ task: 'move symbol validate in src/auth/credentials.ts to src/invoices/validate.ts' })
    expect(result.summary).toBe('src/invoices/validate.ts declares a validate already. Nothing was changed.')
    unchanged(api)
  })
})

describe('organise imports', () => {
  test('sorts and removes; or only removes and keeps the order', async () => {
    const { api, result } = await run({ task: 'organise imports in src/invoices/render.ts' })
    expect(result.ok).toBe(true)
    expect(api.files.get('src/invoices/render.ts')?.split('\n').slice(0, 3)).toEqual([
      "import { formatMoney, type Money } from '../billing/billing.ts'",
      "import type { Invoice, InvoiceLine } from './invoice.ts'",
      '',
    ])
    expect(api.of('speculate')).toEqual([[['sort and remove unused']]])
    expect(api.of('approvePlan')[0]?.[0]).toMatchObject({
      notes: [
        '“remove unused, keep the order” would be the same as “sort and remove unused” and is left out.',
        'So there is only one variant.',
      ],
    })
  })

  test('where the order changes too there are two variants', async () => {
    const files = {
      'a.ts': "import { z } from './z'\nimport { b, unused } from './b'\nexport const a = z + b\n",
      'b.ts': 'export const b = 1\nexport const unused = 2\n',
      'z.ts': 'export const z = 1\n',
    }
    const { api } = await run({ task: 'organise imports in a.ts', files })
    expect(api.branch('sort and remove unused').get('a.ts')).toBe(
      "import { b } from './b'\nimport { z } from './z'\nexport const a = z + b\n",
    )
    expect(api.branch('remove unused, keep the order').get('a.ts')).toBe(
      "import { z } from './z'\nimport { b } from './b'\nexport const a = z + b\n",
    )
  })

  test('files in order are nothing to do', async () => {
    const { api, result } = await run({ task: 'organise imports in a.ts', files: { 'a.ts': 'export const a = 1\n' } })
    expect(result).toEqual({ ok: true, summary: 'The imports of 1 file in a.ts are in order. Nothing to change.' })
    expect(api.of('approvePlan')).toEqual([])
  })
})

describe('apply fix', () => {
  test('in all files that have the diagnostic', async () => {
    const { api, result } = await run({ task: 'apply fix 6133 in src' })
    expect(result.ok).toBe(true)
    expect(api.files.get('src/gateway/router.ts')).not.toContain('formatMoney')
    expect(api.files.get('src/invoices/render.ts')).not.toContain('notFound')
  })

  test('a fix that leaves a new error is taken back in the careful variant', async () => {
    const files = { 'a.ts': 'const unused = 1\nexport const a = 1\n', 'b.ts': 'const unused = 1\nexport const b = 1\n' }
    const breaking = (args: Record<string, unknown>) => ({
      titles: ['Remove'],
      edit: {
        files: [
          {
            path: args['path'],
            version: null,
            edits: [{ startLine: 1, startColumn: 0, endLine: 2, endColumn: 0, newText: args['path'] === 'b.ts' ? 'missing()\n' : '' }],
          },
        ],
        create: [],
        move: [],
        remove: [],
      },
    })
    const { api, result } = await run({ task: 'apply fix 6133 in **/*.ts', files, tools: { 'lsp.fix': breaking } })
    expect(result).toMatchObject({ ok: true, summary: expect.stringContaining('only where nothing else breaks') })
    expect(api.files.get('a.ts')).toBe('export const a = 1\n')
    expect(api.files.get('b.ts')).toBe(files['b.ts'])
  })
})
