import { KeyframeError } from '../../../../../shared/failure'
import type { WorkspaceEdit } from '../../schemas/text'
import { type LspDocumentSymbol, readAnswer, type TsFileEdits, TsFileReferences, TsRefactorEdits } from './answers'
import { isNotFound } from './open-documents'
import { moduleNameFor, updateReExports } from './re-exports'
import { Rehearsal } from './rehearsal'
import { refused } from './server-connection'
import { comparePaths, rangeOfTs } from './source-lines'
import { followStyle } from './source-style'
import { textIn } from './text-edits'
import { symbolsOf, type TypeScriptAsking } from './tool-host'
import { isSource, mustBeSource } from './typescript-sources'

/** `SymbolKind` of interface and, as this server uses it, of type alias. */
const TYPE_KINDS = new Set([11, 26])

/**
 * TypeScript's own "Move to file" on the top-level declaration at the position, in every project that knows the file, with what
 * it leaves undone: re-exports are updated, and the declaration keeps the text that its author wrote.
 */
export async function moveSymbolEdit(
  asking: TypeScriptAsking,
  at: { path: string; line: number; column: number },
  toPath: string,
): Promise<WorkspaceEdit> {
  mustBeSource(toPath)
  if (asking.paths.inside(toPath) === asking.paths.inside(at.path)) throw refused(`The symbol is already in ${toPath}.`)
  const { text } = await asking.documents.ensure(at.path)
  await ensureIfThere(asking, toPath)
  const symbols = await symbolsOf(asking, at.path)
  const symbol = symbols.find((candidate) => contains(candidate, at.line - 1, at.column))
  if (!symbol) {
    throw new KeyframeError({
      code: 'lsp.no-symbol',
      message: `There is no top-level declaration at ${at.path}:${at.line}:${at.column}.`,
      action: 'Functions, classes, types, constants and the like at the top level of a file can be moved.',
    })
  }
  await followStyle(asking, at.path, text)
  await asking.cover.includeInLoose(toPath, asking.request)
  const edits = await refactorEdits(asking, at.path, symbol, toPath)
  const users = await reExportingFiles(asking, at.path)

  const rehearsal = new Rehearsal(asking)
  try {
    await rehearsal.apply(edits)
    const isType = TYPE_KINDS.has(symbol.kind)
    if (isExported(text, symbol)) {
      for (const [path, modules] of users) {
        let updated = await rehearsal.textOf(path)
        for (const oldModule of modules) {
          updated = updateReExports(updated, { name: symbol.name, oldModule, newModule: moduleNameFor(path, toPath, oldModule), isType })
        }
        if (updated !== (await rehearsal.textOf(path))) await rehearsal.set(path, updated)
      }
    }
    await keepWriting(asking, rehearsal, { text, symbols, symbol }, toPath)
    return await rehearsal.result()
  } finally {
    await rehearsal.putBack()
  }
}

/** A project updates the importers that it contains; those in other projects (tests, other packages) are updated by these. */
async function refactorEdits(asking: TypeScriptAsking, path: string, symbol: LspDocumentSymbol, toPath: string): Promise<TsFileEdits> {
  const startLine = symbol.selectionRange.start.line + 1
  const startOffset = symbol.selectionRange.start.character + 1
  const edits = new Map<string, TsFileEdits[number]>()
  let reason: string | null = null
  for (const projectFileName of asking.cover.projectsOf(path)) {
    const body = await asking.connection.tsserver(
      'getEditsForRefactor',
      {
        file: asking.paths.inside(path),
        projectFileName,
        startLine,
        startOffset,
        endLine: startLine,
        endOffset: startOffset,
        refactor: 'Move to file',
        action: 'Move to file',
        interactiveRefactorArguments: { targetFile: asking.paths.inside(toPath) },
      },
      asking.request,
    )
    const moved = readAnswer(TsRefactorEdits, body ?? { edits: [] }, 'Move to file')
    reason ??= moved.notApplicableReason ?? null
    for (const edit of moved.edits) if (!edits.has(edit.fileName)) edits.set(edit.fileName, edit)
  }
  if (edits.size === 0) throw refused(reason ?? `${symbol.name} cannot be moved to ${toPath}.`)
  return [...edits.values()]
}

