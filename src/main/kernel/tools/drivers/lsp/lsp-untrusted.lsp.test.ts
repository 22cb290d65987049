import { afterEach, expect, test } from 'vitest'
import { failureOf } from '../../../testing/driver-harness'
import { ODD_SERVER } from '../../../testing/lsp-odd-server'
import { toolCaller } from '../../../testing/lsp-tool-caller'
import { APP_ROOT, GUEST_NODE, makeOverlayWorkspace, type OverlayWorkspace } from '../../../testing/overlay-workspace'
import { createLspDriver, type LspDriver } from './lsp-driver'
import { LspSettings } from './lsp-settings'
import { lspBinds } from './server-process'

const AT = { path: 'a.odd', line: 1, column: 0 }
const WHOLE = { path: 'a.odd', startLine: 1, startColumn: 0, endLine: 1, endColumn: 0 }
const NO_CHANGE = { files: [], create: [], move: [], remove: [] }

let workspace: OverlayWorkspace | null = null
let driver: LspDriver | null = null

afterEach(async () => {
  await driver?.dispose()
  await workspace?.dispose()
  driver = null
  workspace = null
})

async function open(settings: unknown, files: Readonly<Record<string, string>> = {}, notices: string[] = []) {
  const all = { 'a.odd': 'one\ntwo\n', 'gone.odd': 'x\n', 'server.mjs': ODD_SERVER, ...files }
  workspace = makeOverlayWorkspace(all, lspBinds(APP_ROOT))
  const sandbox = await workspace.open()
  driver = createLspDriver({
    appRoot: APP_ROOT,
    guestNode: GUEST_NODE,
    settings: LspSettings.parse(settings),
    backOffMs: [0],
    onNotice: (text) => notices.push(text),
  })
  return { call: toolCaller(driver, sandbox), sandbox, driver }
}

const ODD = {
  servers: [{ language: 'odd', patterns: ['*.odd'], command: GUEST_NODE, args: ['/workspace/server.mjs'], roots: ['server.mjs'] }],
}

test('a server of the settings is asked, and nothing that it says leads out of the workspace', async () => {
  const { call } = await open(ODD)
  const found = await call('lsp.definition', AT)
  expect(found.locations.map((one) => `${one.path}:${one.startLine}`)).toEqual(['a.odd:2'])
  expect(found.external?.count).toBe(3)
  const rename = await failureOf(call('lsp.rename', { ...AT, newName: 'x' }))
  expect([rename.code, rename.message]).toEqual([
    'lsp.refused',
    'The change would edit file:///workspace/node_modules/x/index.js, which is not part of the workspace.',
  ])
  expect((await failureOf(call('lsp.references', AT))).code).toBe('lsp.bad-answer')
  expect((await failureOf(call('lsp.foldingRanges', { path: 'a.odd' }))).code).toBe('lsp.bad-answer')
  expect((await failureOf(call('lsp.format', { path: 'a.odd' }))).code).toBe('lsp.bad-answer')
  const { tokens } = await call('lsp.semanticTokens', { path: 'a.odd' })
  expect(tokens).toEqual([
    { line: 1, startColumn: 0, endColumn: 3, text: 'one', type: 'name', modifiers: ['odd'] },
    { line: 2, startColumn: 0, endColumn: 3, text: 'two', type: 'unknown', modifiers: [] },
  ])
  const missing = await failureOf(call('lsp.implementation', AT))
  expect([missing.code, missing.message]).toEqual(['lsp.not-supported', 'node does not answer textDocument/implementation.'])
})

