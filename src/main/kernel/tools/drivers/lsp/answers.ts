import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'

/**
 * Shapes of what a language server answers. The server runs beside an agent, so that nothing it says is believed before it has
 * passed here; unknown fields are dropped.
 */
const count = z.number().int().min(0).max(100_000_000)
const name = z.string().max(10_000)
const text = z.string().max(20_000_000)

const LspPosition = z.object({ line: count, character: count })
export const LspRange = z.object({ start: LspPosition, end: LspPosition })
export type LspRange = z.infer<typeof LspRange>

const LspLocation = z.object({ uri: name, range: LspRange })
const LspLocationLink = z.object({ targetUri: name, targetSelectionRange: LspRange })
export const LspLocations = z
  .union([z.array(z.union([LspLocation, LspLocationLink])).max(200_000), LspLocation, z.null()])
  .transform((answer) => (answer === null ? [] : Array.isArray(answer) ? answer : [answer]))
  .transform((all) => all.map((one) => ('uri' in one ? one : { uri: one.targetUri, range: one.targetSelectionRange })))

const MarkedString = z.union([text, z.object({ language: name, value: text })])
export const LspHover = z
  .object({ contents: z.union([z.object({ kind: z.string(), value: text }), MarkedString, z.array(MarkedString)]) })
  .nullable()

export interface LspDocumentSymbol {
  name: string
  kind: number
  range: LspRange
  selectionRange: LspRange
  children?: LspDocumentSymbol[] | undefined
}
const LspDocumentSymbol: z.ZodType<LspDocumentSymbol> = z.object({
  name,
  kind: count,
  range: LspRange,
  selectionRange: LspRange,
  get children() {
    return z.array(LspDocumentSymbol).max(100_000).optional()
  },
})
/** Servers without the tree give a list with places instead. */
const LspSymbolInformation = z
  .object({ name, kind: count, location: z.object({ uri: name, range: LspRange }), containerName: name.optional() })
  .transform((symbol): LspDocumentSymbol => ({
    name: symbol.name,
    kind: symbol.kind,
    range: symbol.location.range,
    selectionRange: symbol.location.range,
  }))
export const LspDocumentSymbols = z
  .array(z.union([LspDocumentSymbol, LspSymbolInformation]))
  .max(100_000)
  .nullable()

export const LspWorkspaceSymbols = z
  .array(z.object({ name, kind: count, location: z.object({ uri: name, range: LspRange }), containerName: name.nullish() }))
  .max(100_000)
  .nullable()

const LspTextEdit = z.object({ range: LspRange, newText: text })
export const LspTextEdits = z.array(LspTextEdit).max(100_000).nullable()
export type LspTextEdit = z.infer<typeof LspTextEdit>

const LspDocumentChange = z.union([
  z.object({ kind: z.literal('create'), uri: name }),
  z.object({ kind: z.literal('rename'), oldUri: name, newUri: name }),
  z.object({ kind: z.literal('delete'), uri: name }),
  z.object({ textDocument: z.object({ uri: name }), edits: z.array(LspTextEdit).max(100_000) }),
])
export const LspWorkspaceEdit = z.object({
  changes: z.record(name, z.array(LspTextEdit).max(100_000)).optional(),
  documentChanges: z.array(LspDocumentChange).max(100_000).optional(),
})
export type LspWorkspaceEdit = z.infer<typeof LspWorkspaceEdit>

const LspCommand = z.object({ title: text.optional(), command: name, arguments: z.array(z.unknown()).max(1_000).optional() })
export const LspCodeAction = z.object({
  title: text,
  kind: name.optional(),
  isPreferred: z.boolean().optional(),
  disabled: z.object({ reason: text }).optional(),
  edit: LspWorkspaceEdit.optional(),
  command: LspCommand.optional(),
})
export type LspCodeAction = z.infer<typeof LspCodeAction>
/** A bare command is an action too. What else an action holds (`data`) is the server's own and is given back to it. */
export const LspCodeActions = z
  .array(
    z.union([
      LspCodeAction.loose(),
      LspCommand.extend({ title: text }).transform(({ title, ...command }) => ({ title, command: { title, ...command } })),
    ]),
  )
  .max(5_000)
  .nullable()
export const LspApplyEdit = z.object({ edit: LspWorkspaceEdit })

const Label = z.union([name, z.tuple([count, count])])
const Documentation = z.union([text, z.object({ value: text })]).transform((said) => (typeof said === 'string' ? said : said.value))
export const LspSignatureHelp = z
  .object({
    signatures: z
      .array(
        z.object({
          label: text,
          documentation: Documentation.nullish(),
          parameters: z
            .array(z.object({ label: Label }))
            .max(1_000)
            .nullish(),
        }),
      )
      .max(1_000),
    activeSignature: count.nullish(),
    activeParameter: count.nullish(),
  })
  .nullable()

