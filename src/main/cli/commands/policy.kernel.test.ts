import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { runCommandLine } from '../command-line'
import { createScriptedTerminal } from '../testing/scripted-terminal'

let folder: string
let repo: string
let homeBefore: string | undefined
/** One kernel that all commands join. */
const serving = createScriptedTerminal()
let served: Promise<number>

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'keyframe-cli-policy-'))
  homeBefore = process.env['KEYFRAME_HOME']
  process.env['KEYFRAME_HOME'] = join(folder, 'home')
  repo = join(folder, 'sample')
  expect(await runCommandLine(['sample', repo], createScriptedTerminal())).toBe(0)
  served = runCommandLine(['serve', repo, '--json'], serving)
  await vi.waitFor(() => expect(serving.outText()).toContain('"address"'), 60_000)
})
afterAll(async () => {
  serving.interrupt()
  await served
  if (homeBefore === undefined) delete process.env['KEYFRAME_HOME']
  else process.env['KEYFRAME_HOME'] = homeBefore
  rmSync(folder, { recursive: true, force: true })
})

async function policy(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const terminal = createScriptedTerminal()
  const code = await runCommandLine(['policy', ...args, '--repo', repo], terminal)
  return { code, out: terminal.outText(), err: terminal.errText() }
}

function check(role: string, action: string, resource: string, ...more: string[]) {
  return policy('check', '--role', role, '--action', action, '--resource', resource, ...more)
}

describe('keyframe policy', () => {
  it('checks, explains and ends with 0 only for what is allowed', async () => {
    const allowed = await check('refactorer', 'fs.write', 'src/app.ts', '--json')
    expect([allowed.code, JSON.parse(allowed.out)]).toEqual([
      0,
      {
        action: 'fs.write',
        resource: 'src/app.ts',
        outcome: 'allow',
        policies: ['refactorer/write-sources'],
        reason: 'Refactorers change sources: **/*.rs, **/*.py, **/*.ts, **/*.go.',
        enforcedBy: 'broker',
      },
    ])
    const denied = await check('code-analyzer', 'fs.write', 'src/app.ts')
    expect(denied.code).toBe(1)
    expect(denied.out).toBe(
      'denied: fs.write src/app.ts\n  Code analyzers change no file.\n  policies: code-analyzer/write-none\n  enforced by the operating system',
    )
    expect((await check('refactorer', 'process.spawn', 'cd src && npm test')).code).toBe(0)
    const asked = await check('refactorer', 'process.spawn', 'git push')
    expect([asked.code, asked.out.split('\n')[0]]).toEqual([1, 'a person is asked: process.spawn git push'])
  })

  it('ends with 2 for what cannot be asked', async () => {
    expect((await check('nobody', 'fs.read', 'a')).code).toBe(2)
    expect((await check('coder', 'fs.reed', 'a')).err).toContain('--action is one of fs.read,')
    for (const args of [[], ['frob'], ['check'], ['check', '--role', 'coder'], ['show'], ['revoke'], ['list', 'more']]) {
      expect([args, (await policy(...args)).code]).toEqual([args, 2])
    }
    expect((await policy('show', 'nobody')).code).toBe(2)
    expect((await policy('revoke', 'grant-0')).code).toBe(2)
  })

  it('lists roles, shows one with what it could do, and names what is ignored', async () => {
    const ignored = join(repo, '.keyframe')
    mkdirSync(ignored, { recursive: true })
    writeFileSync(join(ignored, 'policy.cedar'), 'permit (principal, action, resource);')
    const list = await policy('list')
    expect(list.code).toBe(0)
    for (const role of ['coder', 'reviewer', 'code-analyzer', 'refactorer', 'deployer']) expect(list.out).toContain(`\n${role} `)
    expect(list.out).toContain('ignored: .keyframe/policy.cedar')
    const show = await policy('show', 'deployer')
    expect(show.code).toBe(0)
    expect(show.out).toMatch(/^Deployer \(deployer, shipped\)/u)
    expect(show.out).toMatch(
      /Connect to +system +kubernetes\.default\.svc:443, registry\.internal:443; any other host would be asked about/u,
    )
    expect(show.out).toContain('// deployer/write-none')
  })

  it('lists and revokes permissions, and tells of broken files', async () => {
    expect((await policy('grants')).out).toBe('Nothing is permitted beside the roles.')
    const home = join(folder, 'home', 'policies')
    const text = 'permit (principal == Role::"refactorer", action == Action::"fs.write", resource) when { resource.path like "docs/*" };'
    const grant = {
      id: 'grant-1',
      role: 'refactorer',
      action: 'fs.write',
      pattern: 'docs/**',
      scope: 'always',
      createdAtMs: 0,
      text,
    }
    writeFileSync(join(home, 'grants.json'), JSON.stringify({ version: 1, grants: [grant] }))
    await expect.poll(async () => (await check('refactorer', 'fs.write', 'docs/a.md')).code, { timeout: 30_000 }).toBe(0)
    expect((await policy('grants')).out).toContain('grant-1  refactorer  fs.write  1970-01-01 00:00:00  docs/**')
    expect(await policy('revoke', 'grant-1')).toMatchObject({ code: 0, out: 'grant-1 is revoked.' })
    expect((await check('refactorer', 'fs.write', 'docs/a.md')).code).toBe(1)
    expect(JSON.parse(readFileSync(join(home, 'grants.json'), 'utf8'))).toEqual({ version: 1, grants: [] })
    writeFileSync(join(home, 'roles', 'mine.cedar'), 'nonsense')
    await expect.poll(async () => (await policy('list')).code, { timeout: 30_000 }).toBe(1)
    const list = await policy('list')
    expect(list.err).toContain('mine.json is not in force: ')
  })
})
