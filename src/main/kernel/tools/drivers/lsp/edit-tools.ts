import { KeyframeError } from '../../../../../shared/failure'
import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import type { TextEdit, WorkspaceEdit } from '../../schemas/text'
import { LspLocations, LspPrepareRename, LspTextEdits, LspWorkspaceEdit, readAnswer, TsFileEdits } from './answers'
import { codeActionsAt, editOfAction } from './code-actions'
import { divide } from './enriched-locations'
import { fixEverywhere } from './fix-edit'
import { fixByActions } from './fix-by-actions'
import { moveSymbolEdit } from './move-edit'
import { renameEdits } from './rename-edit'
import { readsFile, readsFiles } from './requested-paths'
import { notSupported } from './server-capabilities'
import { refused } from './server-connection'
import { mustReplaceName, textEditsOf, workspaceEditOfLsp } from './server-edits'
import { nameAt, rangeOfLsp } from './source-lines'
import { followStyle, styleOf } from './source-style'
import { textIn, workspaceEdit, workspaceEditOfTs } from './text-edits'
import { type Asking, DEFAULT_TIMEOUT_MS, isTypeScript, type LspToolHost, positionParams, textDocument, typeScriptOnly } from './tool-host'

/** Changes that are computed and shown, never applied: `fs.applyEdit` does that. */
export function editTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.prepareRename',
      description: 'Whether the symbol at a position can be renamed, its range and its name. Fails with lsp.refused when it cannot.',
      ...ToolSchemas['lsp.prepareRename'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const answer = await prepareRename(asking, args)
          const name =
            answer === null ? null : (answer.placeholder ?? textIn((await asking.readText(args.path)).text, rangeOfLsp(answer.range)))
          return {
            output: { range: answer === null ? null : rangeOfLsp(answer.range), name },
            text: name === null ? 'The server does not say what would be renamed.' : `${name} can be renamed.`,
          }
        }),
    }),
    defineTool({
      name: 'lsp.rename',
      description: 'The edit that renames the symbol at a position in all files. Not applied.',
      ...ToolSchemas['lsp.rename'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const { edit, oldName } = isTypeScript(asking) ? await renameInTypeScript(asking, args) : await rename(asking, args)
          return { output: { edit }, text: `${oldName} becomes ${args.newName}.\n${describeEdit(edit)}` }
        }),
    }),
    defineTool({
      name: 'lsp.format',
      description: "The edit that formats a file, or lines of it, by the language's own formatter. Not applied.",
      ...ToolSchemas['lsp.format'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const { text } = await asking.readText(args.path)
          const style = styleOf(text)
          if (isTypeScript(asking)) await followStyle(asking, args.path, text)
          const params = {
            textDocument: textDocument(asking.paths, args.path),
            options: {
              tabSize: args.tabSize ?? style.indentSize,
              insertSpaces: args.insertSpaces ?? !style.tabs,
              trimTrailingWhitespace: true,
              insertFinalNewline: true,
            },
          }
          const answer =
            args.range === undefined
              ? await asking.connection.ask('textDocument/formatting', params, asking.request)
              : await asking.connection.ask('textDocument/rangeFormatting', { ...params, range: lspRange(args.range) }, asking.request)
          const edits = textEditsOf(text, readAnswer(LspTextEdits, answer, 'formatting') ?? [], args.path)
          const edit = await workspaceEdit(asking.readText, new Map([[args.path, edits]]))
          return { output: { edit }, text: describeEdit(edit) }
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
        host.ask(call, args.path, async (asking) => {
          const edit = await organiseImports(asking, args.path)
          return { output: { edit }, text: describeEdit(edit) }
        }),
    }),
    defineTool({
      name: 'lsp.moveSymbol',
      description:
        'The edit that moves a top-level declaration to a new or existing file and updates everything that imports it. Not applied. TypeScript and JavaScript.',
      ...ToolSchemas['lsp.moveSymbol'],
      capabilities: (args) => readsFiles({ paths: [args.path, args.toPath] }),
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const edit = await moveSymbolEdit(typeScriptOnly(asking, 'moves of symbols'), args, args.toPath)
          return { output: { edit }, text: describeEdit(edit) }
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
        host.ask(call, args.path, async (asking) => {
          const { edit, titles } = isTypeScript(asking)
            ? await fixEverywhere(asking, args.path, args.code)
            : await fixByActions(asking, args.path, args.code)
          return {
            output: { edit, titles },
            text: titles.length > 0 ? `${titles.join('\n')}\n${describeEdit(edit)}` : `Nothing to fix for ${args.code}.`,
          }
        }),
    }),
  ]
}

interface Place {
  readonly path: string
  readonly line: number
  readonly column: number
}

async function renameInTypeScript(asking: Asking, args: Place & { newName: string }): Promise<{ edit: WorkspaceEdit; oldName: string }> {
  const { oldName, files } = await renameEdits(asking, args, args.newName)
  const edit = await workspaceEdit(asking.readText, files)
  await mustStillSay(asking, edit, oldName)
  return { edit, oldName }
}

