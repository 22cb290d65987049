import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EgressGate } from '../sandboxes/sandbox'
import { type PolicyFixture, policyFixture } from '../../testing/policy-fixture'

let fixture: PolicyFixture
beforeAll(async () => {
  fixture = await policyFixture()
})
afterAll(() => fixture.dispose())

describe('paths', () => {
  it.each([
    '../outside',
    'src/../../outside',
    'src/..',
    '..',
    '/etc/passwd',
    '//etc/passwd',
    '/',
    '/workspaces/x',
    '/workspace/../etc/passwd',
    'src/\0.ts',
    'half\ud800',
  ])('%j is refused to everybody', (path) => {
    for (const role of fixture.policies.roleIds()) {
      for (const action of ['fs.read', 'fs.write', 'fs.exec'] as const) {
        expect(fixture.policies.check(role, action, path)).toMatchObject({ outcome: 'deny', policies: [] })
      }
    }
  })

  it('tells that a path lies outside', () => {
    expect(fixture.policies.check('coder', 'fs.read', '/etc/passwd').reason).toBe('/etc/passwd lies outside of the workspace.')
  })

  it.each([
    ['/workspace/src/a.ts', 'src/a.ts'],
    ['/workspace', '.'],
    ['./src//a.ts', 'src/a.ts'],
    ['src/', 'src'],
    ['.', '.'],
  ])('%j is %j', (written, canonical) => {
    expect(fixture.policies.check('coder', 'fs.read', written)).toMatchObject({ outcome: 'allow', resource: canonical })
  })

  it.each([
    '.git/config',
    '.GIT/config',
    '.Git/hooks/post-checkout',
    '.g\u200cit/config',
    '.git\u200d/config',
    '.\ufeffgit/config',
    '.git./config',
    '.git /config',
    'git~1/config',
    'GIT~1/config',
    '.gi\uff54/config',
    './.git/config',
    'a/b/.git/config',
    '/workspace/.git/config',
    '.git/',
    '.KEYFRAME/x',
    'Keyframe.Policy.json',
  ])('%j is not written under any spelling', (path) => {
    expect(fixture.policies.check('coder', 'fs.write', path).outcome).toBe('deny')
  })

  it.each(['.gitignore', '.gitattributes', 'git/config', 'src/.gitkeep', 'a.git/config', 'digit~1'])('%j is no part of Git', (path) => {
    expect(fixture.policies.check('coder', 'fs.write', path).outcome).toBe('allow')
  })

  it('decides names that hold quotes, stars, line ends and Cedar text as what they are', () => {
    for (const name of ['a"b.ts', 'a*b.ts', 'a\nb.ts', '"; permit(principal, action, resource);.ts', '\\"x.ts']) {
      expect(fixture.policies.check('refactorer', 'fs.write', name)).toMatchObject({ outcome: 'allow', resource: name })
      expect(fixture.policies.check('refactorer', 'fs.write', `${name}x`).outcome).toBe('ask')
    }
  })
})

describe('other resources', () => {
  it.each([
    'example.org',
    ':443',
    'example.org:0',
    'example.org:70000',
    'a b:443',
    'http://a/:443',
    'user@host:443',
    'a#b:443',
    '%31.1.1.1:80',
    '',
  ])('%j is no host and port', (resource) => {
    expect(fixture.policies.check('deployer', 'net.egress', resource)).toMatchObject({ outcome: 'deny', policies: [] })
  })

  it.each(['', '-1', '65536', '80x', '1e3', '٣'])('%j is no port', (resource) => {
    expect(fixture.policies.check('coder', 'net.ingress', resource)).toMatchObject({ outcome: 'deny', policies: [] })
  })

  it.each(['', '  ', 'ls \0', '\udc00'])('%j is no command', (resource) => {
    expect(fixture.policies.check('coder', 'process.spawn', resource)).toMatchObject({ outcome: 'deny', policies: [] })
  })
})

