import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyAction } from '../../../../shared/policy'
import { type PolicyFixture, policyFixture } from '../../testing/policy-fixture'
import { maskedPaths } from './role-profile'

let fixture: PolicyFixture
beforeAll(async () => {
  fixture = await policyFixture()
})
afterAll(() => fixture.dispose())

const FILES = ['Dockerfile', 'README.md', 'k8s/a.yaml', 'src/a.ts', 'src/b.rs', 'src/c.tsx']

function answers(role: string): Record<string, string> {
  return Object.fromEntries(
    fixture.policies.capabilities(role, FILES).map(({ title, outcome, detail }) => [title, `${outcome}: ${detail}`]),
  )
}

describe('what a role could do', () => {
  it('is answered for the article’s roles', () => {
    expect(answers('code-analyzer')).toEqual({
      'Read files': 'all: all 6 files',
      'Write files': 'none: 0 of 6 files; 6 are forbidden',
      'Execute files of the workspace': 'none: 0 of 6 files; 6 are forbidden',
      'Start programs': 'some: ast-grep, git, grep, rg; any other program would be asked about',
      'Trace other processes': 'none: no process of its own',
      'Connect to': 'none: no host',
      'Listen on ports': 'none: no port',
      'Call tools': 'all: any tool',
      'Limits of what it starts': expect.stringContaining('2 GB of memory'),
    })
    expect(answers('refactorer')).toMatchObject({
      'Write files': 'some: 2 of 6 files; 4 would be asked about',
      'Start programs': 'some: cargo, go, mypy, npm, pytest; any other program would be asked about',
      'Listen on ports': 'some: ports 1024 to 65535; 1 to 1023 would be asked about',
    })
    expect(answers('deployer')).toMatchObject({
      'Read files': 'some: 2 of 6 files; 4 would be asked about',
      'Connect to': 'some: kubernetes.default.svc:443, registry.internal:443; any other host would be asked about',
      'Start programs': 'some: docker, helm, kubectl, skaffold; any other program would be asked about',
    })
  })

  it('shows an example of each kind of answer, decided for real', () => {
    const write = fixture.policies.capabilities('coder', FILES).find(({ action }) => action === 'fs.write')
    expect(write).toMatchObject({
      outcome: 'some',
      examples: [
        { resource: 'Dockerfile', outcome: 'allow', policies: ['coder/write-all'] },
        { resource: '.git/hooks/pre-commit', outcome: 'deny', policies: ['coder/no-git-internals'] },
      ],
      enforcedBy: 'broker',
    })
    for (const role of fixture.policies.roleIds()) {
      for (const { action, examples } of fixture.policies.capabilities(role, FILES)) {
        for (const { resource, outcome } of examples) expect(fixture.policies.check(role, action, resource).outcome).toBe(outcome)
      }
    }
  })

  it('counts permissions of persons', () => {
    fixture.policies.grant('deployer', { action: 'fs.read', pattern: 'src/**' }, 'always', 1)
    expect(answers('deployer')).toMatchObject({ 'Read files': 'some: 5 of 6 files; 1 would be asked about' })
  })

  it('is exact for many files and any condition, though it decides only one of each kind', () => {
    const conditions = [
      'resource.path like "src/*" && !(resource.folded like "*secret*")',
      'resource.depth > 2 || resource.extension == "md"',
      '["a1.ts", "b2.rs"].contains(resource.name)',
      'if resource.isFolder then false else resource.name like "a*.*s"',
      'resource == Path::"src/a1.ts"',
      '[resource.extension, "x"].contains("ts") && resource.depth + 1 == 3',
      'resource.path != resource.folded',
    ]
    const text = conditions
      .map(
        (condition, index) =>
          `${index % 3 === 2 ? 'forbid' : 'permit'} (principal, action == Action::"fs.read", resource) when { ${condition} };`,
      )
      .join('\n')
    fixture.policies.saveRole(
      { id: 'odd', title: 'Odd', summary: '', seccomp: 'read-only', limits: {} },
      `${text}\npermit (principal, action == Action::"fs.read", resource == Path::"lib/A3.md");`,
    )
    const names = ['a', 'A', 'b', 'secret', 'Secret'].flatMap((name) =>
      [1, 2, 3].flatMap((n) => ['ts', 'rs', 'md', ''].map((extension) => `${name}${n}.${extension}`)),
    )
    const files = ['', 'src/', 'src/x/', 'lib/', 'src/x/SECRET/'].flatMap((folder) => names.map((name) => `${folder}${name}`))
    const readable = new Set(files.filter((file) => fixture.policies.check('odd', 'fs.read', file).outcome === 'allow'))
    const { masked } = fixture.policies.role('odd').profile(files, [])
    const isMasked = (file: string): boolean => masked.some((path) => file === path || file.startsWith(`${path}/`))
    expect(files.filter((file) => !isMasked(file))).toEqual([...readable])
    expect(readable.size).toBeGreaterThan(20)
    const read = fixture.policies.capabilities('odd', files).find(({ action }) => action === 'fs.read')
    expect(read?.detail).toContain(`${readable.size} of ${files.length} files`)
  })

  it('of ports and hosts follows what policies name', () => {
    const permit = (action: PolicyAction, condition: string): string =>
      `permit (principal, action == Action::"${action}", resource) when { ${condition} };`
    const text = [
      permit('net.ingress', 'resource.number == 80 || resource.number > 8000 && resource.number < 8010'),
      permit('net.egress', 'resource.host == "db.example.org" && resource.port == 5432'),
      permit('net.egress', 'resource.host like "*.example.com"'),
    ].join('\n')
    fixture.policies.saveRole({ id: 'ports', title: 'Ports', summary: '', seccomp: 'read-only', limits: {} }, text)
    expect(answers('ports')).toMatchObject({
      'Listen on ports': 'some: ports 80, 8001 to 8009; 1 to 79, 81 to 8000, 8010 to 65535 would be asked about',
      'Connect to': 'some: db.example.org:5432, any.example.com:443, any.example.com:5432; any other host would be asked about',
    })
  })
})

describe('masked paths', () => {
  it('cover what is not readable, whole folders at once, and nothing that is readable', () => {
    const files = ['a/b/c', 'a/b/d', 'a/e', 'f/g', 'h', 'ab/x']
    const mask = (readable: readonly string[]) => maskedPaths(files, (index) => readable.includes(files[index] ?? ''))
    expect(mask(files)).toEqual([])
    expect(mask([])).toEqual(['a', 'ab', 'f', 'h'])
    expect(mask(['a/e'])).toEqual(['a/b', 'ab', 'f', 'h'])
    expect(mask(['a/b/c', 'f/g'])).toEqual(['a/b/d', 'a/e', 'ab', 'h'])
  })
})
