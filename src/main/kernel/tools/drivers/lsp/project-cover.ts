import { posix } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import { readAnswer, TsProjectInfo } from './answers'
import type { OpenDocuments } from './open-documents'
import { isNotFound } from './open-documents'
import type { RequestOptions, ServerConnection } from './server-connection'
import { comparePaths } from './source-lines'
import { GUEST_TSC } from './server-process'
import { isSource, SOURCE_EXTENSIONS } from './typescript-sources'
import type { WorkspacePaths } from './workspace-paths'

const LIST_BYTES = 64 * 1024 * 1024
/** Beyond this many files that no tsconfig includes, the rest is left out, with a notice. */
const MAX_LOOSE = 20_000
/** Projects loaded at once; a workspace with more is covered in part, with a notice. */
const MAX_PROJECTS = 200
/** Files opened under one configuration to find the projects that it only refers to. */
const MAX_PROBES = 40

const LOOSE_NAME = 'keyframe-loose-files'

interface LooseProject {
  readonly name: string
  readonly members: readonly string[]
  readonly compilerOptions: Record<string, unknown>
}

const DEFAULT_OPTIONS = {
  allowJs: true,
  target: 'esnext',
  module: 'preserve',
  moduleResolution: 'bundler',
  jsx: 'preserve',
  resolveJsonModule: true,
}
const ShownConfig = z.object({ compilerOptions: z.record(z.string(), z.unknown()).default({}) })

/**
 * Makes the server know every source file of the workspace before the first answer, so that references and renames are whole.
 * A server loads a project when a file of it is opened. Here every tsconfig.json is loaded as such, projects that are only
 * referenced by the first of their files, and the files that no project includes (tests, scripts, workspaces without a
 * tsconfig) become projects of their own, by the folder of the nearest tsconfig and with its options.
 */
export class ProjectCover {
  private files = new Set<string>()
  private readonly configs = new Set<string>()
  private readonly loose = new Map<string, LooseProject>()
  private readonly projects = new Map<string, Set<string>>()
  private loaded = false

  constructor(
    private readonly sandbox: Sandbox,
    private readonly guestNode: string,
    private readonly server: ServerConnection,
    private readonly documents: OpenDocuments,
    private readonly paths: WorkspacePaths,
    private readonly notice: (text: string) => void,
  ) {}

  knows(path: string): boolean {
    return this.files.has(path)
  }

  /** Files came, went, or a configuration changed: the cover is made again before the next answer. */
  forget(): void {
    this.loaded = false
  }

  async ensure(options: RequestOptions): Promise<void> {
    if (this.loaded) return
    // After files came or went. The server would look for missing modules again by itself, but a second later.
    if (this.files.size > 0) await this.server.tsserver('reloadProjects', {}, options)
    this.files = new Set(await listFiles(this.sandbox, options))
    const sources = [...this.files].filter(isSource).sort()
    const configs = [...this.files].filter((path) => /(^|\/)[jt]sconfig\.json$/.test(path)).sort()
    const configDirs = new Set(configs.map((path) => posix.dirname(path)))
    const uncovered = new Set(sources)
    this.projects.clear()
    if (configs.length > MAX_PROJECTS) this.notice(`The workspace has more than ${MAX_PROJECTS} TypeScript projects: some are not loaded.`)
    for (const config of configs.slice(0, MAX_PROJECTS)) {
      for (const file of await this.loadConfig(config, options)) uncovered.delete(file)
    }
    // Projects that are only referenced (tsconfig.app.json, solution style) load with the first of their files that is opened.
    for (const [dir, members] of groupBy([...uncovered], (path) => nearest(configDirs, path))) {
      if (dir === null) continue
      const folders = new Set<string>()
      for (const path of members.filter((member) => !member.endsWith('.d.ts'))) {
        if (!uncovered.has(path) || folders.has(posix.dirname(path))) continue
        if (folders.size >= MAX_PROBES) break
        folders.add(posix.dirname(path))
        for (const file of await this.openProjectOf(path, options)) uncovered.delete(file)
      }
    }
    await this.coverLoose([...uncovered], configDirs, options)
    this.loaded = true
  }