async function rename(asking: Asking, args: Place & { newName: string }): Promise<{ edit: WorkspaceEdit; oldName: string }> {
  const prepared = asking.connection.capabilities.preparesRename() ? await prepareRename(asking, args) : null
  const { text } = await asking.readText(args.path)
  const oldName = prepared === null ? nameAt(text, args) : textIn(text, rangeOfLsp(prepared.range))
  await asking.openMentions(oldName)
  const params = { ...positionParams(asking.paths, args), newName: args.newName }
  const answer = await asking.connection.ask('textDocument/rename', params, asking.request)
  if (answer === null) throw refused('There is nothing to rename here.')
  const renamed = await workspaceEditOfLsp(asking.paths, asking.readText, [readAnswer(LspWorkspaceEdit, answer, 'rename')])
  const edit = asking.session.entry.quirks.opensMentions === true ? await withAllUses(asking, args, renamed, oldName) : renamed
  if (edit.files.length === 0 && edit.move.length === 0) throw refused('There is nothing to rename here.')
  await mustReplaceName(asking.readText, edit, oldName, textIn)
  return { edit, oldName }
}

/** A server that renames only in what the project's configuration includes still knows the other uses: these are renamed too. */
async function withAllUses(
  asking: Asking,
  args: Place & { newName: string },
  renamed: WorkspaceEdit,
  oldName: string,
): Promise<WorkspaceEdit> {
  const params = { ...positionParams(asking.paths, args), context: { includeDeclaration: true } }
  const uses = readAnswer(LspLocations, await asking.connection.ask('textDocument/references', params, asking.request), 'references')
  const files = new Map<string, TextEdit[]>(renamed.files.map(({ path, edits }) => [path, [...edits]]))
  for (const { path, range } of divide(asking, uses).inside) {
    const { text } = await asking.readText(path)
    const edits = files.get(path) ?? []
    const isDone = edits.some(
      (one) => one.startLine === range.startLine && one.startColumn <= range.startColumn && one.endColumn >= range.endColumn,
    )
    if (isDone || textIn(text, range) !== oldName) continue
    files.set(path, [...edits, { ...range, newText: args.newName }])
  }
  return { ...renamed, files: (await workspaceEdit(asking.readText, files)).files }
}

async function prepareRename(asking: Asking, at: Place) {
  const { capabilities } = asking.connection
  capabilities.mustHave('textDocument/rename', asking.session.entry.title)
  if (!capabilities.preparesRename()) return null
  const answer = await asking.connection.request('textDocument/prepareRename', positionParams(asking.paths, at), asking.request)
  if (answer === null) throw refused('There is nothing to rename here.')
  return readAnswer(LspPrepareRename, answer, 'prepareRename')
}

async function organiseImports(asking: Asking, path: string): Promise<WorkspaceEdit> {
  const { text } = await asking.readText(path)
  if (isTypeScript(asking)) {
    await followStyle(asking, path, text)
    const scope = { type: 'file', args: { file: asking.paths.inside(path) } }
    const body = await asking.connection.tsserver('organizeImports', { scope }, asking.request)
    return workspaceEditOfTs(asking.paths, asking.readText, readAnswer(TsFileEdits, body ?? [], 'organizeImports'))
  }
  const lines = text.split(/\r\n|\r|\n/)
  const whole = { path, startLine: 1, startColumn: 0, endLine: lines.length, endColumn: lines.at(-1)?.length ?? 0 }
  if (!asking.connection.capabilities.has('textDocument/codeAction')) throw notSupported(asking.session.entry.title, 'organiseImports')
  if (!asking.connection.capabilities.codeActionKinds().some((kind) => 'source.organizeImports'.startsWith(kind) && kind !== '')) {
    throw notSupported(asking.session.entry.title, 'organiseImports')
  }
  const [action] = await codeActionsAt(asking, { ...whole, kind: 'source.organizeImports' })
  if (action === undefined) return { files: [], create: [], move: [], remove: [] }
  return editOfAction(asking, action)
}

function lspRange(range: Omit<TextEdit, 'newText'>) {
  return {
    start: { line: range.startLine - 1, character: range.startColumn },
    end: { line: range.endLine - 1, character: range.endColumn },
  }
}

/** The server's copy of a file may be older than the file when somebody changes it meanwhile: such an edit must not get out. */
async function mustStillSay(asking: Asking, edit: WorkspaceEdit, oldName: string): Promise<void> {
  for (const file of edit.files) {
    const { text } = await asking.readText(file.path)
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

export function describeEdit(edit: WorkspaceEdit): string {
  const lines = [
    ...edit.files.map((file) => `${file.path}: ${file.edits.length} edit(s)`),
    ...edit.create.map((file) => `${file.path}: created`),
    ...edit.move.map((file) => `${file.from}: moved to ${file.to}`),
    ...edit.remove.map((path) => `${path}: removed`),
  ]
  return lines.length > 0 ? lines.join('\n') : 'Nothing to change.'
}
