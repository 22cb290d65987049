import { afterEach, describe, expect, test } from 'vitest'
import { toolCaller } from '../../../testing/lsp-tool-caller'
import { APP_ROOT, GUEST_NODE, makeOverlayWorkspace, type OverlayWorkspace } from '../../../testing/overlay-workspace'
import type { Location } from '../../schemas/lsp'
import type { Sandbox } from '../../sandboxes/sandbox'
import { createLspDriver, type LspDriver } from './lsp-driver'
import { lspBinds } from './server-process'

const OPTIONS = { target: 'es2022', module: 'esnext', moduleResolution: 'bundler', strict: true }

describe('language knowledge across projects', () => {
  let workspace: OverlayWorkspace | null = null
  let driver: LspDriver | null = null

  afterEach(async () => {
    await driver?.dispose()
    await workspace?.dispose()
  })

  async function open(files: Record<string, string>, before: (sandbox: Sandbox) => Promise<unknown> = () => Promise.resolve()) {
    workspace = makeOverlayWorkspace(files, lspBinds(APP_ROOT))
    const sandbox = await workspace.open()
    await before(sandbox)
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE })
    return toolCaller(driver, sandbox)
  }
  const spots = (locations: readonly Location[]): string[] => locations.map((one) => `${one.path}:${one.startLine}`)

  test('packages of a workspace that import one another by name', async () => {
    const call = await open(
      {
        'package.json': '{ "workspaces": ["packages/*"] }',
        'packages/core/package.json': '{ "name": "@acme/core", "exports": "./src/index.ts" }',
        'packages/core/tsconfig.json': JSON.stringify({ compilerOptions: OPTIONS, include: ['src'] }),
        'packages/core/src/index.ts': "export * from './user'\n",
        'packages/core/src/user.ts': 'export interface User {\n  id: string\n}\n',
        'packages/web/package.json': '{ "name": "@acme/web" }',
        'packages/web/tsconfig.json': JSON.stringify({ compilerOptions: OPTIONS, include: ['src'] }),
        'packages/web/src/page.ts': "import type { User } from '@acme/core'\n\nexport const title = (user: User) => user.id\n",
      },
      (sandbox) =>
        sandbox.run(
          { argv: ['sh', '-c', 'mkdir -p node_modules/@acme && ln -s ../../packages/core node_modules/@acme/core'] },
          { timeoutMs: 5000 },
        ),
    )
    const { locations } = await call('lsp.references', { path: 'packages/core/src/user.ts', line: 1, column: 18 })
    expect(spots(locations)).toEqual(['packages/core/src/user.ts:1', 'packages/web/src/page.ts:1', 'packages/web/src/page.ts:3'])
    const { edit } = await call('lsp.rename', { path: 'packages/core/src/user.ts', line: 2, column: 3, newName: 'key' })
    expect(edit.files.map((file) => file.path)).toEqual(['packages/core/src/user.ts', 'packages/web/src/page.ts'])
    const moved = await call('lsp.moveSymbol', {
      path: 'packages/core/src/user.ts',
      line: 1,
      column: 18,
      toPath: 'packages/core/src/person.ts',
    })
    expect(moved.edit.create).toEqual([{ path: 'packages/core/src/person.ts', text: 'export interface User {\n  id: string\n}\n' }])
    expect(moved.edit.files.map((file) => [file.path, file.edits.map((edit) => edit.newText)])).toContainEqual([
      'packages/core/src/index.ts',
      ["export type { User } from './person'\n"],
    ])
  })

  test('a solution whose projects are only referred to', async () => {
    const call = await open({
      'package.json': '{}',
      'tsconfig.json': '{ "files": [], "references": [{ "path": "./tsconfig.app.json" }, { "path": "./tsconfig.test.json" }] }',
      'tsconfig.app.json': JSON.stringify({ compilerOptions: { ...OPTIONS, composite: true }, include: ['src'] }),
      'tsconfig.test.json': JSON.stringify({
        compilerOptions: { ...OPTIONS, composite: true },
        include: ['test'],
        references: [{ path: './tsconfig.app.json' }],
      }),
      'src/a.ts': 'export const answer = 42\n',
      'src/deep/b.ts': "import { answer } from '../a'\n\nexport const twice = answer * 2\n",
      'test/a.ts': "import { answer } from '../src/a'\n\nexport const again = answer\n",
    })
    const { locations } = await call('lsp.references', { path: 'src/a.ts', line: 1, column: 14 })
    expect(spots(locations)).toEqual(['src/a.ts:1', 'src/deep/b.ts:1', 'src/deep/b.ts:3', 'test/a.ts:1', 'test/a.ts:3'])
  })

  test('no tsconfig at all, in JavaScript', async () => {
    const call = await open({
      'package.json': '{ "type": "module" }',
      'lib/sum.js': '/** @param {number} a */\nexport function sum(a, b) {\n  return a + b\n}\n',
      'bin/main.js': "import { sum } from '../lib/sum.js'\n\nconsole.log(sum(1, 2))\n",
      'old/common.cjs': 'function total(a) {\n  return a\n}\n\nmodule.exports = { total }\n',
      'old/use.cjs': "const { total } = require('./common.cjs')\n\ntotal(1)\n",
    })
    const { locations } = await call('lsp.references', { path: 'lib/sum.js', line: 2, column: 17 })
    expect(spots(locations)).toEqual(['bin/main.js:1', 'bin/main.js:3', 'lib/sum.js:2'])
    const old = await call('lsp.definition', { path: 'old/use.cjs', line: 3, column: 1 })
    expect(old.locations.map((one) => one.path)).toContain('old/common.cjs')
    const { symbols } = await call('lsp.workspaceSymbols', { query: 'sum' })
    expect(symbols.map((symbol) => `${symbol.path}:${symbol.nameLine}:${symbol.nameColumn}`)).toContain('lib/sum.js:2:16')
  })

  test('names of files that need escaping', async () => {
    const call = await open({
      'src/odd name#1 [x].ts': 'export const odd = 1\n',
      'src/é.ts': "import { odd } from './odd name#1 [x]'\nodd\n",
    })
    const { locations } = await call('lsp.references', { path: 'src/odd name#1 [x].ts', line: 1, column: 14 })
    expect(spots(locations)).toEqual(['src/odd name#1 [x].ts:1', 'src/é.ts:1', 'src/é.ts:2'])
  })

  test('an empty workspace knows nothing, without failing', async () => {
    const call = await open({ 'readme.md': '' })
    expect(await call('lsp.workspaceSymbols', { query: 'x' })).toEqual({ symbols: [] })
  })
})
