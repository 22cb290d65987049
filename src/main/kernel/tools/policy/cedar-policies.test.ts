import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeyframeError } from '../../../../shared/failure'
import type { GrantPattern, PolicyGrant, RoleSettings } from '../../../../shared/policy'
import { type PolicyFixture, policyFixture } from '../../testing/policy-fixture'

let fixture: PolicyFixture
beforeEach(async () => {
  fixture = await policyFixture()
})
afterEach(() => fixture.dispose())

const SETTINGS: RoleSettings = {
  id: 'writer',
  title: 'Writer',
  summary: 'Writes documents.',
  seccomp: 'read-only',
  limits: { maxProcesses: 7 },
}
const TEXT = `// Documents only.
@id("docs") @reason("Writers write documents.")
permit (principal, action in [Action::"fs.read", Action::"fs.write"], resource) when { resource.path like "docs/*" };
forbid (principal, action == Action::"fs.write", resource) when { resource.name == "LICENSE" };
`

function failureOf(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof KeyframeError) return { code: thrown.code, message: thrown.message }
    throw thrown
  }
  throw new Error('it did not fail')
}

describe('decisions', () => {
  it('let a prohibition win over any permission', () => {
    const text = `${TEXT}permit (principal, action, resource);`
    fixture.policies.saveRole(SETTINGS, text)
    expect(fixture.policies.check('writer', 'fs.write', 'docs/LICENSE')).toEqual({
      action: 'fs.write',
      resource: 'docs/LICENSE',
      outcome: 'deny',
      policies: ['writer/2'],
      reason: 'Forbidden by writer/2.',
      enforcedBy: 'broker',
    })
    expect(fixture.policies.check('writer', 'fs.write', 'docs/a').policies).toEqual(['writer/3', 'writer/docs'])
  })

  it('ask about what no policy speaks of, and name no policy', () => {
    fixture.policies.saveRole(SETTINGS, TEXT)
    expect(fixture.policies.check('writer', 'fs.write', 'src/a.ts')).toEqual({
      action: 'fs.write',
      resource: 'src/a.ts',
      outcome: 'ask',
      policies: [],
      reason: 'No policy of writer speaks of writing src/a.ts.',
      enforcedBy: 'broker',
    })
  })

  it('refuse when a prohibition cannot be evaluated', () => {
    const overflow = 'resource.depth * 9223372036854775807 * 9 > 1'
    fixture.policies.saveRole(
      SETTINGS,
      `permit (principal, action == Action::"fs.read", resource);\n@id("broken") forbid (principal, action == Action::"fs.read", resource) when { ${overflow} };`,
    )
    expect(fixture.policies.check('writer', 'fs.read', 'a/b')).toMatchObject({ outcome: 'deny', policies: ['writer/broken'] })
  })

  it('take no notice of policies for another role', () => {
    const text = 'permit (principal == Role::"coder", action == Action::"fs.write", resource);'
    fixture.policies.saveRole(SETTINGS, text)
    expect(fixture.policies.check('writer', 'fs.write', 'a').outcome).toBe('ask')
    expect(fixture.policies.role('writer').profile([], []).workspace).toBe('read-only')
    fixture.policies.saveRole(SETTINGS, text.replace('coder', 'writer'))
    expect(fixture.policies.check('writer', 'fs.write', 'a').outcome).toBe('allow')
  })

  it('of a role that has gone are refusals', () => {
    fixture.policies.saveRole(SETTINGS, TEXT)
    const role = fixture.policies.role('writer')
    fixture.policies.removeRole('writer')
    expect(role.decide({ action: 'fs.read', resource: 'docs/a' }, [])).toMatchObject({ outcome: 'deny', policies: [] })
    expect(failureOf(() => fixture.policies.role('writer')).code).toBe('policy.unknown-role')
    expect(failureOf(() => fixture.policies.check('nobody', 'fs.read', 'a')).code).toBe('policy.unknown-role')
  })
})

