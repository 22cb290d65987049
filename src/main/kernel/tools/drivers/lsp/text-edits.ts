import { createHash } from 'node:crypto'
import { diffLines } from 'diff'
import { KeyframeError } from '../../../../../shared/failure'
import { ContentHash } from '../../../../../shared/ids'
import type { TextEdit, WorkspaceEdit } from '../../schemas/text'
import type { TsFileEdits } from './answers'
import { isNotFound, type ReadText } from './open-documents'
import { refused } from './server-connection'
import { comparePaths, comparePositions, rangeOfTs } from './source-lines'
import type { WorkspacePaths } from './workspace-paths'

/** Edits of one file in order, each once. Throws `lsp.bad-answer` when two of them overlap. */
export function sortedEdits(path: string, edits: readonly TextEdit[]): TextEdit[] {
  const sorted = [...new Map(edits.map((edit) => [JSON.stringify(edit), edit])).values()].sort(comparePositions)
  sorted.forEach((edit, index) => {
    const previous = sorted[index - 1]
    if (!previous) return
    const before = previous.endLine - edit.startLine || previous.endColumn - edit.startColumn
    if (before > 0) {
      throw new KeyframeError({ code: 'lsp.bad-answer', message: `The language server's edits of ${path} overlap.`, retryable: true })
    }
  })
  return sorted
}

/** `edits` in order and without overlaps. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const starts = lineStarts(text)
  const offset = (line: number, column: number): number => {
    const start = starts[line - 1]
    const limit = starts[line] ?? text.length
    if (start === undefined || start + column > limit) {
      throw new KeyframeError({
        code: 'lsp.bad-answer',
        message: `The language server names line ${line}, column ${column}, which is not in the file.`,
      })
    }
    return start + column
  }
  let result = ''
  let at = 0
  for (const edit of edits) {
    result += text.slice(at, offset(edit.startLine, edit.startColumn)) + edit.newText
    at = offset(edit.endLine, edit.endColumn)
  }
  return result + text.slice(at)
}

/** The text in a range of a file. */
export function textIn(text: string, range: Omit<TextEdit, 'newText'>): string {
  const rest = applyEdits(text, [{ ...range, endLine: range.startLine, endColumn: range.startColumn, newText: '\0' }]).indexOf('\0')
  const end = applyEdits(text, [{ ...range, startLine: range.endLine, startColumn: range.endColumn, newText: '\0' }]).indexOf('\0')
  return text.slice(rest, end)
}

/** Whole-line edits from one text to another. */
export function editsBetween(before: string, after: string): TextEdit[] {
  const edits: TextEdit[] = []
  let line = 1
  let pending: TextEdit | null = null
  for (const part of diffLines(before, after)) {
    if (!part.added && !part.removed) {
      pending = null
      line += part.count
      continue
    }
    if (!pending) {
      pending = { startLine: line, startColumn: 0, endLine: line, endColumn: 0, newText: '' }
      edits.push(pending)
    }
    if (part.added) pending.newText += part.value
    else {
      line += part.count
      const open = !part.value.endsWith('\n')
      pending.endLine = open ? line - 1 : line
      pending.endColumn = open ? (part.value.split('\n').at(-1)?.length ?? 0) : 0
    }
  }
  return edits
}

export function versionOf(text: string): ContentHash {
  return ContentHash.parse(createHash('sha256').update(text).digest('hex'))
}

/** Edits by path as one workspace edit, with the versions that they were made against. */
export async function workspaceEdit(readText: ReadText, files: ReadonlyMap<string, readonly TextEdit[]>): Promise<WorkspaceEdit> {
  const edit: WorkspaceEdit = { files: [], create: [], move: [], remove: [] }
  for (const [path, edits] of [...files].sort(([a], [b]) => comparePaths(a, b))) {
    if (edits.length === 0) continue
    const { text, version } = await readText(path)
    const sorted = sortedEdits(path, edits).filter((one) => textIn(text, one) !== one.newText)
    if (sorted.length > 0) edit.files.push({ path, version, edits: sorted })
  }
  return edit
}

/** tsserver's edits as one workspace edit. Throws `lsp.refused` when a file outside of the workspace would change. */
export async function workspaceEditOfTs(paths: WorkspacePaths, readText: ReadText, answered: TsFileEdits): Promise<WorkspaceEdit> {
  const files = new Map<string, TextEdit[]>()
  const created = new Map<string, string>()
  for (const { fileName, textChanges } of answered) {
    const path = paths.ofFile(fileName)
    if (path === null || path.split('/').includes('node_modules'))
      throw refused(`The change would edit ${fileName}, which is not part of the workspace.`)
    const edits = textChanges.map((change) => ({ ...rangeOfTs(change), newText: change.newText }))
    if (await isThere(readText, path)) files.set(path, [...(files.get(path) ?? []), ...edits])
    else created.set(path, (created.get(path) ?? '') + edits.map((edit) => edit.newText).join(''))
  }
  const edit: WorkspaceEdit = { files: [], create: [], move: [], remove: [] }
  for (const [path, edits] of [...files].sort(([a], [b]) => comparePaths(a, b))) {
    const { text, version } = await readText(path)
    // Given anew as the lines that differ: tsserver likes to replace an import by the same import.
    const lines = editsBetween(text, applyEdits(text, sortedEdits(path, edits)))
    if (lines.length > 0) edit.files.push({ path, version, edits: lines })
  }
  edit.create = [...created].map(([path, text]) => ({ path, text })).sort((a, b) => comparePaths(a.path, b.path))
  return edit
}

/** Whether there is a file of text at this path. */
export async function isThere(readText: ReadText, path: string): Promise<boolean> {
  try {
    await readText(path)
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (const match of text.matchAll(/\r\n|\r|\n/g)) starts.push(match.index + match[0].length)
  return starts
}
