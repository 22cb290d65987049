import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toolCaller } from '../../../testing/lsp-tool-caller'
import { APP_ROOT, GUEST_NODE, makeOverlayWorkspace, type OverlayWorkspace } from '../../../testing/overlay-workspace'
import { createLspDriver, type LspDriver } from './lsp-driver'
import type { LspChannel } from './lsp-channel'
import { lspBinds } from './server-process'
import { applyEdits } from './text-edits'

const FILES = {
  'tsconfig.json': JSON.stringify({ compilerOptions: { target: 'es2022', module: 'esnext', moduleResolution: 'bundler', strict: true } }),
  'shape.ts': 'export interface Shape {\n  area(): number\n}\n\nexport function unit(): number {\n  return 1\n}\n',
  'unused.ts':
    "import { unit } from './shape'\nimport type { Shape } from './shape'\n\nexport function f(a: Shape) {\n  const one = 1\n  const two = 2\n  return a.area()\n}\n",
  'missing.ts': 'export const total = unit() + unit()\n\nexport async function load() {\n  return 1\n}\n',
  'await.ts': 'export function f(): number {\n  await g()\n  return 1\n}\n\nasync function g() {}\n',
}

describe('fixes and channels', () => {
  let workspace: OverlayWorkspace
  let driver: LspDriver
  let call: ReturnType<typeof toolCaller>

  beforeAll(async () => {
    workspace = makeOverlayWorkspace(FILES, lspBinds(APP_ROOT))
    const sandbox = await workspace.open()
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE })
    call = toolCaller(driver, sandbox)
    await driver.restore(null, sandbox)
  })
  afterAll(async () => {
    await driver.dispose()
    await workspace.dispose()
  })

  async function fixed(path: keyof typeof FILES, code: string) {
    const { edit, titles } = await call('lsp.fix', { path, code })
    expect(edit.files.length <= 1).toBe(true)
    return { text: applyEdits(FILES[path], edit.files[0]?.edits ?? []), titles }
  }

  test('a fix of all at once', async () => {
    expect(await fixed('unused.ts', 'TS6133')).toEqual({
      text: "import type { Shape } from './shape'\n\nexport function f(a: Shape) {\n  return a.area()\n}\n",
      titles: ['Delete all unused imports', 'Delete all unused declarations'],
    })
    // Rehearsed only: the server is back on the branch's text.
    const { diagnostics } = await call('lsp.diagnostics', { paths: ['unused.ts'] })
    expect(diagnostics.filter((one) => one.code === '6133')).toHaveLength(3)
  })

  test('missing imports', async () => {
    const { text } = await fixed('missing.ts', '2304')
    expect(text).toBe(`import { unit } from './shape'\n\n${FILES['missing.ts']}`)
  })

  test('a fix that takes another return type', async () => {
    const { text, titles } = await fixed('await.ts', '1308')
    expect(text).toBe('export async function f(): Promise<number> {\n  await g()\n  return 1\n}\n\nasync function g() {}\n')
    expect(titles).toEqual([expect.stringContaining('async')])
  })

  test('nothing to fix, and what is no code', async () => {
    expect(await call('lsp.fix', { path: 'shape.ts', code: '6133' })).toEqual({
      edit: { files: [], create: [], move: [], remove: [] },
      titles: [],
    })
    await expect(call('lsp.fix', { path: 'shape.ts', code: 'nonsense' })).rejects.toMatchObject({ code: 'lsp.unknown-code' })
  })

  test('an editor talks to a server of its own', async () => {
    await expect(driver.openChannel('cobol')).rejects.toMatchObject({ code: 'lsp.unsupported-language' })
    const channel = await driver.openChannel('typescript')
    const answer = answers(channel)
    const uri = 'file:///workspace/unused.ts'
    // What the window says about servers and downloads is not heard.
    const initializationOptions = { tsserver: { path: '/workspace/evil.js' } }
    channel.send(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { rootUri: null, capabilities: {}, initializationOptions } }),
    )
    expect(await answer(1)).toMatchObject({ result: { capabilities: { hoverProvider: true } } })
    channel.send(JSON.stringify({ jsonrpc: '2.0', method: 'initialized', params: {} }))
    const textDocument = { uri, languageId: 'typescript', version: 1, text: FILES['unused.ts'] }
    channel.send(JSON.stringify({ jsonrpc: '2.0', method: 'textDocument/didOpen', params: { textDocument } }))
    const params = { textDocument: { uri }, position: { line: 6, character: 12 } }
    channel.send(JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'textDocument/definition', params }))
    expect(await answer(2)).toMatchObject({ result: [{ uri: 'file:///workspace/shape.ts' }] })
    expect(() => channel.send('initialize "initialize" {')).toThrow(/not JSON/)
    const closed = new Promise<void>((done) => channel.onClose(done))
    channel.close()
    await closed
    expect(() => channel.send('{}')).toThrow(/has ended/)
  })
})

function answers(channel: LspChannel): (id: number) => Promise<unknown> {
  const got = new Map<unknown, unknown>()
  let changed = (): void => undefined
  channel.onMessage((json) => {
    const message: { id?: unknown } = JSON.parse(json)
    got.set(message.id, message)
    changed()
  })
  return async (id) => {
    while (!got.has(id)) await new Promise<void>((done) => (changed = done))
    return got.get(id)
  }
}
