import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { Language as Grammar, Parser } from 'web-tree-sitter'
import type { Language } from './language'

const require = createRequire(import.meta.url)

/** Parsers by language id, made when a file of the language is first met: from the WebAssembly files inside the grammars' own packages. */
export class Parsers {
  readonly #made = new Map<string, Parser>()
  #started: Promise<void> | null = null

  /** Before `of`, for the languages of the files that come next. */
  async load(languages: Iterable<Language>): Promise<void> {
    this.#started ??= Parser.init()
    await this.#started
    for (const { id, grammar } of languages) {
      if (this.#made.has(id)) continue
      const parser = new Parser()
      parser.setLanguage(await Grammar.load(await readFile(require.resolve(grammar))))
      this.#made.set(id, parser)
    }
  }

  of(language: Language): Parser {
    const parser = this.#made.get(language.id)
    if (parser === undefined) throw new Error(`the grammar of ${language.id} was not loaded`)
    return parser
  }
}
