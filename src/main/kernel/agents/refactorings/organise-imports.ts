import type { AgentApi } from '../agent-api'
import type { AgentTask } from '../task-language'
import { type AgentResult, applyFileEdits, failureText, type FileEdits, listed, plural, readSource, tryTool } from './agent-tools'
import { describeErrors, errorsOf, type ErrorSnapshot } from './new-errors'
import { rehearse } from './rehearsal'
import { sourceFiles } from './source-files'
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
  const organised: Organised[] = []
  const notes = [...scope.notes]
  for (const path of scope.paths) {
    const made = await organise(api, path)
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
  return rehearse(api, {
    title: `Organise imports in ${task.glob}`,
    body: [
      `The imports of ${plural(paths.length, 'file')} of ${scope.paths.length} are not in order: ${listed(paths, 8)}.`,
      `Unused imports are in ${plural(unused.length, 'file')}.`,
    ].join('\n'),
    affectedFiles: paths,
    notes,
    variants: [
      {
        label: 'sort and remove unused',
        detail: 'As the language server organises them.',
        preference: 0,
        run: (branch) =>
          applyAll(
            branch,
            organised.map((file) => file.sorted),
            before,
          ),
      },
      {
        label: 'remove unused, keep the order',
        detail: 'The smallest change: what is unused goes, nothing moves.',
        preference: 1,
        run: (branch) =>
          applyAll(
            branch,
            unused.map((file) => file.unusedOnly),
            before,
          ),
      },
    ],
  })
}

/** Null when the file is in order, a text when the language server refused. */
async function organise(api: AgentApi, path: string): Promise<Organised | string | null> {
  const reply = await tryTool(api, 'lsp.organiseImports', { path })
  if (!reply.ok) return failureText(reply.outcome)
  const served = reply.output.edit.files.find((file) => file.path === path)
  if (served === undefined || served.edits.length === 0) return null
  const source = await readSource(api, path)
  const text = applyOffsetEdits(source.text, toOffsetEdits(source.text, served.edits))
  if (text === source.text) return null
  const unusedOnly = unusedImportEdits(await SourceSyntax.parse(path, source.text), await SourceSyntax.parse(path, text))
  return {
    sorted: { path, version: source.version, edits: served.edits },
    unusedOnly: { path, version: source.version, edits: toTextEdits(source.text, unusedOnly) },
  }
}

async function applyAll(api: AgentApi, files: readonly FileEdits[], before: ErrorSnapshot): Promise<AgentResult> {
  if (files.length === 0) return { ok: false, summary: 'nothing is unused, so this variant changes nothing.' }
  await applyFileEdits(api, files)
  const errors = describeErrors(
    before,
    await errorsOf(
      api,
      files.map((file) => file.path),
    ),
  )
  return { ok: errors.count === 0, summary: `imports of ${plural(files.length, 'file')} changed; ${errors.text}.` }
}
