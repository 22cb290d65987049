import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failureOf } from '../../../testing/driver-harness'
import { type LocalSandbox, openLocalSandbox } from '../../../testing/local-sandbox'
import { guestScriptDir, ignoreModuleFile } from '../../guest/guest-binds'
import { createFilesystemDriver, type FilesystemDriver } from './filesystem-driver'

const appRoot = join(import.meta.dirname, '../../../../../..')
let sandbox: LocalSandbox
let driver: FilesystemDriver

const file = (path: string): string => join(sandbox.workspaceDir, path)

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

describe('realPaths', () => {
  it('resolves links of every kind, and takes as written what is not there', async () => {
    await mkdir(file('src/deep'), { recursive: true })
    await writeFile(file('src/a.ts'), '')
    await symlink('src', file('alias'))
    await symlink('../src/a.ts', file('src/self'))
    await symlink('/etc', file('out'))
    await symlink('out', file('out2'))
    await symlink('.git/hooks/pre-commit', file('dangling'))
    await symlink(file('src'), file('absolute'))
    await symlink('alias/deep/..', file('up'))
    const asked = [
      ...['src/a.ts', './alias//a.ts', 'src/self', 'absolute/a.ts', 'up/a.ts', '.', '', 'alias/..'],
      ...['alias/new/file.ts', 'not/there', 'dangling', 'src/a.ts/below'],
      ...['out', 'out/passwd', 'out2/passwd', 'out/none/x', '/etc/passwd', '../x', '/', '../../../../../../..'],
      ...[file('alias/a.ts'), sandbox.workspaceDir],
    ]
    const root = join(sandbox.workspaceDir, '..')
    expect(await driver.realPaths(sandbox, asked)).toEqual([
      ...['src/a.ts', 'src/a.ts', 'src/a.ts', 'src/a.ts', 'src/a.ts', '.', '.', '.'],
      ...['src/new/file.ts', 'not/there', '.git/hooks/pre-commit', 'src/a.ts/below'],
      ...['/etc', '/etc/passwd', '/etc/passwd', '/etc/none/x', '/etc/passwd', `${root}/x`, '/', '/'],
      ...['src/a.ts', '.'],
    ])
  })

  it('says bytes that are no text, and refuses circles', async () => {
    await mkdir(Buffer.concat([Buffer.from(file('odd')), Buffer.from([0xff])]))
    await symlink(Buffer.from([0x6f, 0x64, 0x64, 0xff]), file('link'))
    await symlink('b', file('a'))
    await symlink('a', file('b'))
    expect(await driver.realPaths(sandbox, ['link/x', 'odd\\xff/y'])).toEqual(['odd\\xff/x', 'odd\\xff/y'])
    expect((await failureOf(driver.realPaths(sandbox, ['a/x']))).code).toBe('fs.link-loop')
    expect(await driver.realPaths(sandbox, [])).toEqual([])
  })
})