  /** Keeps the project of a configuration file loaded without any file of it open. Its files. */
  private async loadConfig(config: string, options: RequestOptions): Promise<string[]> {
    const file = this.paths.inside(config)
    if (!this.configs.has(config)) {
      await this.server.tsserver(
        'openExternalProject',
        { projectFileName: `${file}/keyframe`, rootFiles: [{ fileName: file }], options: {}, typeAcquisition: { enable: false } },
        options,
      )
      this.configs.add(config)
    }
    return this.filesOf(file, file, options)
  }

  /** The projects that contain a file, the nearest configuration first, those of loose files last. */
  projectsOf(path: string): string[] {
    const containing = [...this.projects].filter(([, files]) => files.has(path)).map(([name]) => name)
    const rank = (name: string): number => (name.endsWith(LOOSE_NAME) ? -1 : name.length)
    return containing.sort((a, b) => rank(b) - rank(a) || comparePaths(a, b))
  }

  /** Adds files to the projects of loose files: a move needs to see its target. */
  async includeInLoose(path: string, options: RequestOptions): Promise<void> {
    for (const [dir, loose] of this.loose) {
      if (this.projects.get(loose.name)?.has(path)) continue
      await this.openLoose(dir, { ...loose, members: [...loose.members, path] }, options)
    }
  }

  private async filesOf(file: string, projectFileName: string | undefined, options: RequestOptions): Promise<string[]> {
    const answer = await this.server.tsserver('projectInfo', { file, projectFileName, needFileNameList: true }, options)
    const info = readAnswer(TsProjectInfo, answer, 'projectInfo')
    const isLoose = info.configFileName.endsWith(LOOSE_NAME)
    if (!isLoose && !info.configFileName.endsWith('.json')) return []
    const files = (info.fileNames ?? []).flatMap((name) => this.paths.ofFile(name) ?? [])
    this.projects.set(info.configFileName, new Set(files))
    return isLoose && projectFileName === undefined ? [] : files
  }

