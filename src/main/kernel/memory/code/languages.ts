import type { Language } from './language'
import { python } from './python/python'
import { javascript, tsx, typescript } from './typescript/typescript'

/** In the order in which they are asked whether a file is theirs. */
export const LANGUAGES: readonly Language[] = [typescript, tsx, javascript, python]

/** Null for what is in no language that is understood. */
export function languageOf(path: string, firstLine = ''): Language | null {
  return LANGUAGES.find((language) => language.claims(path, firstLine)) ?? null
}
