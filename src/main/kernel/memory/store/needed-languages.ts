import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Language } from '../code/language'
import { languageOf, LANGUAGES } from '../code/languages'

const FIRST_BYTES = 128

/** Languages of files by their paths, and by the first lines of those without an ending. */
export function neededLanguages(paths: Iterable<string>, firstLine: (path: string) => string): Set<Language> {
  const found = new Set<Language>()
  for (const path of paths) {
    if (found.size === LANGUAGES.length) break
    const language = languageOf(path) ?? (/(?:^|\/)[^./]+$/.test(path) ? languageOf(path, firstLine(path)) : null)
    if (language !== null) found.add(language)
  }
  return found
}

/** Empty for what cannot be read: its own pass says why. */
export function firstLineOf(root: string, path: string): string {
  let file: number | null = null
  try {
    file = openSync(join(root, path), 'r')
    const bytes = Buffer.alloc(FIRST_BYTES)
    return bytes.toString('utf8', 0, readSync(file, bytes, 0, FIRST_BYTES, 0)).split('\n', 1)[0] ?? ''
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown) return ''
    throw thrown
  } finally {
    if (file !== null) closeSync(file)
  }
}
