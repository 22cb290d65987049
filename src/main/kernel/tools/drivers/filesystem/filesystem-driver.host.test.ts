import { mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool, failureOf } from '../../../testing/driver-harness'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import { guestScriptDir, ignoreModuleFile } from '../../guest/guest-binds'
import { createFilesystemDriver } from './filesystem-driver'

const appRoot = join(import.meta.dirname, '../../../../../..')
let sandbox: LocalSandbox
let driver: ReturnType<typeof createFilesystemDriver>

const file = (path: string): string => join(sandbox.workspaceDir, path)
const given = async (path: string, content: string | Buffer): Promise<void> => {
  await mkdir(join(file(path), '..'), { recursive: true })
  await writeFile(file(path), content)
}

beforeEach(async () => {
  sandbox = await openLocalSandbox()
  driver = createFilesystemDriver({
    guestNode: process.execPath,
    guestScript: join(guestScriptDir(appRoot), 'file-guest.mjs'),
    ignoreModule: ignoreModuleFile(appRoot),
  })
})
afterEach(async () => {
  await driver.dispose()
  await sandbox.dispose()
})

describe('reading', () => {
  it('gives text, version and lines, and records a handle', async () => {
    await given('a.txt', 'one\ntwo\nthree\n')
    const whole = await callTool(driver, sandbox, 'fs.read', { path: 'a.txt' })
    expect(whole).toMatchObject({ path: 'a.txt', text: 'one\ntwo\nthree\n', totalLines: 3, sizeBytes: 14, startLine: 1, endLine: 3 })
    const part = await callTool(driver, sandbox, 'fs.read', { path: './a.txt', startLine: 2, endLine: 99 })
    expect(part).toEqual({ ...whole, text: 'two\nthree\n', startLine: 2, endLine: 3 })
    expect(await driver.capture()).toEqual({ handles: [{ path: 'a.txt', version: whole.version, cursorLine: 2, stale: false }] })
  })
})
