import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAppRoot } from '../src/main/cli/app-root'
import { createFilesystemDriver } from '../src/main/kernel/tools/drivers/filesystem/filesystem-driver'
import { createLspDriver } from '../src/main/kernel/tools/drivers/lsp/lsp-driver'
import { lspBinds } from '../src/main/kernel/tools/drivers/lsp/server-process'
import { FILE_GUEST_SCRIPT, fileGuestBinds } from '../src/main/kernel/tools/guest/guest-binds'
import { GUEST_NODE } from '../src/main/kernel/tools/sandboxes/guest-view'
import { createOverlayProvider } from '../src/main/kernel/tools/sandboxes/overlay-sandbox'
import { DEFAULT_LIMITS } from '../src/main/kernel/tools/sandboxes/sandbox'
import { ToolSchemas } from '../src/main/kernel/tools/schemas'
import { KeyframeError } from '../src/shared/failure'
import { serverSettings, serverToolBinds } from '../src/main/kernel/testing/lsp-servers'
import { openWorkspace } from './support/branches'
import { durations, type Measurement, Samples, scaled } from './support/measurement'

const ROUNDS = 20

/** A public repository with one symbol of it that is used in several files. */
interface Subject {
  readonly language: string
  readonly repository: string
  /** File that declares the symbol, and the text that it is declared with; the name is where `name` stands in it. */
  readonly path: string
  readonly declaredBy: string
  readonly name: string
  /** Another file where it is used, whose first mention of the name is asked for its definition. */
  readonly user: string
  readonly usedBy: string
}

const SUBJECTS: readonly Subject[] = [
  {
    language: 'typescript',
    repository: 'ufo',
    path: 'src/utils.ts',
    declaredBy: 'export function joinURL',
    name: 'joinURL',
    user: 'test/join.test.ts',
    usedBy: 'import { joinURL',
  },
  {
    language: 'python',
    repository: 'requests',
    path: 'src/requests/sessions.py',
    declaredBy: 'class Session(',
    name: 'Session',
    user: 'src/requests/api.py',
    usedBy: 'sessions.Session(',
  },
  {
    language: 'go',
    repository: 'mux',
    path: 'mux.go',
    declaredBy: 'func NewRouter(',
    name: 'NewRouter',
    user: 'mux_test.go',
    usedBy: 'NewRouter(',
  },
  {
    language: 'rust',
    repository: 'memchr',
    path: 'src/memchr.rs',
    declaredBy: 'pub fn memrchr(',
    name: 'memrchr',
    user: 'src/lib.rs',
    usedBy: 'memrchr,',
  },
  {
    language: 'cpp',
    repository: 'hiredis',
    path: 'hiredis.c',
    declaredBy: 'void freeReplyObject(',
    name: 'freeReplyObject',
    user: 'test.c',
    usedBy: 'freeReplyObject(',
  },
]

/**
 * Language servers on real repositories: the first answer, which starts the server and loads the project, and warm ones. The
 * repositories are not part of Keyframe: `KEYFRAME_LSP_REPOS` names a folder of clones. `KEYFRAME_LSP_SETTINGS` may name a file
 * with servers of one's own, and `KEYFRAME_LSP_TOOLS` a folder that sandboxes get as `/opt/lsp-tools`. What is absent is named and left out.
 */
export default async function lsp(): Promise<Measurement[]> {
  const folder = process.env['KEYFRAME_LSP_REPOS']
  const measured: Measurement[] = []
  for (const subject of SUBJECTS) {
    const root = folder === undefined ? null : join(folder, subject.repository)
    if (root === null || !existsSync(root)) {
      skip(subject, root === null ? 'KEYFRAME_LSP_REPOS is not set' : `there is no ${root}`)
      continue
    }
    measured.push(...(await measure(subject, root)))
  }
  return measured
}

function skip({ language, repository }: Subject, why: string): void {
  process.stderr.write(`\n  ${language} (${repository}) skipped: ${why}\n`)
}

