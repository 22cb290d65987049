import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { filesInMemory } from '../testing/files-in-memory'
import { createOverlayProvider } from '../tools/sandboxes/overlay-sandbox'
import { guestOwner } from '../tools/sandboxes/guest-owner'
import { DEFAULT_LIMITS, type Sandbox } from '../tools/sandboxes/sandbox'
import { type JudgeOptions, judgeBranch } from './judge-branch'

const nodePath = realpathSync(join(import.meta.dirname, '../../../../node_modules/.bin/node'))
const TEST = `import { test } from 'node:test'
import assert from 'node:assert'
import { add } from './add.mjs'
test('adds', () => assert.equal(add(1, 2), 3))
test('adds nothing', () => assert.equal(add(1, 0), 1))
`
const BASE = {
  'package.json': JSON.stringify({ scripts: { test: 'node --test', lint: 'node lint.mjs', typecheck: 'tsc --noEmit' } }),
  'add.mjs': 'export const add = (a, b) => a + b\n',
  'add.test.mjs': TEST,
  'lint.mjs':
    "import { readFileSync } from 'node:fs'\nconst bad = readFileSync('add.mjs', 'utf8').includes('var ')\nif (bad) console.log('✖ 1 problem (1 error, 0 warnings)')\nprocess.exit(bad ? 1 : 0)\n",
  'vitest.config.ts': 'export default {}\n',
}

