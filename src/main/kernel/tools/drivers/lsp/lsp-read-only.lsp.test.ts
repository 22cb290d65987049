import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGE_FIXTURES, placeIn } from '../../../testing/lsp-languages'
import { serverSettings, serverToolBinds, skipFor, whyNoServer } from '../../../testing/lsp-servers'
import { toolCaller } from '../../../testing/lsp-tool-caller'
import { overlayFixture, type OverlayFixture, treeHash } from '../../../testing/overlay-fixture'
import { APP_ROOT, GUEST_NODE } from '../../../testing/overlay-workspace'
import { DEFAULT_PROFILE } from '../../sandboxes/sandbox'
import { createLspDriver, type LspDriver } from './lsp-driver'
import { lspBinds } from './server-process'

/** What a role that only analyses is given. */
const READ_ONLY = { ...DEFAULT_PROFILE, workspace: 'read-only', executable: false, seccomp: 'read-only' } as const

describe.each(LANGUAGE_FIXTURES)('a role that may only read, in $language', (fixture) => {
  const reason = whyNoServer(fixture.language)
  let workspace: OverlayFixture
  let driver: LspDriver

  beforeAll(() => {
    workspace = overlayFixture(fixture.files)
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE, settings: serverSettings() })
  })
  afterAll(async () => {
    await driver.dispose()
    await workspace.dispose()
  })

  test('gets whole references, and its files stay as they are', async (context) => {
    skipFor(context, reason)
    const before = treeHash(workspace.baseDir)
    const sandbox = await workspace.open('main', { profile: READ_ONLY, binds: [...lspBinds(APP_ROOT), ...serverToolBinds()] })
    expect((await sandbox.run({ argv: ['touch', 'written'] }, { timeoutMs: 10_000 })).exitCode).not.toBe(0)
    const call = toolCaller(driver, sandbox)
    const { locations } = await call('lsp.references', placeIn(fixture.files, fixture.definition.path, fixture.definition.by))
    expect(locations.map((one) => `${one.path}:${one.startLine} ${one.kind ?? '?'}`)).toEqual(fixture.references)
    const { diagnostics } = await call('lsp.diagnostics', { paths: [fixture.use.path] })
    expect(diagnostics.filter((one) => one.severity === 'error')).toEqual([])
    expect(treeHash(workspace.baseDir)).toBe(before)
  })
})