describe('connections', () => {
  const gate = (role: string): EgressGate => {
    const found = fixture.policies.role(role).egress(() => [])
    if (found === null) throw new Error('there is no gate')
    return found
  }

  it('have no gate where nothing could ever be permitted', () => {
    for (const role of ['code-analyzer', 'refactorer', 'coder', 'reviewer']) expect(fixture.policies.role(role).egress(() => [])).toBeNull()
  })

  it.each([
    ['registry.internal', 443, '10.0.0.7', true],
    ['registry.internal', 443, '192.168.3.4', true],
    ['registry.internal', 443, 'fd12::1', true],
    ['registry.internal', 443, '93.184.215.14', true],
    ['REGISTRY.internal.', 443, '10.0.0.7', true],
    ['kubernetes.default.svc', 6443, '172.20.0.1', true],
    ['registry.internal', 443, '169.254.169.254', false],
    ['registry.internal', 443, '127.0.0.1', false],
    ['registry.internal', 443, '::1', false],
    ['registry.internal', 443, '0.0.0.0', false],
    ['registry.internal', 443, '224.0.0.1', false],
    ['registry.internal', 443, '100.64.0.1', false],
    ['registry.internal', 443, '::ffff:10.0.0.7', false],
    ['registry.internal', 443, '::ffff:a00:7', false],
    ['registry.internal', 443, '64:ff9b::a00:7', false],
    ['registry.internal', 443, '2002:a00:7::1', false],
    ['registry.internal', 443, 'fe80::1', false],
    ['registry.internal', 443, 'fe80::1%eth0', false],
    ['registry.internal', 443, 'fc00::1', false],
    ['registry.internal', 443, null, false],
    ['registry.internal', 443, 'nonsense', false],
    ['example.org', 443, '93.184.215.14', false],
    ['10.0.0.7', 443, '10.0.0.7', false],
    ['2130706433', 80, '127.0.0.1', false],
    ['0x7f000001', 80, '127.0.0.1', false],
    ['0177.0.0.1', 80, '127.0.0.1', false],
    ['127.1', 80, '127.0.0.1', false],
    ['registry.internal@example.org', 443, '10.0.0.7', false],
    ['registry.internal\n', 443, '10.0.0.7', false],
    ['', 443, '10.0.0.7', false],
  ])('%s:%i at %s: %s', (host, port, address, allowed) => {
    const answer = gate('deployer')({ host, port, address })
    expect(answer.allowed).toBe(allowed)
    expect(answer.reason).not.toBe('')
  })

  it.each([
    '2130706433:80',
    '0x7f.1:80',
    '0177.0.0.1:80',
    '127.1:80',
    '[::1]:80',
    '[::ffff:127.0.0.1]:80',
    '0:80',
    '017700000001:80',
    '[::]:80',
    '①②⑦.0.0.1:80',
  ])('%s is reserved however it is written', (resource) => {
    expect(fixture.policies.check('coder', 'net.egress', resource)).toMatchObject({
      outcome: 'deny',
      policies: ['every-role/reserved-addresses'],
    })
  })

  describe('of a role that names ranges', () => {
    const settings = { id: 'ranges', title: 'Ranges', summary: '', seccomp: 'build-tools', limits: {} } as const
    const text = (condition: string): string => `permit (principal, action == Action::"net.egress", resource) when { ${condition} };`
    const ask = (condition: string, host: string, address: string): boolean => {
      fixture.policies.saveRole(settings, text(condition))
      return gate('ranges')({ host, port: 5432, address }).allowed
    }

    it('opens the range that it names and no other', () => {
      const condition = 'resource has address && resource.address.isInRange(ip("10.1.0.0/16"))'
      expect(ask(condition, 'db', '10.1.2.3')).toBe(true)
      expect(ask(condition, 'db', '10.2.2.3')).toBe(false)
      expect(ask('resource has address && resource.address == ip("127.0.0.1")', 'db', '127.0.0.1')).toBe(true)
      expect(ask('resource has address && resource.address.isInRange(ip("::ffff:a00:0/104"))', 'db', '::ffff:10.0.0.1')).toBe(true)
    })

    it('opens nothing reserved by naming everything, by negation or for another host', () => {
      expect(ask('resource has address && resource.address.isInRange(ip("0.0.0.0/0"))', 'db', '10.1.2.3')).toBe(false)
      expect(ask('resource has address && resource.address.isInRange(ip("0.0.0.0/0"))', 'db', '8.8.4.4')).toBe(true)
      expect(ask('resource has address && !resource.address.isInRange(ip("10.0.0.0/8"))', 'db', '10.1.2.3')).toBe(false)
      expect(ask('true', 'db', '10.1.2.3')).toBe(false)
      const mixed = 'resource.host == "b" || (resource.host == "a" && resource has address && resource.address.isInRange(ip("10.0.0.0/8")))'
      expect(ask(mixed, 'a', '10.1.2.3')).toBe(true)
      expect(ask(mixed, 'b', '10.1.2.3')).toBe(false)
      expect(ask(mixed, 'b', '93.184.215.14')).toBe(true)
    })
  })

  it('are decided anew at each of them', () => {
    const pattern = { action: 'net.egress', pattern: 'example.org:443' } as const
    const grants = [fixture.policies.grant('coder', pattern, 'run', 1)]
    const gate = fixture.policies.role('coder').egress(() => grants)
    const request = { host: 'example.org', port: 443, address: '93.184.215.14' }
    expect(gate?.(request).allowed).toBe(true)
    expect(gate?.({ ...request, port: 80 }).allowed).toBe(false)
    expect(gate?.({ ...request, address: '10.0.0.1' }).allowed).toBe(false)
    grants.pop()
    expect(gate?.(request).allowed).toBe(false)
  })
})