describe('a judge of branches', () => {
  let root: string
  let opened: Sandbox[]
  let count: number

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'keyframe-judge-'))
    opened = []
    count = 0
  })
  afterEach(async () => {
    for (const sandbox of opened) await sandbox.dispose()
    rmSync(root, { recursive: true, force: true })
  })

  async function open(base: Record<string, string>): Promise<Sandbox> {
    const baseDir = join(root, 'base')
    for (const [path, text] of Object.entries(base)) {
      mkdirSync(dirname(join(baseDir, path)), { recursive: true })
      writeFileSync(join(baseDir, path), text)
      if (process.geteuid?.() === 0)
        for (const owned of [baseDir, join(baseDir, path)]) chownSync(owned, guestOwner().uid, guestOwner().gid)
    }
    const dir = join(root, `branch-${count++}`)
    const sandbox = await createOverlayProvider({ nodePath }).open({
      dir,
      baseDir,
      layerDir: null,
      dependencies: [],
      binds: [],
      limits: DEFAULT_LIMITS,
    })
    opened.push(sandbox)
    return sandbox
  }

  async function judge(changes: Record<string, string>, options: JudgeOptions = {}, base: Record<string, string> = BASE) {
    const sandbox = await open(base)
    for (const [path, text] of Object.entries(changes)) {
      const written = await sandbox.run({ argv: ['sh', '-c', 'cat > "$1"', 'sh', path] }, { timeoutMs: 10_000, stdin: text })
      expect(written.exitCode).toBe(0)
    }
    const subject = {
      sandbox,
      base: filesInMemory(base),
      changedFiles: Object.keys(changes),
      signal: new AbortController().signal,
      onOutput: () => undefined,
    }
    const verdict = await judgeBranch(subject, options)
    return { verdict, sandbox, state: Object.fromEntries(verdict.checks.map((check) => [check.check, check])) }
  }

  test('passes what passes, and a check that cannot run is not available', async () => {
    const { verdict, state } = await judge({ 'add.mjs': 'export const add = (a, b) => b + a\n' })
    expect(verdict.checks.map((check) => [check.check, check.state, check.score])).toEqual([
      ['tests', 'passed', 1],
      ['types', 'not-available', null],
      ['lint', 'passed', 1],
    ])
    expect(verdict).toMatchObject({ score: 1, passed: true })
    expect(state['types']?.detail).toBe(
      "tsc is not there: install the workspace's dependencies (for example with npm ci) and start a new run.",
    )
    expect(state['tests']?.detail).toBe('2 tests passed.')
  })

  test('fails what the branch broke, and says what', async () => {
    const { verdict, state } = await judge({ 'add.mjs': 'export const add = (a, b) => a - b\n' }, { baseline: () => open(BASE) })
    expect(verdict).toMatchObject({ passed: false })
    expect(state['tests']).toMatchObject({ state: 'failed', score: 0.5 })
    expect(state['tests']?.detail).toMatch(/^1 failing of 2 tests\. First: .*-1 == 3.*\(add\.test\.mjs:4:\d+\)/)
    expect(state['lint']?.state).toBe('passed')
  })

  test('what failed before is not held against the branch, what is new is', async () => {
    const base = { ...BASE, 'add.test.mjs': `${TEST}test('broken', () => assert.fail('always'))\n` }
    let baselines = 0
    const baselineRuns = new Map()
    const options = { baselineRuns, baseline: () => (baselines++, open(base)) }
    const same = await judge({ 'add.mjs': 'export const add = (a, b) => b + a\n' }, options, base)
    expect(same.state['tests']).toMatchObject({
      state: 'passed',
      score: 1,
      detail: 'Not worse than the base, where 1 failure(s) are known: broken.',
    })
    const worse = await judge({ 'add.mjs': 'export const add = (a, b) => a - b\n' }, options, base)
    expect(worse.state['tests']?.state).toBe('failed')
    expect(worse.state['tests']?.detail).toMatch(/^1 new failure\(s\): adds\./)
    expect(baselines).toBe(1)
  })

  test('a part of a check that fails on the base does not hide the next one', async () => {
    const linter = 'console.log("[warn] old.ts")\nif (require("fs").existsSync("bad.ts")) console.log("[warn] bad.ts")\nprocess.exit(1)\n'
    const base = { ...BASE, 'format.cjs': linter }
    const parts = ['node format.cjs', 'sh -c "! test -e unused.ts"']
    const discovered = { checks: [{ check: 'lint' as const, command: parts.join(' && '), why: '', parts }], missing: [] }
    const options = { discovered, baselineRuns: new Map(), baseline: () => open(base) }
    const good = await judge({ 'a.ts': '' }, options, base)
    expect(good.state['lint']).toMatchObject({ state: 'passed', score: 1, command: parts.join(' && ') })
    expect(good.state['lint']?.detail).toContain('node: Not worse than the base, where 1 failure(s) are known: old.ts is not formatted.')
    const hidden = await judge({ 'unused.ts': '' }, options, base)
    expect(hidden.state['lint']).toMatchObject({ state: 'failed', score: 0.5 })
    const unformatted = await judge({ 'bad.ts': '' }, options, base)
    expect(unformatted.state['lint']?.detail).toContain('1 new failure(s): bad.ts is not formatted.')
  })

  test('judges of several branches at once share the runs on their base', async () => {
    const base = { ...BASE, 'add.test.mjs': `${TEST}test('broken', () => assert.fail('always'))\n` }
    const files = filesInMemory(base)
    let baselines = 0
    const subjects = await Promise.all([open(base), open(base)])
    const verdicts = await Promise.all(
      subjects.map((sandbox) =>
        judgeBranch(
          { sandbox, base: files, changedFiles: [], signal: new AbortController().signal, onOutput: () => undefined },
          { baseline: () => (baselines++, open(base)) },
        ),
      ),
    )
    expect(verdicts.map((verdict) => verdict.checks[0]?.state)).toEqual(['passed', 'passed'])
    expect(baselines).toBe(1)
  })

  test('tests that fail once get a second try, which is said', async () => {
    const runner = `#!/bin/sh
if [ -n "$1" ] && [ ! -e broken.ts ]; then echo "Tests  1 passed (1)"; exit 0; fi
echo " FAIL  a.test.ts > is late"; echo "Tests  1 failed | 4 passed (5)"; exit 1
`
    const base = { ...BASE, vitest: runner }
    const command = 'mkdir -p bin && cp vitest bin/vitest && chmod +x bin/vitest && PATH="$PWD/bin:$PATH" vitest'
    const discovered = { checks: [{ check: 'tests' as const, command, why: '', parts: [command] }], missing: [] }
    const late = await judge({ 'b.ts': '' }, { discovered }, base)
    expect(late.state['tests']).toMatchObject({
      state: 'passed',
      detail: 'Passed on the second try: a.test.ts > is late failed at first and not when their files ran again alone.',
    })
    const broken = await judge({ 'broken.ts': '' }, { discovered }, base)
    expect(broken.state['tests']).toMatchObject({ state: 'failed', score: 0.8 })
    expect(broken.state['tests']?.detail).toContain('A second try of 1 test file(s) failed too.')
  })

  test('a check that never ends fails, or is not available when the base does not end either', async () => {
    const hangs = {
      'add.mjs': 'setInterval(() => undefined, 1000)\nexport const add = (a, b) => a + b\nawait new Promise(() => undefined)\n',
    }
    const options = {
      timeoutMs: 3000,
      discovered: {
        checks: [{ check: 'tests' as const, command: 'node add.test.mjs', why: '', parts: ['node add.test.mjs'] }],
        missing: [],
      },
    }
    const alone = await judge(hangs, { ...options, baseline: () => open(BASE) })
    expect(alone.state['tests']).toMatchObject({ state: 'failed', score: 0, detail: 'It did not end within 3 s.' })
    const base = { ...BASE, ...hangs }
    const both = await judge({}, { ...options, baseline: () => open(base) }, base)
    expect(both.state['tests']).toMatchObject({ state: 'not-available', detail: 'On the base too: It did not end within 3 s.' })
    expect(both.verdict).toMatchObject({ score: null, passed: false })
  })

  test('configuration that the branch changed is put back, also scripts', async () => {
    const manifest = JSON.stringify({ name: 'kept', scripts: { test: 'true' }, jest: { bail: true } })
    const changes = {
      'package.json': manifest,
      'vitest.config.ts': 'throw 1\n',
      '.mocharc.json': '{}',
      'add.mjs': 'export const add = () => 0\n',
    }
    const { state, sandbox } = await judge(changes, { baseline: () => open(BASE) })
    expect(state['tests']?.state).toBe('failed')
    expect(state['tests']?.detail).toContain(
      "Run with the base's version of: vitest.config.ts, .mocharc.json, package.json (its scripts and settings of checks).",
    )
    const after = await sandbox.run({ argv: ['sh', '-c', 'cat vitest.config.ts package.json; ls .mocharc.json'] }, { timeoutMs: 10_000 })
    expect(after.stdout).toContain('export default {}\n{\n  "name": "kept",\n  "scripts": {\n    "test": "node --test"')
    expect(after.stdout).not.toContain('jest')
    expect(after.stderr).toContain('No such file')
  })

  test('without any check nothing passes', async () => {
    const { verdict } = await judge({ 'a.txt': 'a' }, {}, { 'readme.md': '' })
    expect(verdict).toMatchObject({ score: null, passed: false })
    expect(verdict.checks.map((check) => check.state)).toEqual(['not-available', 'not-available', 'not-available'])
  })

  test('cancelling stops it', async () => {
    const sandbox = await open(BASE)
    const subject = { sandbox, base: filesInMemory(BASE), changedFiles: [], signal: AbortSignal.abort(), onOutput: () => undefined }
    await expect(judgeBranch(subject)).rejects.toThrow(/abort/i)
  })
})