describe('user-defined roles', () => {
  it('are saved, read by others, changed and removed', () => {
    const view = fixture.policies.saveRole(SETTINGS, TEXT)
    expect(view).toMatchObject({ settings: SETTINGS, source: 'user', text: TEXT, path: join(fixture.folder, 'roles', 'writer.cedar') })
    expect(view.limits).toMatchObject({ maxProcesses: 7, maxOpenFiles: 4096 })
    expect(view.policies.filter(({ id }) => id.startsWith('writer/')).map(({ id, effect, note }) => [id, effect, note])).toEqual([
      ['writer/docs', 'permit', 'Writers write documents.'],
      ['writer/2', 'forbid', ''],
    ])
    expect(fixture.another().role('writer').profile(['docs/a', 'src/b'], [])).toEqual({
      workspace: 'read-write',
      executable: false,
      seccomp: 'read-only',
      trace: false,
      masked: ['src'],
    })
    fixture.policies.saveRole(SETTINGS, 'permit (principal, action == Action::"fs.read", resource);')
    expect(fixture.policies.role('writer').profile([], []).workspace).toBe('read-only')
    fixture.policies.removeRole('writer')
    expect(readdirSync(join(fixture.folder, 'roles'))).toEqual([])
    expect(failureOf(() => fixture.policies.removeRole('writer')).code).toBe('policy.unknown-role')
  })

  it('can be copies of shipped ones, which cannot be changed themselves', () => {
    const coder = fixture.policies.overview([]).roles.find(({ settings }) => settings.id === 'coder')
    if (coder === undefined) throw new Error('there is no coder')
    expect(failureOf(() => fixture.policies.saveRole(coder.settings, coder.text)).code).toBe('policy.shipped-role')
    expect(failureOf(() => fixture.policies.removeRole('coder')).code).toBe('policy.shipped-role')
    expect(failureOf(() => fixture.policies.saveRole({ ...coder.settings, id: 'every-role' }, coder.text)).code).toBe('policy.shipped-role')
    fixture.policies.saveRole({ ...coder.settings, id: 'my-coder' }, coder.text)
    expect(fixture.policies.check('my-coder', 'fs.write', '.git/x')).toMatchObject({
      outcome: 'deny',
      policies: ['my-coder/no-git-internals'],
    })
  })

  it.each([
    ['permit (principal, action == Action::"fs.read" resource);', /line 1, column 48/u],
    [
      'permit (principal, action == Action::"fs.read", resource);\n\n  permit (principal, action == Action::"fs.reed", resource);',
      /fs\.reed.*line 3, column 32/u,
    ],
    ['permit (principal, action == Action::"fs.read", resource)\nwhen { resource.nam == "a" };', /nam.*line 2, column 8/u],
    ['// ünïcödé\npermit (principal, action == Action::"fs.read", resource) when { resource.name == 1 };', /line 2, column 66/u],
    ['permit (principal == ?principal, action, resource);', /Templates.*line 1, column 1/u],
    ['@id("a") permit (principal, action, resource);\n@id("a") forbid (principal, action, resource);', /writer\/a is used twice.*line 2/u],
    ['permit (principal, action == Action::"net.egress", resource) when { resource.address == ip("1.1.1.1") };', /line 1/u],
  ])('are refused with the place of the mistake: %j', (text, message) => {
    const failure = failureOf(() => fixture.policies.saveRole(SETTINGS, text))
    expect(failure.code).toBe('policy.invalid')
    expect(failure.message).toMatch(message)
    expect(readdirSync(join(fixture.folder, 'roles'))).toEqual([])
  })

  it('that are broken on disk are reported and missing, the others work', () => {
    const roles = join(fixture.folder, 'roles')
    const json = (id: string, more: object = {}): string => JSON.stringify({ id, title: id, summary: '', seccomp: 'read-only', ...more })
    const write = (id: string, settings: string, text: string): void => {
      writeFileSync(join(roles, `${id}.json`), settings)
      writeFileSync(join(roles, `${id}.cedar`), text)
    }
    const fine = 'permit (principal, action == Action::"fs.read", resource);'
    write('good', json('good'), fine)
    write('bad-text', json('bad-text'), `${fine}\npermit (oops);`)
    write('bad-json', '{\n  "id": "bad-json",\n  oops\n}', fine)
    write('other-id', json('another'), fine)
    write('more', json('more', { sudo: true }), fine)
    write('coder', json('coder'), 'permit (principal, action, resource);')
    writeFileSync(join(roles, 'alone.json'), json('alone'))
    const policies = fixture.another()
    expect(policies.roleIds()).toEqual(['coder', 'reviewer', 'code-analyzer', 'refactorer', 'deployer', 'good'])
    expect(policies.check('good', 'fs.read', 'a').outcome).toBe('allow')
    expect(policies.check('coder', 'fs.write', '.git/x').outcome).toBe('deny')
    const problems = Object.fromEntries(policies.overview([]).problems.map(({ path, message }) => [path.slice(roles.length + 1), message]))
    expect(Object.keys(problems)).toEqual(['alone.cedar', 'bad-json.json', 'bad-text.cedar', 'coder.cedar', 'more.json', 'other-id.json'])
    expect(problems['bad-text.cedar']).toMatch(/bad-text\.cedar: .*\(line 2, column 9\)/u)
    expect(problems['bad-json.json']).toMatch(/bad-json\.json: .*line 3.*column 3/u)
    expect(problems['more.json']).toMatch(/sudo/u)
  })

  it('are read again when an editor changes them', async () => {
    const reasons: string[] = []
    fixture.policies.onChange((reason) => reasons.push(reason))
    fixture.policies.saveRole(SETTINGS, TEXT)
    expect(reasons).toHaveLength(1)
    writeFileSync(join(fixture.folder, 'roles', 'writer.cedar'), 'permit (principal, action == Action::"fs.read", resource);')
    await vi.waitFor(() => expect(fixture.policies.check('writer', 'fs.read', 'src/a').outcome).toBe('allow'), 5_000)
    writeFileSync(join(fixture.folder, 'roles', 'writer.cedar'), 'nonsense')
    await vi.waitFor(() => expect(fixture.policies.roleIds()).not.toContain('writer'), 5_000)
    expect(reasons.length).toBeGreaterThan(1)
    rmSync(join(fixture.folder, 'roles'), { recursive: true })
    await vi.waitFor(() => expect(readdirSync(fixture.folder)).toContain('roles'), 5_000)
    writeFileSync(join(fixture.folder, 'roles', 'writer.json'), JSON.stringify(SETTINGS))
    writeFileSync(join(fixture.folder, 'roles', 'writer.cedar'), TEXT)
    await vi.waitFor(() => expect(fixture.policies.roleIds()).toContain('writer'), 5_000)
  })
})

