import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { IndexStatus } from '../../../../shared/contract/methods'
import type { Memory } from '../memory'
import { createMemory } from './sqlite-memory'

// Each test starts a thread and loads grammars: seconds on a busy machine.
vi.setConfig({ testTimeout: 30_000 })

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function listAll(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
}

async function workspace(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'keyframe-memory-'))
  cleanups.push(() => rm(folder, { recursive: true, force: true }))
  const root = join(folder, 'repo')
  const databasePath = join(folder, 'data', 'memory.sqlite')
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  for (const [path, text] of Object.entries(files)) await write(path, text)
  const open = (): Memory => {
    const memory = createMemory({ root, databasePath, listFiles: () => listAll(root), now: () => Date.now() })
    cleanups.push(() => memory.dispose())
    return memory
  }
  return { root, databasePath, write, open }
}

async function indexed(files: Readonly<Record<string, string>>) {
  const place = await workspace(files)
  const memory = place.open()
  await memory.refresh()
  return { ...place, memory }
}

function until(memory: Memory, holds: (status: IndexStatus) => boolean): Promise<IndexStatus> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => reject(new Error(`still ${JSON.stringify(memory.status)}`)), 10_000)
    const stop = memory.onChange((status) => {
      if (status.state === 'indexing' || !holds(status)) return
      clearTimeout(timeout)
      stop()
      resolve(status)
    })
  })
}

const billing = {
  'tsconfig.json': '{ "compilerOptions": { /* paths */ "paths": { "@lib/*": ["./src/lib/*"], }, } }',
  'src/lib/money.ts': `/** Rounds to cents. */
export function round(value: number): number { return Math.round(value * 100) / 100 }
export default function format(value: number): string { return round(value).toFixed(2) }
`,
  'src/rates.ts': `export interface RateSource {
  rateFor(country: string): number
}
export class FixedRates implements RateSource {
  constructor(private readonly table: Map<string, number>) {}
  rateFor(country: string): number { return this.lookUp(country) }
  private lookUp(country: string): number { return this.table.get(country) ?? 0 }
}
`,
  'src/invoice.ts': `import format, { round as toCents } from '@lib/money'
import * as rates from './rates.js'
import type { RateSource } from './rates'

abstract class Document {
  title(): string { return 'document' }
}

export class Invoice extends Document {
  lines: Line[] = []
  constructor(private readonly source: RateSource) {
    super()
  }
  total(country: string): number {
    const sum = this.lines.reduce((all, line) => all + line.amount, 0)
    return toCents(sum * (1 + this.source.rateFor(country)))
  }
  override title(): string {
    return super.title() + format(this.total('DE'))
  }
  static empty(): Invoice { return new Invoice(new rates.FixedRates(new Map())) }
}
export type Line = { amount: number }
`,
  'src/index.ts': `export * from './invoice'
export { FixedRates as Rates } from './rates'
`,
  'src/app.ts': `import { Invoice, Rates } from './index'

export const makeInvoice = (): Invoice => new Invoice(new Rates(new Map()))

export function report(thing) {
  const invoice = makeInvoice()
  thing.lookUp('FR')
  thing.map(String)
  console.log(invoice.title())
  const total = () => 1
  total()
  return [1].map(render)
}
function render(value: number) { return Invoice.empty().total(String(value)) }
`,
  'README.md': '# Billing\n\nHow a user_id flows through the gateway.\n',
}

function edgesOf(memory: Memory, id: string): string[] {
  return memory
    .neighbourhood(id, 1, 200)
    .edges.filter((edge) => edge.from === id && /^(?:calls|maybe_calls|imports|inherits)$/.test(edge.kind))
    .map((edge) => `${edge.kind} ${edge.to} (${edge.method})`)
    .sort()
}

