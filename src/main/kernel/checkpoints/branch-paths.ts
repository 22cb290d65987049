import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'

/** Zero-width characters that HFS+ ignores in names: with them inside, `.git` is still `.git` there. */
const IGNORED_BY_HFS = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g

/** True for every spelling that some file system takes for `.git`. */
function isGitName(name: string): boolean {
  const plain = name.replaceAll(IGNORED_BY_HFS, '').toLowerCase()
  return /^(\.git|git~\d+)[. ]*(:.*)?$/.test(plain)
}

/**
 * The canonical form of a path that somebody named. Throws `files.bad-path` for absolute ones, ones that leave the workspace,
 * NUL bytes, and disguised spellings of `.git`.
 */
export function canonicalPath(path: string): string {
  const parts: string[] = []
  if (path.startsWith('/') || path.includes('\0')) throw badPath(path)
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' || (part !== '.git' && isGitName(part))) throw badPath(path)
    parts.push(part)
  }
  return parts.join('/')
}

function badPath(path: string): KeyframeError {
  return new KeyframeError({
    code: 'files.bad-path',
    message: `${JSON.stringify(path)} is no path inside the workspace.`,
    action: 'Give a path relative to the workspace, without `..`.',
    details: { path },
  })
}

/** Never merged, whoever approves it: the repository's own store, under any spelling. */
export function isInsideGit(path: string): boolean {
  return path.split('/').some(isGitName)
}

const DANGEROUS_FOLDERS = new Set([
  ...['.githooks', '.husky', '.idea', '.devcontainer', '.keyframe'],
  ...['.cursor', '.claude', '.gemini', '.codex', '.windsurf', '.opencode', '.aider'],
])
const DANGEROUS_FILES = new Set([
  '.envrc',
  '.mcp.json',
  '.gitmodules',
  '.gitattributes',
  '.npmrc',
  '.yarnrc',
  '.yarnrc.yml',
  '.pnpmfile.cjs',
  // What other agents on this machine are configured by.
  'opencode.json',
  '.aider.conf.yml',
])
const EDITOR_FILES = new Set(['tasks.json', 'settings.json', 'launch.json', 'mcp.json', 'extensions.json'])

/** Paths whose content runs, or decides what runs, on the machine of whoever merges them. Case does not matter: some file systems ignore it. */
export function isDangerousPath(path: string): boolean {
  if (isInsideGit(path)) return true
  const parts = path.toLowerCase().split('/')
  const name = parts.at(-1) ?? ''
  if (DANGEROUS_FILES.has(name)) return true
  if (parts.slice(0, -1).some((part) => DANGEROUS_FOLDERS.has(part))) return true
  if (parts.at(-2) === '.vscode' && EDITOR_FILES.has(name)) return true
  return parts.at(-3) === '.github' && parts.at(-2) === 'workflows'
}

/** True for a symbolic link whose target lies outside of the workspace: what follows it later reads or writes somewhere else. */
export function linkLeadsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return true
  let depth = path.split('/').length - 1
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue
    depth += part === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

/** Scripts that package managers run by themselves. */
const LIFECYCLE = [
  'preinstall',
  'install',
  'postinstall',
  'preprepare',
  'prepare',
  'postprepare',
  'prepublish',
  'prepack',
  'postpack',
  'dependencies',
]
const PackageFile = z.object({ scripts: z.record(z.string(), z.unknown()).optional() })

/** True when a `package.json` gains or changes a script that an install runs by itself, or cannot be compared. */
export function changesLifecycleScripts(path: string, before: string | null, after: string | null): boolean {
  if (path.split('/').at(-1) !== 'package.json' || after === null) return false
  const now = lifecycleOf(after)
  // Text that is no package file runs nothing.
  if (now === null) return false
  const old = before === null ? null : lifecycleOf(before)
  return LIFECYCLE.some((name) => now[name] !== undefined && JSON.stringify(now[name]) !== JSON.stringify(old?.[name]))
}

function lifecycleOf(text: string): Record<string, unknown> | null {
  try {
    const parsed = PackageFile.safeParse(JSON.parse(text))
    return parsed.success ? (parsed.data.scripts ?? {}) : null
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