describe('permissions of persons', () => {
  const docs: GrantPattern = { action: 'fs.write', pattern: 'docs/**' }

  it('that always hold are kept, edited and revoked', () => {
    const grant = fixture.policies.grant('refactorer', docs, 'always', 5)
    expect(grant).toMatchObject({ role: 'refactorer', ...docs, scope: 'always', createdAtMs: 5 })
    expect(grant.id).toMatch(/^grant-[0-9a-f]{16}$/u)
    expect(fixture.policies.grant('refactorer', docs, 'always', 99)).toEqual(grant)
    expect(fixture.policies.check('refactorer', 'fs.write', 'docs/a.md')).toEqual({
      action: 'fs.write',
      resource: 'docs/a.md',
      outcome: 'allow',
      policies: [grant.id],
      reason: 'Permitted always by a person for refactorer: docs/**',
      enforcedBy: 'broker',
    })
    expect(fixture.policies.check('refactorer', 'fs.write', 'other/a.md').outcome).toBe('ask')
    expect(fixture.policies.check('coder', 'fs.write', 'docs/a.md').policies).toEqual(['coder/write-all'])

    const path = join(fixture.folder, 'grants.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const other = fixture.another()
    expect(other.overview([]).grants).toEqual([grant])
    other.saveGrant(grant.id, grant.text.replace('"docs/*"', '"docs/b/*"'))
    expect(other.check('refactorer', 'fs.write', 'docs/a.md').outcome).toBe('ask')
    expect(other.check('refactorer', 'fs.write', 'docs/b/a.md').outcome).toBe('allow')
    other.revoke(grant.id)
    expect(other.check('refactorer', 'fs.write', 'docs/b/a.md').outcome).toBe('ask')
    expect(failureOf(() => other.revoke(grant.id)).code).toBe('policy.unknown-grant')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ version: 1, grants: [] })
  })

  it('are not lost when two kernels write one after the other', () => {
    const other = fixture.another()
    fixture.policies.grant('refactorer', docs, 'always', 1)
    other.grant('refactorer', { action: 'fs.write', pattern: '**/*.md' }, 'always', 2)
    fixture.policies.grant('deployer', { action: 'fs.read', pattern: 'src/**' }, 'always', 3)
    expect(fixture.policies.overview([]).grants.map(({ pattern }) => pattern)).toEqual(['docs/**', '**/*.md', 'src/**'])
  })

  it('for a run hold where they are named and nowhere else', () => {
    const grant = fixture.policies.grant('refactorer', docs, 'run', 5)
    const role = fixture.policies.role('refactorer')
    const request = { action: 'fs.write', resource: 'docs/a.md' } as const
    expect(role.decide(request, []).outcome).toBe('ask')
    expect(role.decide(request, [grant])).toMatchObject({ outcome: 'allow', policies: [grant.id] })
    expect(fixture.policies.role('deployer').decide(request, [grant]).outcome).toBe('deny')
    expect(fixture.policies.overview([]).grants).toEqual([])
    expect(readdirSync(fixture.folder)).toEqual(['roles'])
  })

  it('open what the operating system closes, as far as they go', () => {
    const read = fixture.policies.grant('deployer', { action: 'fs.read', pattern: 'src/**' }, 'run', 5)
    const role = fixture.policies.role('deployer')
    expect(role.profile(['a.ts', 'src/b.ts'], [read]).masked).toEqual(['a.ts'])
    const write = fixture.policies.grant('deployer', { action: 'fs.write', pattern: 'src/**' }, 'run', 5)
    expect(role.profile([], [write]).workspace).toBe('read-only')
    expect(role.decide({ action: 'fs.write', resource: 'src/a' }, [write]).outcome).toBe('deny')
  })

  it.each<[GrantPattern, readonly string[], readonly string[]]>([
    [{ action: 'fs.write', pattern: 'a.md' }, ['a.md'], ['b/a.md', 'a.md2']],
    [{ action: 'fs.write', pattern: '*.md' }, ['a.md'], ['b/a.md']],
    [{ action: 'fs.write', pattern: '**/*.md' }, ['a.md', 'b/c/a.md'], ['a.md/x', 'a.txt']],
    [{ action: 'fs.write', pattern: 'docs/*' }, ['docs/a'], ['docs/a/b', 'docsx/a']],
    [{ action: 'fs.write', pattern: 'docs/**/x.*' }, ['docs/x.md', 'docs/a/b/x.txt'], ['x.md', 'docs/y.md']],
    [{ action: 'fs.write', pattern: 'a\\*b' }, ['a*b'], ['axb']],
    [{ action: 'fs.write', pattern: 'a\\**' }, ['a*', 'a*b'], ['axb']],
    [{ action: 'fs.write', pattern: 'app/[id]/page' }, ['app/[id]/page'], ['app/i/page']],
    [{ action: 'fs.write', pattern: '**' }, ['a', 'b/c'], []],
    [{ action: 'process.spawn', pattern: 'git' }, ['git log', '/usr/bin/git x'], ['./git log', 'gitk', 'PATH=. git log']],
    [
      { action: 'process.spawn', pattern: 'git log*' },
      ['git log', 'git log -1', 'git  "log" -1'],
      ['git push', './git log', 'git log; ls', 'git log $(ls)'],
    ],
    [{ action: 'process.spawn', pattern: 'git log' }, ['git log'], ['git log -1']],
    [{ action: 'process.spawn', pattern: './run*' }, ['./run', './run --all'], ['run', './other']],
    [{ action: 'net.ingress', pattern: '80-90' }, ['80', '90'], ['91']],
  ])('mean what their pattern says: %j', (pattern, allowed, asked) => {
    const grant = fixture.policies.grant('refactorer', pattern, 'run', 5)
    const decide = (resource: string) => [
      resource,
      fixture.policies.role('refactorer').decide({ action: pattern.action, resource }, [grant]).outcome,
    ]
    expect(allowed.map(decide)).toEqual(allowed.map((resource) => [resource, 'allow']))
    expect(asked.map(decide)).toEqual(asked.map((resource) => [resource, 'ask']))
  })

  it.each<[GrantPattern, readonly string[], readonly string[]]>([
    [
      { action: 'net.egress', pattern: 'a.example.org:443' },
      ['A.example.org:443', 'a.example.org.:443'],
      ['a.example.org:80', 'b.example.org:443', 'xa.example.org:443'],
    ],
    [{ action: 'net.egress', pattern: 'a.example.org' }, ['a.example.org:1'], ['b.example.org:1']],
    [
      { action: 'net.egress', pattern: '*.example.org' },
      ['a.example.org:443', 'a.b.example.org:1'],
      ['example.org:443', 'evilexample.org:443'],
    ],
    [{ action: 'net.egress', pattern: 'bücher.example' }, ['xn--bcher-kva.example:443', 'BÜCHER.example:443'], ['bucher.example:443']],
    [{ action: 'net.egress', pattern: '93.184.216.0/24:443' }, ['93.184.216.9:443'], ['93.184.217.9:443', 'example.org:443']],
    [{ action: 'net.egress', pattern: '[2606:4700::1]:443' }, ['[2606:4700::1]:443', '[2606:4700:0::1]:443'], ['[2606:4700::2]:443']],
    [{ action: 'tool.use', pattern: 'x' }, ['y'], []],
  ])('mean what their pattern says of hosts: %j', (pattern, allowed, asked) => {
    const grant = fixture.policies.grant('coder', pattern, 'run', 5)
    const decide = (resource: string) => [
      resource,
      fixture.policies.role('coder').decide({ action: pattern.action, resource }, [grant]).outcome,
    ]
    expect(allowed.map(decide)).toEqual(allowed.map((resource) => [resource, 'allow']))
    expect(asked.map(decide)).toEqual(asked.map((resource) => [resource, 'ask']))
  })

  it.each<GrantPattern>([
    { action: 'fs.write', pattern: '/etc/**' },
    { action: 'fs.write', pattern: '../x' },
    { action: 'fs.write', pattern: 'a/../../x' },
    { action: 'fs.write', pattern: 'a/*/b' },
    { action: 'fs.write', pattern: '**/a/**' },
    { action: 'fs.write', pattern: 'a//b' },
    { action: 'process.spawn', pattern: '* x' },
    { action: 'net.egress', pattern: 'http://x' },
    { action: 'net.egress', pattern: 'x:70000' },
    { action: 'net.egress', pattern: 'a*b.org' },
    { action: 'net.egress', pattern: '1.2.3.4/33' },
    { action: 'net.ingress', pattern: '9-1' },
  ])('are refused for a pattern that cannot be said: %j', (pattern) => {
    expect(failureOf(() => fixture.policies.grant('coder', pattern, 'run', 1)).code).toBe('policy.invalid')
  })

  it('cannot be edited into more than one permit of their own action', () => {
    const { id, text } = fixture.policies.grant('refactorer', docs, 'always', 5)
    const before = readFileSync(join(fixture.folder, 'grants.json'), 'utf8')
    for (const wrong of [
      '',
      `${text}\npermit (principal, action, resource);`,
      'permit (principal, action, resource);',
      'permit (principal, action == Action::"fs.read", resource);',
      'forbid (principal, action == Action::"fs.write", resource);',
      'permit (principal, action == Action::"fs.write", resource) when { resource.nope };',
      'nonsense',
    ]) {
      expect(failureOf(() => fixture.policies.saveGrant(id, wrong)).code).toBe('policy.invalid')
    }
    expect(failureOf(() => fixture.policies.saveGrant('grant-0', text)).code).toBe('policy.unknown-grant')
    expect(readFileSync(join(fixture.folder, 'grants.json'), 'utf8')).toBe(before)
  })

  it('whose text is broken are shown, reported and not in force', () => {
    const grant = fixture.policies.grant('refactorer', docs, 'always', 5)
    const good = fixture.policies.grant('refactorer', { action: 'fs.write', pattern: 'a' }, 'always', 5)
    const path = join(fixture.folder, 'grants.json')
    const broken: PolicyGrant = { ...grant, text: 'permit (principal, action, resource);' }
    writeFileSync(path, JSON.stringify({ version: 1, grants: [broken, good] }))
    const other = fixture.another()
    expect(other.overview([]).grants).toEqual([broken, good])
    expect(other.overview([]).problems).toMatchObject([{ path, message: expect.stringContaining(grant.id) }])
    expect(other.check('refactorer', 'fs.write', 'docs/a').outcome).toBe('ask')
    expect(other.check('refactorer', 'fs.write', 'a').outcome).toBe('allow')
    expect(other.role('refactorer').decide({ action: 'fs.write', resource: 'z' }, [broken]).outcome).toBe('ask')
  })

  it('in a file that cannot be read are none, and the file is not written over', () => {
    mkdirSync(fixture.folder, { recursive: true })
    const path = join(fixture.folder, 'grants.json')
    writeFileSync(path, '{ "version": 1, "grants": [')
    chmodSync(path, 0o600)
    const other = fixture.another()
    expect(other.overview([])).toMatchObject({ grants: [], problems: [{ path }] })
    expect(failureOf(() => other.grant('refactorer', docs, 'always', 1)).code).toBe('policy.invalid')
    expect(readFileSync(path, 'utf8')).toBe('{ "version": 1, "grants": [')
    expect(other.grant('refactorer', docs, 'run', 1).scope).toBe('run')
  })
})