describe('symbols', () => {
  it('have kind, place of the name, signature and whether they are exported', async () => {
    const { memory } = await indexed(billing)
    expect(memory.node('src/lib/money.ts#round')).toEqual({
      id: 'src/lib/money.ts#round',
      kind: 'function',
      name: 'round',
      path: 'src/lib/money.ts',
      startLine: 2,
      endLine: 2,
      nameLine: 2,
      nameColumn: 16,
      exported: true,
      signature: 'function round(value: number): number',
      doc: 'Rounds to cents.',
      language: 'typescript',
    })
    expect(memory.node('src/invoice.ts#Invoice.source')).toMatchObject({ kind: 'property', nameLine: 11, nameColumn: 31 })
    expect(memory.node('src/invoice.ts#Line')).toMatchObject({ kind: 'type', exported: true })
    expect(memory.node('src/app.ts#makeInvoice')).toMatchObject({ kind: 'function', signature: 'const makeInvoice = (): Invoice =>' })
    expect(memory.node('src/app.ts#render')).toMatchObject({ exported: false })
    expect(memory.node('README.md')).toMatchObject({ kind: 'readme', endLine: 4 })
    expect(memory.node('src/app.ts#report.total')).toBeNull()
    expect(memory.status).toMatchObject({ state: 'idle', files: 7, problems: [] })
  })

  it('count columns in UTF-16 units', async () => {
    const { memory } = await indexed({ 'a.ts': `/* 😀é */ export function late() {}\n` })
    expect(memory.node('a.ts#late')?.nameColumn).toBe('/* 😀é */ export function '.length)
  })

  it('keep a type and a value of the same name apart and merge overloads', async () => {
    const { memory } = await indexed({
      'a.ts': `export interface Shape { area(): number }
export const Shape = { unit(): Shape { return { area: () => 1 } } }
export function over(a: string): string
export function over(a: number): number
export function over(a: unknown) { return a }
`,
    })
    expect(memory.find('Shape', 10).map((node) => [node.id, node.kind])).toEqual([
      ['a.ts#Shape', 'interface'],
      ['a.ts#Shape~2', 'variable'],
    ])
    expect(memory.find('over', 10).map((node) => node.id)).toEqual(['a.ts#over'])
  })
})

describe('edges', () => {
  it('resolve calls by scope, imports, this, super and declared types, and by name only as maybe', async () => {
    const { memory } = await indexed(billing)
    expect(edgesOf(memory, 'src/app.ts#report')).toEqual([
      'calls src/app.ts#makeInvoice (same file)',
      'calls src/invoice.ts#Invoice.title (declared type)',
      'maybe_calls src/rates.ts#FixedRates.lookUp (name only)',
    ])
    expect(edgesOf(memory, 'src/app.ts#render')).toEqual([
      'calls src/invoice.ts#Invoice.empty (import)',
      'calls src/invoice.ts#Invoice.total (declared type)',
    ])
    expect(edgesOf(memory, 'src/app.ts#makeInvoice')).toEqual([
      'calls src/invoice.ts#Invoice (import)',
      'calls src/rates.ts#FixedRates (import)',
    ])
    expect(edgesOf(memory, 'src/invoice.ts#Invoice.total')).toEqual([
      'calls src/lib/money.ts#round (import)',
      'calls src/rates.ts#RateSource.rateFor (declared type)',
    ])
    expect(edgesOf(memory, 'src/invoice.ts#Invoice.title')).toEqual([
      'calls src/invoice.ts#Document.title (super)',
      'calls src/invoice.ts#Invoice.total (this)',
      'calls src/lib/money.ts#format (import)',
      'inherits src/invoice.ts#Document.title (same member of the base)',
    ])
    expect(edgesOf(memory, 'src/invoice.ts#Invoice.empty')).toEqual([
      'calls src/invoice.ts#Invoice (same file)',
      'calls src/rates.ts#FixedRates (import)',
    ])
    expect(edgesOf(memory, 'src/rates.ts#FixedRates')).toEqual([
      'calls src/rates.ts#FixedRates.constructor (construction)',
      'inherits src/rates.ts#RateSource (same file)',
    ])
    expect(edgesOf(memory, 'src/app.ts')).toEqual(['imports src/index.ts (import)'])
  })

  it('are found in CommonJS, JSX and classes in JavaScript', async () => {
    const { memory } = await indexed({
      'lib.cjs': 'class Base { go() {} }\nfunction help() {}\nmodule.exports = { Base, help }\n',
      'use.js': "const { Base, help } = require('./lib.cjs')\nclass Child extends Base { run() { help(); this.go() } }\n",
      'view.tsx': 'function Row() { return <tr /> }\nexport function Table() { return <table><Row /></table> }\n',
    })
    expect(edgesOf(memory, 'use.js#Child.run')).toEqual(['calls lib.cjs#Base.go (this)', 'calls lib.cjs#help (import)'])
    expect(edgesOf(memory, 'use.js#Child')).toEqual(['inherits lib.cjs#Base (import)'])
    expect(edgesOf(memory, 'view.tsx#Table')).toEqual(['calls view.tsx#Row (same file)'])
  })
})