/** Files that name this file in an import or export, with the relative module names that they use for it. */
async function reExportingFiles(asking: TypeScriptAsking, path: string): Promise<Map<string, Set<string>>> {
  const body = await asking.connection.tsserver('fileReferences', { file: asking.paths.inside(path) }, asking.request)
  const users = new Map<string, Set<string>>()
  for (const { file, ...span } of readAnswer(TsFileReferences, body ?? { refs: [] }, 'fileReferences').refs) {
    const user = asking.paths.ofFile(file)
    if (user === null || !isSource(user)) continue
    const module = textIn((await asking.readText(user)).text, rangeOfTs(span))
    if (module.startsWith('.')) users.set(user, (users.get(user) ?? new Set()).add(module))
  }
  return new Map([...users].sort(([a], [b]) => comparePaths(a, b)))
}

interface Declaration {
  readonly text: string
  readonly symbols: readonly LspDocumentSymbol[]
  readonly symbol: LspDocumentSymbol
}

/** The server prints a moved declaration anew, without its author's line breaks. The lines as written are put in their place. */
async function keepWriting(asking: TypeScriptAsking, rehearsal: Rehearsal, from: Declaration, toPath: string): Promise<void> {
  const text = await rehearsal.textOf(toPath)
  const symbols = await symbolsOf(asking, toPath)
  const printed = symbols.find((candidate) => candidate.name === from.symbol.name)
  const written = printed && ownLines(from)
  const target = printed && ownLines({ text, symbols, symbol: printed })
  if (!written || !target) return tidy(rehearsal, toPath, text)
  const isExportAdded = /^export\s/.test(target.chunk) && !/^export\s/.test(written.chunk)
  const chunk = isExportAdded ? `export ${written.chunk}` : written.chunk
  // Only when nothing but the writing differs: the server may have had to change the code.
  if (tokens(chunk) !== tokens(target.chunk)) return tidy(rehearsal, toPath, text)
  await tidy(rehearsal, toPath, text.slice(0, target.start) + chunk + text.slice(target.end))
}

async function tidy(rehearsal: Rehearsal, path: string, text: string): Promise<void> {
  const tidied = text.replace(/^((?:import\b[^\n]*\n)+)\n{2,}/, '$1\n')
  if (tidied !== (await rehearsal.textOf(path))) await rehearsal.set(path, tidied)
}

/** The whole lines of a declaration, null when it shares them with another. */
function ownLines({ text, symbols, symbol }: Declaration): { start: number; end: number; chunk: string } | null {
  const { start, end } = symbol.range
  const shared = symbols.some((other) => other !== symbol && other.range.start.line <= end.line && other.range.end.line >= start.line)
  if (shared) return null
  const ends = [...text.matchAll(/\r?\n|$/g)].map((match) => match.index)
  const starts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)]
  const [from, to] = [starts[start.line], ends[end.line]]
  return from === undefined || to === undefined ? null : { start: from, end: to, chunk: text.slice(from, to) }
}

function tokens(code: string): string {
  return code.replaceAll(/[\s;,]/g, '').replaceAll(/["`]/g, "'")
}

async function ensureIfThere(asking: TypeScriptAsking, path: string): Promise<void> {
  try {
    await asking.documents.ensure(path)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

function isExported(text: string, symbol: LspDocumentSymbol): boolean {
  const line = text.split(/\r?\n/)[symbol.range.start.line] ?? ''
  return (
    /^\s*export\s/.test(line) ||
    new RegExp(`export\\s*(?:type\\s*)?\\{[^}]*\\b${symbol.name.replaceAll('$', '\\$')}\\b[^}]*\\}(?!\\s*from)`).test(text)
  )
}

function contains(symbol: LspDocumentSymbol, line: number, column: number): boolean {
  const { start, end } = symbol.range
  const selected = symbol.selectionRange
  const isAfterStart = line > start.line || (line === start.line && column >= start.character)
  const isBeforeEnd = line < end.line || (line === end.line && column <= end.character)
  const isOnName = line === selected.start.line && column >= selected.start.character && column <= selected.end.character
  return (isAfterStart && isBeforeEnd) || isOnName
}
