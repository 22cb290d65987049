import { posix } from 'node:path'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { ReadText } from './open-documents'
import type { RequestOptions } from './server-connection'
import { comparePaths } from './source-lines'
import type { WorkspaceFiles } from './workspace-files'
import type { WorkspacePaths } from './workspace-paths'

const SOURCE = /\.(c|cc|cpp|cxx|m|mm)$/
const MAX_ENTRIES = 20_000
const MAX_ARGUMENTS = 2_000
const INCLUDE_FOLDERS = ['', 'include', 'src', 'lib']

const text = z.string().max(20_000)
const Command = z.object({
  directory: text,
  file: text,
  command: z.string().max(200_000).optional(),
  arguments: z.array(text).max(MAX_ARGUMENTS).optional(),
})
type Command = z.infer<typeof Command>
const Database = z.array(Command).max(100_000)

export interface DatabaseInputs {
  readonly sandbox: Sandbox
  readonly files: WorkspaceFiles
  readonly readText: ReadText
  readonly paths: WorkspacePaths
}

/**
 * Writes the compilation database that clangd works by, beside the workspace: its index lies next to it, and what an own
 * database of the workspace says names folders of the machine where it was made. Without one every source file is given plain
 * options, so that references are whole all the same. Returns the folder inside the sandbox.
 */
export async function writeCompilationDatabase(inputs: DatabaseInputs, request: RequestOptions): Promise<string> {
  const { sandbox } = inputs
  const folder = `${sandbox.guest.exchange}/lsp-cpp`
  const json = JSON.stringify(await compilationDatabase(inputs, request))
  const written = await sandbox.run(
    { argv: ['sh', '-c', 'mkdir -p -- "$1" && cat > "$1/compile_commands.json"', 'sh', folder] },
    { timeoutMs: request.timeoutMs, signal: request.signal, stdin: json },
  )
  if (written.exitCode === 0) return folder
  throw new KeyframeError({
    code: 'lsp.start-failed',
    message: `The compilation database could not be written: ${written.stderr.slice(0, 300)}`,
    retryable: true,
  })
}

async function compilationDatabase({ files, readText, paths }: DatabaseInputs, request: RequestOptions): Promise<Command[]> {
  const all = await files.all(request)
  const own = [...all].filter((path) => posix.basename(path) === 'compile_commands.json').sort(byDepth)[0]
  if (own !== undefined) {
    const commands = parseDatabase((await readText(own)).text)
    if (commands !== null && commands.length > 0) return relocate(commands, all, paths)
  }
  const flagsFile = [...all].filter((path) => posix.basename(path) === 'compile_flags.txt').sort(byDepth)[0]
  const flags = flagsFile === undefined ? [] : (await readText(flagsFile)).text.split(/\r?\n/).filter((line) => line.trim() !== '')
  return plainCommands([...all], flags.slice(0, MAX_ARGUMENTS), paths)
}

function byDepth(a: string, b: string): number {
  return a.split('/').length - b.split('/').length || comparePaths(a, b)
}

function parseDatabase(json: string): Command[] | null {
  try {
    const parsed = Database.safeParse(JSON.parse(json))
    return parsed.success ? parsed.data.slice(0, MAX_ENTRIES) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** The same commands with the workspace's folder inside in place of where it lay when the database was made. */
export function relocate(commands: readonly Command[], files: ReadonlySet<string>, paths: WorkspacePaths): Command[] {
  const made = commands.map((one) => oldRoot(posix.resolve(one.directory, one.file), files)).find((root) => root !== null) ?? null
  if (made === null || made === paths.dir) return [...commands]
  const moved = (value: string): string => value.replaceAll(`${made}/`, `${paths.dir}/`).replace(new RegExp(`${escaped(made)}$`), paths.dir)
  return commands.map((one) => ({
    directory: moved(one.directory),
    file: moved(one.file),
    ...(one.command === undefined ? {} : { command: moved(one.command).replaceAll(`${made} `, `${paths.dir} `) }),
    ...(one.arguments === undefined ? {} : { arguments: one.arguments.map(moved) }),
  }))
}

/** The part of an absolute file name before the longest end that is a file of the workspace. */
function oldRoot(file: string, files: ReadonlySet<string>): string | null {
  const steps = file.split('/')
  for (let from = 1; from < steps.length; from++) {
    if (files.has(steps.slice(from).join('/'))) return steps.slice(0, from).join('/') || null
  }
  return null
}

function escaped(pattern: string): string {
  return pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

function plainCommands(all: readonly string[], flags: readonly string[], paths: WorkspacePaths): Command[] {
  const folders = new Set(all.map((path) => posix.dirname(path)))
  const includes = INCLUDE_FOLDERS.filter((name) => name === '' || folders.has(name) || all.some((path) => path.startsWith(`${name}/`)))
  const options = flags.length > 0 ? flags : includes.map((name) => `-I${name === '' ? paths.dir : `${paths.dir}/${name}`}`)
  return all
    .filter((path) => SOURCE.test(path))
    .sort(comparePaths)
    .slice(0, MAX_ENTRIES)
    .map((path) => ({
      directory: paths.dir,
      file: paths.inside(path),
      arguments: [/\.(c|m)$/.test(path) ? 'clang' : 'clang++', ...options, paths.inside(path)],
    }))
}