describe('paths', () => {
  it('go along calls and through an interface to what implements it', async () => {
    const { memory } = await indexed(billing)
    const way = memory.path('src/app.ts#render', 'src/rates.ts#FixedRates.lookUp', 8)
    expect(way.edges.map((edge) => `${edge.from} ${edge.kind} ${edge.to}`)).toEqual([
      'src/app.ts#render calls src/invoice.ts#Invoice.total',
      'src/invoice.ts#Invoice.total calls src/rates.ts#RateSource.rateFor',
      'src/rates.ts#FixedRates.rateFor inherits src/rates.ts#RateSource.rateFor',
      'src/rates.ts#FixedRates.rateFor calls src/rates.ts#FixedRates.lookUp',
    ])
    expect(memory.path('src/app.ts#render', 'src/rates.ts#FixedRates.lookUp', 3)).toMatchObject({ nodes: [], edges: [] })
    expect(memory.path('src/lib/money.ts#round', 'src/app.ts#render', 12)).toEqual({ nodes: [], edges: [], truncated: false })
    expect(memory.path('nothing', 'src/app.ts#render', 12)).toEqual({ nodes: [], edges: [], truncated: false })
  })

  it('use a call by name only when there is no other way', async () => {
    const { memory } = await indexed(billing)
    const way = memory.path('src/app.ts#report', 'src/rates.ts#FixedRates.lookUp', 1)
    expect(way.edges.map((edge) => [edge.kind, edge.confidence])).toEqual([['maybe_calls', 0.3]])
    expect(memory.path('src/app.ts#report', 'src/rates.ts#FixedRates.lookUp', 8).edges.some((edge) => edge.kind === 'maybe_calls')).toBe(
      false,
    )
  })
})

describe('finding', () => {
  it('puts exact names before prefixes before similar ones', async () => {
    const { memory } = await indexed({
      'a.ts': 'export function parse() {}\nexport function parseAll() {}\nexport function reparse() {}\nexport function other() {}\n',
    })
    expect(memory.find('parse', 10).map((node) => node.name)).toEqual(['parse', 'parseAll', 'reparse'])
    expect(memory.find('PARSEALL', 10)[0]?.name).toBe('parseAll')
    expect(memory.find('parsAll', 10)[0]?.name).toBe('parseAll')
    expect(memory.find('a.ts', 10).map((node) => node.id)).toEqual(['a.ts'])
    expect(memory.find('"); --', 10)).toEqual([])
    expect(memory.find('', 10)).toEqual([])
  })

  it('knows qualified names', async () => {
    const { memory } = await indexed(billing)
    expect(memory.find('Invoice.total', 1).map((node) => node.id)).toEqual(['src/invoice.ts#Invoice.total'])
    expect(memory.find('invoice.ts', 1).map((node) => node.id)).toEqual(['src/invoice.ts'])
  })

  it('searches text by identifiers split and joined, and says the line', async () => {
    const { memory } = await indexed(billing)
    expect(memory.searchText('userId', 5)[0]).toMatchObject({
      path: 'README.md',
      line: 3,
      text: 'How a user_id flows through the gateway.',
      symbol: null,
    })
    expect(memory.searchText('rateFor', 5).map((hit) => hit.path)).toContain('src/rates.ts')
    expect(memory.searchText('Invoice.empty()', 5)[0]).toMatchObject({ path: 'src/app.ts', line: 14, symbol: 'src/app.ts#render' })
    expect(memory.searchText('???', 5)).toEqual([])
  })
})

describe('keeping in step', () => {
  it('indexes what changed only, and links those who depend on it', async () => {
    const { memory, write, root } = await indexed(billing)
    const version = memory.version
    await memory.refresh()
    expect(memory.version).toBe(version)
    await write(
      'src/lib/money.ts',
      'export function roundUp(value: number) { return value }\nexport default function format(value: number) { return String(value) }\n',
    )
    await memory.refresh()
    expect(memory.version).toBe(version + 1)
    expect(edgesOf(memory, 'src/invoice.ts#Invoice.total')).toEqual(['calls src/rates.ts#RateSource.rateFor (declared type)'])
    expect(memory.node('src/lib/money.ts#round')).toBeNull()
    await rm(join(root, 'src/rates.ts'))
    await memory.refresh()
    expect(memory.node('src/rates.ts')).toBeNull()
    expect(memory.node('src/rates.ts#FixedRates')).toBeNull()
    expect(memory.searchText('FixedRates', 10).filter((hit) => hit.path === 'src/rates.ts')).toEqual([])
    await write('src/rates.ts', billing['src/rates.ts'])
    await memory.refresh()
    expect(edgesOf(memory, 'src/invoice.ts#Invoice.total')).toEqual(['calls src/rates.ts#RateSource.rateFor (declared type)'])
    expect(edgesOf(memory, 'src/app.ts#makeInvoice')).toContain('calls src/rates.ts#FixedRates (import)')
  })

  it('opens again without reading what did not change', async () => {
    const { memory, open } = await indexed(billing)
    await memory.dispose()
    const again = open()
    await again.refresh()
    expect(again.version).toBe(1)
    expect(again.status).toMatchObject({ files: 7, state: 'idle' })
    expect(again.find('Invoice', 1)).toHaveLength(1)
  })

  it('follows the watcher into a folder that is called like one of a build, when the repository has files there', async () => {
    const { write, open } = await workspace({ ...billing, 'src/dist/tool.ts': 'export function before() {}\n' })
    const memory = open()
    await memory.start(new AbortController().signal)
    const next = until(memory, () => memory.node('src/dist/tool.ts#after') !== null)
    await write('src/dist/tool.ts', 'export function after() {}\n')
    await next
  })

  it('follows the watcher: changed, new and deleted files', async () => {
    const { root, write, open } = await workspace(billing)
    const memory = open()
    await memory.start(new AbortController().signal)
    let next = until(memory, () => memory.node('src/app.ts#added') !== null)
    await write('src/app.ts', `${billing['src/app.ts']}export function added() { render(1) }\n`)
    await next
    expect(edgesOf(memory, 'src/app.ts#added')).toEqual(['calls src/app.ts#render (same file)'])
    next = until(memory, () => memory.node('src/new/fresh.ts#fresh') !== null)
    await write('src/new/fresh.ts', "import { report } from '../app'\nexport function fresh() { report(1) }\n")
    await next
    expect(edgesOf(memory, 'src/new/fresh.ts#fresh')).toEqual(['calls src/app.ts#report (import)'])
    next = until(memory, () => memory.node('src/new/fresh.ts') === null)
    await rm(join(root, 'src/new'), { recursive: true })
    await next
  })
})

