import { expect, test } from 'vitest'
import type { ExtraFacts } from '../facts-source'
import { markdown, otherDocuments } from './documents'

function read(path: string, text: string, source = markdown): ExtraFacts {
  expect(source.claims(path)).toBe(true)
  return source.read({ path, text, code: null })
}

function relations(facts: ExtraFacts): string[] {
  return (facts.relations ?? []).map(
    ({ from, kind, to, confidence, line }) => `${end(from)} ${kind} ${end(to)} ${confidence.toFixed(2)} :${line}`,
  )
}

function end(target: NonNullable<ExtraFacts['relations']>[number]['to']): string {
  return target.is === 'key' ? target.key : target.is === 'path' ? target.path : target.is === 'symbol' ? '.' : `?${target.name}`
}

test('a document: title, first paragraph, headings, and what it names', () => {
  const text = `<!-- badge
# not a heading
-->
# The *billing* of \`Shop\`

[![Build](x.svg)](https://ci.example.org)

It adds up \`Invoice.total()\` as [the code](../src/billing/invoice.ts#L10) says
and reads \`users\`, \`user_accounts\`, \`DATABASE_URL\`, \`npm\`.

## Running

\`\`\`sh
# no heading
cat \`notAName\` [x](in-fence.md)
\`\`\`

See [folder](./guides/) and [site](https://example.org/a.ts), \`src/rates.ts:12\`, \`parseAmount\`, \`retry()\`, [up](../../../etc/passwd).

Second heading
--------------

[ref]: ../CHANGELOG.md "title"
`
  const facts = read('docs/billing.md', text)
  expect(facts.fileKind).toBe('doc')
  expect(facts.fileDoc).toBe(
    'The billing of Shop: It adds up Invoice.total() as the code says and reads users, user_accounts, DATABASE_URL, npm.',
  )
  expect(facts.fileAttributes).toEqual({ title: 'The billing of Shop', headings: ['The billing of Shop', 'Running', 'Second heading'] })
  expect(relations(facts)).toEqual([
    '. documents src/billing/invoice.ts 1.00 :8',
    '. documents docs/guides 1.00 :18',
    '. documents docs/guides/README.md 1.00 :18',
    '. documents CHANGELOG.md 1.00 :23',
    '. documents ?Invoice 0.50 :8',
    '. documents ?user_accounts 0.70 :9',
    '. documents ?DATABASE_URL 0.70 :9',
    '. documents src/rates.ts 0.90 :18',
    '. documents docs/src/rates.ts 0.90 :18',
    '. documents ?parseAmount 0.70 :18',
    '. documents ?retry 0.60 :18',
  ])
})

test('a decision: status, date, who took it, what else there was, what it replaces, and what it decides about', () => {
  const text = `# 7. Use Postgres

* Status: accepted
* Deciders: @ann, Ben, cara@example.org
* Date: 2024-05-06

Supersedes [0003](0003-use-mysql.md).

## Context

Rows of \`order_items\` grow.

## Considered Options

* Postgres
* MySQL, **again**

## Decision

We keep orders in Postgres; see \`src/store/orders.ts\`.
`
  const facts = read('docs/adr/0007-use-postgres.md', text)
  expect(facts.fileKind).toBe('adr')
  const decision = facts.entities?.find(({ kind }) => kind === 'decision')
  expect(decision).toEqual({
    key: 'decision:docs/adr/0007-use-postgres',
    kind: 'decision',
    name: '7. Use Postgres',
    startLine: 1,
    endLine: 20,
    nameLine: 1,
    nameColumn: 0,
    declared: true,
    signature: 'ADR 7. Use Postgres',
    doc: 'We keep orders in Postgres; see src/store/orders.ts.',
    attributes: {
      status: 'accepted',
      date: '2024-05-06',
      deciders: ['@ann', 'Ben', 'cara@example.org'],
      number: 7,
      alternatives: ['Postgres', 'MySQL, again'],
    },
  })
  expect(relations(facts)).toEqual([
    '. documents docs/adr/0003-use-mysql.md 1.00 :7',
    '. documents ?order_items 0.70 :11',
    '. documents src/store/orders.ts 0.90 :20',
    '. documents docs/adr/src/store/orders.ts 0.90 :20',
    '. contains decision:docs/adr/0007-use-postgres 1.00 :1',
    '?order_items decided_by decision:docs/adr/0007-use-postgres 0.63 :11',
    'src/store/orders.ts decided_by decision:docs/adr/0007-use-postgres 0.81 :20',
    'docs/adr/src/store/orders.ts decided_by decision:docs/adr/0007-use-postgres 0.81 :20',
    'decision:docs/adr/0007-use-postgres references decision:docs/adr/0003-use-mysql 0.95 :7',
    'decision:docs/adr/0007-use-postgres authored_by owner:@ann 0.90 :1',
    'decision:docs/adr/0007-use-postgres authored_by author:cara@example.org 0.90 :1',
  ])
  const byHeadings = '# Cache\n\n## Status\n\nSuperseded by [next](next.md), 2023-01-02\n\n## Context\n\n## Decision\n\nNo.\n'
  expect(read('notes/cache.md', byHeadings)).toMatchObject({
    fileKind: 'adr',
    fileAttributes: { status: 'superseded', date: '2023-01-02' },
  })
  const frontMatter = '---\ntitle: Ports\nstatus: draft\nauthors: [ann, ben]\n---\n\n# Summary\n\nText\n'
  expect(read('rfcs/rfc-12-ports.md', frontMatter)).toMatchObject({
    fileKind: 'rfc',
    fileAttributes: { title: 'Ports', status: 'draft', deciders: ['ann', 'ben'], number: 12 },
  })
})

