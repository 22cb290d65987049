import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { GrantScope, PolicyAction, type PolicyGrant } from '../../../../shared/policy'
import { KeyframeError } from '../../../../shared/failure'
import { type PolicyFixture, policyFixture } from '../../testing/policy-fixture'

let fixture: PolicyFixture
beforeAll(async () => {
  fixture = await policyFixture()
})
afterAll(() => fixture.dispose())

const RESOURCES: Record<PolicyAction, readonly string[]> = {
  'fs.read': ['src/a.ts', '.env', '.git/config', '../x', '/etc/passwd', '.'],
  'fs.write': ['src/a.ts', '.git/hooks/x', '.GIT/config', 'a/.keyframe/x', '../x', 'README.md'],
  'fs.exec': ['run.sh', 'src/a.ts', '/bin/sh'],
  'process.spawn': ['npm test', 'sudo ls', 'docker ps', '$X', 'ls | sort', './x', 'git log; ssh host', 'cd x'],
  'process.trace': ['processes'],
  'net.egress': ['example.org:443', '127.0.0.1:80', '10.0.0.7:443', '[::1]:80', '169.254.169.254:80', 'registry.internal:443'],
  'net.ingress': ['80', '3000', '70000'],
  'tool.use': ['fs.write', 'shell.run'],
}

const patterns = fc.oneof(
  fc.constantFrom(
    '*',
    '**',
    '**/*',
    '.git/**',
    '**/x',
    '127.0.0.1',
    '10.0.0.0/8',
    '0.0.0.0/0',
    '[::1]:80',
    '::/0',
    'sudo',
    'sudo*',
    'docker ps',
    'processes',
    '1-65535',
    'fs.*',
    '$X',
    '*.internal',
  ),
  fc.constantFrom(...Object.values(RESOURCES).flat()),
  fc.string({ minLength: 1, maxLength: 12 }),
)
const wish = fc.record({
  action: fc.constantFrom(...PolicyAction.options),
  pattern: patterns,
  scope: fc.constantFrom(...GrantScope.options),
})

it('no sequence of permissions makes allowed what is forbidden, or forbidden what is allowed', () => {
  const { policies } = fixture
  const outcomes = (role: string, grants: readonly PolicyGrant[]): Map<string, string> =>
    new Map(
      PolicyAction.options.flatMap((action) =>
        RESOURCES[action].map(
          (resource) => [`${action} ${resource}`, policies.role(role).decide({ action, resource }, grants).outcome] as const,
        ),
      ),
    )
  const before = new Map(policies.roleIds().map((role) => [role, outcomes(role, [])]))
  fc.assert(
    fc.property(fc.constantFrom(...policies.roleIds()), fc.array(wish, { minLength: 1, maxLength: 8 }), (role, wishes) => {
      const runGrants: PolicyGrant[] = []
      for (const { action, pattern, scope } of wishes) {
        try {
          runGrants.push(policies.grant(role, { action, pattern }, scope, 1))
        } catch (thrown) {
          if (!(thrown instanceof KeyframeError) || thrown.code !== 'policy.invalid') throw thrown
        }
      }
      const after = outcomes(role, runGrants)
      for (const [what, outcome] of before.get(role) ?? []) {
        const now = after.get(what)
        if (outcome !== 'ask') expect([role, what, now]).toEqual([role, what, outcome])
        else expect(now).not.toBe('deny')
      }
      const gate = policies.role(role).egress(() => runGrants)
      for (const address of ['127.0.0.1', '::1', '169.254.169.254', '::ffff:10.0.0.1', '192.168.0.1']) {
        expect(gate?.({ host: 'example.org', port: 443, address }).allowed ?? false).toBe(false)
      }
    }),
    { numRuns: 30, seed: 20 },
  )
  for (const { id } of policies.overview([]).grants) policies.revoke(id)
}, 60_000)

it('any pattern becomes one permit that says no more than it, or is refused', () => {
  fc.assert(
    fc.property(fc.constantFrom(...PolicyAction.options), fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }), (action, pattern) => {
      let grant: PolicyGrant
      try {
        grant = fixture.policies.grant('coder', { action, pattern }, 'run', 1)
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'policy.invalid' })
        return
      }
      expect(grant.text.match(/^permit \(/gmu)).toHaveLength(1)
      expect(grant.text).not.toMatch(/\n(?:forbid|permit)[^]*\n(?:forbid|permit)/u)
    }),
    { numRuns: 60, seed: 21 },
  )
}, 60_000)
