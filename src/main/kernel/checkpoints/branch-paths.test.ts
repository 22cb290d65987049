import { expect, it } from 'vitest'
import { canonicalPath, changesLifecycleScripts, isDangerousPath, isInsideGit } from './branch-paths'

it('makes one path of its spellings', () => {
  expect(canonicalPath('./src//a/./b.ts')).toBe('src/a/b.ts')
  expect(canonicalPath('')).toBe('')
  expect(canonicalPath('a/.gitignore')).toBe('a/.gitignore')
})

it.each(['/a', '../a', 'a/../b', 'a\0', '.GIT/x', '.git./x', 'GIT~1', '.g\u200cit/config', '.git::$INDEX_ALLOCATION/x'])(
  'refuses %j',
  (path) => {
    expect(() => canonicalPath(path)).toThrow(expect.objectContaining({ code: 'files.bad-path' }))
  },
)

it('knows what runs code when merged', () => {
  for (const path of [
    '.git/hooks/x',
    'a/.Husky/x',
    '.vscode/settings.json',
    '.idea/x.xml',
    '.envrc',
    'p/.mcp.json',
    '.cursor/rules',
    '.claude/settings.json',
    '.github/workflows/ci.yml',
    '.keyframe/roles/coder.cedar',
    'opencode.json',
  ])
    expect([path, isDangerousPath(path)]).toEqual([path, true])
  for (const path of ['Makefile', 'CLAUDE.md', 'AGENTS.md', '.gitignore', '.vscode/words.txt', '.github/CODEOWNERS', 'husky/x', 'claude/x'])
    expect([path, isDangerousPath(path)]).toEqual([path, false])
  expect(isInsideGit('a/.Git/x')).toBe(true)
})

it('knows lifecycle scripts that were added or changed', () => {
  const file = (scripts: Record<string, string>) => JSON.stringify({ scripts })
  expect(changesLifecycleScripts('p/package.json', file({}), file({ postinstall: 'x' }))).toBe(true)
  expect(changesLifecycleScripts('package.json', file({ prepare: 'x' }), file({ prepare: 'y' }))).toBe(true)
  expect(changesLifecycleScripts('package.json', file({ prepare: 'x' }), file({ prepare: 'x', test: 'y' }))).toBe(false)
  expect(changesLifecycleScripts('package.json', file({ prepare: 'x' }), file({}))).toBe(false)
  expect(changesLifecycleScripts('package.json', file({}), 'no json')).toBe(false)
  expect(changesLifecycleScripts('other.json', file({}), file({ prepare: 'x' }))).toBe(false)
})
