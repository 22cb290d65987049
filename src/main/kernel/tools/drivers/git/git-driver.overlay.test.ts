import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callTool } from '../../../testing/driver-harness'
import { runGit, writeFiles } from '../../../testing/git-repository'
import { type OverlayFixture, overlayFixture, treeHash } from '../../../testing/overlay-fixture'
import type { Driver } from '../../driver'
import { FILE_GUEST_SCRIPT, fileGuestBinds } from '../../guest/guest-binds'
import { GUEST_NODE } from '../../sandboxes/guest-view'
import type { Sandbox } from '../../sandboxes/sandbox'
import { createFilesystemDriver, type FilesystemDriver } from '../filesystem/filesystem-driver'
import { createSearchDriver } from '../search/search-driver'
import { createGitDriver } from './git-driver'

const FILES = {
  'README.md': 'read me\n',
  'src/a.ts': 'export const a = 1\n',
  'src/b.ts': 'export const b = 2\n',
  '.gitignore': 'node_modules\n',
}
const binds = fileGuestBinds(join(import.meta.dirname, '../../../../../..'))
let fixture: OverlayFixture
let root: string
let sandbox: Sandbox
let filesystem: FilesystemDriver
let driver: Driver

const shell = (script: string) => sandbox.run({ argv: ['sh', '-c', script] }, { timeoutMs: 20_000 })

beforeEach(async () => {
  fixture = overlayFixture({ ...FILES, 'src/b.ts': 'export const b = 3\n' })
  root = join(fixture.root, 'repository')
  mkdirSync(root)
  runGit(root, 'init', '-q')
  writeFiles(root, FILES)
  runGit(root, 'add', '-A')
  runGit(root, 'commit', '-qm', 'first')
  sandbox = await fixture.open('one', { binds })
  filesystem = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
  driver = createGitDriver({ root, baseDir: fixture.baseDir, channel: filesystem.channel })
})
afterEach(async () => {
  await driver.dispose()
  await filesystem.dispose()
  await fixture.dispose()
})

describe('git and search in an overlay sandbox', () => {
  it('compare the branch with base and head, without the repository being there inside', async () => {
    const before = [treeHash(join(root, '.git')), treeHash(fixture.baseDir)]
    await shell(
      'echo "export const c = 4" >> src/a.ts; rm README.md; mkdir -p node_modules/x; echo x > node_modules/x/i.js; chmod +x src/b.ts',
    )
    await shell('mkdir .git; printf "[core]\\n\\tfsmonitor = touch /tmp/ran\\n" > .git/config')
    expect(await callTool(driver, sandbox, 'git.status', {})).toMatchObject({
      changes: [
        { path: 'README.md', change: 'deleted' },
        { path: 'src/a.ts', change: 'changed', added: 1 },
        { path: 'src/b.ts', change: 'mode' },
      ],
      before: [{ path: 'src/b.ts', change: 'changed' }],
    })
    const { lines } = await callTool(driver, sandbox, 'git.blame', { path: 'src/a.ts' })
    expect(lines.map(({ source }) => source)).toEqual(['commit', 'branch'])
    const { hits } = await callTool(createSearchDriver(filesystem), sandbox, 'code.search', { query: 'export', limit: 10 })
    expect(hits.map(({ path, line }) => `${path}:${line}`)).toEqual(['src/a.ts:1', 'src/a.ts:2', 'src/b.ts:1'])
    expect((await shell('ls -a / /run/keyframe /opt/keyframe; ls .git/objects')).stdout).not.toContain('repository')
    expect([treeHash(join(root, '.git')), treeHash(fixture.baseDir)]).toEqual(before)
  })

  it('see what a command changed at the next call, many files at once', async () => {
    await callTool(driver, sandbox, 'git.status', {})
    await shell('mkdir many; for i in $(seq 1 1500); do echo $i > many/$i.txt; done')
    const status = await callTool(driver, sandbox, 'git.status', { limit: 5000 })
    expect(status.changes).toHaveLength(1500)
    await shell('rm -rf many')
    expect((await callTool(driver, sandbox, 'git.status', {})).changes).toEqual([])
    rmSync(join(root, '.git/index'), { force: true })
    expect((await callTool(driver, sandbox, 'git.status', {})).before).toHaveLength(1)
  })
})
