import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyAction, PolicyOutcome } from '../../../../shared/policy'
import { type PolicyFixture, policyFixture } from '../../testing/policy-fixture'
import { readRoleText } from './role-files'

const RESOURCES = resolve(import.meta.dirname, '../../../../../resources/policies')

let fixture: PolicyFixture
beforeAll(async () => {
  fixture = await policyFixture()
})
afterAll(() => fixture.dispose())

type Fact = readonly [role: string, action: PolicyAction, resource: string, outcome: PolicyOutcome, policies: readonly string[]]

const FACTS: readonly Fact[] = [
  ['code-analyzer', 'fs.read', 'src/main.rs', 'allow', ['code-analyzer/read-all']],
  ['code-analyzer', 'fs.read', '.env', 'allow', ['code-analyzer/read-all']],
  ['code-analyzer', 'fs.write', 'src/main.rs', 'deny', ['code-analyzer/write-none']],
  ['code-analyzer', 'net.egress', 'example.org:443', 'deny', ['code-analyzer/no-egress']],
  ['code-analyzer', 'process.spawn', 'git log', 'allow', ['code-analyzer/spawn-search']],
  ['code-analyzer', 'process.spawn', 'grep -r x .', 'allow', ['code-analyzer/spawn-search']],
  ['code-analyzer', 'process.spawn', 'rg x', 'allow', ['code-analyzer/spawn-search']],
  ['code-analyzer', 'process.spawn', 'ast-grep -p x', 'allow', ['code-analyzer/spawn-search']],
  ['code-analyzer', 'process.spawn', 'npm test', 'ask', []],
  ['code-analyzer', 'process.spawn', './git log', 'ask', []],
  ['code-analyzer', 'process.spawn', 'PATH=. git log', 'ask', []],
  ['code-analyzer', 'process.spawn', 'git log | sort', 'ask', []],

  ['refactorer', 'fs.read', 'docs/a.md', 'allow', ['refactorer/read-all']],
  ['refactorer', 'fs.write', 'main.rs', 'allow', ['refactorer/write-sources']],
  ['refactorer', 'fs.write', 'a/b/c.py', 'allow', ['refactorer/write-sources']],
  ['refactorer', 'fs.write', 'a/b/c.ts', 'allow', ['refactorer/write-sources']],
  ['refactorer', 'fs.write', 'a/c.go', 'allow', ['refactorer/write-sources']],
  ['refactorer', 'fs.write', 'a/c.tsx', 'ask', []],
  ['refactorer', 'fs.write', 'a/c.ts/x.md', 'ask', []],
  ['refactorer', 'fs.write', 'Cargo.toml', 'ask', []],
  ['refactorer', 'fs.write', '.git/x.ts', 'deny', ['refactorer/no-git-internals']],
  ['refactorer', 'net.egress', 'example.org:443', 'deny', ['refactorer/no-egress']],
  ['refactorer', 'process.spawn', 'cargo test', 'allow', ['refactorer/spawn-build-tools']],
  ['refactorer', 'process.spawn', 'pytest -q', 'allow', ['refactorer/spawn-build-tools']],
  ['refactorer', 'process.spawn', 'mypy .', 'allow', ['refactorer/spawn-build-tools']],
  ['refactorer', 'process.spawn', 'go build ./...', 'allow', ['refactorer/spawn-build-tools']],
  ['refactorer', 'process.spawn', 'npm test', 'allow', ['refactorer/spawn-build-tools']],
  ['refactorer', 'process.spawn', 'git push', 'ask', []],
  ['refactorer', 'net.ingress', '3000', 'allow', ['refactorer/ingress-high-ports']],

  ['deployer', 'fs.read', 'k8s/a.yaml', 'allow', ['deployer/read-deployment-files']],
  ['deployer', 'fs.read', 'a.yml', 'allow', ['deployer/read-deployment-files']],
  ['deployer', 'fs.read', 'Dockerfile', 'allow', ['deployer/read-deployment-files']],
  ['deployer', 'fs.read', 'a/Dockerfile.test', 'allow', ['deployer/read-deployment-files']],
  ['deployer', 'fs.read', 'src/main.rs', 'ask', []],
  ['deployer', 'fs.read', 'src/', 'allow', ['deployer/list-folders']],
  ['deployer', 'fs.read', '.', 'allow', ['deployer/list-folders']],
  ['deployer', 'fs.write', 'k8s/a.yaml', 'deny', ['deployer/write-none']],
  ['deployer', 'net.egress', 'kubernetes.default.svc:443', 'allow', ['deployer/egress-cluster-and-registry']],
  ['deployer', 'net.egress', 'Registry.Internal.:5000', 'allow', ['deployer/egress-cluster-and-registry']],
  ['deployer', 'net.egress', 'evil.registry.internal:443', 'ask', []],
  ['deployer', 'net.egress', '10.0.0.1:443', 'deny', ['every-role/reserved-addresses']],
  ['deployer', 'process.spawn', 'kubectl apply -f a.yaml', 'allow', ['deployer/spawn-deploy-tools']],
  ['deployer', 'process.spawn', 'helm upgrade x', 'allow', ['deployer/spawn-deploy-tools']],
  ['deployer', 'process.spawn', 'skaffold run', 'allow', ['deployer/spawn-deploy-tools']],
  ['deployer', 'process.spawn', 'docker build .', 'allow', ['deployer/spawn-docker']],
  ['deployer', 'process.spawn', 'cargo build', 'ask', []],

  ['coder', 'fs.read', '.env', 'allow', ['coder/read-all']],
  ['coder', 'fs.write', 'anything/at all.txt', 'allow', ['coder/write-all']],
  ['coder', 'fs.write', '.gitignore', 'allow', ['coder/write-all']],
  ['coder', 'fs.write', '.github/workflows/x.yml', 'allow', ['coder/write-all']],
  ['coder', 'fs.write', '.git/hooks/pre-commit', 'deny', ['coder/no-git-internals']],
  ['coder', 'fs.write', '.git', 'deny', ['coder/no-git-internals']],
  ['coder', 'fs.write', 'vendor/x/.git/config', 'deny', ['coder/no-git-internals']],
  ['coder', 'fs.write', '.keyframe/policy.cedar', 'deny', ['coder/no-policy-files']],
  ['coder', 'fs.write', 'a/keyframe.policy.json', 'deny', ['coder/no-policy-files']],
  ['coder', 'process.spawn', 'make && ./run | tee log', 'allow', ['coder/spawn-known']],
  ['coder', 'process.spawn', 'docker ps', 'deny', ['coder/no-engines']],
  ['coder', 'process.spawn', 'ls && podman ps', 'deny', ['coder/no-engines']],
  ['coder', 'process.spawn', 'echo $(ssh host)', 'deny', ['coder/no-remote-shells']],
  ['coder', 'process.spawn', 'scp a b:', 'deny', ['coder/no-remote-shells']],
  ['coder', 'process.spawn', 'bash -c \'s"ud"o ls\'', 'deny', ['every-role/nobody-is-root']],
  ['coder', 'process.spawn', 'su -c ls', 'deny', ['every-role/nobody-is-root']],
  ['coder', 'process.spawn', 'nsenter -t 1 -m ls', 'deny', ['every-role/one-sandbox']],
  ['coder', 'process.spawn', 'mount -t tmpfs x y', 'deny', ['every-role/one-sandbox']],
  ['coder', 'process.spawn', '$CC x.c', 'ask', []],
  ['coder', 'process.spawn', '$X; sudo ls', 'deny', ['every-role/nobody-is-root']],
  ['coder', 'process.spawn', 'cd src && export A=1', 'allow', []],
  ['coder', 'net.egress', 'registry.npmjs.org:443', 'ask', []],
  ['coder', 'net.egress', '169.254.169.254:80', 'deny', ['every-role/reserved-addresses']],
  ['coder', 'net.egress', '192.168.1.1:80', 'deny', ['every-role/reserved-addresses']],
  ['coder', 'net.egress', '2852039166:80', 'deny', ['every-role/reserved-addresses']],
  ['coder', 'net.ingress', '1024', 'allow', ['coder/ingress-high-ports']],
  ['coder', 'net.ingress', '65535', 'allow', ['coder/ingress-high-ports']],
  ['coder', 'net.ingress', '80', 'ask', []],
  ['coder', 'process.trace', 'processes', 'deny', ['coder/no-tracing']],
  ['coder', 'tool.use', 'fs.write', 'allow', ['coder/all-tools']],

  ['reviewer', 'fs.read', 'a', 'allow', ['reviewer/read-all']],
  ['reviewer', 'fs.write', 'a', 'deny', ['reviewer/write-none']],
  ['reviewer', 'process.spawn', 'npm test', 'allow', ['reviewer/spawn-known']],
  ['reviewer', 'process.spawn', 'ssh x', 'deny', ['reviewer/no-remote-shells']],
  ['reviewer', 'tool.use', 'fs.write', 'allow', ['reviewer/all-tools']],
]

