import { spawn } from 'node:child_process'
import { cpSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { build } from 'vite'
import type { ContentHash } from '../../../shared/ids'
import { MemoryContentStore } from '../testing/memory-content-store'
import { createFileStore, type WorkspaceFileStore } from './file-store'
import type { Base } from './files'
import { removeTree } from './remove-tree'

const FILES = 60
let dir: string
let program: string
let original: string
let store: WorkspaceFileStore
let base: Base
let manifest: ContentHash
let expected: Map<string, string>

function snapshot(root: string, prefix = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of readdirSync(join(root, prefix)).sort()) {
    const path = join(prefix, name)
    const stat = lstatSync(join(root, path))
    if (stat.isDirectory()) for (const entry of snapshot(root, path)) found.set(...entry)
    else found.set(path, `${(stat.mode & 0o777).toString(8)} ${readFileSync(join(root, path), 'utf8')}`)
  }
  return found
}

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'keyframe-crash-'))
  program = join(dir, 'merge-process.mjs')
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: join(import.meta.dirname, '../testing/merge-process.ts'),
      outDir: dir,
      emptyOutDir: false,
      rollupOptions: { output: { entryFileNames: 'merge-process.mjs' } },
    },
    ssr: { noExternal: true },
  })
  original = join(dir, 'original')
  const upper = join(dir, 'upper')
  for (const folder of [join(original, 'src'), join(original, 'old'), join(upper, 'src'), join(upper, 'added/deep')])
    mkdirSync(folder, { recursive: true })
  for (let i = 0; i < FILES; i++) {
    writeFileSync(join(original, `src/f${i}.ts`), `before ${i}\n`.repeat(50))
    writeFileSync(join(upper, `src/f${i}.ts`), `after ${i}\n`.repeat(50))
    writeFileSync(join(upper, `added/deep/n${i}.ts`), `new ${i}\n`, { mode: i % 2 === 0 ? 0o755 : 0o644 })
  }
  const content = new MemoryContentStore()
  const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
  store = createFileStore({ root: original, dataDir: join(dir, 'data'), content, owner, nodePath: process.execPath })
  base = await store.freezeBase({})
  const capture = await store.track(upper, null, base).capture()
  if (capture.manifest === null) throw new Error('nothing captured')
  manifest = capture.manifest
  writeFileSync(join(dir, 'content.json'), JSON.stringify([...content.contents.values()].map((bytes) => bytes.toString('base64'))))
  expected = snapshot(original)
  for (const [path, text] of snapshot(upper)) expected.set(path, text)
})
afterAll(() => removeTree(dir))

/** A moment at which to kill: after some time, or as soon as a path is seen to exist. */
type KillAt = { readonly ms: number } | { readonly sees: string } | null

/** Ends with the program's last line, or null when it was killed first. */
function runMerge(root: string, journal: string, killAt: KillAt): Promise<{ line: string | null; ms: number }> {
  const child = spawn(process.execPath, [program, root, join(dir, 'data'), join(dir, 'content.json'), base.id, manifest, journal], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return new Promise((resolve) => {
    let out = ''
    let begun = 0
    let timer: NodeJS.Timeout | null = null
    let open = true
    const watch = (path: string): void => {
      if (existsSync(path)) child.kill('SIGKILL')
      else if (open) setImmediate(() => watch(path))
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (begun > 0 || !out.includes('begin')) return
      begun = performance.now()
      if (killAt !== null && 'ms' in killAt) timer = setTimeout(() => child.kill('SIGKILL'), killAt.ms)
      else if (killAt !== null) watch(join(root, killAt.sees))
    })
    child.on('close', () => {
      open = false
      if (timer !== null) clearTimeout(timer)
      resolve({ line: /^end .*$/m.exec(out)?.[0] ?? null, ms: performance.now() - begun })
    })
  })
}

it('killed at any point, each file is wholly old or wholly new; run again, all are new', async () => {
  const before = snapshot(original)
  const whole = join(dir, 'whole')
  cpSync(original, whole, { recursive: true })
  const undisturbed = await runMerge(whole, join(dir, 'journal-whole'), null)
  expect(undisturbed.line).toMatch(`end ${FILES * 2} 0 `)
  expect(snapshot(whole)).toEqual(expected)
  const kills = Number(process.env['KEYFRAME_MERGE_KILLS'] ?? 6)
  const seen = { untouched: 0, partly: 0, done: 0 }
  for (let n = 0; n < kills; n++) {
    const root = join(dir, `repo-${n}`)
    const journal = join(dir, `journal-${n}`)
    cpSync(original, root, { recursive: true })
    // Twice in a row, then to the end.
    const first: KillAt = n % 3 === 0 ? { ms: undisturbed.ms * (n / kills) } : { sees: `added/deep/n${Math.floor((n * FILES) / kills)}.ts` }
    for (const killAt of [first, { ms: undisturbed.ms * Math.random() }]) {
      await runMerge(root, journal, killAt)
      let news = 0
      for (const [path, text] of snapshot(root)) {
        if (path.includes('.keyframe-merge-')) continue
        if (text === expected.get(path) && text !== before.get(path)) news++
        else expect([path, text]).toEqual([path, before.get(path)])
      }
      seen[news === 0 ? 'untouched' : news === FILES * 2 ? 'done' : 'partly']++
    }
    expect((await runMerge(root, journal, null)).line).toBe(undisturbed.line)
    expect(snapshot(root)).toEqual(expected)
    await removeTree(root)
  }
  console.log(
    `merge killed ${kills * 2} times: ${JSON.stringify(seen)}; a merge of ${FILES * 2} files takes ${Math.round(undisturbed.ms)} ms`,
  )
})
