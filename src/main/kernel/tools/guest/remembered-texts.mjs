// Runs inside the sandbox. Texts of files as they were read and written, by version, as far as they fit: to tell what changed since.
const MAX_CHARACTERS = 32 * 1024 * 1024
const MAX_TEXT_CHARACTERS = 4 * 1024 * 1024

const texts = new Map()
let characters = 0

export function rememberText(version, text) {
  if (text.length > MAX_TEXT_CHARACTERS) return
  characters += text.length - (texts.get(version)?.length ?? 0)
  texts.delete(version)
  texts.set(version, text)
  for (const [oldest, oldText] of texts) {
    if (characters <= MAX_CHARACTERS) break
    texts.delete(oldest)
    characters -= oldText.length
  }
}

/** Null when it was forgotten, or read by an earlier process. */
export function recallText(version) {
  return texts.get(version) ?? null
}
