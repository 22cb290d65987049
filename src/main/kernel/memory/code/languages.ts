import { c, cpp } from './c-family/c-family'
import { java } from './java/java'
import type { Language } from './language'
import { bash } from './bash/bash'
import { go } from './go/go'
import { python } from './python/python'
import { rust } from './rust/rust'
import { javascript, tsx, typescript } from './typescript/typescript'

/** In the order in which they are asked whether a file is theirs. */
export const LANGUAGES: readonly Language[] = [typescript, tsx, javascript, python, go, bash, rust, java, c, cpp]

/** Null for what is in no language that is understood. */
export function languageOf(path: string, firstLine = ''): Language | null {
  return LANGUAGES.find((language) => language.claims(path, firstLine)) ?? null
}
