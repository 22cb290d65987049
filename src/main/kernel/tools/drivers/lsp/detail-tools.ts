import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { LspCompletion, LspFoldingRanges, LspSemanticTokens, LspSignatureHelp, readAnswer } from './answers'
import { readsFile } from './requested-paths'
import { decodeSemanticTokens } from './semantic-tokens'
import { notSupported } from './server-capabilities'
import { DEFAULT_TIMEOUT_MS, type LspToolHost, positionParams, textDocument } from './tool-host'

const DEFAULT_ITEMS = 50
const MAX_TOKENS = 20_000
const MAX_DOCUMENTATION = 4_000

/** Names of `CompletionItemKind`, from 1. */
const ITEM_KINDS =
  'text method function constructor field variable class interface module property unit value enum keyword snippet color file reference folder enum-member constant struct event operator type-parameter'.split(
    ' ',
  )

/** What is known of a place in detail: signatures, completions, the meaning of each token, foldable parts. */
export function detailTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.signatureHelp',
      description: 'The signatures of the function whose arguments the position lies in.',
      ...ToolSchemas['lsp.signatureHelp'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const answer = await asking.connection.ask('textDocument/signatureHelp', positionParams(asking.paths, args), asking.request)
          const help = readAnswer(LspSignatureHelp, answer, 'signatureHelp')
          const signatures = (help?.signatures ?? []).map((one) => ({
            label: one.label,
            documentation: one.documentation?.slice(0, MAX_DOCUMENTATION) ?? null,
            parameters: (one.parameters ?? []).map(({ label }) => (typeof label === 'string' ? label : one.label.slice(...label))),
          }))
          return {
            output: { signatures, activeSignature: help?.activeSignature ?? 0, activeParameter: help?.activeParameter ?? 0 },
            text: signatures.map((one) => one.label).join('\n') || 'No call here.',
          }
        }),
    }),
    defineTool({
      name: 'lsp.completion',
      description: 'What could be written at a position, the most likely first.',
      ...ToolSchemas['lsp.completion'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const params = { ...positionParams(asking.paths, args), context: { triggerKind: 1 } }
          const answer = readAnswer(
            LspCompletion,
            await asking.connection.ask('textDocument/completion', params, asking.request),
            'completion',
          )
          const limit = args.limit ?? DEFAULT_ITEMS
          const rank = (item: (typeof answer.items)[number]): string => item.sortText ?? item.label
          const sorted = [...answer.items].sort((a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0))
          const items = sorted.slice(0, limit).map((item) => ({
            label: item.label.trim(),
            kind: ITEM_KINDS[(item.kind ?? 1) - 1] ?? 'text',
            detail: item.detail?.slice(0, MAX_DOCUMENTATION) ?? null,
            insertText: item.textEdit?.newText ?? item.insertText ?? item.label,
          }))
          return {
            output: { items, isIncomplete: answer.isIncomplete || sorted.length > limit },
            text: items.map((item) => `${item.label} (${item.kind})`).join('\n') || 'Nothing to complete here.',
          }
        }),
    }),
    defineTool({
      name: 'lsp.semanticTokens',
      description: 'What each name in a file is (class, parameter, method, ...) by the language server, with its place.',
      ...ToolSchemas['lsp.semanticTokens'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const { connection, paths, request } = asking
          const answer = await connection.ask('textDocument/semanticTokens/full', { textDocument: textDocument(paths, args.path) }, request)
          const legend = connection.capabilities.legend()
          if (legend === null) throw notSupported(connection.entry.title, 'semanticTokens with a legend')
          const data = readAnswer(LspSemanticTokens, answer, 'semanticTokens')?.data ?? []
          const lines = (await asking.readText(args.path)).text.split(/\r\n|\r|\n/)
          const [first, last] = [args.startLine ?? 1, args.endLine ?? lines.length]
          const wanted = decodeSemanticTokens(data, legend, data.length).filter(({ line }) => line >= first && line <= last)
          const tokens = wanted
            .slice(0, MAX_TOKENS)
            .map((token) => ({ ...token, text: (lines[token.line - 1] ?? '').slice(token.startColumn, token.endColumn) }))
          const shown = tokens
            .slice(0, 200)
            .map((one) => `${one.line}:${one.startColumn} ${one.text} ${[one.type, ...one.modifiers].join(' ')}`)
          return {
            output: { tokens, truncated: wanted.length > MAX_TOKENS },
            text: tokens.length > 200 ? `${shown.join('\n')}\n... and ${tokens.length - 200} more` : shown.join('\n') || 'No tokens.',
          }
        }),
    }),
    defineTool({
      name: 'lsp.foldingRanges',
      description: 'The parts of a file that belong together: bodies, comments, imports.',
      ...ToolSchemas['lsp.foldingRanges'],
      capabilities: readsFile,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: (args, call) =>
        host.ask(call, args.path, async (asking) => {
          const params = { textDocument: textDocument(asking.paths, args.path) }
          const answer = await asking.connection.ask('textDocument/foldingRange', params, asking.request)
          const ranges = (readAnswer(LspFoldingRanges, answer, 'foldingRange') ?? []).map(({ startLine, endLine, kind }) => ({
            startLine: startLine + 1,
            endLine: endLine + 1,
            kind: kind ?? 'region',
          }))
          return {
            output: { ranges },
            text: ranges.map((one) => `${one.startLine}-${one.endLine} ${one.kind}`).join('\n') || 'Nothing to fold.',
          }
        }),
    }),
  ]
}
