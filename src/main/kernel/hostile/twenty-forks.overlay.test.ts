import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createFileStore } from '../checkpoints/file-store'
import { removeTree } from '../checkpoints/remove-tree'
import { runGit, writeFiles } from '../testing/git-repository'
import { MemoryContentStore } from '../testing/memory-content-store'
import { PortRanges } from '../tools/port-ranges'
import { guestOwner } from '../tools/sandboxes/guest-owner'
import { createOverlayProvider } from '../tools/sandboxes/overlay-sandbox'
import { DEFAULT_LIMITS, type Sandbox } from '../tools/sandboxes/sandbox'

const FORKS = 20

/** Compiles, serves what it made on the branch's own port, asks itself for it, and tells what else it can see. */
const BUILD = `
const { createServer, get } = require('node:http')
const fs = require('node:fs')
const name = process.argv[2]
fs.mkdirSync('dist', { recursive: true })
for (const file of fs.readdirSync('src')) fs.writeFileSync('dist/' + file, '// built by ' + name + '\\n' + fs.readFileSync('src/' + file))
fs.writeFileSync(require('node:os').tmpdir() + '/built-by-' + name, name)
const port = Number(process.env.PORT)
const ask = (at) => new Promise((resolve) => get({ host: '127.0.0.1', port: at }, (answer) => { let text = ''; answer.on('data', (chunk) => (text += chunk)); answer.on('end', () => resolve(text)) }).on('error', (error) => resolve(error.code)))
const server = createServer((_request, response) => response.end(name)).listen(port, '127.0.0.1', async () => {
  const others = []
  for (let first = 20000; first < 20000 + 20 * ${FORKS}; first += 20) if (first !== port) others.push(await ask(first))
  console.log(JSON.stringify({
    name, port, answer: await ask(port), others: [...new Set(others)], dist: fs.readdirSync('dist').length,
    foreign: [...fs.readdirSync(require('node:os').tmpdir()), ...fs.readdirSync('.')].filter((entry) => /^(built-by|made-by)-/.test(entry) && !entry.endsWith('-' + name)),
  }))
  server.close()
})
`

const folder = mkdtempSync(join(tmpdir(), 'keyframe-forks-'))
const root = join(folder, 'repo')
const sandboxes: Sandbox[] = []
const ports = new PortRanges()

beforeAll(() => {
  const sources = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`src/m${index}.js`, `exports.m${index} = ${index}\n`]))
  writeFiles(root, { ...sources, 'build.cjs': BUILD })
  runGit(root, 'init', '-q')
})

afterAll(async () => {
  for (const sandbox of sandboxes) await sandbox.dispose()
  await removeTree(folder)
})

it('runs twenty forks of one checkpoint at once, each with its own build, port, files and temporary folder', async () => {
  const files = createFileStore({
    root,
    dataDir: join(folder, 'data'),
    content: new MemoryContentStore(),
    owner: guestOwner(),
    nodePath: process.execPath,
  })
  const base = await files.freezeBase({})
  const provider = createOverlayProvider({ nodePath: process.execPath })
  const common = { baseDir: base.dir, dependencies: [], binds: [], limits: DEFAULT_LIMITS }
  const origin = await provider.open({ ...common, dir: join(folder, 'origin'), layerDir: null })
  sandboxes.push(origin)
  const tracker = files.track(origin.upperDir, null, base)
  await origin.run(
    { argv: ['bash', '-c', 'echo checkpointed > checkpoint.txt; echo "exports.m0 = -1" > src/m0.js'] },
    { timeoutMs: 20_000 },
  )
  const { manifest } = await origin.frozen(() => tracker.capture())
  if (manifest === null) throw new Error('nothing was captured')

  const results = await Promise.all(
    Array.from({ length: FORKS }, async (_, index) => {
      const { range } = ports.take()
      const sandbox = await provider.open({
        ...common,
        dir: join(folder, `fork-${index}`),
        layerDir: await files.materialise(manifest),
        ports: range,
      })
      sandboxes.push(sandbox)
      const built = await sandbox.run({ argv: ['node', 'build.cjs', `fork-${index}`] }, { timeoutMs: 120_000 })
      if (built.exitCode !== 0) throw new Error(built.stderr)
      const changes = await sandbox.frozen(() => files.track(sandbox.upperDir, manifest, base).capture())
      return { said: JSON.parse(built.stdout) as Record<string, unknown>, range, changes: changes.changes }
    }),
  )

  results.forEach(({ said, range, changes }, index) => {
    expect(said).toEqual({
      name: `fork-${index}`,
      port: range.first,
      answer: `fork-${index}`,
      others: ['ECONNREFUSED'],
      dist: 40,
      foreign: [],
    })
    expect(changes).toHaveLength(40)
  })
  expect(new Set(results.map(({ range }) => range.first)).size).toBe(FORKS)
  // What the forks did is nowhere but in the forks.
  const after = await origin.run({ argv: ['bash', '-c', 'ls dist /tmp'] }, { timeoutMs: 20_000 })
  expect(after.stdout).not.toContain('built-by')
  expect((await files.at(base, manifest).tree()).some((entry) => entry.path.startsWith('dist'))).toBe(false)
})