const LspCompletionItem = z.object({
  label: text,
  kind: count.optional(),
  detail: text.nullish(),
  insertText: text.optional(),
  sortText: text.optional(),
  textEdit: z.object({ newText: text }).optional(),
})
export const LspCompletion = z
  .union([
    z.array(LspCompletionItem).max(200_000),
    z.object({ isIncomplete: z.boolean(), items: z.array(LspCompletionItem).max(200_000) }),
    z.null(),
  ])
  .transform((answer) =>
    answer === null ? { isIncomplete: false, items: [] } : Array.isArray(answer) ? { isIncomplete: false, items: answer } : answer,
  )

/** What else an item holds (`data`) is the server's own and is given back to it. */
const LspCallItem = z.looseObject({ name, kind: count, uri: name, range: LspRange, selectionRange: LspRange, detail: text.optional() })
export const LspCallItems = z.array(LspCallItem).max(1_000).nullable()
export const LspIncomingCalls = z
  .array(z.object({ from: LspCallItem, fromRanges: z.array(LspRange).max(10_000) }))
  .max(10_000)
  .nullable()
export const LspOutgoingCalls = z
  .array(z.object({ to: LspCallItem, fromRanges: z.array(LspRange).max(10_000) }))
  .max(10_000)
  .nullable()

export const LspPrepareRename = z.union([
  LspRange.transform((range) => ({ range, placeholder: null })),
  z.object({ range: LspRange, placeholder: name }),
  z.object({ defaultBehavior: z.boolean() }).transform(() => null),
  z.null(),
])

export const LspSemanticTokens = z.object({ data: z.array(count).max(5_000_000) }).nullable()
export const LspFoldingRanges = z
  .array(z.object({ startLine: count, endLine: count, kind: name.optional() }))
  .max(100_000)
  .nullable()

/** tsserver's own answers, reached through `typescript.tsserverRequest`: lines and offsets both count from 1. */
const one = z.number().int().min(1).max(100_000_000)
export const TsPoint = z.object({ line: one, offset: one })
export const TsSpan = z.object({ start: TsPoint, end: TsPoint })
export type TsSpan = z.infer<typeof TsSpan>

export const TsResponse = z.object({
  type: z.string(),
  success: z.boolean().optional(),
  message: text.optional(),
  body: z.unknown().optional(),
})

export const TsProjectInfo = z.object({ configFileName: name, fileNames: z.array(name).max(500_000).optional() })

export const TsNavTo = z
  .array(TsSpan.extend({ name, kind: name, file: name, containerName: name.optional(), matchKind: name.optional() }))
  .max(100_000)

export const TsRename = z.object({
  info: z.union([
    z.object({ canRename: z.literal(true), displayName: name }),
    z.object({ canRename: z.literal(false), localizedErrorMessage: text }),
  ]),
  locs: z
    .array(
      z.object({ file: name, locs: z.array(TsSpan.extend({ prefixText: name.optional(), suffixText: name.optional() })).max(200_000) }),
    )
    .max(100_000),
})

/** In a file that is made anew, tsserver gives the place as line 0, offset 0. */
const TsEditPoint = z
  .object({ line: count, offset: count })
  .transform((point) => ({ line: Math.max(1, point.line), offset: Math.max(1, point.offset) }))
export const TsFileEdits = z
  .array(
    z.object({
      fileName: name,
      isNewFile: z.boolean().optional(),
      textChanges: z.array(z.object({ start: TsEditPoint, end: TsEditPoint, newText: text })).max(100_000),
    }),
  )
  .max(100_000)
export type TsFileEdits = z.infer<typeof TsFileEdits>

export const TsFileReferences = z.object({ refs: z.array(TsSpan.extend({ file: name })).max(200_000) })

export const TsRefactorEdits = z.object({ edits: TsFileEdits, notApplicableReason: text.optional() })

export const TsDiagnostics = z
  .array(
    TsSpan.extend({ text, code: z.number().int().optional(), category: name, source: name.optional() }).or(
      // Reported for the configuration file of a project, without a place in this file.
      z.object({
        start: z.undefined(),
        end: z.undefined(),
        text,
        code: z.number().int().optional(),
        category: name,
        source: name.optional(),
      }),
    ),
  )
  .max(100_000)

const TsCodeFix = z.object({
  fixName: name,
  description: text,
  changes: TsFileEdits,
  fixId: z.unknown().optional(),
  fixAllDescription: text.optional(),
})
export const TsCodeFixes = z.array(TsCodeFix).max(1000)
export type TsCodeFix = z.infer<typeof TsCodeFix>
export const TsCombinedFix = z.object({ changes: TsFileEdits })

/** Throws `lsp.bad-answer` when the answer does not have this shape. */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.output<Schema> {
  const read = schema.safeParse(answer)
  if (read.success) return read.data
  throw new KeyframeError({
    code: 'lsp.bad-answer',
    message: `The language server's answer to ${what} cannot be used: ${z.prettifyError(read.error).slice(0, 500)}`,
    action: 'Try again; when it persists, report it with the log.',
    retryable: true,
  })
}
