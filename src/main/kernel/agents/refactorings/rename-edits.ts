import type { TextEdit } from '../../tools/schemas/text'
import { AgentStop, type FileEdits, type SourceText, useTool } from './agent-tools'
import type { SymbolTarget } from './find-symbol'
import { isCode } from './left-out-files'
import type { SourceReader } from './source-reader'
import type { SourceSyntax } from './source-syntax'

export interface RenameEdits {
  readonly files: readonly FileEdits[]
  /** Files where the new name already means something else: they import the symbol under its old name. */
  readonly keptAlias: readonly string[]
  /** Files with references that were left out because the context says so. */
  readonly leftOut: readonly string[]
}

export interface Place {
  readonly startLine: number
  readonly startColumn: number
  readonly endLine: number
  readonly endColumn: number
}

/**
 * The edits of a rename in code, as a careful engineer would make them: imports and exports take the new name instead of an
 * alias (a language server that prefers aliases stops at the first module, so its references complete the list); shorthand
 * properties keep their key; a file where the new name is taken keeps the old one as an alias.
 */
export async function renameEdits(
  reader: SourceReader,
  target: SymbolTarget,
  newName: string,
  locations: readonly (Place & { readonly path: string })[],
  excluded: (path: string) => boolean,
): Promise<RenameEdits> {
  const position = { path: target.path, line: target.line, column: target.column }
  const { edit } = await useTool(reader.api, 'lsp.rename', { ...position, newName })
  const served = new Map<string, readonly TextEdit[]>(edit.files.map((file) => [file.path, file.edits]))
  const foreign = [...served.keys()].filter((path) => path.includes('node_modules/'))
  if (foreign.length > 0)
    throw new AgentStop(`${target.name} is declared or used in ${foreign[0] ?? ''}, which is a dependency. Nothing was changed.`)
  if (served.size === 0)
    throw new AgentStop(`The language server cannot rename ${target.name} (${target.path}:${target.line}). Nothing was changed.`)
  const stopsAtAlias = edit.files.some((file) => file.edits.some((one) => one.newText === `${newName} as ${target.name}`))
  const references = stopsAtAlias ? locations : []

  const paths = [...new Set([...served.keys(), ...references.map((reference) => reference.path)])].sort()
  const files: FileEdits[] = []
  const keptAlias: string[] = []
  const leftOut: string[] = []
  for (const path of paths) {
    if (path.includes('node_modules/')) continue
    if (excluded(path)) {
      leftOut.push(path)
      continue
    }
    const source = await reader.read(path)
    const places: Place[] = references.filter((reference) => reference.path === path)
    const made = await editsOfFile(reader, source, served.get(path) ?? [], places, target, newName)
    if (made.keptAlias) keptAlias.push(path)
    files.push({ path, version: source.version, edits: made.edits })
  }
  return { files: files.filter((file) => file.edits.length > 0), keptAlias, leftOut }
}

async function editsOfFile(
  reader: SourceReader,
  source: SourceText,
  served: readonly TextEdit[],
  references: readonly Place[],
  target: SymbolTarget,
  newName: string,
): Promise<{ edits: TextEdit[]; keptAlias: boolean }> {
  if (!isCode(source.path)) return { edits: [...served], keptAlias: false }
  const syntax = reader.syntaxOf(source)
  const member = target.declaration.scope === 'member'
  const byPlace = new Map<string, TextEdit>()
  for (const one of served) byPlace.set(placeKey(one), one)
  for (const place of references) {
    if (textAt(syntax, place) === target.name && !byPlace.has(placeKey(place))) {
      byPlace.set(placeKey(place), { ...range(place), newText: newName })
    }
  }
  const edits: TextEdit[] = []
  const taken = source.path !== target.path && !member && (await syntax.usesName(newName))
  let imported = false
  for (const one of byPlace.values()) {
    const role = await syntax.roleAt(one.startLine, one.startColumn)
    const aliased = (await syntax.specifierAt(one.startLine, one.startColumn))?.aliased ?? false
    if (role === 'import' && taken && !aliased) {
      imported = true
      edits.push({ ...one, newText: `${newName} as ${target.name}` })
    } else if (role === 'import' || role === 'export') {
      edits.push({ ...one, newText: newName })
    } else if (role === 'shorthand' && one.newText === newName) {
      edits.push({ ...one, newText: member ? `${newName}: ${target.name}` : `${target.name}: ${newName}` })
    } else {
      edits.push(one)
    }
  }
  if (!imported) return { edits, keptAlias: false }
  const kept: TextEdit[] = []
  for (const one of edits) if (await keepsWithAlias(syntax, one)) kept.push(one)
  return { edits: kept, keptAlias: true }
}

/** With `import { B as A }` the uses of A in that file stay; only its imports and re-exports change. */
async function keepsWithAlias(syntax: SourceSyntax, edit: TextEdit): Promise<boolean> {
  const role = await syntax.roleAt(edit.startLine, edit.startColumn)
  return role === 'import' || ((await syntax.specifierAt(edit.startLine, edit.startColumn))?.reExport ?? false)
}

function textAt(syntax: SourceSyntax, place: Place): string {
  const { positions, text } = syntax
  return text.slice(positions.offsetOf(place.startLine, place.startColumn), positions.offsetOf(place.endLine, place.endColumn))
}

function range(place: Place): Place {
  return { startLine: place.startLine, startColumn: place.startColumn, endLine: place.endLine, endColumn: place.endColumn }
}

function placeKey(place: Place): string {
  return `${place.startLine}:${place.startColumn}`
}
