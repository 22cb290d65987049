import type { WorkspaceEdit } from '../../schemas/text'
import { codeActionsAt, editOfAction } from './code-actions'
import { lspDiagnosticsOf } from './file-diagnostics'
import { rangeOfLsp } from './source-lines'
import { applyEdits, editsBetween, sortedEdits } from './text-edits'
import type { Asking } from './tool-host'

/** A problem may be fixed in many places of a file; beyond this the rest is left for another call. */
const MAX_FIXES = 100

/**
 * The server's preferred quick fix, or its first, for every diagnostic with this code, as one edit of the file. Fixes that change
 * other files or overlap one another are left out: each would have to be asked for again after the other was applied.
 */
export async function fixByActions(asking: Asking, path: string, code: string): Promise<{ edit: WorkspaceEdit; titles: string[] }> {
  const { text, version } = await asking.readText(path)
  const { diagnostics } = await lspDiagnosticsOf(asking, path)
  const titles: string[] = []
  const edits: WorkspaceEdit['files'][number]['edits'] = []
  for (const diagnostic of diagnostics.filter((one) => String(one.code ?? '') === code).slice(0, MAX_FIXES)) {
    const actions = await codeActionsAt(asking, { path, ...rangeOfLsp(diagnostic.range), kind: 'quickfix' })
    const action = actions.find((one) => one.isPreferred === true) ?? actions.find((one) => one.disabled === undefined)
    if (action === undefined) continue
    const { files, create, move, remove } = await editOfAction(asking, action)
    const [file] = files
    if (file === undefined || file.path !== path || files.length > 1 || create.length + move.length + remove.length > 0) continue
    if (file.edits.some((one) => edits.some((other) => overlaps(one, other)))) continue
    edits.push(...file.edits)
    if (!titles.includes(action.title)) titles.push(action.title)
  }
  const fixed = applyEdits(text, sortedEdits(path, edits))
  const files = fixed === text ? [] : [{ path, version, edits: editsBetween(text, fixed) }]
  return { edit: { files, create: [], move: [], remove: [] }, titles }
}

type Span = WorkspaceEdit['files'][number]['edits'][number]

function overlaps(a: Span, b: Span): boolean {
  const isBefore = (one: Span, other: Span): boolean =>
    one.endLine < other.startLine || (one.endLine === other.startLine && one.endColumn <= other.startColumn)
  return !isBefore(a, b) && !isBefore(b, a)
}
