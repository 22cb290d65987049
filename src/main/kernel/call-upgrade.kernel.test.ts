import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { writeFiles } from './testing/git-repository'
import { KernelFixture, pause } from './testing/kernel-fixture'

// A language server is started in a sandbox, and three kernels after each other.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const RATES = 'export interface Rates {\n  rateFor(country: string): number\n}\nexport const make = (): Rates => ({ rateFor: () => 1 })\n'
const APP = "import { make } from './rates'\nconst all = [[make()]]\nall.map((some) => some[0]).forEach((one) => one.rateFor('x'))\n"
const CALLS = 'MATCH (a)-[r:CALLS]->(b) WHERE a.path = "src/app.ts" AND b.name = "rateFor" RETURN r'

let fixture: KernelFixture
beforeEach(() => {
  fixture = new KernelFixture('call-upgrade')
  writeFiles(fixture.root, {
    'tsconfig.json': '{ "compilerOptions": { "strict": true, "module": "esnext", "moduleResolution": "bundler" }, "include": ["src"] }\n',
    'src/rates.ts': RATES,
    'src/app.ts': APP,
  })
  fixture.git('init', '-q')
  fixture.git('add', '.')
  fixture.git('commit', '-qm', 'begin')
})
afterEach(() => fixture.dispose())

/** Method, confidence and line of each edge from the callback to what it calls. */
async function calls(): Promise<unknown[]> {
  const { rows } = await fixture.call('graph.query', { cypher: CALLS, limit: 10 })
  return rows.map(([value]) => {
    if (value === null || typeof value !== 'object' || value?.is !== 'edge') throw new Error('no edge')
    const { from, to, method, confidence, line } = value.edge
    return { from, to, method, confidence, line }
  })
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(50)
}

async function indexed(): Promise<void> {
  await until(async () => (await fixture.call('graph.find', { query: 'make', limit: 1 })).length > 0)
}

it('asks language servers about what syntax leaves open, and keeps what they say', async () => {
  await fixture.open()
  await indexed()
  expect(await calls()).toEqual([])
  await fixture.close()

  fixture.upgradesCalls = true
  const kernel = await fixture.open()
  const background: string[] = []
  kernel.subscribe(
    (event, data) => {
      if (event === 'index.changed' && 'background' in data && data.background !== null)
        background.push(`${data.background.what} ${data.background.done} of ${data.background.of}`)
    },
    { id: 'listener', signal: new AbortController().signal },
  )
  await until(async () => (await calls()).length > 0)
  const answered = [{ from: 'src/app.ts', to: 'src/rates.ts#Rates.rateFor', method: 'language server', confidence: 0.99, line: 3 }]
  expect(await calls()).toEqual(answered)
  await until(() => background.some((said) => /^calls checked by language servers [1-9]\d* of \d+$/.test(said)))

  // Known to the next kernel, which asks nobody.
  fixture.upgradesCalls = false
  await fixture.reopen()
  await indexed()
  expect(await calls()).toEqual(answered)

  // What it uses becomes another: it is linked again.
  writeFileSync(join(fixture.root, 'src/rates.ts'), `export const none = 0\n${RATES}`)
  await until(async () => (await fixture.call('graph.find', { query: 'none', limit: 1 })).length > 0)
  // The file may have been seen while it was empty: the links follow.
  await until(async () => (await calls()).length > 0)
  expect(await calls()).toEqual(answered)
  // What was called is gone for a while.
  writeFileSync(join(fixture.root, 'src/rates.ts'), RATES.replaceAll('rateFor', 'rateOf'))
  await until(async () => (await calls()).length === 0)
  writeFileSync(join(fixture.root, 'src/rates.ts'), RATES)
  await until(async () => (await calls()).length > 0)
  expect(await calls()).toEqual(answered)

  // Another content: nothing is known of it until it was asked about.
  writeFileSync(join(fixture.root, 'src/app.ts'), `\n${APP}`)
  await until(async () => (await calls()).length === 0)
  fixture.upgradesCalls = true
  await fixture.reopen()
  await until(async () => (await calls()).length > 0)
  expect(await calls()).toEqual([{ ...answered[0], line: 4 }])
})

it('ends at once when the kernel is closed, wherever it is', async () => {
  fixture.upgradesCalls = true
  for (const ms of [0, 1100, 1600]) {
    await fixture.open()
    await pause(ms)
    await fixture.close()
  }
  expect(fixture.logged.filter((line) => line.includes('calls'))).toEqual([])
})