  /** Opens the file; the files of the configured project that it belongs to, or none when there is no such project. */
  private async openProjectOf(path: string, options: RequestOptions): Promise<string[]> {
    try {
      await this.documents.pin(path)
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
    const covered = await this.filesOf(this.paths.inside(path), undefined, options)
    // Loose: closed again, so that it does not become a project of its own.
    if (!covered.includes(path)) await this.documents.unpin(path)
    return covered
  }

  private async coverLoose(paths: string[], configDirs: ReadonlySet<string>, options: RequestOptions): Promise<void> {
    const wanted = paths.filter((path) => !path.endsWith('.min.js'))
    if (wanted.length > MAX_LOOSE) this.notice(`${wanted.length - MAX_LOOSE} source files are in no tsconfig and are not loaded.`)
    const groups = groupBy(wanted.sort().slice(0, MAX_LOOSE), (path) => nearest(configDirs, path) ?? '.')
    for (const [dir, members] of groups) {
      const known = this.loose.get(dir)
      if (known && sameList(known.members, members)) {
        await this.filesOf(known.name, known.name, options)
        continue
      }
      const compilerOptions = known?.compilerOptions ?? (configDirs.has(dir) ? await this.optionsOf(dir, options) : DEFAULT_OPTIONS)
      await this.openLoose(dir, { name: `${this.paths.inside(dir)}/${LOOSE_NAME}`, members, compilerOptions }, options)
    }
    for (const [dir, { name }] of [...this.loose].filter(([known]) => !groups.has(known))) {
      await this.server.tsserver('closeExternalProject', { projectFileName: name }, options)
      this.loose.delete(dir)
      this.projects.delete(name)
    }
  }

  private async openLoose(dir: string, project: LooseProject, options: RequestOptions): Promise<void> {
    await this.server.tsserver(
      'openExternalProject',
      {
        projectFileName: project.name,
        rootFiles: project.members.map((path) => ({ fileName: this.paths.inside(path) })),
        options: { ...project.compilerOptions, allowJs: true, noEmit: true, composite: false, incremental: false },
        typeAcquisition: { enable: false },
      },
      options,
    )
    this.loose.set(dir, project)
    await this.filesOf(project.name, project.name, options)
  }

  private async optionsOf(dir: string, options: RequestOptions): Promise<Record<string, unknown>> {
    const shown = await this.sandbox.run(
      { argv: [this.sandbox.guest.resolve(this.guestNode), this.sandbox.guest.resolve(GUEST_TSC), '--showConfig', '-p', dir], cwd: '.' },
      { timeoutMs: options.timeoutMs, signal: options.signal, maxOutputBytes: LIST_BYTES },
    )
    const config = shown.exitCode === 0 ? ShownConfig.safeParse(parseJson(shown.stdout)) : null
    if (config?.success) return absolutePaths(config.data.compilerOptions, this.paths.inside(dir))
    this.notice(
      `The configuration in ${dir} cannot be read (${shown.stdout.trim().split('\n')[0] ?? ''}): defaults are used for files outside of it.`,
    )
    return DEFAULT_OPTIONS
  }
}

async function listFiles(sandbox: Sandbox, options: RequestOptions): Promise<string[]> {
  const names = [...SOURCE_EXTENSIONS.map((ext) => `*${ext}`), '*.json'].flatMap((pattern, index) =>
    index ? ['-o', '-name', pattern] : ['-name', pattern],
  )
  const found = await sandbox.run(
    {
      argv: [
        'find',
        '.',
        '-type',
        'd',
        '(',
        '-name',
        'node_modules',
        '-o',
        '-name',
        '.git',
        ')',
        '-prune',
        '-o',
        '-type',
        'f',
        '(',
        ...names,
        ')',
        '-print0',
      ],
    },
    { timeoutMs: options.timeoutMs, signal: options.signal, maxOutputBytes: LIST_BYTES },
  )
  if (found.timedOut || found.truncated || found.limit) {
    throw new KeyframeError({
      code: 'lsp.too-large',
      message: 'The list of source files is too large or took too long.',
      retryable: found.timedOut,
    })
  }
  return found.stdout.split('\0').flatMap((path) => (path.startsWith('./') ? [path.slice(2)] : []))
}

function groupBy<Key>(paths: readonly string[], keyOf: (path: string) => Key): Map<Key, string[]> {
  const groups = new Map<Key, string[]>()
  for (const path of paths) {
    const key = keyOf(path)
    const group = groups.get(key)
    if (group) group.push(path)
    else groups.set(key, [path])
  }
  return groups
}

function nearest(dirs: ReadonlySet<string>, path: string): string | null {
  for (let dir = posix.dirname(path); ; dir = posix.dirname(dir)) {
    if (dirs.has(dir)) return dir
    if (dir === '.') return null
  }
}

/** `tsc --showConfig` writes paths relative to the configuration; a project given by hand needs them absolute. */
function absolutePaths(compilerOptions: Record<string, unknown>, dir: string): Record<string, unknown> {
  const absolute = (value: unknown): unknown =>
    typeof value === 'string' ? posix.resolve(dir, value) : Array.isArray(value) ? value.map(absolute) : value
  const pathOptions = ['baseUrl', 'rootDir', 'rootDirs', 'outDir', 'typeRoots', 'declarationDir']
  const result = Object.fromEntries(
    Object.entries(compilerOptions).map(([key, value]) => [key, pathOptions.includes(key) ? absolute(value) : value]),
  )
  return 'paths' in result ? { ...result, pathsBasePath: dir } : result
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index])
}
