import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Parsers } from '../code/grammar'
import { LANGUAGES } from '../code/languages'
import { GraphReader } from '../graph/graph-reader'
import { LIVE, Sight, type Placed, type View } from '../view'
import { BranchPass } from './branch-pass'
import { RowCollector } from './collect-rows'
import { IndexPass, type IndexParts, indexParts } from './index-pass'
import { openForWriting } from './memory-database'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })
const folders: string[] = []
const parsers = new Parsers()
beforeAll(async () => {
  await parsers.load(LANGUAGES)
})
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

type Files = ReadonlyMap<string, string>

class Place {
  readonly root: string
  readonly parts: IndexParts
  readonly pass: IndexPass
  readonly database: Database.Database
  readonly collector: RowCollector
  parsed: string[] = []

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'keyframe-branch-'))
    folders.push(folder)
    this.root = join(folder, 'repo')
    mkdirSync(this.root)
    this.database = openForWriting(join(folder, 'index.sqlite')).database
    this.parts = indexParts(this.root, this.database, parsers, { stopped: () => false, onProgress: () => undefined })
    this.pass = new IndexPass(this.parts)
    this.collector = new RowCollector(this.database)
  }

  live(files: Files): void {
    rmSync(this.root, { recursive: true })
    mkdirSync(this.root)
    for (const [path, text] of files) {
      mkdirSync(join(this.root, path, '..'), { recursive: true })
      writeFileSync(join(this.root, path), text)
    }
    this.pass.reconcile([...files.keys()])
  }

  at(layer: string, base: Files, now: Files): View {
    const state = hash(JSON.stringify([...now].sort()))
    const branch = new BranchPass(this.parts, () => false, layer, state)
    const opened = branch.open()
    if (opened.layer === null) branch.addBase([...base].map(([path, text]) => [path, hash(text)]))
    const changes = [...new Set([...base.keys(), ...now.keys()])].filter((path) => base.get(path) !== now.get(path))
    branch.addChanges(
      changes.map((path) => {
        const text = now.get(path)
        return [path, text === undefined ? null : hash(text)]
      }),
    )
    if (opened.version !== null && opened.layer !== null && opened.baseVersion !== null)
      return viewOf({ ...opened, version: opened.version })
    const wanted = branch.plan()
    this.parsed = wanted.map(({ path }) => path)
    branch.addContent(wanted.map((file) => ({ ...file, bytes: Buffer.from(now.get(file.path) ?? '') })))
    return viewOf(branch.finish())
  }

  collect(): void {
    this.collector.restart()
    while (this.collector.slice(this.parts.meta.live));
  }
}

