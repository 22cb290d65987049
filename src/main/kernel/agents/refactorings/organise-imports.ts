import type { AgentApi } from '../agent-api'
import type { AgentTask } from '../task-language'
import { type AgentResult, applyFileEdits, failureText, type FileEdits, listed, plural, tryTool } from './agent-tools'
import { describeErrors, errorsOf, type ErrorSnapshot } from './new-errors'
import { rehearse } from './rehearsal'
import { sourceFiles } from './source-files'
import { distinctEdits } from './distinct-edits'
import { type Formatter, formatterOf } from './project-formatter'
import { SourceReader } from './source-reader'
import { SourceSyntax } from './source-syntax'
import { applyOffsetEdits, toOffsetEdits, toTextEdits } from './text-positions'
import { unusedImportEdits } from './unused-imports'

interface Organised {
  readonly sorted: FileEdits
  readonly unusedOnly: FileEdits
}

/** `organise imports in GLOB`: sorted and without what is unused; or only without what is unused, in the order that is there. */
export async function organiseImports(api: AgentApi, task: Extract<AgentTask, { kind: 'organise-imports' }>): Promise<AgentResult> {
  await api.setState('analysing', { glob: task.glob })
  const scope = await sourceFiles(api, task.glob)
  const reader = new SourceReader(api)
  const organised: Organised[] = []
  const notes = [...scope.notes]
  for (const path of scope.paths) {
    const made = await organise(reader, path)
    if (typeof made === 'string') notes.push(`${path} is left out: ${made}`)
    else if (made !== null) organised.push(made)
  }
  if (organised.length === 0) {
    const summary = `The imports of ${plural(scope.paths.length, 'file')} in ${task.glob} are in order. Nothing to change.`
    await api.message([summary, ...notes].join('\n'), 'success')
    await api.setState('done', { result: 'nothing to change' })
    return { ok: true, summary }
  }
  await api.setState('planning', { files: organised.length })
  const paths = organised.map((file) => file.sorted.path)
  const unused = organised.filter((file) => file.unusedOnly.edits.length > 0)
  await api.focusOn(paths.slice(0, 12))
  const before = await errorsOf(api, paths)
  const formatter = api.readOnly ? null : await formatterOf(api, paths)
  const { distinct, same } = distinctEdits([
    {
      label: 'sort and remove unused',
      detail: 'As the language server organises them.',
      preference: 0,
      files: organised.map((file) => file.sorted),
    },
    ...(unused.length === 0
      ? []
      : [
          {
            label: 'remove unused, keep the order',
            detail: 'The smallest change: what is unused goes, nothing moves.',
            preference: 1,
            files: unused.map((file) => file.unusedOnly),
          },
        ]),
  ])
  if (unused.length === 0) notes.push('Nothing is unused, so there is only one variant: to sort.')
  return rehearse(api, {
    title: `Organise imports in ${task.glob}`,
    body: [
      `The imports of ${plural(paths.length, 'file')} of ${scope.paths.length} are not in order: ${listed(paths, 8)}.`,
      `Unused imports are in ${plural(unused.length, 'file')}.`,
    ].join('\n'),
    affectedFiles: paths,
    notes: [...notes, ...same],
    variants: distinct.map((way) => ({ ...way, run: (branch: AgentApi) => applyAll(branch, way.files, before, formatter) })),
  })
}

/** Null when the file is in order, a text when the language server refused. */
async function organise(reader: SourceReader, path: string): Promise<Organised | string | null> {
  const reply = await tryTool(reader.api, 'lsp.organiseImports', { path })
  if (!reply.ok) return failureText(reply.outcome)
  const served = reply.output.edit.files.find((file) => file.path === path)
  if (served === undefined || served.edits.length === 0) return null
  const source = await reader.read(path)
  const text = applyOffsetEdits(source.text, toOffsetEdits(source.text, served.edits))
  if (text === source.text) return null
  const unusedOnly = await unusedImportEdits(reader.syntaxOf(source), new SourceSyntax(path, text))
  const sameText = applyOffsetEdits(source.text, unusedOnly) === text
  return {
    // Told apart by what comes out, not by how it is written.
    sorted: { path, version: source.version, edits: sameText ? toTextEdits(source.text, unusedOnly) : served.edits },
    unusedOnly: { path, version: source.version, edits: toTextEdits(source.text, unusedOnly) },
  }
}

async function applyAll(
  api: AgentApi,
  files: readonly FileEdits[],
  before: ErrorSnapshot,
  formatter: Formatter | null,
): Promise<AgentResult> {
  await applyFileEdits(api, files)
  const formatted = (await formatter?.format(api, files)) ?? ''
  const paths = files.map((file) => file.path)
  const errors = describeErrors(before, await errorsOf(api, paths))
  const words = [`imports of ${plural(files.length, 'file')} changed`, ...(formatted === '' ? [] : [formatted]), errors.text]
  return { ok: errors.count === 0, summary: `${words.join('; ')}.` }
}
