import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { removeTree } from '../../../checkpoints/remove-tree'
import { treeHash, writeOwned } from '../../../testing/overlay-fixture'
import { guestOwner } from '../guest-owner'
import { DEFAULT_LIMITS, DEFAULT_PROFILE, type CommandResult, type Sandbox, type SandboxSpec } from '../sandbox'
import { createCopyProvider } from './copy-provider'

let root: string
let baseDir: string
let before: string
const open: Sandbox[] = []

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-copies-'))
  baseDir = join(root, 'base')
  writeOwned(baseDir, { 'kept.txt': 'kept\n', 'gone.txt': 'gone\n', 'src/a.txt': 'a\n', 'node_modules/': '' })
  before = treeHash(baseDir)
})
afterEach(async () => {
  for (const sandbox of open.splice(0)) await sandbox.dispose()
  expect(treeHash(baseDir)).toBe(before)
  await removeTree(root)
})

async function branch(spec: Partial<SandboxSpec> = {}): Promise<Sandbox> {
  const dir = join(root, 'branches', `b${open.length}`)
  const provider = createCopyProvider({ nodePath: realpathSync(process.execPath) })
  const sandbox = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds: [], limits: DEFAULT_LIMITS, ...spec })
  open.push(sandbox)
  return sandbox
}

function sh(sandbox: Sandbox, script: string, timeoutMs = 20_000): Promise<CommandResult> {
  return sandbox.run({ argv: ['sh', '-c', script] }, { timeoutMs })
}

it('runs commands in a copy of its own, as nobody in particular, with a clean environment', async () => {
  const sandbox = await branch({ ports: { first: 20_000, last: 20_009 }, pinnedNodeFirst: true })
  const changed = await sh(
    sandbox,
    'cat kept.txt; echo new > kept.txt; rm gone.txt; id -u; echo $HOME $TMPDIR $PORT $KEYFRAME_PORT_LAST; pwd',
  )
  expect(changed).toMatchObject({ exitCode: 0, stderr: '', timedOut: false, limit: null })
  const [kept, uid, places, cwd] = changed.stdout.split('\n')
  expect([kept, Number(uid), cwd]).toEqual(['kept', guestOwner().uid, sandbox.guest.workspace])
  expect(places).toBe(`${join(sandbox.guest.workspace, '../home')} ${join(sandbox.guest.workspace, '../tmp')} 20000 20009`)
  const variables = await sh(sandbox, 'env | cut -d= -f1 | sort | tr "\\n" " "; node --version; ls -l /proc/self/fd | wc -l')
  expect(variables.stdout).toContain('HOME KEYFRAME_COMMAND')
  expect(variables.stdout).toContain(process.version)
  expect(variables.stdout).not.toMatch(/npm_|VITEST/)
})
