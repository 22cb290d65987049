import type { ImportedName, ImportStatement } from './parsed-source'
import type { SourceSyntax } from './source-syntax'
import type { OffsetEdit } from './text-positions'

/**
 * The smallest edits that take out of `before` the imports that organising took out, and leave everything else (order,
 * grouping, line breaks) as it is.
 */
export async function unusedImportEdits(before: SourceSyntax, organised: SourceSyntax): Promise<OffsetEdit[]> {
  const kept = new Set((await organised.imports()).flatMap((statement) => namesOf(statement).map((name) => name.local)))
  return (await before.imports()).flatMap((statement) => editsOfStatement(before.text, statement, kept))
}

function namesOf(statement: ImportStatement): ImportedName[] {
  return [statement.defaultName, statement.namespaceName, ...statement.named].filter((name) => name !== null)
}

function editsOfStatement(text: string, statement: ImportStatement, kept: ReadonlySet<string>): OffsetEdit[] {
  const names = namesOf(statement)
  const stays = (name: ImportedName): boolean => kept.has(name.local)
  if (names.every(stays)) return []
  if (!names.some(stays)) return [{ start: statement.start, end: endWithLineBreak(text, statement.end), newText: '' }]
  const { defaultName, namespaceName, braces, named } = statement
  const edits: OffsetEdit[] = []
  const bindings = namespaceName ?? braces
  if (defaultName !== null && bindings !== null) {
    const bindingsStay = namespaceName === null ? named.some(stays) : stays(namespaceName)
    if (!bindingsStay) return [{ start: defaultName.end, end: bindings.end, newText: '' }]
    if (!stays(defaultName)) edits.push({ start: defaultName.start, end: bindings.start, newText: '' })
  }
  return [...edits, ...editsOfNamed(named, stays)]
}

function editsOfNamed(named: readonly ImportedName[], stays: (name: ImportedName) => boolean): OffsetEdit[] {
  const lastKept = named.findLastIndex(stays)
  const edits: OffsetEdit[] = []
  for (const [index, name] of named.entries()) {
    const next = named[index + 1]
    if (index < lastKept && next !== undefined && !stays(name)) edits.push({ start: name.start, end: next.start, newText: '' })
  }
  const [keptName, lastName] = [named[lastKept], named.at(-1)]
  if (keptName !== undefined && lastName !== undefined && lastName !== keptName) {
    edits.push({ start: keptName.end, end: lastName.end, newText: '' })
  }
  return edits
}

function endWithLineBreak(text: string, end: number): number {
  const rest = /^[ \t]*(?:\r\n|\n|\r|$)/.exec(text.slice(end))
  return end + (rest?.[0].length ?? 0)
}