test('an incident: when, how bad, and what it was put down to', () => {
  const text = `# Checkout down

| Severity | SEV-2 |
|---|---|
| Date | 2024-02-03 |

Services: checkout-api

## Summary

Nobody could pay.

## Root cause

A retry in \`src/pay/retry.ts\` never ended, since 1a2b3c4d.

## Action items

- Limit \`retryPayment\`
`
  const facts = read('docs/incidents/2024-02-03-checkout.md', text)
  expect(facts.fileKind).toBe('doc')
  expect(facts.fileAttributes).toMatchObject({ severity: 'SEV-2', date: '2024-02-03', services: ['checkout-api'], commits: ['1a2b3c4d'] })
  expect(facts.entities?.map(({ key, doc }) => ({ key, doc }))).toEqual([
    { key: 'incident:docs/incidents/2024-02-03-checkout', doc: 'A retry in src/pay/retry.ts never ended, since 1a2b3c4d.' },
  ])
  expect(
    relations(facts)
      .filter((each) => each.startsWith('incident:'))
      .map((each) => each.replace('incident:docs/incidents/2024-02-03-checkout ', '')),
  ).toEqual([
    'caused_by src/pay/retry.ts 0.81 :15',
    'caused_by docs/incidents/src/pay/retry.ts 0.81 :15',
    'references ?retryPayment 0.56 :19',
    'references ?checkout-api 0.70 :1',
  ])
})

test('runbooks, changelogs, READMEs and other markup', () => {
  const runbook = read(
    'ops/runbooks/pay.md',
    '# Payments\n\n**On-call:** @shop/payments\n**Owner:** pay@example.org\n\nRestart `payment-worker`.\n',
  )
  expect(runbook.fileKind).toBe('runbook')
  expect(relations(runbook)).toEqual([
    '. documents ?payment-worker 0.60 :6',
    '. owned_by author:pay@example.org 0.90 :1',
    '. owned_by oncall:@shop/payments 0.90 :1',
  ])
  const changelog = read('CHANGELOG.md', '# Changes\n\n## [2.1.0] - 2024-01-01\n\n- x\n\n## v2.0.0-rc.1\n')
  expect(changelog).toMatchObject({ fileKind: 'changelog', fileAttributes: { latest: '2.1.0', versions: ['2.1.0', '2.0.0-rc.1'] } })
  const rst = read(
    'README.rst',
    'Requests\n========\n\nHTTP for people; see ``Session.get`` and `the guide <docs/guide.rst>`_.\n',
    otherDocuments,
  )
  expect(rst).toMatchObject({ fileKind: 'readme', fileDoc: expect.stringMatching(/^Requests: HTTP for people/) })
  expect(relations(rst)).toEqual(['. documents docs/guide.rst 1.00 :4', '. documents ?Session 0.50 :4'])
  const adoc = read('doc/a.adoc', '= Title\n\nFirst words.\n\n[source,sh]\n----\n== no heading\n----\n\n== Part\n', otherDocuments)
  expect(adoc.fileAttributes).toEqual({ title: 'Title', headings: ['Title', 'Part'] })
})

test('hostile and odd documents', () => {
  const hostile = [
    '',
    '---',
    '---\na: [\n---\n# x',
    '---\n- a\n---\n',
    '\0',
    '['.repeat(50_000),
    '_*'.repeat(50_000),
    '`'.repeat(50_000),
    '[a]('.repeat(50_000),
    '> '.repeat(50_000),
  ]
  hostile.push(
    '[a](%E0%A4%A).',
    '#'.repeat(9_000),
    '# '.repeat(9_000),
    `${'**a: '.repeat(20_000)}`,
    '<!--',
    '```',
    `${'x\n===\n'.repeat(20_000)}`,
    `| ${'a'.repeat(3_000)} |`,
    '-'.repeat(9_000),
  )
  hostile.push(
    `# a\n\n${'`aB.'.repeat(5_000)}`,
    `Status: ${'- '.repeat(9_000)}`,
    'a@'.repeat(20_000),
    `Owner: ${'a.'.repeat(5_000)}@${'b.'.repeat(5_000)}`,
    '[a](b)\n'.repeat(20_000),
  )
  for (const text of hostile) {
    for (const path of ['a.md', 'docs/adr/0001-a.md', 'docs/incidents/a.md', 'CHANGELOG.md']) {
      const facts = read(path, text)
      expect(facts.relations?.length ?? 0).toBeLessThan(2_000)
    }
  }
  expect(() => read('a.md', 'x'.repeat(3 * 1024 * 1024))).toThrow('characters')
})
