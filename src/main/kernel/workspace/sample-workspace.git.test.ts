import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSampleWorkspace } from './sample-workspace'

const run = promisify(execFile)
const SAMPLE = resolve('resources/sample')
let dir: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'keyframe-sample-'))
})
afterEach(async () => {
  await rm(dir, { recursive: true, force: true })
})

const gitOut = async (cwd: string, ...args: string[]) => (await run('git', ['-C', cwd, ...args])).stdout.trim()

test('the copy has the same history every time and a clean tree', async () => {
  const first = join(dir, 'a')
  const second = join(dir, 'deep/b')
  await createSampleWorkspace(SAMPLE, first)
  await mkdir(second, { recursive: true })
  await createSampleWorkspace(SAMPLE, second)
  expect(await gitOut(first, 'rev-parse', 'HEAD')).toBe(await gitOut(second, 'rev-parse', 'HEAD'))
  expect(await gitOut(first, 'status', '--porcelain')).toBe('')
  expect(await gitOut(first, 'branch', '--show-current')).toBe('main')
  const log = (await gitOut(first, 'log', '--format=%an|%aI|%s')).split('\n')
  expect(log).toHaveLength(7)
  expect(log[0]).toBe('Priya Nair|2026-04-14T09:45:00+02:00|Add the gateway, with quotes')
  expect(new Set(log.map((line) => line.split('|')[0])).size).toBe(3)
  expect(await gitOut(first, 'log', '--format=%s', '--', 'src/billing/calculate-total.ts')).toContain('Take the discount before tax')
  expect((await readdir(dir)).sort()).toEqual(['a', 'deep'])
})

test('the tests and the linter of the sample pass with nothing installed', async () => {
  const target = join(dir, 'a')
  await createSampleWorkspace(SAMPLE, target)
  const node = resolve('node_modules/.bin/node')
  const tests = await run(node, ['--test', 'src/**/*.test.ts'], { cwd: target, env: { PATH: process.env['PATH'] } })
  expect(tests.stdout).toMatch(/pass \d\d/)
  expect(tests.stdout).toMatch(/fail 0/)
  const lint = await run(node, ['scripts/lint.mjs'], { cwd: target })
  expect(lint.stdout).toContain('0 problems')
  const types = await run(node, [resolve('node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: target })
  expect(types.stdout).toBe('')
})

test('the linter of the sample finds what it forbids', async () => {
  const target = join(dir, 'a')
  await createSampleWorkspace(SAMPLE, target)
  await writeFile(join(target, 'src/bad.ts'), "console.log('x')\nexport default 1\n")
  const failed = await run(resolve('node_modules/.bin/node'), ['scripts/lint.mjs'], { cwd: target }).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/bad\.ts:1 no-console[^]*bad\.ts:2 no-default-export/) })
})

test('a folder with something in it is refused and left alone', async () => {
  await writeFile(join(dir, 'mine.txt'), 'mine')
  await expect(createSampleWorkspace(SAMPLE, dir)).rejects.toMatchObject({ code: 'sample.target-not-empty' })
  await expect(createSampleWorkspace(SAMPLE, join(dir, 'mine.txt'))).rejects.toMatchObject({ code: 'sample.target-not-empty' })
  expect(await readdir(dir)).toEqual(['mine.txt'])
  expect(await readFile(join(dir, 'mine.txt'), 'utf8')).toBe('mine')
})

test('a history that does not end in the present files is refused and leaves nothing behind', async () => {
  await cp(SAMPLE, join(dir, 'sample'), { recursive: true })
  await cp(`${SAMPLE}-history.json`, join(dir, 'sample-history.json'))
  await writeFile(join(dir, 'sample/forgotten.txt'), '')
  await expect(createSampleWorkspace(join(dir, 'sample'), join(dir, 'out'))).rejects.toMatchObject({ code: 'sample.broken' })
  await writeFile(join(dir, 'sample-history.json'), '{ "branch": 1 }')
  await expect(createSampleWorkspace(join(dir, 'sample'), join(dir, 'out'))).rejects.toMatchObject({ code: 'sample.broken' })
  expect((await readdir(dir)).sort()).toEqual(['sample', 'sample-history.json'])
})
