import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyAction } from '../../../../shared/policy'
import { type PolicyFixture, policyFixture } from '../../testing/policy-fixture'

let fixture: PolicyFixture
beforeAll(async () => {
  fixture = await policyFixture()
})
afterAll(() => fixture.dispose())

/** The user's role that no policy of its own helps: everything is asked about. */
function suggested(action: PolicyAction, ...resources: string[]): string[] {
  fixture.policies.saveRole({ id: 'silent', title: 'Silent', summary: '', seccomp: 'read-only', limits: {} }, '')
  return fixture.policies
    .suggest(resources.map((resource) => fixture.policies.check('silent', action, resource)))
    .map(({ pattern }) => pattern)
}

describe('patterns that a prompt offers', () => {
  it.each<[PolicyAction, string, string[]]>([
    ['fs.write', 'src/deep/down/a.test.ts', ['src/deep/down/a.test.ts', 'src/deep/down/**', 'src/**', '**/*.ts']],
    ['fs.write', 'README.md', ['README.md', '**/*.md']],
    ['fs.read', '.env', ['.env']],
    ['fs.write', 'a*b\\c', ['a\\*b\\\\c']],
    ['fs.read', '.', ['.']],
    ['process.spawn', 'npm test -- --watch', ['npm test -- --watch', 'npm test*', 'npm']],
    ['process.spawn', 'ls', ['ls']],
    ['process.spawn', 'ls -la', ['ls -la', 'ls']],
    ['process.spawn', 'cd x && FOO=1 make all | tee log', ['make all', 'tee log', 'make all*', 'tee log*', 'make', 'tee']],
    ['process.spawn', './gradlew build', ['./gradlew build', './gradlew build*', './gradlew*']],
    ['process.spawn', '$X test', []],
    ['process.spawn', 'PATH=. npm test', []],
    ['net.egress', 'Registry.NPMJS.org:443', ['registry.npmjs.org:443', '*.npmjs.org:443']],
    ['net.egress', 'example.org:80', ['example.org:80']],
    ['net.egress', '93.184.215.14:443', ['93.184.215.14:443']],
    ['net.egress', '10.0.0.1:443', []],
    ['net.ingress', '3000', ['3000', '1024-65535']],
    ['net.ingress', '80', ['80']],
    ['tool.use', 'lsp.rename', ['lsp.rename', 'lsp.*']],
    ['process.trace', 'processes', ['processes']],
  ])('%s %s', (action, resource, patterns) => {
    expect(suggested(action, resource)).toEqual(patterns)
  })

  it('hold for several files together', () => {
    expect(suggested('fs.write', 'src/a/x.ts', 'src/a/b/y.ts')).toEqual([
      'src/a/x.ts',
      'src/a/b/y.ts',
      'src/a/b/**',
      'src/a/**',
      'src/**',
      '**/*.ts',
    ])
  })

  it('name only the programs that still need it', () => {
    const decision = fixture.policies.check('code-analyzer', 'process.spawn', 'git log | sort -u')
    expect(fixture.policies.suggest([decision]).map(({ pattern }) => pattern)).toEqual(['sort -u', 'sort'])
  })

  it('are none for what is allowed or forbidden', () => {
    const decisions = [fixture.policies.check('coder', 'fs.read', 'a'), fixture.policies.check('coder', 'fs.write', '.git/x')]
    expect(fixture.policies.suggest(decisions)).toEqual([])
  })

  it('permit what was asked, each of them', () => {
    const cases: [PolicyAction, string][] = [
      ['fs.write', 'src/a b/[id]/c*.test.ts'],
      ['fs.read', 'weird "name" \\ \n.md'],
      ['process.spawn', 'npm run "a b" -- \'*.ts\' "q\\"q"'],
      ['process.spawn', './gradlew build'],
      ['net.egress', 'a.b.example.org:443'],
      ['net.ingress', '3000'],
      ['tool.use', 'shell.run'],
      ['process.trace', 'processes'],
    ]
    suggested('fs.read', 'x')
    for (const [action, resource] of cases) {
      const decision = fixture.policies.check('silent', action, resource)
      const patterns = fixture.policies.suggest([decision])
      expect(patterns.length).toBeGreaterThan(0)
      for (const pattern of patterns) {
        const grant = fixture.policies.grant('silent', pattern, 'run', 1)
        expect([pattern.pattern, fixture.policies.role('silent').decide({ action, resource }, [grant]).outcome]).toEqual([
          pattern.pattern,
          'allow',
        ])
      }
    }
  })
})
