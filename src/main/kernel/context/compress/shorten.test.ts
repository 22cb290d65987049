import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { ContextItemKind } from '../../../../shared/context'
import { contentInMemory } from '../../testing/content-in-memory'
import { countTokens } from '../count-tokens'
import { fit, type TextAbout } from './shorten'

function shortened(text: string, maxTokens: number, about: TextAbout) {
  const content = contentInMemory()
  const fitted = fit(text, maxTokens, about, countTokens, content.put)
  return { ...fitted, whole: fitted.shortened === null ? null : content.textOf(fitted.shortened.whole) }
}

const file = (path: string, more: Partial<TextAbout> = {}): TextAbout => ({ kind: 'file', path, ...more })
const numbered = (count: number, line: (index: number) => string): string[] => Array.from({ length: count }, (_, index) => line(index))

describe('files', () => {
  const functions = numbered(40, (index) => {
    const body = numbered(20, (line) => `  const step${line} = compute(${index}, ${line}) // of a body`)
    return [
      `/** Adds up ${index}. */`,
      `export function total${index}(accounts: Account[]): number {`,
      ...body,
      '  return step0',
      '}',
    ].join('\n')
  })
  const source = ["import { compute } from './compute'", '', ...functions].join('\n')

  it('become their declarations with their comments, line numbers of what is left out, and the whole by its hash', () => {
    const { text, tokens, whole, shortened: by } = shortened(source, 1600, file('src/totals.ts'))
    expect(by?.by).toBe('outline')
    expect(whole).toBe(source)
    expect(tokens).toBeLessThanOrEqual(1600)
    expect(text).toContain("import { compute } from './compute'")
    for (let index = 0; index < 40; index += 1) {
      expect(text).toContain(`/** Adds up ${index}. */`)
      expect(text).toContain(`export function total${index}(accounts: Account[]): number {`)
    }
    expect(text).toContain('[... lines 509-529]')
  })

  it('keep what is around the lines that matter now as it is', () => {
    const { text } = shortened(source, 1600, file('src/totals.ts', { keyLines: () => [255] }))
    const lines = source.split('\n').slice(250, 260)
    expect(text).toContain(lines.join('\n'))
  })

  it.each([
    ['a.py', ['import os', 'class Invoice(Base):', '    def total(self, rate):', 'async def main():']],
    ['a.go', ['package billing', 'func Total(a []Account) int {', 'type Invoice struct {']],
    ['a.rs', ['use std::fs;', 'pub fn total(a: &[Account]) -> u32 {', 'impl Invoice {', 'pub(crate) struct Rate {']],
    ['A.java', ['package billing;', 'public class Invoice {', '    public int total(List<Account> accounts) {']],
    ['a.c', ['#include <stdio.h>', 'static int total(struct account *a) {', 'typedef struct rate rate;']],
    ['a.sql', ['create table accounts (', 'CREATE INDEX by_name on accounts (name);']],
  ])('find declarations of %s without an index', (path, declarations) => {
    const body = numbered(60, (line) => `      step = step + ${line}`)
    const { text } = shortened(declarations.flatMap((line) => [line, ...body]).join('\n'), 320, file(path))
    for (const line of declarations) expect(text).toContain(line)
  })

  it('use the declarations of the index where it tells them', () => {
    const lines = numbered(400, (line) => `weird syntax ${line} here`)
    const { text } = shortened(lines.join('\n'), 300, file('a.weird', { declarations: [200, 300] }))
    expect(text).toContain('weird syntax 199 here')
    expect(text).toContain('weird syntax 299 here')
  })
})

describe('logs', () => {
  it('keep every distinct error at its first and last place with its count, the beginning and the end', () => {
    const lines = numbered(6000, (index) => {
      if (index % 500 === 250)
        return `2026-01-0${1 + (index % 9)}T10:00:${index % 60} ERROR db/pool.ts:${index} connection ${index} refused`
      if (index === 3333) return 'TypeError: cannot read total of undefined'
      return `10:00:${index % 60} request ${index} served in ${index % 17} ms`
    })
    const { text, tokens, whole, shortened: by } = shortened(lines.join('\n'), 1000, { kind: 'tool-result' })
    expect(by?.by).toBe('log')
    expect(tokens).toBeLessThanOrEqual(1000)
    expect(whole).toBe(lines.join('\n'))
    expect(text).toContain('6000 lines, 2 distinct errors; the like of line 251 12 times, last in 5751')
    for (const at of [0, 250, 5750, 3333, 5999]) expect(text).toContain(lines[at])
    expect(text).not.toContain(lines[750])
  })
})

describe('diffs', () => {
  it('keep files and hunks, drop unchanged lines first, and count what of large hunks is missing', () => {
    const hunk = (at: number, changed: number): string[] => [
      `@@ -${at},${changed + 40} +${at},${changed + 40} @@`,
      ...numbered(20, (line) => ` unchanged ${at + line} before the change`),
      ...numbered(changed, (line) => `-removed ${line} of ${at}`),
      ...numbered(changed, (line) => `+added ${line} of ${at}`),
      ...numbered(20, (line) => ` unchanged ${at + line} after the change`),
    ]
    const of = (path: string, ...hunks: string[][]): string[] => [
      `diff --git a/${path} b/${path}`,
      `--- a/${path}`,
      `+++ b/${path}`,
      ...hunks.flat(),
    ]
    const diff = [...of('a.ts', hunk(10, 3), hunk(200, 4)), ...of('b.ts', hunk(1, 400))].join('\n')
    const { text, shortened: by } = shortened(diff, 900, { kind: 'git' })
    expect(by?.by).toBe('hunks')
    expect(text).toContain('[diff of 2 files, 3 hunks, 407 lines added, 407 removed;')
    for (const line of ['+++ b/a.ts', '+++ b/b.ts', '@@ -200,44 +200,44 @@', '-removed 2 of 10', '+added 3 of 200'])
      expect(text).toContain(line)
    expect(text).toContain('[... 20 unchanged ...]')
    expect(text).toMatch(/\[\.\.\. \d+ added, \d+ removed of \d+ lines \.\.\.\]/)
  })

  it('do not take a removed line for the header of a file', () => {
    const diff = [
      '--- a/q.sql',
      '+++ b/q.sql',
      '@@ -1,2 +1,1 @@',
      '--- a comment of SQL',
      ' select 1',
      ...numbered(900, () => 'tail of the output'),
    ].join('\n')
    expect(shortened(diff, 200, { kind: 'git' }).text).toContain('[diff of 1 files, 1 hunks, 0 lines added, 1 removed;')
  })
})

