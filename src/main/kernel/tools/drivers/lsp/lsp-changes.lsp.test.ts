import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LSP_PROJECT } from '../../../testing/lsp-project'
import { toolCaller } from '../../../testing/lsp-tool-caller'
import {
  APP_ROOT,
  GUEST_NODE,
  makeOverlayWorkspace,
  type OverlayWorkspace,
  removeInside,
  writeInside,
} from '../../../testing/overlay-workspace'
import type { Sandbox, SandboxProcess } from '../../sandboxes/sandbox'
import { createLspDriver, type LspDriver } from './lsp-driver'
import { lspBinds } from './server-process'

describe('language knowledge while files change and servers die', () => {
  let workspace: OverlayWorkspace
  let sandbox: Sandbox
  let driver: LspDriver
  let notices: string[]
  let servers: SandboxProcess[]
  let killAtStart: boolean
  let call: ReturnType<typeof toolCaller>

  beforeEach(async () => {
    workspace = makeOverlayWorkspace(LSP_PROJECT, lspBinds(APP_ROOT))
    sandbox = await workspace.open()
    const spawn = sandbox.spawn.bind(sandbox)
    servers = []
    killAtStart = false
    sandbox.spawn = async (command) => {
      const server = await spawn(command)
      servers.push(server)
      if (killAtStart) server.kill()
      return server
    }
    notices = []
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE, backOffMs: [0, 100], onNotice: (text) => notices.push(text) })
    call = toolCaller(driver, sandbox)
  })
  afterEach(async () => {
    await driver.dispose()
    await workspace.dispose()
  })

  async function change(path: string, text: string | null): Promise<void> {
    if (text === null) await removeInside(sandbox, path)
    else await writeInside(sandbox, path, text)
    await driver.filesChanged([path])
  }
  const killServers = (): void => {
    for (const server of servers.splice(0)) server.kill()
  }
  const problems = async (...paths: string[]): Promise<string[]> =>
    (await call('lsp.diagnostics', { paths })).diagnostics.flatMap((one) =>
      one.severity === 'error' ? [`${one.path}:${one.startLine} ${one.code}`] : [],
    )

  test('diagnostics are of the text as it stands, in open and in other files', async () => {
    expect(await problems('src/billing.ts')).toEqual([])
    await change('src/account.ts', LSP_PROJECT['src/account.ts']?.replace('pay(amount', 'spend(amount') ?? '')
    expect(await problems('src/billing.ts', 'src/account.ts')).toEqual(['src/billing.ts:6 2339'])
    await change('src/account.ts', LSP_PROJECT['src/account.ts'] ?? '')
    expect(await problems('src/billing.ts')).toEqual([])
    await change('src/billing.ts', 'export const broken = (\n')
    expect(await problems('src/billing.ts')).toContain('src/billing.ts:1 1109')
  })

  test('files that come and go', async () => {
    await change('src/user.ts', "import { later } from './later'\n\nexport const user = later\n")
    expect(await problems('src/user.ts')).toEqual(['src/user.ts:1 2307'])
    await change('src/later.ts', 'export const later = 1\n')
    expect(await problems('src/user.ts')).toEqual([])
    const { locations } = await call('lsp.references', { path: 'src/later.ts', line: 1, column: 14 })
    expect(locations.map((one) => `${one.path}:${one.startLine}`)).toEqual(['src/later.ts:1', 'src/user.ts:1', 'src/user.ts:3'])
    await change('src/later.ts', null)
    expect(await problems('src/user.ts')).toEqual(['src/user.ts:1 2307'])
    await expect(call('lsp.hover', { path: 'src/later.ts', line: 1, column: 0 })).rejects.toMatchObject({ code: 'files.not-found' })
  })

  test('a new test outside of every project is found', async () => {
    expect((await call('lsp.references', { path: 'src/account.ts', line: 15, column: 14 })).locations).toHaveLength(4)
    await change('test/limit.test.ts', "import { LIMIT } from '../src/account'\n\nLIMIT.toFixed()\n")
    expect((await call('lsp.references', { path: 'src/account.ts', line: 15, column: 14 })).locations).toHaveLength(6)
  })

  test('a changed configuration counts', async () => {
    await change('src/loose.ts', 'export const f = (x) => x\n')
    expect(await problems('src/loose.ts')).toEqual(['src/loose.ts:1 7006'])
    await change('tsconfig.json', JSON.stringify({ compilerOptions: { strict: false }, include: ['src'] }))
    expect(await problems('src/loose.ts')).toEqual([])
  })

  test('a killed server is started again', async () => {
    expect(await problems('src/billing.ts')).toEqual([])
    killServers()
    expect((await call('lsp.references', { path: 'src/account.ts', line: 2, column: 13 })).locations).toHaveLength(12)
    expect(notices.join()).toMatch(/started again/)
    const asked = call('lsp.references', { path: 'src/account.ts', line: 2, column: 13 })
    killServers()
    expect((await asked).locations).toHaveLength(12)
  })

  test('a server that dies over and over is an error with what to do', async () => {
    await problems('src/billing.ts')
    killAtStart = true
    killServers()
    await expect(call('lsp.references', { path: 'src/account.ts', line: 2, column: 13 })).rejects.toMatchObject({
      code: 'lsp.server-died',
      failure: { retryable: true, action: expect.stringMatching(/Ask again/) },
    })
    killAtStart = false
    expect((await call('lsp.references', { path: 'src/account.ts', line: 2, column: 13 })).locations).toHaveLength(12)
  })

  test('cancelling and bad questions', async () => {
    await expect(call('lsp.hover', { path: 'src/account.ts', line: 1, column: 0 }, AbortSignal.abort())).rejects.toThrow(/abort/i)
    await expect(call('lsp.hover', { path: '../../etc/passwd', line: 1, column: 0 })).rejects.toMatchObject({ code: 'lsp.bad-path' })
    await expect(call('lsp.documentSymbols', { path: 'package.json' })).rejects.toMatchObject({ code: 'lsp.unsupported-file' })
    await expect(call('lsp.rename', { path: 'src/account.ts', line: 4, column: 0, newName: 'x' })).rejects.toMatchObject({
      code: 'lsp.refused',
    })
    await expect(call('lsp.moveSymbol', { path: 'src/account.ts', line: 10, column: 0, toPath: 'src/x.ts' })).rejects.toMatchObject({
      code: 'lsp.no-symbol',
    })
    await expect(call('lsp.hover', { path: 'src/account.ts', line: 900, column: 0 })).rejects.toMatchObject({ code: 'lsp.refused' })
    expect(await call('lsp.definition', { path: 'src/account.ts', line: 1, column: 0 })).toEqual({ locations: [] })
    const library = call('lsp.rename', { path: 'src/billing.ts', line: 6, column: 44, newName: 'Oops' })
    await expect(library).rejects.toMatchObject({ code: 'lsp.refused', message: expect.stringContaining('standard TypeScript library') })
  })
})