describe('the overview', () => {
  it('names what looks like policies in the workspace as ignored', () => {
    const ignored = fixture.policies.overview([
      'src/a.ts',
      'policies/x.cedar',
      '.keyframe/roles/coder.cedar',
      '.keyframe/settings.json',
      'keyframe.policy.json',
      '.claude/settings.json',
      '.claude/settings.local.json',
      '.claude/notes.md',
      'sub/opencode.json',
      'cedar.ts',
    ]).ignored
    expect(ignored.map(({ path }) => path)).toEqual([
      'policies/x.cedar',
      '.keyframe/roles/coder.cedar',
      '.keyframe/settings.json',
      'keyframe.policy.json',
      '.claude/settings.json',
      '.claude/settings.local.json',
      'sub/opencode.json',
    ])
    expect(ignored.every(({ reason }) => reason !== '')).toBe(true)
  })

  it('is followed by a snapshot with everything in force', () => {
    const grant = fixture.policies.grant('refactorer', { action: 'fs.write', pattern: 'docs/**' }, 'always', 5)
    const snapshot: unknown = JSON.parse(fixture.policies.role('refactorer').snapshot())
    expect(snapshot).toMatchObject({
      settings: { id: 'refactorer', seccomp: 'build-tools' },
      limits: { maxMemoryBytes: 8192 * 1024 ** 2 },
      grants: [grant],
    })
    expect(fixture.policies.role('refactorer').snapshot()).toBe(fixture.another().role('refactorer').snapshot())
    expect(snapshot).toHaveProperty('policies[0].id', 'every-role/reserved-addresses')
  })
})