test('edits that a server asks for are handed back, never made', async () => {
  const { call, sandbox } = await open(ODD)
  const { edit, result } = await call('lsp.executeCommand', { language: 'odd', command: 'edit' })
  expect(result).toEqual({ done: 'edit' })
  expect(edit.files).toEqual([
    { path: 'a.odd', version: expect.any(String), edits: [{ startLine: 1, startColumn: 0, endLine: 1, endColumn: 3, newText: 'new' }] },
  ])
  expect((await failureOf(call('lsp.executeCommand', { language: 'odd', command: 'outside' }))).code).toBe('lsp.refused')
  expect((await failureOf(call('lsp.executeCommand', { language: 'odd', command: 'sh' }))).code).toBe('lsp.not-supported')
  const { actions } = await call('lsp.codeActions', WHOLE)
  expect(actions.map((one) => one.title)).toEqual(['by command', 'not announced', 'moves'])
  expect((await call('lsp.codeAction', { ...WHOLE, index: 0, title: 'by command' })).edit.files[0]?.path).toBe('a.odd')
  expect((await failureOf(call('lsp.codeAction', { ...WHOLE, index: 1, title: 'not announced' }))).code).toBe('lsp.not-supported')
  expect((await failureOf(call('lsp.codeAction', { ...WHOLE, index: 1, title: 'moves' }))).code).toBe('lsp.no-such-action')
  const moved = await call('lsp.codeAction', { ...WHOLE, index: 2, title: 'moves' })
  expect(moved.edit).toEqual({
    ...NO_CHANGE,
    files: [
      { path: 'a.odd', version: expect.any(String), edits: [{ startLine: 1, startColumn: 0, endLine: 1, endColumn: 3, newText: 'two' }] },
    ],
    create: [{ path: 'new.odd', text: 'made\n' }],
    move: [{ from: 'a.odd', to: 'b.odd' }],
    remove: ['gone.odd'],
  })
  const { stdout } = await sandbox.run({ argv: ['cat', 'a.odd'] }, { timeoutMs: 10_000 })
  expect(stdout).toBe('one\ntwo\n')
})

test('a server that dies over and over is left alone until it is asked for or files change', async () => {
  const notices: string[] = []
  const { call, driver: lsp } = await open(ODD, {}, notices)
  for (const _ of [1, 2, 3]) expect((await failureOf(call('lsp.hover', AT))).code).toBe('lsp.server-died')
  expect((await failureOf(call('lsp.hover', AT))).code).toBe('lsp.server-crashing')
  const [server] = (await call('lsp.servers', {})).servers
  expect(server).toMatchObject({ language: 'odd', source: 'settings', state: 'crashed', restarts: 6, memoryBytes: null })
  expect(notices).toContainEqual(expect.stringContaining('The language server for odd died and is started again.'))
  expect(await call('lsp.restart', { language: 'odd' })).toEqual({ restarted: 1 })
  expect((await call('lsp.definition', AT)).locations).toHaveLength(1)
  for (const _ of [1, 2, 3]) expect((await failureOf(call('lsp.hover', AT))).code).toBe('lsp.server-died')
  expect((await failureOf(call('lsp.definition', AT))).code).toBe('lsp.server-crashing')
  await lsp.filesChanged(['a.odd'])
  expect((await call('lsp.definition', AT)).locations).toHaveLength(1)
})

test('what is missing or does not run is named, with what to do', async () => {
  const { call } = await open(
    {
      servers: [
        { language: 'absent', patterns: ['*.absent'], command: 'no-such-language-server' },
        { language: 'broken', patterns: ['broken.txt'], command: '/workspace/broken.sh' },
      ],
    },
    { 'x.absent': '', 'broken.txt': '', 'broken.sh': '#!/bin/sh\necho "error: Unknown binary" >&2\nexit 1\n' },
  )
  const absent = await failureOf(call('lsp.hover', { path: 'x.absent', line: 1, column: 0 }))
  expect([absent.code, absent.message]).toEqual([
    'lsp.no-server',
    'There is no language server for absent: no-such-language-server is not on the PATH inside the sandbox.',
  ])
  expect(absent.failure.action).toContain("Keyframe's settings name the command no-such-language-server")
  const broken = await failureOf(call('lsp.hover', { path: 'broken.txt', line: 1, column: 0 }))
  expect(broken.code).toBe('lsp.no-server')
  expect((await failureOf(call('lsp.hover', { path: 'readme.md', line: 1, column: 0 }))).code).toBe('lsp.unsupported-file')
  expect((await failureOf(call('lsp.restart', { language: 'cobol' }))).code).toBe('lsp.unsupported-language')
  const { symbols, notAsked } = await call('lsp.workspaceSymbols', { query: 'x' })
  expect(symbols).toEqual([])
  expect(notAsked?.map((one) => one.language)).toEqual(['absent', 'broken'])
  expect((await call('lsp.servers', {})).servers.map((one) => [one.language, one.state])).toContainEqual(['absent', 'missing'])
})
