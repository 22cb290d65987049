import { KeyframeError } from '../../../../../shared/failure'
import type { TextEdit, WorkspaceEdit } from '../../schemas/text'
import { type LspTextEdit, LspWorkspaceEdit } from './answers'
import type { ReadText } from './open-documents'
import { refused } from './server-connection'
import { comparePaths, rangeOfLsp } from './source-lines'
import { applyEdits, editsBetween, isThere, sortedEdits } from './text-edits'
import type { WorkspacePaths } from './workspace-paths'

/** Folders that belong to packages or to version control: a server's edit of them is never handed on. */
const FOREIGN = new Set(['node_modules', '.git', 'site-packages'])

interface EditedFile {
  /** Where the file lies now; null for one that the edit makes. */
  readonly from: string | null
  readonly before: string
  readonly version: WorkspaceEdit['files'][number]['version']
  text: string
  /** As the server gave them, while they are of one batch. */
  edits: TextEdit[] | null
}

/**
 * A server's edits as one workspace edit, with the versions that they were made against. Nothing is written. Throws `lsp.refused`
 * when something outside of the workspace would change and `lsp.bad-answer` for edits that make no sense.
 */
export async function workspaceEditOfLsp(
  paths: WorkspacePaths,
  readText: ReadText,
  answered: readonly LspWorkspaceEdit[],
): Promise<WorkspaceEdit> {
  const files = new Map<string, EditedFile>()
  const removed = new Set<string>()
  const pathOf = (uri: string): string => {
    const path = paths.ofUri(uri)
    if (path === null || path.split('/').some((step) => FOREIGN.has(step))) {
      throw refused(`The change would edit ${uri.slice(0, 1000)}, which is not part of the workspace.`)
    }
    return path
  }
  const fileAt = async (path: string): Promise<EditedFile> => {
    const known = files.get(path)
    if (known) return known
    const { text, version } = await readText(path)
    const file: EditedFile = { from: path, before: text, version, text, edits: [] }
    files.set(path, file)
    return file
  }
  for (const change of answered.flatMap(changesOf)) {
    if (!('kind' in change)) await edit(await fileAt(pathOf(change.textDocument.uri)), change.edits)
    else if (change.kind === 'create') {
      const path = pathOf(change.uri)
      if (!(await isThere(readText, path))) files.set(path, { from: null, before: '', version: null, text: '', edits: null })
    } else if (change.kind === 'rename') {
      const [from, to] = [pathOf(change.oldUri), pathOf(change.newUri)]
      const file = await fileAt(from)
      files.delete(from)
      files.set(to, file)
    } else {
      const path = pathOf(change.uri)
      const from = (await fileAt(path)).from
      files.delete(path)
      if (from !== null) removed.add(from)
    }
  }
  return asWorkspaceEdit(files, removed)
}

function changesOf(edit: LspWorkspaceEdit): NonNullable<LspWorkspaceEdit['documentChanges']> {
  // A server that gives both means the newer form.
  if (edit.documentChanges !== undefined) return edit.documentChanges
  return Object.entries(edit.changes ?? {}).map(([uri, edits]) => ({ textDocument: { uri }, edits }))
}

function edit(file: EditedFile, edits: readonly LspTextEdit[]): void {
  const sorted = textEditsOf(file.text, edits, file.from ?? 'a new file')
  file.edits = file.edits !== null && file.edits.length === 0 && file.text === file.before ? sorted : null
  file.text = applyEdits(file.text, sorted)
}

/** A server's edits of one text, in order. Positions beyond the end of a line or of the text mean that end. */
export function textEditsOf(text: string, edits: readonly LspTextEdit[], path: string): TextEdit[] {
  const lines = text.split(/\r\n|\r|\n/)
  const clamp = (line: number, column: number): [number, number] => {
    const last = lines.at(line - 1)
    return line > lines.length || last === undefined ? [lines.length, lines.at(-1)?.length ?? 0] : [line, Math.min(column, last.length)]
  }
  const inText = edits.map(({ range, newText }): TextEdit => {
    const { startLine, startColumn, endLine, endColumn } = rangeOfLsp(range)
    const [fromLine, fromColumn] = clamp(startLine, startColumn)
    const [toLine, toColumn] = clamp(endLine, endColumn)
    return { startLine: fromLine, startColumn: fromColumn, endLine: toLine, endColumn: toColumn, newText }
  })
  return sortedEdits(path, inText)
}

function asWorkspaceEdit(files: ReadonlyMap<string, EditedFile>, removed: ReadonlySet<string>): WorkspaceEdit {
  const result: WorkspaceEdit = { files: [], create: [], move: [], remove: [...removed].sort(comparePaths) }
  for (const [path, file] of [...files].sort(([a], [b]) => comparePaths(a, b))) {
    if (file.from === null) {
      result.create.push({ path, text: file.text })
      continue
    }
    if (file.from !== path) result.move.push({ from: file.from, to: path })
    if (file.text === file.before) continue
    result.files.push({ path: file.from, version: file.version, edits: file.edits ?? editsBetween(file.before, file.text) })
  }
  return result
}

/** Refuses an edit that was computed against an older text: what it replaces must have to do with the name. */
export async function mustReplaceName(
  readText: ReadText,
  edit: WorkspaceEdit,
  oldName: string,
  textAt: (text: string, edit: TextEdit) => string,
): Promise<void> {
  for (const file of edit.files) {
    const { text } = await readText(file.path)
    const wrong = file.edits.find((one) => {
      const said = textAt(text, one)
      return said !== '' && !said.includes(oldName) && !oldName.includes(said)
    })
    if (wrong === undefined) continue
    throw new KeyframeError({
      code: 'lsp.stale',
      message: `${file.path} changed while the rename was computed: line ${wrong.startLine} no longer says ${oldName} where expected.`,
      action: 'Ask again.',
      retryable: true,
    })
  }
}
