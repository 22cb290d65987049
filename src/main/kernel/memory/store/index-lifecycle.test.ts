import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Parsers } from '../code/grammar'
import { LANGUAGES } from '../code/languages'
import type { FilesAtPoint } from '../points'
import { IndexPass, indexParts } from './index-pass'
import { openForWriting } from './memory-database'
import { createMemory } from './sqlite-memory'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })
const folders: string[] = []
const cleanups: (() => Promise<unknown>)[] = []
const parsers = new Parsers()
beforeAll(async () => {
  await parsers.load(LANGUAGES)
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function repository(files: Readonly<Record<string, string | Buffer>>) {
  const folder = mkdtempSync(join(tmpdir(), 'keyframe-lifecycle-'))
  folders.push(folder)
  const root = join(folder, 'repo')
  mkdirSync(root)
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  for (const [path, content] of Object.entries(files)) write(path, content)
  const list = (): string[] =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
  const databasePath = join(folder, 'data', 'memory.db')
  const open = () => {
    const memory = createMemory({ root, databasePath, listFiles: () => Promise.resolve(list()), now: () => performance.now() })
    cleanups.push(() => memory.dispose())
    return memory
  }
  return { folder, root, write, list, databasePath, open }
}

function contentsOf(root: string, databasePath: string, listed: readonly string[]): unknown {
  const { database } = openForWriting(databasePath)
  const pass = new IndexPass(indexParts(root, database, parsers, { stopped: () => false, onProgress: () => undefined }))
  pass.reconcile(listed)
  const contents = [
    'SELECT path, hash, unlinked FROM files WHERE valid_to IS NULL ORDER BY path',
    'SELECT key, kind, name, start_line FROM entities JOIN nodes n ON n.id = node_id WHERE valid_to IS NULL ORDER BY key',
    'SELECT a.key AS src, b.key AS dst, kind, line FROM edges JOIN nodes a ON a.id = src JOIN nodes b ON b.id = dst WHERE valid_to IS NULL ORDER BY 1, 2, 3',
    'SELECT path, symbol, start_line, hash FROM chunks WHERE valid_to IS NULL ORDER BY path, start_line',
  ].map((sql) => database.prepare(sql).all())
  expect(pass.reconcile(listed)).toBe(false)
  database.close()
  return contents
}

const CHILD = `
import { registerHooks } from 'node:module'
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || context.parentURL?.includes('/node_modules/') || /\\.[a-z]+$/.test(specifier)) return next(specifier, context)
    return next(specifier + '.ts', context)
  },
})
const [root, databasePath, memory, listed] = JSON.parse(process.argv[2])
const { Parsers } = await import(memory + 'code/grammar.ts')
const { LANGUAGES } = await import(memory + 'code/languages.ts')
const { IndexPass, indexParts } = await import(memory + 'store/index-pass.ts')
const { openForWriting } = await import(memory + 'store/memory-database.ts')
const parsers = new Parsers()
await parsers.load(LANGUAGES)
const hooks = { stopped: () => false, onProgress: (done) => process.stdout.write('at ' + done + '\\n') }
new IndexPass(indexParts(root, openForWriting(databasePath).database, parsers, hooks)).reconcile(listed)
`

describe('an index that is killed in the middle of its first pass', () => {
  it('keeps what it had, goes on, and ends as a new one', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 1300 }, (_, at) => [
        `m${at % 7}/f${at}.ts`,
        `import { g${at + 1} } from '../m${(at + 1) % 7}/f${at + 1}'\nexport function g${at}() { g${at + 1}() }\n`,
      ]),
    )
    const { folder, root, list, databasePath } = repository(files)
    const script = join(folder, 'child.mjs')
    writeFileSync(script, CHILD)
    const memory = new URL('../', import.meta.url).href
    const argument = JSON.stringify([root, databasePath, memory, list()])
    const child = spawn(process.execPath, [script, argument], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: dirname(fileURLToPath(import.meta.url)),
    })
    const said: string[] = []
    child.stderr.on('data', (data: Buffer) => said.push(data.toString()))
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => {
        child.once('exit', () => resolve())
        child.kill('SIGKILL')
      })
      child.once('exit', (code) => code !== null && reject(new Error(`ended with ${code}: ${said.join('')}`)))
    })
    const { database } = openForWriting(databasePath)
    const kept = database.prepare<[], number>('SELECT count(*) FROM files').pluck().get() ?? 0
    database.close()
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThanOrEqual(1300)
    expect(contentsOf(root, databasePath, list())).toEqual(contentsOf(root, join(folder, 'fresh.db'), list()))
  })
})

