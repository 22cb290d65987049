import { afterAll, beforeAll, expect, test } from 'vitest'
import { ODD_SERVER } from '../../../testing/lsp-odd-server'
import { APP_ROOT, GUEST_NODE, makeOverlayWorkspace, type OverlayWorkspace } from '../../../testing/overlay-workspace'
import { LspSettings } from './lsp-settings'
import { commandTexts } from './sandbox-text'
import { ServerCatalogue } from './server-catalogue'
import { ServerPool } from './server-pool'

const REQUEST = { signal: new AbortController().signal, timeoutMs: 60_000 }
const SETTINGS = { servers: [{ language: 'odd', patterns: ['*.odd'], command: GUEST_NODE, args: ['/workspace/server.mjs'] }] }

let workspace: OverlayWorkspace
let pool: ServerPool
const notices: string[] = []

beforeAll(async () => {
  workspace = makeOverlayWorkspace({ 'a.odd': 'one\n', 'server.mjs': ODD_SERVER })
  const sandbox = await workspace.open()
  pool = new ServerPool({
    sandbox,
    catalogue: new ServerCatalogue(LspSettings.parse(SETTINGS)),
    appRoot: APP_ROOT,
    guestNode: GUEST_NODE,
    readText: commandTexts(sandbox),
    backOffMs: [0],
    notice: (text) => notices.push(text),
  })
})
afterAll(async () => {
  await pool.dispose()
  await workspace.dispose()
})

test('a server that nobody has used for long is ended when memory is short, and starts again when asked', async () => {
  const session = await pool.sessionFor('a.odd', REQUEST)
  expect(session.health.state).toBe('not-started')
  await session.ask(REQUEST, async (server) => void (await session.open(server, 'a.odd', REQUEST)))
  expect(session.health).toMatchObject({ state: 'ready', restarts: 0, openDocuments: 1 })
  pool.endIdle(0.5, 0)
  pool.endIdle(0.01, 60_000)
  expect(session.health.state).toBe('ready')
  await session.ask(REQUEST, async () => pool.endIdle(0.01, 0))
  expect(session.health.state).toBe('ready')
  pool.endIdle(0.01, 0)
  expect(session.health).toMatchObject({ state: 'ended', pid: null, openDocuments: 0 })
  expect(notices).toEqual(['Memory is short: the idle language server for odd was ended. It starts again when needed.'])
  expect(await session.ask(REQUEST, async (server) => server.connection.alive)).toBe(true)
  expect(session.health).toMatchObject({ state: 'ready', restarts: 0 })
})
