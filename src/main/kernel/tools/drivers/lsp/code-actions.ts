import { KeyframeError } from '../../../../../shared/failure'
import type { CodeActionInfo } from '../../schemas/lsp'
import type { WorkspaceEdit } from '../../schemas/text'
import { LspApplyEdit, LspCodeAction, LspCodeActions, type LspWorkspaceEdit, readAnswer } from './answers'
import { lspDiagnosticsOf } from './file-diagnostics'
import { workspaceEditOfLsp } from './server-edits'
import { notSupported } from './server-capabilities'
import type { Range } from './source-lines'
import { type Asking, textDocument } from './tool-host'

export interface ActionsWanted extends Range {
  readonly path: string
  readonly kind?: string | undefined
}

/** The actions that a server offers for a range, in its order, with what it knows of the problems there. */
export async function codeActionsAt(asking: Asking, wanted: ActionsWanted): Promise<LspCodeAction[]> {
  const range = {
    start: { line: wanted.startLine - 1, character: wanted.startColumn },
    end: { line: wanted.endLine - 1, character: wanted.endColumn },
  }
  const { diagnostics } = await lspDiagnosticsOf(asking, wanted.path)
  const here = diagnostics.filter((one) => one.range.start.line <= range.end.line && one.range.end.line >= range.start.line)
  const answer = await asking.connection.ask(
    'textDocument/codeAction',
    {
      textDocument: textDocument(asking.paths, wanted.path),
      range,
      context: { diagnostics: here, triggerKind: 1, ...(wanted.kind === undefined ? {} : { only: [wanted.kind] }) },
    },
    asking.request,
  )
  const actions = readAnswer(LspCodeActions, answer, 'codeAction') ?? []
  return wanted.kind === undefined ? actions : actions.filter((action) => isOfKind(action, wanted.kind ?? ''))
}

function isOfKind(action: LspCodeAction, kind: string): boolean {
  return action.kind === undefined || action.kind === kind || action.kind.startsWith(`${kind}.`)
}

export function describeAction(action: LspCodeAction, index: number): CodeActionInfo {
  return {
    index,
    title: action.title.slice(0, 1000),
    kind: action.kind ?? '',
    isPreferred: action.isPreferred ?? false,
    disabled: action.disabled?.reason.slice(0, 1000) ?? null,
  }
}

/** What an action would change: its edit, and what its command asks to have changed when the server runs it inside the sandbox. */
export async function editOfAction(asking: Asking, action: LspCodeAction): Promise<WorkspaceEdit> {
  if (action.disabled !== undefined) {
    throw new KeyframeError({ code: 'lsp.refused', message: `"${action.title}" cannot be applied here: ${action.disabled.reason}` })
  }
  const needsMore = action.edit === undefined && asking.connection.capabilities.resolvesCodeActions()
  const resolved = needsMore
    ? readAnswer(LspCodeAction, await asking.connection.request('codeAction/resolve', action, asking.request), 'codeAction/resolve')
    : action
  const edits: LspWorkspaceEdit[] = resolved.edit === undefined ? [] : [resolved.edit]
  if (resolved.command !== undefined)
    edits.push(...(await runCommand(asking, resolved.command.command, resolved.command.arguments ?? [])).edits)
  return workspaceEditOfLsp(asking.paths, asking.readText, edits)
}

/** Runs a command that the server itself announced, inside its sandbox. The edits that it asks for are handed back, not made. */
export async function runCommand(
  asking: Asking,
  command: string,
  args: readonly unknown[],
): Promise<{ result: unknown; edits: LspWorkspaceEdit[] }> {
  const { connection } = asking
  const announced = connection.capabilities.commands()
  if (!announced.includes(command)) {
    throw notSupported(connection.entry.title, `the command ${command}. It announced ${announced.slice(0, 50).join(', ') || 'none'}`)
  }
  const { result, edits } = await connection.capturingEdits(() =>
    connection.request('workspace/executeCommand', { command, arguments: args }, asking.request),
  )
  return { result, edits: edits.map((edit) => readAnswer(LspApplyEdit, edit, 'applyEdit').edit) }
}
