import type { TextEdit } from '../../tools/schemas/text'
import type { FileEdits } from './agent-tools'
import type { SymbolTarget } from './find-symbol'
import type { SourceReader } from './source-reader'
import type { SourceSyntax } from './source-syntax'
import { TextPositions } from './text-positions'

/** An alias is for names that others can import: declared at the top of a module and exported by name. */
export function canKeepAlias(target: SymbolTarget): boolean {
  return target.declaration.scope === 'top' && target.declaration.exported === 'named' && target.declaration.kind !== 'namespace'
}

/**
 * Rename edits that also keep the old name public: the declaring module exports it as a deprecated alias, and modules that
 * re-export the symbol by name re-export both. An export specifier serves functions, classes and enums alike: it is the same
 * binding (no order of initialisation, no second type), and a type-only one leaves nothing behind for tools that strip types.
 */
export async function keepDeprecatedAlias(
  reader: SourceReader,
  target: SymbolTarget,
  newName: string,
  files: readonly FileEdits[],
): Promise<FileEdits[]> {
  const result: FileEdits[] = []
  for (const file of files) {
    const source = await reader.read(file.path)
    const syntax = reader.syntaxOf(source)
    const edits: TextEdit[] = []
    for (const edit of file.edits) edits.push(await withBothNames(syntax, edit, target.name, newName, file.path === target.path))
    const exportedInList = edits.some((edit, index) => edit !== file.edits[index])
    if (file.path === target.path && !exportedInList) edits.push(aliasAtEnd(source.text, target, newName))
    result.push({ ...file, edits })
  }
  return result
}

async function withBothNames(syntax: SourceSyntax, edit: TextEdit, name: string, newName: string, declaring: boolean): Promise<TextEdit> {
  const specifier = await syntax.specifierAt(edit.startLine, edit.startColumn)
  const isExport = (await syntax.roleAt(edit.startLine, edit.startColumn)) === 'export'
  if (specifier === null || !isExport || specifier.aliased || edit.newText !== newName) return edit
  if (!specifier.reExport && !declaring) return edit
  const type = specifier.typeOnly ? 'type ' : ''
  return { ...edit, newText: specifier.reExport ? `${newName}, ${type}${name}` : `${newName}, ${type}${newName} as ${name}` }
}

function aliasAtEnd(text: string, target: SymbolTarget, newName: string): TextEdit {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const semicolon = /;[ \t]*\r?$/m.test(text) ? ';' : ''
  const type = target.declaration.kind === 'interface' || target.declaration.kind === 'type' ? 'type ' : ''
  const indent = /^\t/m.test(text) ? '\t' : /^ {4}\S/m.test(text) && !/^ {2}\S/m.test(text) ? '    ' : '  '
  const end = new TextPositions(text).positionOf(text.length)
  const lead = text === '' || text.endsWith('\n') ? eol : eol + eol
  const lines = [
    `export ${type}{`,
    `${indent}/** @deprecated Use \`${newName}\` instead. */`,
    `${indent}${newName} as ${target.name},`,
    `}${semicolon}`,
  ]
  return {
    startLine: end.line,
    startColumn: end.column,
    endLine: end.line,
    endColumn: end.column,
    newText: lead + lines.join(eol) + eol,
  }
}
