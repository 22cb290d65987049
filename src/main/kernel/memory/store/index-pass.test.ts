import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Parsers } from '../code/grammar'
import { LANGUAGES } from '../code/languages'
import { IndexPass, indexParts } from './index-pass'
import { openForWriting } from './memory-database'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const folders: string[] = []
const parsers = new Parsers()
beforeAll(async () => {
  await parsers.load(LANGUAGES)
})
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function place() {
  const folder = mkdtempSync(join(tmpdir(), 'keyframe-pass-'))
  folders.push(folder)
  const root = join(folder, 'repo')
  mkdirSync(root)
  let opened = 0
  return {
    root,
    write: (path: string, text: string) => writeFileSync(join(root, path), text),
    open(stopped: () => boolean = () => false) {
      opened += 1
      return reopen(root, join(folder, `${opened}.sqlite`), stopped)
    },
    folder,
  }
}

function reopen(root: string, databasePath: string, stopped: () => boolean) {
  const { database } = openForWriting(databasePath)
  return { database, databasePath, pass: new IndexPass(indexParts(root, database, parsers, { stopped, onProgress: () => undefined })) }
}

/** Everything that the index says now, without numbers that depend on its history. */
function contents(database: Database.Database): unknown[] {
  return [
    database.prepare('SELECT path, hash, unlinked, problem, skipped, language FROM files WHERE valid_to IS NULL ORDER BY path').all(),
    database
      .prepare(
        `SELECT key, kind, name, path, start_line, end_line, exported, declared, signature, doc, language, attributes
         FROM entities s JOIN nodes n ON n.id = s.node_id WHERE valid_to IS NULL ORDER BY key, path`,
      )
      .all(),
    database
      .prepare(
        `SELECT a.key AS src, b.key AS dst, kind, confidence, method, line FROM edges JOIN nodes a ON a.id = src JOIN nodes b ON b.id = dst
         WHERE valid_to IS NULL ORDER BY a.key, b.key, kind`,
      )
      .all(),
    database
      .prepare('SELECT key, name, line FROM unresolved_calls JOIN nodes n ON n.id = src WHERE valid_to IS NULL ORDER BY key, name, line')
      .all(),
    database
      .prepare(
        'SELECT path, symbol, kind, language, start_line, end_line, text, hash FROM chunks WHERE valid_to IS NULL ORDER BY path, start_line',
      )
      .all(),
  ]
}

const names = ['a', 'b', 'c', 'd']
const texts = (other: string, third: string): string[] => [
  `import { f, C } from './${other}'\nexport class D extends C { m() { f(); this.n(); super.m() } n() {} }\nexport function f(x: D) { x.m() }\n`,
  `export * from './${other}'\nexport { f as g } from './${third}'\n`,
  `export class C { m(): C { return this } }\nexport function f() { return new C().m().m() }\nexport default f\n`,
  `import * as all from './${other}'\nimport f from './${third}'\nexport const h = () => { all.f(); f(); all.g(f) }\nexport interface C { m(): void }\n`,
  `export function f( {\n`,
  '',
]

describe('an index pass', () => {
  it('leads from any history to what a new index says', () => {
    const step = fc.record({
      name: fc.constantFrom(...names),
      other: fc.constantFrom(...names),
      third: fc.constantFrom(...names),
      text: fc.option(fc.integer({ min: 0, max: 5 }), { freq: 5 }),
    })
    fc.assert(
      fc.property(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }), (rounds) => {
        const here = place()
        const listed = new Set<string>()
        const live = here.open()
        for (const round of rounds) {
          for (const { name, other, third, text } of round) {
            const path = `${name}.ts`
            if (text === null) {
              rmSync(join(here.root, path), { force: true })
              listed.delete(path)
            } else {
              here.write(path, texts(other, third)[text] ?? '')
              listed.add(path)
            }
          }
          live.pass.reconcile([...listed])
          const fresh = here.open()
          fresh.pass.reconcile([...listed])
          expect(contents(live.database)).toEqual(contents(fresh.database))
          const { version: _, sizeBytes: __, ...status } = live.pass.status()
          expect(fresh.pass.status()).toMatchObject(status)
          fresh.database.close()
        }
        live.database.close()
      }),
      { numRuns: 15 },
    )
  })

  it('goes on where an earlier one was stopped', () => {
    const here = place()
    for (let index = 0; index < 30; index += 1)
      here.write(`f${index}.ts`, `import { g${index + 1} } from './f${index + 1}'\nexport function g${index}() { g${index + 1}() }\n`)
    const listed = Array.from({ length: 30 }, (_, index) => `f${index}.ts`)
    let asked = 0
    const stopped = here.open(() => (asked += 1) > 12)
    stopped.pass.reconcile(listed)
    stopped.database.close()
    const again = reopen(here.root, stopped.databasePath, () => false)
    again.pass.reconcile(listed)
    const fresh = here.open()
    fresh.pass.reconcile(listed)
    expect(contents(again.database)).toEqual(contents(fresh.database))
    again.database.close()
    fresh.database.close()
  })

  it('goes on where it was when the disk was full in the middle', () => {
    const here = place()
    const listed = Array.from({ length: 150 }, (_, index) => `f${index}.ts`)
    for (const [index, path] of listed.entries())
      here.write(path, `import { g${index + 1} } from './f${index + 1}'\nexport function g${index}() { g${index + 1}() }\n`)
    const live = here.open()
    live.pass.reconcile(listed.slice(0, 20))
    const pages = Number(live.database.pragma('page_count', { simple: true }))
    live.database.pragma(`max_page_count = ${pages + 2}`)
    expect(() => live.pass.reconcile(listed)).toThrow(/full/)
    live.pass.recover()
    expect(live.pass.status()).toMatchObject({ files: 20 })
    live.database.pragma('max_page_count = 1000000')
    live.pass.reconcile(listed)
    const fresh = here.open()
    fresh.pass.reconcile(listed)
    expect(contents(live.database)).toEqual(contents(fresh.database))
    const { version: _, sizeBytes: __, ...status } = live.pass.status()
    expect(fresh.pass.status()).toMatchObject(status)
    live.database.close()
    fresh.database.close()
  })

  it('keeps what held before, with the versions in which it held', () => {
    const here = place()
    here.write('a.ts', 'export function one() {}\n')
    const { database, pass } = here.open()
    pass.reconcile(['a.ts'])
    here.write('a.ts', 'export function two() {}\n')
    pass.changed(['a.ts'])
    const rows = database.prepare("SELECT name, valid_from, valid_to FROM entities WHERE kind = 'function' ORDER BY id").all()
    expect(rows).toEqual([
      { name: 'one', valid_from: 1, valid_to: 2 },
      { name: 'two', valid_from: 2, valid_to: null },
    ])
    expect(pass.changed(['a.ts'])).toBe(false)
    database.close()
  })
})
