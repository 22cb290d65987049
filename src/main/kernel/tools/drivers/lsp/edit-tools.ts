import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import type { WorkspaceEdit } from '../../schemas/text'
import { readAnswer, TsFileEdits } from './answers'
import { fixEverywhere } from './fix-edit'
import { moveSymbolEdit } from './move-edit'
import { renameEdits } from './rename-edit'
import { followStyle } from './source-style'
import { textIn, workspaceEdit, workspaceEditOfTs } from './text-edits'
import { KeyframeError } from '../../../../../shared/failure'
import { DEFAULT_TIMEOUT_MS, type LspToolHost } from './tool-host'
import { readsFile, readsFiles } from './requested-paths'
import { guestPath } from './workspace-paths'

/** Changes that are computed and shown, never applied: `fs.applyEdit` does that. */
export function editTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.rename',
      description: 'The edit that renames the symbol at a position in all files. Not applied.',
      ...ToolSchemas['lsp.rename'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async (asking) => {
          await asking.documents.ensure(args.path)
          const { oldName, files } = await renameEdits(asking, args, args.newName)
          const edit = await workspaceEdit(host.readText, files)
          await mustStillSay(host, edit, oldName)
          return { output: { edit }, text: `${oldName} becomes ${args.newName}.\n${describe(edit)}` }
        }),
    }),
    defineTool({
      name: 'lsp.organiseImports',
      description: 'The edit that sorts the imports of a file and removes unused ones. Not applied.',
      ...ToolSchemas['lsp.organiseImports'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async (asking) => {
          const { connection, documents, request } = asking
          await followStyle(asking, args.path, (await documents.ensure(args.path)).text)
          const body = await connection.tsserver(
            'organizeImports',
            { scope: { type: 'file', args: { file: guestPath(args.path) } } },
            request,
          )
          const edit = await workspaceEditOfTs(host.readText, readAnswer(TsFileEdits, body ?? [], 'organizeImports'))
          return { output: { edit }, text: describe(edit) }
        }),
    }),
    defineTool({
      name: 'lsp.moveSymbol',
      description:
        'The edit that moves a top-level declaration to a new or existing file and updates everything that imports it. Not applied.',
      ...ToolSchemas['lsp.moveSymbol'],
      capabilities: (args) => readsFiles({ paths: [args.path, args.toPath] }),
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async (asking) => {
          const edit = await moveSymbolEdit(asking, host.readText, args, args.toPath)
          return { output: { edit }, text: describe(edit) }
        }),
    }),
    defineTool({
      name: 'lsp.fix',
      description: "The edit that fixes every diagnostic with a code in a file, by the compiler's own fixes. Not applied.",
      ...ToolSchemas['lsp.fix'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, async (asking) => {
          const { edit, titles } = await fixEverywhere(asking, host.readText, args.path, args.code)
          return {
            output: { edit, titles },
            text: titles.length > 0 ? `${titles.join('\n')}\n${describe(edit)}` : `Nothing to fix for ${args.code}.`,
          }
        }),
    }),
  ]
}

/** The server's copy of a file may be older than the file when somebody changes it meanwhile: such an edit must not get out. */
async function mustStillSay(host: LspToolHost, edit: WorkspaceEdit, oldName: string): Promise<void> {
  for (const file of edit.files) {
    const { text } = await host.readText(file.path)
    const bare = unquoted(oldName)
    const wrong = file.edits.find((one) => unquoted(textIn(text, one)) !== bare)
    if (!wrong) continue
    throw new KeyframeError({
      code: 'lsp.stale',
      message: `${file.path} changed while the rename was computed: line ${wrong.startLine} no longer says ${oldName} where expected.`,
      action: 'Ask again.',
      retryable: true,
    })
  }
}

/** A property may be named with or without quotes. */
function unquoted(name: string): string {
  return name.replace(/^(['"`])(.*)\1$/, '$2')
}

function describe(edit: WorkspaceEdit): string {
  const lines = [
    ...edit.files.map((file) => `${file.path}: ${file.edits.length} edit(s)`),
    ...edit.create.map((file) => `${file.path}: created`),
  ]
  return lines.length > 0 ? lines.join('\n') : 'Nothing to change.'
}
