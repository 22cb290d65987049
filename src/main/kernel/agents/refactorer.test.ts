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

describe.each([true, false])('rename in a workspace, where the server prefers aliases: %s', (serverPrefersAliases) => {
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
  expect(result.summary).toMatchInlineSnapshot(`"Rename calculateInvoiceTotal to invoiceTotal: merged “also comments, strings and docs”, 13 files."`)
  expect(api.messages).toMatchInlineSnapshot(`
    "Rename calculateInvoiceTotal to invoiceTotal: merged “also comments, strings and docs”, 13 files.

    10 edits in 5 files; 11 mentions in comments, strings and docs of 10 files; no new errors.

    - also comments, strings and docs: 10 edits in 5 files; 11 mentions in comments, strings and docs of 10 files; no new errors. Passed, score 1.00 ().
    - code only: 10 edits in 5 files; no new errors. Passed, score 1.00 ().
    - keep a deprecated alias: 11 edits in 5 files; no new errors. Passed, score 1.00 ()."
  `)
  expect(api.of('approvePlan')).toMatchInlineSnapshot(`
    [
      [
        {
          "affectedFiles": [
            "src/billing/billing.ts",
            "src/billing/calculate-total.test.ts",
            "src/billing/calculate-total.ts",
            "src/invoices/invoice-service.ts",
            "src/invoices/render.ts",
            "AGENTS.md",
            "README.md",
            "docs/adr/0001-modules-talk-through-one-file.md",
            "docs/adr/0003-discount-before-tax.md",
            "docs/runbooks/billing-outage.md",
            "src/gateway/router.test.ts",
            "src/invoices/invoice.ts",
            "src/notifications/templates.ts",
          ],
          "notes": [
            "The name stays in CHANGELOG.md (changelogs, which tell the past).",
            "The name stays in db/migrations/0002_invoices.sql (migrations, which are released as they are).",
            "The name stays in docs/incidents/2026-03-02-double-tax.md (incident reports, which tell the past).",
          ],
          "steps": [
            {
              "id": "analyse",
              "state": "done",
              "title": "Find what is affected",
            },
            {
              "id": "approve",
              "state": "pending",
              "title": "Approve the plan",
            },
            {
              "id": "rehearse",
              "state": "pending",
              "title": "Rehearse 3 variants on branches: “code only”, “also comments, strings and docs”, “keep a deprecated alias”",
            },
            {
              "id": "review",
              "state": "pending",
              "title": "Review what passed, hunk by hunk",
            },
            {
              "id": "merge",
              "state": "pending",
              "title": "Merge the chosen one",
            },
          ],
          "title": "Rename calculateInvoiceTotal to invoiceTotal",
        },
        "function calculateInvoiceTotal in src/billing/calculate-total.ts:21 has 10 references in 5 files.
    Its name also stands in 8 further files: AGENTS.md, README.md, docs/adr/0001-modules-talk-through-one-file.md, docs/adr/0003-discount-before-tax.md, docs/runbooks/billing-outage.md, src/gateway/router.test.ts, src/invoices/invoice.ts, src/notifications/templates.ts.",
      ],
    ]
  `)
})
