import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LANGUAGE_FIXTURES, placeIn } from '../../../testing/lsp-languages'
import { serverSettings, serverToolBinds, skipFor, whyNoServer } from '../../../testing/lsp-servers'
import { toolCaller } from '../../../testing/lsp-tool-caller'
import {
  APP_ROOT,
  GUEST_NODE,
  makeOverlayWorkspace,
  type OverlayWorkspace,
  removeInside,
  writeInside,
} from '../../../testing/overlay-workspace'
import type { Sandbox } from '../../sandboxes/sandbox'
import { createLspDriver, type LspDriver } from './lsp-driver'
import { lspBinds } from './server-process'

describe.each(LANGUAGE_FIXTURES)('language knowledge of $language', (fixture) => {
  const reason = whyNoServer(fixture.language)
  let workspace: OverlayWorkspace
  let sandbox: Sandbox
  let driver: LspDriver
  let call: ReturnType<typeof toolCaller>

  beforeAll(async () => {
    if (reason !== null) return
    workspace = makeOverlayWorkspace(fixture.files, [...lspBinds(APP_ROOT), ...serverToolBinds()])
    sandbox = await workspace.open()
    driver = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE, settings: serverSettings() })
    call = toolCaller(driver, sandbox)
  })
  afterAll(async () => {
    if (reason !== null) return
    await driver.dispose()
    await workspace.dispose()
  })

  const definition = placeIn(fixture.files, fixture.definition.path, fixture.definition.by)
  const use = placeIn(fixture.files, fixture.use.path, fixture.use.line)

  test('references are whole on the first, cold question, and each is of its kind', async (context) => {
    skipFor(context, reason)
    const { locations, sources } = await call('lsp.references', definition)
    expect(locations.map((one) => `${one.path}:${one.startLine} ${one.kind ?? '?'}`)).toEqual(fixture.references)
    expect(sources?.map((one) => one.path)).toEqual([...new Set(fixture.references.map((one) => one.split(':')[0]))])
  })

  test('definition, hover and symbols', async (context) => {
    skipFor(context, reason)
    const { locations, sources } = await call('lsp.definition', use)
    expect(locations.map((one) => [one.path, one.startLine])).toContainEqual([definition.path, definition.line])
    expect(sources?.find((one) => one.path === definition.path)?.text).toContain(fixture.definition.name)
    expect((await call('lsp.hover', use)).text).toContain(fixture.definition.name)
    const { symbols } = await call('lsp.documentSymbols', { path: definition.path })
    expect(symbols).toContainEqual(expect.objectContaining({ name: fixture.definition.name, kind: 'function', nameLine: definition.line }))
    const found = await call('lsp.workspaceSymbols', { query: fixture.definition.name, language: fixture.language })
    expect(found.symbols).toContainEqual(expect.objectContaining({ name: fixture.definition.name, path: definition.path }))
  })

  test('rename in all files, not applied', async (context) => {
    skipFor(context, reason)
    const { edit } = await call('lsp.rename', { ...use, newName: 'renamed' })
    const places = edit.files.flatMap(({ path, edits }) => edits.map((one) => `${path}:${one.startLine} ${one.newText}`))
    const expected = fixture.references.map((one) => `${one.split(' ')[0]} renamed`)
    // gopls renames the name in its own documentation too.
    expect(places).toEqual(expect.arrayContaining(expected))
    expect(edit.files.every(({ version }) => version !== null)).toBe(true)
  })

  test('who calls it', async (context) => {
    skipFor(context, reason)
    const { calls } = await call('lsp.incomingCalls', definition)
    expect(calls.map((one) => one.callsAt.path)).toContain(use.path)
  })

  test('diagnostics are of the text as it stands', async (context) => {
    skipFor(context, reason)
    const problems = async () => {
      const { diagnostics, pending } = await call('lsp.diagnostics', { paths: [use.path] })
      expect(pending).toBeUndefined()
      return diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message)
    }
    expect(await problems()).toEqual([])
    const right = fixture.files[use.path] ?? ''
    await writeInside(sandbox, use.path, right.replace(fixture.mistake.right, fixture.mistake.wrong))
    await driver.filesChanged([use.path])
    expect(await problems()).toContainEqual(expect.stringMatching(fixture.mistake.message))
    await writeInside(sandbox, use.path, right)
    await driver.filesChanged([use.path])
    expect(await problems()).toEqual([])
  })

  test('a file that comes and goes is known', async (context) => {
    skipFor(context, reason)
    const { path, text } = fixture.added
    const added = async () => (await call('lsp.references', definition)).locations.filter((one) => one.path === path).length
    await writeInside(sandbox, path, text)
    await driver.filesChanged([path])
    expect(await added()).toBe(1)
    await removeInside(sandbox, path)
    await driver.filesChanged([path])
    expect(await added()).toBe(0)
  })

  test('its health is shown', async (context) => {
    skipFor(context, reason)
    const { servers } = await call('lsp.servers', {})
    expect(servers).toContainEqual(expect.objectContaining({ language: fixture.language, restarts: 0, state: 'ready' }))
    const own = servers.find((one) => one.language === fixture.language)
    expect(own?.version).not.toBeNull()
    expect(own?.memoryBytes).toBeGreaterThan(1_000_000)
  })
})
