import { posix } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { ReadText } from './open-documents'
import { isNotFound } from './open-documents'
import type { RootRule, ServerCatalogue } from './server-catalogue'
import type { RequestOptions } from './server-connection'
import { comparePaths } from './source-lines'

const LIST_BYTES = 64 * 1024 * 1024
/** Folders of packages, builds and version control: nothing in them is a project of the workspace. */
const LEFT_OUT = ['node_modules', '.git', '.venv', 'venv', 'target', '__pycache__', '.tox']

/** Which files a branch has, by one listing that is kept up to date by the changes that are told. */
export class WorkspaceFiles {
  private listed: Promise<Set<string>> | null = null

  constructor(
    private readonly sandbox: Sandbox,
    private readonly readText: ReadText,
  ) {}

  async all(request: RequestOptions): Promise<ReadonlySet<string>> {
    const listing = this.listed ?? listFiles(this.sandbox, request)
    this.listed = listing
    try {
      return await listing
    } catch (error) {
      if (this.listed === listing) this.listed = null
      throw error
    }
  }

  /** Nothing was listed yet: then nothing is known to have been there. */
  async knew(path: string): Promise<boolean> {
    return this.listed === null ? false : (await this.listed).has(path)
  }

  async changed(path: string, exists: boolean): Promise<void> {
    if (this.listed === null) return
    const files = await this.listed
    if (exists) files.add(path)
    else {
      files.delete(path)
      for (const file of files) if (file.startsWith(`${path}/`)) files.delete(file)
    }
  }

  /** After more changes than can be told one by one. */
  forget(): void {
    this.listed = null
  }

  /** The folder of the project that a file belongs to, `.` for the workspace. */
  async rootOf(path: string, rule: RootRule, request: RequestOptions): Promise<string> {
    if (rule.markers.length === 0) return '.'
    const files = await this.all(request)
    const start = posix.dirname(posix.normalize(path))
    for (const markers of rule.markers) {
      const nearest = folderWith(files, start, markers)
      if (nearest !== null) return rule.workspaceManifest === undefined ? nearest : this.above(nearest, files, rule.workspaceManifest)
    }
    return '.'
  }

  /** The languages that have files here, in order, with the first file of each. */
  async languages(catalogue: ServerCatalogue, request: RequestOptions): Promise<Map<string, string>> {
    const found = new Map<string, string>()
    for (const path of await this.all(request)) {
      const language = catalogue.find(path)?.entry.language
      const known = language === undefined ? undefined : found.get(language)
      if (language !== undefined && (known === undefined || path < known)) found.set(language, path)
    }
    return new Map([...found].sort(([a], [b]) => comparePaths(a, b)))
  }

  /** A file of each project of a language, in order; at most so many. */
  async projects(catalogue: ServerCatalogue, language: string, limit: number, request: RequestOptions): Promise<string[]> {
    const byRoot = new Map<string, string>()
    for (const path of [...(await this.all(request))].sort(comparePaths)) {
      const entry = catalogue.find(path)?.entry
      if (entry?.language !== language) continue
      if (entry.roots.markers.length === 0) return [path]
      const root = await this.rootOf(path, entry.roots, request)
      if (!byRoot.has(root)) byRoot.set(root, path)
      if (byRoot.size >= limit) break
    }
    return [...byRoot.values()]
  }

  /** The manifest above that has this project as a member, as cargo looks for it. */
  private async above(project: string, files: ReadonlySet<string>, manifest: NonNullable<RootRule['workspaceManifest']>): Promise<string> {
    for (let folder: string | null = project; folder !== null; folder = parentOf(folder)) {
      const path = posix.join(folder, manifest.file)
      if (!files.has(path)) continue
      const text = await this.textOf(path)
      if (!manifest.says.test(text)) continue
      const excluded = [...(manifest.excludes.exec(text)?.[1] ?? '').matchAll(/"([^"]*)"/g)].map((match) =>
        posix.join(folder, match[1] ?? ''),
      )
      const isMember = folder === project || !excluded.some((left) => project === left || project.startsWith(`${left}/`))
      return isMember ? folder : project
    }
    return project
  }

  private async textOf(path: string): Promise<string> {
    try {
      return (await this.readText(path)).text
    } catch (error) {
      if (isNotFound(error)) return ''
      throw error
    }
  }
}

function folderWith(files: ReadonlySet<string>, start: string, names: readonly string[]): string | null {
  for (let folder: string | null = start; folder !== null; folder = parentOf(folder)) {
    const at = folder
    if (names.some((name) => files.has(posix.join(at, name)))) return folder
  }
  return null
}

function parentOf(folder: string): string | null {
  return folder === '.' ? null : posix.dirname(folder)
}

async function listFiles(sandbox: Sandbox, request: RequestOptions): Promise<Set<string>> {
  const pruned = LEFT_OUT.flatMap((name, index) => (index === 0 ? ['-name', name] : ['-o', '-name', name]))
  const found = await sandbox.run(
    { argv: ['find', '.', '-type', 'd', '(', ...pruned, ')', '-prune', '-o', '-type', 'f', '-print0'] },
    { timeoutMs: request.timeoutMs, signal: request.signal, maxOutputBytes: LIST_BYTES },
  )
  if (found.timedOut || found.truncated || found.limit !== null) {
    throw new KeyframeError({
      code: 'lsp.too-large',
      message: 'The list of files is too large or took too long.',
      retryable: found.timedOut,
    })
  }
  return new Set(found.stdout.split('\0').flatMap((path) => (path.startsWith('./') ? [path.slice(2)] : [])))
}

/** Files of these name patterns below a folder that say a word, sorted. */
export async function filesThatMention(
  sandbox: Sandbox,
  word: string,
  where: { readonly root: string; readonly patterns: readonly string[] },
  request: RequestOptions,
): Promise<string[]> {
  const options = [...where.patterns.map((pattern) => `--include=${pattern}`), ...LEFT_OUT.map((name) => `--exclude-dir=${name}`)]
  const found = await sandbox.run(
    { argv: ['grep', '-rlwFZ', ...options, '-e', word, '--', where.root] },
    { timeoutMs: request.timeoutMs, signal: request.signal, maxOutputBytes: LIST_BYTES },
  )
  // 1: none does. 2: something could not be read, the others are named all the same.
  if (found.exitCode === 1) return []
  return found.stdout
    .split('\0')
    .filter((path) => path !== '')
    .map((path) => posix.normalize(path))
    .sort()
}
