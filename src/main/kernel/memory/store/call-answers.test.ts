import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Parsers } from '../code/grammar'
import { LANGUAGES } from '../code/languages'
import { GraphReader } from '../graph/graph-reader'
import type { DefinedAt } from '../upgrade/open-calls'
import { LIVE, type View } from '../view'
import { BranchPass } from './branch-pass'
import { IndexPass, indexParts } from './index-pass'
import { openForWriting } from './memory-database'
import { OpenCallReader } from './open-call-reader'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })
const folders: string[] = []
const parsers = new Parsers()
beforeAll(async () => {
  await parsers.load(LANGUAGES)
})
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const RATES = 'export interface Rates {\n  rateFor(country: string): number\n}\nexport const make = (): Rates => ({ rateFor: () => 1 })\n'
const APP = "import { make } from './rates'\nconst all = [[make()]]\nall.map((some) => some[0]).forEach((one) => one.rateFor('x'))\n"
const AT: DefinedAt = { path: 'rates.ts', line: 2, column: 2 }
const BY_SERVER = ['app.ts -> rates.ts#Rates.rateFor 3 0.99']

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

function place(first: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'keyframe-answers-'))
  folders.push(folder)
  const root = join(folder, 'repo')
  mkdirSync(root)
  const databasePath = join(folder, 'index.sqlite')
  const files = new Map(Object.entries(first))
  const open = () => {
    const { database } = openForWriting(databasePath)
    const parts = indexParts(root, database, parsers, { stopped: () => false, onProgress: () => undefined })
    return { database, parts, pass: new IndexPass(parts), reader: new OpenCallReader(database) }
  }
  let opened = open()
  const here = {
    get: () => opened,
    reopen: () => {
      opened.database.close()
      opened = open()
    },
    put: (path: string, text: string | null) => {
      if (text === null) files.delete(path)
      else files.set(path, text)
      rmSync(join(root, path), { force: true })
      if (text !== null) writeFileSync(join(root, path), text)
      opened.pass.reconcile([...files.keys()])
    },
    open: () =>
      opened.reader.files(['typescript'], 10).map(({ path, calls }) => [path, ...calls.map(({ name, line }) => `${name} ${line}`)]),
    /** Says the same of every open call of a file. */
    answer: (path: string, target: DefinedAt | null) => {
      const file = opened.reader.files(['typescript'], 10).find((one) => one.path === path)
      if (file === undefined) throw new Error(`nothing is open in ${path}`)
      return opened.pass.answered(
        path,
        file.hash,
        file.calls.map((call) => ({ ...call, target })),
      )
    },
    calls: (view: View = LIVE) =>
      new GraphReader(opened.database, view)
        .neighbourhood('app.ts', 1, 100)
        .edges.filter((edge) => edge.method === 'language server')
        .map(({ from, to, line, confidence }) => `${from} -> ${to} ${line} ${confidence}`),
    branch: (name: string, changes: Readonly<Record<string, string>>): View => {
      const pass = new BranchPass(opened.parts, () => false, name, JSON.stringify(changes))
      if (pass.open().layer === null) pass.addBase([...files].map(([path, text]) => [path, hashOf(text)]))
      pass.addChanges(Object.entries(changes).map(([path, text]) => [path, hashOf(text)]))
      pass.addContent(pass.plan().map((file) => ({ ...file, bytes: Buffer.from(changes[file.path] ?? '') })))
      const { layer, version, baseVersion } = pass.finish()
      return {
        layers: [
          { layer, version },
          { layer: 0, version: baseVersion },
        ],
      }
    },
  }
  for (const [path, text] of Object.entries(first)) here.put(path, text)
  return here
}

describe('answers of language servers', () => {
  it('become edges that stay while the file is the same, wherever what it calls goes', () => {
    const here = place({ 'rates.ts': RATES, 'app.ts': APP })
    expect(here.open()).toEqual([['app.ts', 'rateFor 3']])
    expect(here.get().reader.count(['typescript', 'python'])).toBe(1)
    expect(here.answer('app.ts', AT)).toBe(true)
    expect(here.calls()).toEqual(BY_SERVER)
    expect(here.open()).toEqual([])
    expect(here.get().reader.count(['typescript'])).toBe(0)
    here.reopen()
    here.put('rates.ts', `export const none = 0\n${RATES}`)
    expect(here.calls()).toEqual(BY_SERVER)
    here.put('rates.ts', RATES.replaceAll('rateFor', 'rateOf'))
    expect(here.calls()).toEqual([])
    here.put('rates.ts', null)
    here.put('rates.ts', RATES)
    expect(here.calls()).toEqual(BY_SERVER)
    here.put('app.ts', `\n${APP}`)
    expect(here.calls()).toEqual([])
    expect(here.open()).toEqual([['app.ts', 'rateFor 4']])
    here.put('app.ts', APP)
    expect(here.calls()).toEqual(BY_SERVER)
    expect(here.open()).toEqual([])
    here.get().database.close()
  })

  it('that name nothing, or were of another content, leave all as it was', () => {
    const here = place({ 'rates.ts': RATES, 'app.ts': APP })
    const before = here.get().pass.status()
    expect(here.get().pass.answered('app.ts', hashOf('another'), [])).toBe(false)
    expect(here.open()).toEqual([['app.ts', 'rateFor 3']])
    expect(here.answer('app.ts', { path: 'gone.ts', line: 1, column: 0 })).toBe(false)
    expect(here.open()).toEqual([])
    expect(here.get().pass.status()).toMatchObject({ version: before.version, edges: before.edges })
    here.get().database.close()
  })

  it('are found by the place of the name, then by the name; what else is defined there is not meant', () => {
    const rates = (column: number, line = 2) => {
      const here = place({ 'rates.ts': RATES, 'app.ts': APP })
      here.answer('app.ts', { path: 'rates.ts', line, column })
      const found = here.calls()
      here.get().database.close()
      return found
    }
    expect(rates(7)).toEqual(BY_SERVER)
    expect(rates(13, 4)).toEqual(['app.ts -> rates.ts#make 3 0.99'])
    expect(rates(2, 4)).toEqual([])
  })

  it('are seen by a branch as its base had them, also where it links the file again', () => {
    const here = place({ 'rates.ts': RATES, 'app.ts': APP })
    const before = here.branch('before', { 'rates.ts': `export const none = 0\n${RATES}` })
    here.answer('app.ts', AT)
    expect(here.calls(before)).toEqual([])
    expect(here.calls(here.branch('other', { 'other.ts': 'export const other = 0\n' }))).toEqual(BY_SERVER)
    expect(here.calls(here.branch('same', { 'rates.ts': `export const none = 0\n${RATES}` }))).toEqual(BY_SERVER)
    expect(here.calls(here.branch('gone', { 'rates.ts': RATES.replaceAll('rateFor', 'rateOf') }))).toEqual([])
    expect(here.calls(here.branch('own', { 'app.ts': `\n${APP}` }))).toEqual([])
    expect(here.calls(here.branch('before', { 'rates.ts': `export const none = 1\n${RATES}` }))).toEqual([])
    here.put('app.ts', `\n${APP}`)
    here.answer('app.ts', AT)
    expect(here.calls(here.branch('other', { 'rates.ts': `export const none = 2\n${RATES}` }))).toEqual(BY_SERVER)
    here.get().database.close()
  })
})