async function measure(subject: Subject, clone: string): Promise<Measurement[]> {
  const workspace = await openWorkspace(`lsp-${subject.language}`, clone)
  const appRoot = findAppRoot()
  const provider = createOverlayProvider({ nodePath: process.execPath })
  const sandbox = await provider.open({
    dir: join(workspace.dataDir, 'lsp'),
    baseDir: workspace.base.dir,
    layerDir: null,
    dependencies: workspace.base.dependencies,
    binds: [...fileGuestBinds(appRoot), ...lspBinds(appRoot), ...serverToolBinds()],
    limits: DEFAULT_LIMITS,
  })
  const filesystem = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
  const driver = createLspDriver({ appRoot, guestNode: GUEST_NODE, channel: filesystem.channel, settings: serverSettings() })
  const ask = async <Name extends keyof typeof ToolSchemas>(name: Name, args: object) => {
    const tool = driver.tools.find((one) => one.name === name)
    if (tool === undefined) throw new Error(`there is no tool ${name}`)
    const { output } = await tool.execute(tool.input.parse(args), {
      sandbox,
      signal: new AbortController().signal,
      onOutput: () => undefined,
    })
    return ToolSchemas[name].output.parse(output)
  }
  try {
    return await rounds(subject, clone, ask)
  } catch (thrown) {
    if (!(thrown instanceof KeyframeError) || thrown.code !== 'lsp.no-server') throw thrown
    skip(subject, `${thrown.message} ${thrown.failure.action ?? ''}`)
    return []
  } finally {
    await driver.dispose()
    await filesystem.dispose()
    await sandbox.dispose()
    await workspace.close()
  }
}

type Ask = <Name extends keyof typeof ToolSchemas>(name: Name, args: object) => Promise<unknown>

async function rounds(subject: Subject, clone: string, ask: Ask): Promise<Measurement[]> {
  const declared = placeOf(clone, subject.path, subject.declaredBy, subject.name)
  const used = placeOf(clone, subject.user, subject.usedBy, subject.name)
  const cold = new Samples()
  const located = ToolSchemas['lsp.references'].output.parse(await cold.time(() => ask('lsp.references', declared)))
  const samples = { definition: new Samples(), references: new Samples(), rename: new Samples(), diagnostics: new Samples() }
  let definitions = 0
  let edited = 0
  let problems = 0
  for (let round = 0; round < scaled(ROUNDS); round += 1) {
    const definition = await samples.definition.time(() => ask('lsp.definition', used))
    definitions = ToolSchemas['lsp.definition'].output.parse(definition).locations.filter((one) => one.path === subject.path).length
    await samples.references.time(() => ask('lsp.references', declared))
    const rename = await samples.rename.time(() => ask('lsp.rename', { ...declared, newName: `${subject.name}2` }))
    edited = ToolSchemas['lsp.rename'].output.parse(rename).edit.files.reduce((sum, file) => sum + file.edits.length, 0)
    const diagnostics = await samples.diagnostics.time(() => ask('lsp.diagnostics', { paths: [subject.path] }))
    problems = ToolSchemas['lsp.diagnostics'].output.parse(diagnostics).diagnostics.filter((one) => one.severity === 'error').length
  }
  if (located.locations.length < 2 || definitions === 0 || edited < 2) {
    throw new Error(
      `${subject.language}: ${located.locations.length} references, ${definitions} definitions, ${edited} edits: not what is there`,
    )
  }
  const { servers } = ToolSchemas['lsp.servers'].output.parse(await ask('lsp.servers', {}))
  const server = servers.find((one) => one.state === 'ready' || one.state === 'busy')
  const mebibytes = Math.round((server?.memoryBytes ?? 0) / 1024 / 1024)
  const files = new Set(located.locations.map((one) => one.path)).size
  const who = `${server?.name ?? '?'} ${server?.version ?? ''}, ${mebibytes} MiB`
  const named = `${subject.language} (${subject.repository})`
  return [
    durations(`${named} first references, cold: server found, started, project loaded`, 'max', cold, {
      note: `${who}; ${located.locations.length} references in ${files} files`,
    }),
    durations(`${named} definition`, 'p50', samples.definition),
    durations(`${named} references`, 'p50', samples.references),
    durations(`${named} rename`, 'p50', samples.rename, { note: `${edited} edits` }),
    durations(`${named} diagnostics`, 'p50', samples.diagnostics, { note: `${problems} errors` }),
  ]
}

function placeOf(clone: string, path: string, text: string, name: string): { path: string; line: number; column: number } {
  const lines = readFileSync(join(clone, path), 'utf8').split('\n')
  const line = lines.findIndex((one) => one.includes(text))
  if (line < 0) throw new Error(`${path} does not say ${text}`)
  return { path, line: line + 1, column: (lines[line] ?? '').indexOf(text) + text.lastIndexOf(name) + 1 }
}
