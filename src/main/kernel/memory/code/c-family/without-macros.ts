import { type Language as Grammar, type Node, Parser, type Tree } from 'web-tree-sitter'

/** `class EXPORT Name` reads as a function to a parser that does not know the macro. */
const BEFORE_NAME =
  /\b(?:class|struct|union|enum(?:\s+class)?)\s+((?:[A-Z][A-Z0-9_]*(?:\([^()\n]*\))?\s+)+)(?=[A-Za-z_]\w*(?:<[^<>{};]*>)?\s*(?:final\s*)?[:{;])/g
/** Words that say how a thing is linked or seen, and lines that open and close namespaces or declarations. */
const MARKS =
  /\b[A-Z][A-Z0-9_]*_(?:API|EXPORT|EXPORTS|INLINE|CONSTEXPR\w*|NORETURN|NODISCARD|NOEXCEPT|PUBLIC|VISIBILITY|CALL|FUNC)\b(?=\s+[A-Za-z_~])|^[ \t]*(?:__|[A-Z])[A-Z0-9_]*(?:BEGIN|END)[A-Z0-9_]*[ \t]*$/gm

/** `extern "C" {` and its end, each in a condition of its own: braces that no grammar can pair. */
const EXTERN_C =
  /^[ \t]*#[ \t]*if(?:def|[ \t(]+defined)[ \t(]+__cplusplus\b[^\n]*\n(?:[ \t\r]*\n)*[ \t]*(?:extern[ \t]+"C"[ \t]*\{|\})[^\n]*\n(?:[ \t\r]*\n)*[ \t]*#[ \t]*endif[^\n]*/gm

const parsers = new WeakMap<Grammar, Parser>()

const blank = (text: string): string => text.replace(/\S/g, ' ')

/**
 * The tree of the file again with such words as spaces, every other character in its place; null when there are none, or when they did no
 * harm. The caller deletes it.
 */
export function withoutMacros(root: Node): Tree | null {
  const text = root.hasError || BEFORE_NAME.test(root.text) ? root.text : null
  BEFORE_NAME.lastIndex = 0
  if (text === null) return null
  const before = text.replace(BEFORE_NAME, (whole, words: string) => whole.replace(words, () => blank(words)))
  const bare = root.hasError ? before.replace(EXTERN_C, blank).replace(MARKS, blank) : before
  if (bare === text) return null
  const { language } = root.tree
  const parser = parsers.get(language) ?? new Parser().setLanguage(language)
  parsers.set(language, parser)
  return parser.parse('\n'.repeat(root.startPosition.row) + ' '.repeat(root.startPosition.column) + bare)
}
