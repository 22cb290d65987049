import type { OccurrenceKind } from '../../schemas/lsp'
import { lexicalFamily, type SourceRegion } from './source-regions'

/** What is known of an occurrence beside its text. */
export interface OccurrenceHints {
  /** Of the protocol's document highlights. */
  readonly highlight: 'read' | 'write' | null
  /** The server gave this place as where the symbol is defined or declared. */
  readonly isOrigin: boolean
  /** Kind of the symbol, by the names of `SymbolInfo`; null when not known. */
  readonly symbolKind: string | null
}

export interface Occurrence {
  readonly text: string
  readonly languageId: string
  readonly regions: readonly SourceRegion[]
  readonly from: number
  readonly to: number
}

const TYPE_KINDS = new Set(['class', 'interface', 'struct', 'enum', 'type-parameter', 'object'])

/** How a definition begins before its name. */
const DEFINING: Readonly<Record<string, RegExp>> = {
  typescript: /\b(?:function\s*\*?|class|interface|type|enum|namespace|module)\s+$/,
  python: /\b(?:def|class)\s+$/,
  go: /(?:^|[\s(])(?:func(?:\s*\([^()]*\))?|type)\s+$/,
  rust: /\b(?:fn|struct|enum|trait|type|mod|union|macro_rules!)\s+$/,
  c: /(?:\b(?:namespace|typedef)\s+|#\s*define\s+)$/,
}
/** A C function's name with its type before it, at the beginning of a statement. */
const C_FUNCTION = /^\s*(?!(?:return|else|case|goto|throw|delete|new)\b)(?:[\w:<>,*&]+\s+)*[\w:<>,*&]+[\s*&]+(?:\w+::)*$/
/** How a variable is declared, which gives it its first value. */
const BINDING: Readonly<Record<string, RegExp>> = {
  typescript: /\b(?:const|let|var)\s+$/,
  go: /\b(?:var|const)\s+$/,
  rust: /\b(?:let(?:\s+mut)?|const|static(?:\s+mut)?)\s+$/,
}
/** Statements that bring names in: how they begin, and what ends them. */
const IMPORTING: Readonly<Record<string, { readonly begins: RegExp; readonly ends: RegExp }>> = {
  typescript: { begins: /^\s*(?:import\b(?!\s*[(.])|export\s+(?:type\s+)?[{*])/, ends: /['"]\s*$|;/m },
  python: { begins: /^\s*(?:from\s+\S+\s+import\b|import\b)/, ends: /\)|^[^(]*$/ },
  go: { begins: /^\s*import\b/, ends: /\)|^[^(]*$/ },
  rust: { begins: /^\s*(?:pub(?:\([^)]*\))?\s+)?(?:use|extern\s+crate)\b/, ends: /;/ },
  c: { begins: /^\s*(?:#\s*(?:include|import)\b|using\b)/, ends: /$/ },
}
const IMPORT_LINES = 60
const LOOK = 2_000
const WRITES = /^\s*(?:=(?![=>])|(?:[-+*/%&|^]|<<|>>|\*\*|\/\/|\?\?|&&|\|\|)=(?!=)|\+\+|--|:=)/
const CALLS = /^(?:\s*(?:::)?<[^<>()]{0,200}(?:<[^<>()]{0,200}>[^<>()]{0,100})?>|!)?\s*\(/
const TYPE_BEFORE = /(?:\b(?:extends|implements|instanceof|satisfies|keyof|as|is|impl|dyn|struct|for)\s+|(?:->|[^:]:|<)\s*[&*]?\s*)$/

/** By what the server says where it says something, else by a look at the text around it. */
export function kindOfOccurrence(occurrence: Occurrence, hints: OccurrenceHints): OccurrenceKind {
  const { text, from, to, regions } = occurrence
  const family = lexicalFamily(occurrence.languageId)
  const region = regions.find((one) => one.from <= from && from < one.to)
  if (region?.kind === 'comment' || region?.kind === 'doc') return region.kind
  const before = text.slice(Math.max(0, text.lastIndexOf('\n', from - 1) + 1), from)
  const after = text.slice(to, to + LOOK)
  if (isImported(text, from, family)) return 'import'
  if (region?.kind === 'string') return 'other'
  if (DEFINING[family]?.test(before)) return bodyOrEnd(after, family)
  if (BINDING[family]?.test(before)) return hints.isOrigin ? 'definition' : 'write'
  if (hints.isOrigin || (family === 'c' && C_FUNCTION.test(before) && CALLS.test(after))) return bodyOrEnd(after, family)
  const isType = hints.symbolKind !== null && TYPE_KINDS.has(hints.symbolKind)
  if (CALLS.test(after)) return 'call'
  if (isType && !/^\s*(?:\.|::)/.test(after)) return 'type'
  if (WRITES.test(after) || /(?:\+\+|--)\s*$/.test(before)) return 'write'
  if (hints.highlight !== null) return hints.highlight
  if (hints.symbolKind === null && /^[A-Z]/.test(text.slice(from, to)) && TYPE_BEFORE.test(before)) return 'type'
  return 'read'
}

/** A body follows a definition; a declaration ends without one, where a language has both. */
function bodyOrEnd(after: string, family: string): OccurrenceKind {
  if (family === 'python' || family === 'go') return 'definition'
  let depth = 0
  for (const character of after) {
    if ('([<'.includes(character)) depth += 1
    else if (')]>'.includes(character)) depth = Math.max(0, depth - 1)
    else if (depth > 0) continue
    else if (character === '{' || character === '=') return 'definition'
    else if (character === ';') return after.trimStart().startsWith('(') ? 'declaration' : 'definition'
  }
  return 'definition'
}

function isImported(text: string, from: number, family: string): boolean {
  const rule = IMPORTING[family]
  if (rule === undefined) return false
  let start = text.lastIndexOf('\n', from - 1) + 1
  for (let line = 0; line < IMPORT_LINES; line++) {
    const said = text.slice(start, from)
    if (rule.begins.test(text.slice(start, lineEnd(text, start)))) {
      // The statement must still go on where the name stands: on its first line it does.
      return line === 0 ? true : !rule.ends.test(said.slice(0, Math.max(0, said.lastIndexOf('\n'))))
    }
    if (start === 0) return false
    start = text.lastIndexOf('\n', start - 2) + 1
  }
  return false
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}
