// Runs inside the sandbox. What a whole word is in a search for code.
const WORD = /[\p{L}\p{N}_$]/u

export function isWord(text, at, length) {
  const before = text.slice(0, at).at(-1)
  const after = text[at + length]
  return (before === undefined || !WORD.test(before)) && (after === undefined || !WORD.test(after))
}
