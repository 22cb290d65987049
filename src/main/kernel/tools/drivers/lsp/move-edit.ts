import { KeyframeError } from '../../../../../shared/failure'
import type { WorkspaceEdit } from '../../schemas'
import { type LspDocumentSymbol, LspDocumentSymbols, readAnswer, type TsFileEdits, TsRefactorEdits } from './answers'
import { isNotFound, type ReadText } from './open-documents'
import { refused } from './server-connection'
import { workspaceEditOfTs } from './text-edits'
import { type Asking, textDocument } from './tool-host'
import { guestPath, languageIdOf } from './workspace-paths'

/** TypeScript's own "Move to file" on the top-level declaration at the position. */
export async function moveSymbolEdit(
  asking: Asking,
  readText: ReadText,
  at: { path: string; line: number; column: number },
  toPath: string,
): Promise<WorkspaceEdit> {
  languageIdOf(toPath)
  const targetFile = guestPath(toPath)
  if (targetFile === guestPath(at.path)) throw refused(`The symbol is already in ${toPath}.`)
  await asking.documents.ensure(at.path)
  await ensureIfThere(asking, toPath)

  const answer = await asking.connection.request('textDocument/documentSymbol', { textDocument: textDocument(at.path) }, asking.request)
  const symbols = readAnswer(LspDocumentSymbols, answer, 'documentSymbol') ?? []
  const symbol = symbols.find((candidate) => contains(candidate, at.line - 1, at.column))
  if (!symbol) {
    throw new KeyframeError({
      code: 'lsp.no-symbol',
      message: `There is no top-level declaration at ${at.path}:${at.line}:${at.column}.`,
      action: 'Functions, classes, types, constants and the like at the top level of a file can be moved.',
    })
  }
  await asking.cover.includeInLoose(toPath, asking.request)
  const startLine = symbol.selectionRange.start.line + 1
  const startOffset = symbol.selectionRange.start.character + 1
  // A project updates the importers that it contains; those in other projects (tests, other packages) are updated by these.
  const edits = new Map<string, TsFileEdits[number]>()
  let reason: string | null = null
  for (const projectFileName of asking.cover.projectsOf(at.path)) {
    const body = await asking.connection.tsserver(
      'getEditsForRefactor',
      {
        file: guestPath(at.path),
        projectFileName,
        ...{ startLine, startOffset, endLine: startLine, endOffset: startOffset },
        refactor: 'Move to file',
        action: 'Move to file',
        interactiveRefactorArguments: { targetFile },
      },
      asking.request,
    )
    const moved = readAnswer(TsRefactorEdits, body ?? { edits: [] }, 'Move to file')
    reason ??= moved.notApplicableReason ?? null
    for (const edit of moved.edits) if (!edits.has(edit.fileName)) edits.set(edit.fileName, edit)
  }
  if (edits.size === 0) throw refused(reason ?? `${symbol.name} cannot be moved to ${toPath}.`)
  return workspaceEditOfTs(readText, [...edits.values()])
}

async function ensureIfThere(asking: Asking, path: string): Promise<void> {
  try {
    await asking.documents.ensure(path)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function contains(symbol: LspDocumentSymbol, line: number, column: number): boolean {
  const { start, end } = symbol.range
  const selected = symbol.selectionRange
  const inRange =
    (line > start.line || (line === start.line && column >= start.character)) &&
    (line < end.line || (line === end.line && column <= end.character))
  return inRange || (line === selected.start.line && column >= selected.start.character && column <= selected.end.character)
}