describe('bad input', () => {
  it('records files that do not parse or are too large, and indexes what it can', async () => {
    const { memory } = await indexed({
      'broken.ts': 'export function fine() {}\nexport function broken( {\n',
      'huge.ts': `export const x = '${'y'.repeat(1_100_000)}'`,
      'binary.js': 'var a = 1\0\0',
      'empty.ts': '',
    })
    expect(memory.status.problems).toEqual([
      { path: 'broken.ts', reason: expect.stringMatching(/^syntax error at line \d; indexed as far as it could be read$/) },
    ])
    expect(memory.status.skipped).toEqual([
      { reason: 'binary', count: 1, paths: ['binary.js'] },
      { reason: 'larger than 1 MiB', count: 1, paths: ['huge.ts'] },
    ])
    expect(memory.status).toMatchObject({ files: 2, languages: [{ language: 'typescript', files: 2 }] })
    expect(memory.node('broken.ts#fine')).not.toBeNull()
  })

  it('is made again when the database is damaged, and says so', async () => {
    const { memory, databasePath, open } = await indexed(billing)
    await memory.dispose()
    await writeFile(databasePath, 'this is no database, but it is long enough to be looked at as one'.repeat(100))
    const again = open()
    await again.refresh()
    expect(again.find('Invoice', 1)).toHaveLength(1)
    expect(again.status.problems[0]?.reason).toMatch(/damaged/)
    expect((await stat(`${databasePath}.damaged`)).isFile()).toBe(true)
  })

  it('is made again when the database is deleted, even while it is open', async () => {
    const { memory, databasePath } = await indexed(billing)
    for (const suffix of ['', '-wal', '-shm']) await rm(databasePath + suffix, { force: true })
    await memory.refresh()
    expect(memory.find('Invoice', 1)).toHaveLength(1)
    expect(memory.status.state).toBe('idle')
  })

  it('is made again when a page of it is damaged under a running kernel', async () => {
    const { memory, databasePath, open } = await indexed(billing)
    await memory.dispose()
    const bytes = await readFile(databasePath)
    bytes.fill(0xa5, 4096)
    await writeFile(databasePath, bytes)
    const again = open()
    await again.refresh()
    expect(again.find('Invoice', 1)).toHaveLength(1)
    expect(again.status.problems[0]?.reason).toMatch(/damaged/)
  })

  it('stops when it is told to while it starts', async () => {
    const { open } = await workspace(billing)
    const memory = open()
    const stop = new AbortController()
    const started = memory.start(stop.signal)
    setTimeout(() => stop.abort(), 20)
    await expect(started).rejects.toMatchObject({ name: 'AbortError' })
  })

  it('says when its thread cannot start', async () => {
    const { root, databasePath } = await workspace(billing)
    const memory = createMemory({
      root,
      databasePath,
      listFiles: () => listAll(root),
      now: () => 0,
      workerUrl: new URL('./no-such-worker.js', import.meta.url),
    })
    cleanups.push(() => memory.dispose())
    await expect(memory.refresh()).rejects.toMatchObject({ code: 'memory.worker-failed' })
    expect(memory.status).toMatchObject({
      state: 'failed',
      problems: [{ path: '', reason: expect.stringMatching(/indexing thread ended/) }],
    })
  })

  it('answers nothing before it has indexed and refuses work after it was closed', async () => {
    const { open } = await workspace(billing)
    const memory = open()
    expect(memory.find('Invoice', 1)).toEqual([])
    expect(memory.path('a', 'b', 3)).toEqual({ nodes: [], edges: [], truncated: false })
    await memory.dispose()
    await expect(memory.refresh()).rejects.toMatchObject({ code: 'memory.disposed' })
  })
})
