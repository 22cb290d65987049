import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ExtraFacts } from '../facts-source'
import { writeFiles } from '../../testing/git-repository'
import { codeOwners, readOwnerRules } from './code-owners'
import { ownerRules, packagePeople, peopleFiles, serviceCatalogue } from './package-people'

const never = new AbortController().signal
let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'keyframe-people-test-'))
})

afterEach(() => rmSync(root, { recursive: true, force: true }))

function relations(facts: ExtraFacts): string[] {
  return (facts.relations ?? []).map(({ from, kind, to, line }) => `${end(from)} ${kind} ${end(to)} :${line}`)
}

function end(target: NonNullable<ExtraFacts['relations']>[number]['to']): string {
  return target.is === 'key' ? target.key : target.is === 'path' ? target.path : target.is === 'symbol' ? '.' : `?${target.name}`
}

const RULES = `# Owners
*                   @org/everyone
*.ts                @ts-person   # of types
/docs/              docs@Example.org
docs/*              @top-of-docs
src/**/gen          @generators
apps/               @org/apps
/build/logs/        @logs
no\\ owner.txt
src/pay/            @org/pay not-an-owner @ann
`
const PATHS = [
  'README.md',
  'a.ts',
  'deep/b.ts',
  'docs/a.md',
  'docs/in/b.md',
  'src/x/gen/c.go',
  'lib/apps/d.go',
  'build/logs/e',
  'no owner.txt',
  'src/pay/f.ts',
]

test('CODEOWNERS of GitHub: the last rule that matches a file decides', async () => {
  writeFiles(root, { '.github/CODEOWNERS': RULES, CODEOWNERS: '* @never\n' })
  const paths = [...PATHS, '.github/CODEOWNERS', 'CODEOWNERS']
  const facts = await codeOwners.read(root, paths, never)
  expect(relations(facts).slice(0, -2)).toEqual([
    'README.md owned_by owner:@org/everyone :2',
    'a.ts owned_by owner:@ts-person :3',
    'deep/b.ts owned_by owner:@ts-person :3',
    'docs/a.md owned_by owner:@top-of-docs :5',
    'docs/in/b.md owned_by owner:docs@example.org :4',
    'src/x/gen/c.go owned_by owner:@generators :6',
    'lib/apps/d.go owned_by owner:@org/apps :7',
    'build/logs/e owned_by owner:@logs :8',
    'src/pay/f.ts owned_by owner:@org/pay :10',
    'src/pay/f.ts owned_by owner:@ann :10',
  ])
  const state = await codeOwners.state(root, paths)
  expect(await codeOwners.state(root, paths)).toBe(state)
  expect(await codeOwners.state(root, [...paths, 'new.ts'])).not.toBe(state)
  writeFiles(root, { '.github/CODEOWNERS': '* @other\n' })
  expect(await codeOwners.state(root, paths)).not.toBe(state)
})

test('CODEOWNERS of GitLab: every section decides for itself, with owners of its own by default', async () => {
  writeFiles(root, { CODEOWNERS: '* @all\n[Docs][2] @writers\n*.md\n/api.md @api\n^[Security]\nkeys/ @sec\n' })
  const facts = await codeOwners.read(root, ['a.ts', 'b.md', 'api.md', 'keys/c.md', 'CODEOWNERS'], never)
  expect(relations(facts)).toEqual([
    'a.ts owned_by owner:@all :1',
    'b.md owned_by owner:@all :1',
    'b.md owned_by owner:@writers :3',
    'api.md owned_by owner:@all :1',
    'api.md owned_by owner:@api :4',
    'keys/c.md owned_by owner:@all :1',
    'keys/c.md owned_by owner:@writers :3',
    'keys/c.md owned_by owner:@sec :6',
    'CODEOWNERS owned_by owner:@all :1',
  ])
})

test('no CODEOWNERS, and hostile ones', async () => {
  expect(await codeOwners.state(root, ['a.ts'])).toBe('none')
  expect(await codeOwners.read(root, ['a.ts'], never)).toEqual({})
  const hostile = ['*a'.repeat(200), '**/'.repeat(150), '[', '(a+)+$', '{a,b}{a,b}', `${'a*'.repeat(100)}b`, '!a', '\\', '[['.repeat(200)]
  writeFiles(root, { CODEOWNERS: hostile.map((pattern) => `${pattern} @x`).join('\n') })
  const paths = ['CODEOWNERS', `${'a'.repeat(3_000)}`, `${'a/'.repeat(1_000)}c`]
  expect((await codeOwners.read(root, paths, never)).relations?.length).toBeLessThanOrEqual(3)
  expect(readOwnerRules('# only\n\n  \n')).toEqual([])
  await expect(codeOwners.read(root, paths, AbortSignal.abort())).rejects.toThrow()
})

test('people that files name', () => {
  const rules = ownerRules.read({ path: 'CODEOWNERS', text: RULES, code: null })
  expect(rules.entities?.find(({ name }) => name === '@org/pay')).toMatchObject({
    declared: true,
    startLine: 10,
    attributes: { rules: 1, team: true },
  })
  const text =
    '{\n "author": "Ann Lee <Ann@Example.org> (https://a.example)",\n "contributors": [{"name": "Ben", "email": "ben@example.org"}, "Nobody"]\n}\n'
  const people = packagePeople.read({ path: 'package.json', text, code: null })
  expect(people.entities?.map(({ key, name }) => ({ key, name }))).toEqual([
    { key: 'author:ann@example.org', name: 'Ann Lee' },
    { key: 'author:ben@example.org', name: 'Ben' },
  ])
  expect(relations(people)).toEqual(['. owned_by author:ann@example.org :2', '. authored_by author:ben@example.org :3'])
  const maintainers = peopleFiles.read({
    path: 'MAINTAINERS',
    text: '# People\n- Ann Lee <ann@example.org>\n* @org/team and @ben\n',
    code: null,
  })
  expect(relations(maintainers)).toEqual([
    '. owned_by author:ann@example.org :2',
    '. owned_by owner:@org/team :3',
    '. owned_by owner:@ben :3',
  ])
  const owners = peopleFiles.read({ path: 'pkg/OWNERS', text: 'approvers:\n  - ann\nreviewers: [ben]\n', code: null })
  expect(relations(owners)).toEqual(['. owned_by owner:@ann :2', '. owned_by reviewer:@ben :3'])
  const catalogue = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  annotations: {pagerduty.com/service-id: PABC, pagerduty.com/integration-key: hunter2}
spec: {type: service, lifecycle: production, owner: "group:default/payments", dependsOn: ["component:rates", "resource:db"]}
`
  const component = serviceCatalogue.read({ path: 'catalog-info.yaml', text: catalogue, code: null })
  expect(relations(component)).toEqual([
    'service:checkout owned_by owner:payments :6',
    '. owned_by owner:payments :6',
    'service:checkout depends_on service:rates :6',
    'service:checkout depends_on resource:Resource/db :6',
    'service:checkout owned_by oncall:PABC :5',
    '. contains service:checkout :4',
  ])
  expect(JSON.stringify(component)).not.toContain('hunter2')
})