describe('shipped roles', () => {
  it.each(FACTS)('%s %s %s: %s', (role, action, resource, outcome, policies) => {
    const decision = fixture.policies.check(role, action, resource)
    expect({ outcome: decision.outcome, policies: decision.policies }).toEqual({ outcome, policies })
    expect(decision.reason).toMatch(/\S.*\.$/u)
  })

  it('are five, with the limits and the filter of each', () => {
    const roles = fixture.policies
      .overview([])
      .roles.map(({ settings, limits, source, path }) => [settings.id, settings.seccomp, limits.maxMemoryBytes / 1024 ** 2, source, path])
    expect(roles).toEqual([
      ['coder', 'build-tools', 8192, 'shipped', null],
      ['reviewer', 'build-tools', 8192, 'shipped', null],
      ['code-analyzer', 'read-only', 2048, 'shipped', null],
      ['refactorer', 'build-tools', 8192, 'shipped', null],
      ['deployer', 'deploy-tools', 4096, 'shipped', null],
    ])
  })

  it('fit the schema, each policy with a name and a reason', () => {
    for (const file of ['every-role', ...fixture.policies.roleIds().map((id) => `roles/${id}`)]) {
      const path = join(RESOURCES, `${file}.cedar`)
      const policies = readRoleText(file, readFileSync(path, 'utf8'), readFileSync(join(RESOURCES, 'keyframe.cedarschema'), 'utf8'), path)
      expect(policies.length).toBeGreaterThan(0)
      for (const { id, note } of policies)
        expect([id, note]).toEqual([expect.stringMatching(/\/[a-z]+(?:-[a-z]+)*$/u), expect.stringMatching(/\.$/u)])
    }
  })

  it('let nobody be root, trace or reach reserved addresses, whatever the role', () => {
    for (const role of fixture.policies.roleIds()) {
      for (const line of ['sudo ls', 'su', 'doas ls', 'env sudo ls', '/usr/bin/sudo ls', 'unshare -r ls', 'chroot / ls']) {
        expect([role, line, fixture.policies.check(role, 'process.spawn', line).outcome]).toEqual([role, line, 'deny'])
      }
      expect(fixture.policies.check(role, 'process.trace', 'processes').outcome).toBe('deny')
      expect(fixture.policies.check(role, 'net.egress', '127.0.0.1:22').outcome).toBe('deny')
    }
  })

  it('say that docker of a deployer has no engine beside it', () => {
    expect(fixture.policies.check('deployer', 'process.spawn', 'docker ps').reason).toContain('no engine socket')
  })

  it('tell the operating system what to enforce', () => {
    const files = ['.env', 'Dockerfile', 'k8s/a.yaml', 'k8s/b.ts', 'src/a/b.ts', 'src/a/c.ts', 'src/d.ts']
    const profile = (role: string) => fixture.policies.role(role).profile(files, [])
    const base = { seccomp: 'build-tools', trace: false, masked: [] }
    expect(profile('coder')).toEqual({ ...base, workspace: 'read-write', executable: true })
    expect(profile('reviewer')).toEqual({ ...base, workspace: 'read-write', executable: true })
    expect(profile('refactorer')).toEqual({ ...base, workspace: 'read-write', executable: true })
    expect(profile('code-analyzer')).toEqual({ ...base, workspace: 'read-only', executable: false, seccomp: 'read-only' })
    expect(profile('deployer')).toEqual({
      workspace: 'read-only',
      executable: false,
      seccomp: 'deploy-tools',
      trace: false,
      masked: ['.env', 'k8s/b.ts', 'src'],
    })
  })

  it('mark what the system enforces and what only the broker checks', () => {
    const by = (role: string, action: PolicyAction, resource: string) => fixture.policies.check(role, action, resource).enforcedBy
    expect(by('code-analyzer', 'fs.write', 'a')).toBe('system')
    expect(by('refactorer', 'fs.write', 'a.md')).toBe('broker')
    expect(by('reviewer', 'fs.write', 'a')).toBe('broker')
    expect(by('deployer', 'fs.read', 'a')).toBe('system')
    expect(by('code-analyzer', 'fs.exec', 'a')).toBe('system')
    expect(by('coder', 'process.spawn', 'sudo ls')).toBe('broker')
    expect(by('coder', 'net.egress', 'a.org:443')).toBe('system')
    expect(by('coder', 'process.trace', 'processes')).toBe('system')
    expect(by('coder', 'tool.use', 'fs.read')).toBe('broker')
  })
})