function viewOf(state: { layer: number | null; version: number; baseVersion: number | null }): View {
  return {
    layers: [
      { layer: state.layer ?? -1, version: state.version },
      { layer: 0, version: state.baseVersion ?? -1 },
    ],
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** All that a view sees, without numbers that depend on the history of the index. */
function contents(database: Database.Database, view: View): unknown {
  const sight = new Sight(database, view)
  const all = (sql: string): (Placed & Record<string, unknown>)[] =>
    database.prepare<[], Placed & Record<string, unknown>>(sql.replace('PLACED', PLACED)).all()
  const plain = (rows: (Placed & Record<string, unknown>)[]) =>
    rows.map((row) => JSON.stringify({ ...row, layer: 0, file: 0, validFrom: 0, validTo: null })).sort()
  const content = (sql: string) => plain(all(sql).filter((row) => sight.seesContent(row)))
  const edges = (sql: string) => plain(all(sql).filter((row) => sight.seesEdge(row)))
  return {
    entities: content(
      `SELECT PLACED, key, kind, name, path, start_line, end_line, exported, declared, signature, doc, x.language, attributes FROM entities x JOIN nodes ON nodes.id = node_id`,
    ),
    edges: edges(
      `SELECT PLACED, a.key AS src, b.key AS dst, kind, confidence, method, line FROM edges x JOIN nodes a ON a.id = src JOIN nodes b ON b.id = dst`,
    ),
    unresolved: edges('SELECT PLACED, key, name, line FROM unresolved_calls x JOIN nodes ON nodes.id = src'),
    chunks: content('SELECT PLACED, path, symbol, kind, x.language, start_line, end_line, text FROM chunks x'),
  }
}

const PLACED = 'x.layer, x.file, x.valid_from AS validFrom, x.valid_to AS validTo'

function expectAsFresh(place: Place, view: View, files: Files): void {
  const fresh = new Place()
  fresh.live(files)
  expect(contents(place.database, view)).toEqual(contents(fresh.database, LIVE))
  const [reader, expected] = [new GraphReader(place.database, view), new GraphReader(fresh.database, LIVE)]
  expect(reader.summary()).toEqual(expected.summary())
  for (const path of files.keys()) {
    expect(reader.node(path)).toEqual(expected.node(path))
    const [seen, wanted] = [reader, expected].map((one) => one.neighbourhood(path, 2, 500)) as [
      ReturnType<GraphReader['neighbourhood']>,
      ReturnType<GraphReader['neighbourhood']>,
    ]
    expect(seen.nodes.map((node) => node.id).sort()).toEqual(wanted.nodes.map((node) => node.id).sort())
    expect(seen.edges.map((edge) => JSON.stringify(edge)).sort()).toEqual(wanted.edges.map((edge) => JSON.stringify(edge)).sort())
  }
  fresh.database.close()
}

const names = ['a.ts', 'b.ts', 'c.ts', 'd.ts', 'd/index.ts', 'd/e.ts', 'f.py', 'g.go', 'h.go']
const module = (path: string) => `./${path.replace(/(?:\/index)?\.ts$/, '')}`
const texts = (other: string, third: string): string[] => [
  `import { f, C } from '${module(other)}'\nexport class D extends C { m() { f(); this.n(); super.m() } n() {} }\nexport function f(x: D) { x.m() }\n`,
  `export * from '${module(other)}'\nexport { f as g } from '${module(third)}'\n`,
  `export class C { m(): C { return this } }\nexport function f() { return new C().m().m() }\nexport default f\n`,
  `import * as all from '${module(other)}'\nimport f from '${module(third)}'\nexport const h = () => { all.f(); f(); all.g(f) }\nexport interface C { m(): void }\n`,
  `from a import f\nimport ${third.slice(0, 1)}\n\nclass C:\n    def m(self):\n        return self.n()\n    def n(self):\n        return f()\n`,
  `package main\n\ntype C interface { M() }\n\nfunc ${third.slice(0, 1)}() { h() }\n\nfunc h() {}\n`,
  `export function f( {\n`,
  '',
]
const step = fc.record({
  name: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
  third: fc.constantFrom(...names),
  text: fc.option(fc.integer({ min: 0, max: 7 }), { freq: 5 }),
})

/** Of a repository in which most files use others. */
const firstOf = (name: string) =>
  fc.record({
    name: fc.constant(name),
    other: fc.constantFrom(...names),
    third: fc.constantFrom(...names),
    text: fc.integer({ min: 0, max: 5 }),
  })

function edited(files: Files, steps: readonly { name: string; other: string; third: string; text: number | null }[]): Files {
  const next = new Map(files)
  for (const { name, other, third, text } of steps) {
    if (text === null) next.delete(name)
    else next.set(name, texts(other, third)[text] ?? '')
  }
  return next
}

describe('a state of a branch', () => {
  it('is what a new index of exactly its files says, whatever was indexed before and after', () => {
    const edits = fc.array(step, { minLength: 1, maxLength: 3 })
    const round = fc.oneof(
      fc.record({ is: fc.constant('live' as const), edits }),
      fc.record({ is: fc.constant('branch' as const), layer: fc.integer({ min: 0, max: 1 }), edits }),
      fc.record({ is: fc.constant('back' as const), layer: fc.integer({ min: 0, max: 1 }), to: fc.nat(5) }),
      fc.record({ is: fc.constant('collect' as const) }),
    )
    fc.assert(
      fc.property(fc.tuple(...names.map(firstOf)), fc.array(round, { minLength: 2, maxLength: 7 }), (first, rounds) => {
        const place = new Place()
        let live = edited(new Map(), first)
        place.live(live)
        const branches = new Map<number, { base: Files; states: Files[] }>()
        const seen: { view: View; files: Files }[] = []
        for (const entry of rounds) {
          if (entry.is === 'collect') place.collect()
          else if (entry.is === 'live') {
            const before = live
            live = edited(live, entry.edits)
            place.live(live)
            if (!branches.has(0)) branches.set(0, { base: before, states: [before] })
          } else {
            const branch = branches.get(entry.layer) ?? { base: live, states: [live] }
            branches.set(entry.layer, branch)
            const files =
              entry.is === 'back'
                ? (branch.states[entry.to % branch.states.length] ?? live)
                : edited(branch.states.at(-1) ?? live, entry.edits)
            branch.states.push(files)
            seen.push({ view: place.at(`run/${entry.layer}`, branch.base, files), files })
          }
        }
        for (const { view, files } of seen.slice(-3)) expectAsFresh(place, view, files)
        expectAsFresh(place, LIVE, live)
        place.database.close()
      }),
      { numRuns: 15 },
    )
  })
})