describe('tests', () => {
  it('keep failures as they are and count what passed', () => {
    const output = [
      ...numbered(700, (index) => ` ✓ src/module-${index}.test.ts (${index} tests) ${index} ms`),
      ' × src/billing.test.ts > adds up',
      'AssertionError: expected 41 to be 42',
      '  at src/billing.test.ts:17:5',
      ...numbered(700, (index) => ` ✓ src/other-${index}.test.ts (${index} tests) ${index} ms`),
      ' Tests  1 failed | 1400 passed (1401)',
    ]
    const { text, shortened: by } = shortened(output.join('\n'), 500, { kind: 'tests' })
    expect(by?.by).toBe('failures')
    expect(text).toContain('1400 lines of passed and 1 of failed tests')
    expect(text).toContain(output.slice(700, 703).join('\n'))
    expect(text).toContain(' Tests  1 failed | 1400 passed (1401)')
  })
})

describe('JSON', () => {
  it('keeps the structure and says how much of lists and texts is missing', () => {
    const value = { users: numbered(3000, (index) => `user ${index}`).map((name, id) => ({ id, name, bio: 'x'.repeat(50) })), next: null }
    const { text, shortened: by } = shortened(JSON.stringify(value), 300, { kind: 'tool-result' })
    expect(by?.by).toBe('structure')
    expect(text).toContain('"users"')
    expect(text).toContain('"bio"')
    expect(text).toMatch(/\.\.\. \d+ more of 3000/)
    expect(text).toContain('"next": null')
  })

  it('is condensed as lines when it is none after all', () => {
    expect(shortened(`{ broken ${'word '.repeat(2000)}\n}`, 200, { kind: 'tool-result' }).shortened?.by).not.toBe('structure')
  })
})

describe('conversation', () => {
  it('keeps decisions, constraints and open questions before the rest', () => {
    const chat = numbered(300, (index) => `Then the weather of day ${index} was talked about at length and nothing came of it.`)
    chat[100] = 'We decided to keep the old column until the migration ran.'
    chat[150] = 'The API must not change.'
    chat[200] = 'Which service owns the invoices?'
    const { text, shortened: by } = shortened(chat.join(' '), 200, { kind: 'note' })
    expect(by?.by).toBe('extract')
    for (const at of [100, 150, 200]) expect(text).toContain(chat[at])
  })
})

// Each looks at megabytes in six ways, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000 })

describe('any text of any kind', () => {
  const kinds: ContextItemKind[] = ['file', 'tool-result', 'tests', 'note', 'git', 'query']
  const line = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(
      '',
      '@@ -1,4 +1,4 @@',
      'diff --git a/a b/a',
      '--- a',
      '+++ b',
      '+x',
      '-y',
      'ERROR x',
      'FAIL a',
      '✓ b',
      '{"a": [',
      ']}',
      'export class A {',
    ),
    fc.integer({ min: 400, max: 3000 }).map((count) => 'word '.repeat(count)),
  )

  it('fits, is the same again, is whole or says so, and the whole is kept', () => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 120, size: 'max' }),
        fc.integer({ min: 0, max: 600 }),
        fc.constantFrom(...kinds),
        (lines, maxTokens, kind) => {
          const text = lines.join('\n')
          const first = shortened(text, maxTokens, { kind, path: 'src/a.ts' })
          expect(first.tokens).toBe(countTokens(first.text))
          expect(first.tokens).toBeLessThanOrEqual(maxTokens)
          if (first.shortened === null) expect(first.text).toBe(text)
          else expect(first.whole).toBe(text)
          expect(shortened(text, maxTokens, { kind, path: 'src/a.ts' })).toEqual(first)
        },
      ),
      { numRuns: 150 },
    )
  })

  // Linear: a tenfold text takes about ten times as long. Anything quadratic in these would not end within the time of a test.
  it.each<[string, string]>([
    ['one line without an end', 'a'.repeat(1_000_000)],
    ['only brackets', '['.repeat(1_000_000)],
    ['only slashes', 'a/'.repeat(500_000)],
    ['many lines', 'x\n'.repeat(300_000)],
    ['only errors, all different', numbered(60_000, (index) => `Error: ${index.toString(36).replaceAll(/\d/g, 'q')} failed`).join('\n')],
    ['only hunks', '@@ -1,1 +1,1 @@\n'.repeat(60_000)],
    ['deep JSON', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['spaces before nothing', `${' '.repeat(480)}\n`.repeat(4_000)],
    ['half of a pair', '\ud800'.repeat(100_000)],
    ['parentheses', `${'('.repeat(499)}\n`.repeat(4_000)],
    ['words and dots', `${'a.'.repeat(249)}\n`.repeat(4_000)],
  ])('ends soon for %s', (_, text) => {
    for (const kind of kinds) {
      const { tokens } = shortened(text, 500, { kind, path: 'a.ts' })
      expect(tokens).toBeLessThanOrEqual(500)
    }
  })
})
