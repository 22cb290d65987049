import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { codeActionsAt, describeAction, editOfAction, runCommand } from './code-actions'
import { describeEdit } from './edit-tools'
import { readsFile } from './requested-paths'
import { workspaceEditOfLsp } from './server-edits'
import { DEFAULT_TIMEOUT_MS, type LspToolHost } from './tool-host'

const MAX_RESULT_CHARACTERS = 1_000_000

/** What a server can do about a place beside answering: its actions and its commands. Nothing is applied. */
export function actionTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.codeActions',
      description: 'The fixes and refactorings that the language server offers for a range. lsp.codeAction gives the edit of one.',
      ...ToolSchemas['lsp.codeActions'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const actions = (await codeActionsAt(asking, args)).map(describeAction)
          const lines = actions.map(
            (one) => `${one.index}: ${one.title} (${one.kind || 'command'})${one.disabled === null ? '' : `, not here: ${one.disabled}`}`,
          )
          return { output: { actions }, text: lines.join('\n') || 'No actions here.' }
        }),
    }),
    defineTool({
      name: 'lsp.codeAction',
      description: 'The edit of one of the actions that lsp.codeActions lists for the same range. Not applied: pass it to fs.applyEdit.',
      ...ToolSchemas['lsp.codeAction'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const action = (await codeActionsAt(asking, args))[args.index]
          if (action === undefined || action.title !== args.title) {
            throw new KeyframeError({
              code: 'lsp.no-such-action',
              message: `There is no action ${args.index} "${args.title}" for this range now.`,
              action: 'List the actions again with lsp.codeActions: the text may have changed.',
              retryable: true,
            })
          }
          const edit = await editOfAction(asking, action)
          return { output: { edit, title: action.title }, text: `${action.title}\n${describeEdit(edit)}` }
        }),
    }),
    defineTool({
      name: 'lsp.executeCommand',
      description:
        'Runs a command that the language server announced, inside the sandbox. Edits that it asks for are given back, not applied.',
      ...ToolSchemas['lsp.executeCommand'],
      // What a command reads and runs is the server's affair, which the sandbox bounds; one that changes files changes them inside.
      capabilities: ({ path }) => [{ action: 'fs.write', resource: path ?? '.' }],
      effect: 'workspace',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: async (args, call) => {
        const { language } = host.catalogue.ofLanguage(args.language)
        const request = { signal: call.signal, timeoutMs: DEFAULT_TIMEOUT_MS }
        const path = args.path ?? (await host.pool(call).files.languages(host.catalogue, request)).get(language)
        if (path === undefined) {
          throw new KeyframeError({ code: 'lsp.no-files', message: `The workspace has no file of ${args.language}.` })
        }
        return host.ask(call, path, async (asking) => {
          const { result, edits } = await runCommand(asking, args.command, args.arguments ?? [])
          const edit = await workspaceEditOfLsp(asking.paths, asking.readText, edits)
          const json = JSON.stringify(result ?? null)
          if (json.length > MAX_RESULT_CHARACTERS) {
            throw new KeyframeError({
              code: 'lsp.bad-answer',
              message: `The answer to ${args.command} is too large (${json.length} characters).`,
            })
          }
          return { output: { edit, result: z.json().parse(JSON.parse(json)) }, text: `${json.slice(0, 4000)}\n${describeEdit(edit)}` }
        })
      },
    }),
  ]
}
