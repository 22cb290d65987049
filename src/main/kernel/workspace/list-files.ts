import { lstatSync, readFileSync, readdirSync } from 'node:fs'
import type { Dirent, Stats } from 'node:fs'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import type { DependencyMount } from '../tools/sandboxes/sandbox'
import { expectFsError } from './fs-errors'
import { findGitFolder } from './git-folder'
import { readGitIndex, type GitIndex } from './git-index'
import { fsPath, isKeptPath, nameFromBytes } from './path-bytes'
import { Slices } from './slices'

export interface ListedFile {
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink'
}

export interface Listing {
  /** Parents before their children, otherwise in the order of the disk. */
  readonly files: readonly ListedFile[]
  readonly dependencies: readonly DependencyMount[]
  readonly notices: readonly string[]
  readonly index: GitIndex | null
}

/** Ignored folders that builds and tests need: mounted copy-on-write instead of copied. */
const DEPENDENCY_FOLDERS = new Set(['node_modules', '.venv', 'venv', 'target', 'vendor', '.gradle'])

interface Rules {
  readonly matcher: Ignore
  /** Length of the folder's path with its slash: rules see paths relative to it. */
  readonly skip: number
}

/**
 * Tracked and untracked-but-not-ignored files of a work tree, found without running git or anything that the repository
 * configures. Rules: `.gitignore` at every level and `.git/info/exclude`; a user's global excludes are not read. `.git`,
 * submodules and nested repositories are left out, and so is what is no file, folder or link (each with a notice). A folder without
 * `.git` is listed whole, `.gitignore` respected. Names that are no UTF-8 are escaped, see path-bytes.ts.
 */
export async function listFiles(root: string, signal?: AbortSignal): Promise<Listing> {
  const slices = new Slices(signal)
  const files: ListedFile[] = []
  const dependencies: DependencyMount[] = []
  const notices: string[] = []
  const git = findGitFolder(root)
  let index: GitIndex | null = null
  if (git !== null) {
    try {
      index = readGitIndex(git)
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
      notices.push(`The git index cannot be read (${thrown.message}): files that are tracked although they are ignored are left out.`)
    }
  }
  const submodules = new Set(index?.entries.filter((entry) => (entry.mode & 0o170000) === 0o160000).map((entry) => entry.path))
  const initial: Rules[] = []
  const exclude = git === null ? null : readRules(join(git.commonDir, 'info', 'exclude'), 0)
  if (exclude !== null) initial.push(exclude)

  const seen = new Set<string>()
  const pending: { path: string; rules: readonly Rules[] }[] = [{ path: '', rules: initial }]
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (slices.due()) await slices.rest()
    const prefix = folder.path === '' ? '' : `${folder.path}/`
    let entries: Dirent<string>[]
    try {
      entries = readdirSync(fsPath(join(root, folder.path)), { withFileTypes: true, encoding: 'latin1' })
    } catch (thrown) {
      expectFsError(thrown, 'EACCES', 'EPERM', 'ENOENT')
      notices.push(`Folder ${folder.path} cannot be read and was left out.`)
      continue
    }
    let rules = folder.rules
    if (entries.some((entry) => entry.name === '.gitignore' && entry.isFile())) {
      const own = readRules(join(root, folder.path, '.gitignore'), prefix.length)
      if (own !== null) rules = [...rules, own]
    }
    if (folder.path !== '' && entries.some((entry) => entry.name === '.git')) {
      notices.push(
        submodules.has(folder.path)
          ? `Submodule ${folder.path} was left out: runs see an empty folder there.`
          : `${folder.path} is a repository of its own and was left out.`,
      )
      continue
    }
    for (const entry of entries) {
      if (entry.name === '.git') continue
      const name = nameFromBytes(entry.name)
      const path = prefix + name
      const type = typeOf(entry)
      const isDirectory = type === 'directory'
      if (isIgnored(rules, path, isDirectory)) {
        if (isDirectory && DEPENDENCY_FOLDERS.has(name)) dependencies.push({ path, liveDir: join(root, path) })
        continue
      }
      if (!isKeptPath(path)) {
        notices.push(`${path.slice(0, 100)}... is nested too deeply and was left out.`)
        continue
      }
      if (type === 'other') {
        notices.push(`${path} is a socket, pipe or device and was left out.`)
        continue
      }
      seen.add(path)
      files.push({ path, type })
      if (isDirectory) pending.push({ path, rules })
    }
  }
  if (index !== null) await addTracked(root, index, seen, files, dependencies, slices)
  return { files, dependencies, notices, index }
}

/** Files that are in the index although a rule ignores them, with the folders that lead to them. */
async function addTracked(
  root: string,
  index: GitIndex,
  seen: Set<string>,
  files: ListedFile[],
  dependencies: readonly DependencyMount[],
  slices: Slices,
): Promise<void> {
  for (const entry of index.entries) {
    if (seen.has(entry.path) || (entry.mode & 0o170000) === 0o160000) continue
    if (slices.due()) await slices.rest()
    // Under a mounted dependency folder the live copy shows the tracked file too.
    if (dependencies.some((dependency) => entry.path.startsWith(`${dependency.path}/`))) continue
    const parts = entry.path.split('/')
    let path = ''
    for (const [depth, part] of parts.entries()) {
      path = path === '' ? part : `${path}/${part}`
      const stat = statOf(join(root, path))
      if (stat === null) break
      const type = typeOf(stat)
      const isLast = depth === parts.length - 1
      // A link or file where the index has a folder: the tracked file is gone from the work tree.
      if (type === 'other' || (!isLast && type !== 'directory') || (isLast && type === 'directory')) break
      if (!seen.has(path)) {
        seen.add(path)
        files.push({ path, type })
      }
    }
  }
}

function statOf(path: string): Stats | null {
  try {
    return lstatSync(fsPath(path))
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTDIR', 'EACCES')
    return null
  }
}

function typeOf(entry: Dirent<string> | Stats): ListedFile['type'] | 'other' {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  return entry.isSymbolicLink() ? 'symlink' : 'other'
}

function readRules(file: string, skip: number): Rules | null {
  try {
    return { matcher: ignore({ ignorecase: false, allowRelativePaths: true }).add(readFileSync(fsPath(file), 'utf8')), skip }
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'EACCES', 'EISDIR')
    return null
  }
}

/** The deepest rule file that says anything decides; parents are known not to be ignored. */
function isIgnored(rules: readonly Rules[], path: string, isDirectory: boolean): boolean {
  for (let i = rules.length - 1; i >= 0; i--) {
    const rule = rules[i]
    if (rule === undefined) continue
    const relative = path.slice(rule.skip)
    const result = rule.matcher.test(isDirectory ? `${relative}/` : relative)
    if (result.ignored) return true
    if (result.unignored) return false
  }
  return false
}