describe('files that are left out', () => {
  it('are counted by reason and named, and all that is listed is accounted for', async () => {
    const { open, list, write } = repository({
      'src/a.ts': 'export const a = 1\n',
      'package-lock.json': '{}',
      'dist/b.min.js': 'var a=1',
      'gen/c.pb.go': '// Code generated by protoc. DO NOT EDIT.\npackage c\n',
      'gen/d.ts': '/* @generated */\nexport const d = 1\n',
      'api/e.ts': 'export const e = 1\n',
      '.gitattributes': 'api/*.ts linguist-generated=true\n',
      'logo.png': Buffer.from([137, 80, 78, 71, 0, 1]),
      'data.json': Buffer.from('{"a":\0}'),
      'big.css': 'x'.repeat(300_000),
      tool: '#!/usr/bin/env node\nfunction main() {}\n',
    })
    const memory = open()
    const status = await memory.refresh()
    const left = Object.fromEntries(status.skipped.map(({ reason, paths }) => [reason, paths]))
    expect(left).toEqual({
      'generated (lock file)': ['package-lock.json'],
      'generated (minified)': ['dist/b.min.js'],
      'generated (says so)': ['gen/c.pb.go', 'gen/d.ts'],
      'generated (.gitattributes)': ['api/e.ts'],
      'of no known kind': ['logo.png'],
      binary: ['data.json'],
      'larger than 256 KiB': ['big.css'],
    })
    expect(status.files + status.skipped.reduce((sum, { count }) => sum + count, 0)).toBe(list().length)
    expect(memory.node('tool#main')).toMatchObject({ kind: 'function', language: 'javascript' })
    expect(memory.node('logo.png')).toMatchObject({ attributes: { skipped: 'of no known kind' } })
    expect(status.sizeBytes).toBeGreaterThan(0)
    write('.gitattributes', '')
    expect((await memory.refresh()).skipped.map(({ reason }) => reason)).not.toContain('generated (.gitattributes)')
    expect(memory.node('api/e.ts#e')).not.toBeNull()
  })
})

describe('states of branches', () => {
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

  function pointOf(state: string, base: Readonly<Record<string, string>>, changes: Readonly<Record<string, string | null>>) {
    const asked: string[] = []
    const point: FilesAtPoint = {
      layer: 'run/branch',
      state,
      baseFiles: () => {
        asked.push('base')
        return Promise.resolve(new Map(Object.entries(base).map(([path, text]) => [path, hash(text)])))
      },
      changes: () => {
        asked.push('changes')
        return Promise.resolve(new Map(Object.entries(changes).map(([path, text]) => [path, text === null ? null : hash(text)])))
      },
      read: (path) => {
        asked.push(path)
        const text = path in changes ? changes[path] : base[path]
        return Promise.resolve(text === undefined || text === null ? null : Buffer.from(text))
      },
    }
    return { point, asked }
  }

  const base = {
    'a.ts': "import { two } from './b'\nexport function one() { two() }\n",
    'b.ts': 'export function two() {}\n',
  }
  const changes = { 'b.ts': "import { three } from './c'\nexport function two() { three() }\n", 'c.ts': 'export function three() {}\n' }

  it('answer as their files say, once indexed at no cost, whatever the live files become', async () => {
    const { open, write } = repository(base)
    const memory = open()
    await memory.refresh()
    const first = pointOf('s1', base, changes)
    const reader = await memory.at(first.point)
    expect(first.asked).toEqual(['base', 'changes', 'b.ts', 'c.ts'])
    const ways = (one: typeof reader) => one.path('a.ts#one', 'c.ts#three', 5).nodes.map((node) => node.id)
    expect(ways(reader)).toEqual(['a.ts#one', 'b.ts#two', 'c.ts#three'])
    expect(reader.searchText('three', 5).map((hit) => hit.path)).toContain('c.ts')
    expect(memory.node('c.ts')).toBeNull()
    expect(memory.searchText('three', 5)).toEqual([])
    write('a.ts', 'export function other() {}\n')
    await memory.refresh()
    expect(memory.node('a.ts#one')).toBeNull()
    const again = pointOf('s1', base, changes)
    expect(ways(await memory.at(again.point))).toEqual(['a.ts#one', 'b.ts#two', 'c.ts#three'])
    expect(again.asked).toEqual([])
    const back = pointOf('s0', base, {})
    const before = await memory.at(back.point)
    expect(back.asked).toEqual(['changes'])
    expect(before.node('c.ts')).toBeNull()
    expect(before.node('a.ts#one')).not.toBeNull()
    expect(ways(reader)).toEqual(['a.ts#one', 'b.ts#two', 'c.ts#three'])
    const more = pointOf('s2', base, { ...changes, 'a.ts': null })
    expect((await memory.at(more.point)).node('a.ts')).toBeNull()
    expect(more.asked).toEqual(['changes'])
  })

  it('are refused before the live repository was indexed, and after the index was closed', async () => {
    const { open } = repository(base)
    const memory = open()
    await expect(memory.at(pointOf('s', base, changes).point)).rejects.toMatchObject({ code: 'memory.not-ready' })
    await memory.refresh()
    const reader = await memory.at(pointOf('s', base, changes).point)
    await memory.dispose()
    expect(() => reader.node('a.ts')).toThrow(expect.objectContaining({ code: 'memory.not-ready' }))
    await expect(memory.at(pointOf('s', base, changes).point)).rejects.toMatchObject({ code: 'memory.disposed' })
  })
})

describe('closing', () => {
  it('leaves no thread behind that makes the file again, whoever closes first', async () => {
    const { open, databasePath } = repository({ 'a.ts': 'export const a = 1\n' })
    const memory = open()
    const life = new AbortController()
    const started = memory.start(life.signal)
    started.catch(() => undefined)
    life.abort()
    await memory.dispose()
    rmSync(dirname(databasePath), { recursive: true, force: true })
    await expect(started).rejects.toMatchObject({ name: 'AbortError' })
    await new Promise((resume) => setTimeout(resume, 300))
    expect(existsSync(databasePath)).toBe(false)
  })
})
