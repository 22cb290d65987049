import type { ImportResolver, ImportRule, Repository } from './language'
import { languageOf } from './languages'

/** Which files an import means, by the rules of the language of the file that imports. */
export class Imports {
  readonly #repository: Repository
  readonly #resolvers = new Map<ImportRule, ImportResolver>()
  readonly #answers = new Map<string, readonly string[]>()

  constructor(repository: Repository) {
    this.#repository = repository
  }

  resolve(from: string, specifier: string): readonly string[] {
    const key = `${from.slice(0, from.lastIndexOf('/') + 1)} ${endingOf(from) || from} ${specifier}`
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    const found = this.#resolver(from)?.resolve(from, specifier) ?? []
    this.#answers.set(key, found)
    return found
  }

  peers(path: string): readonly string[] {
    return this.#resolver(path)?.peers(path) ?? []
  }

  #resolver(path: string): ImportResolver | null {
    // What has no ending says in its first line what it is.
    const firstLine = endingOf(path) === '' ? (this.#repository.text(path)?.split('\n', 1)[0] ?? '') : ''
    const rule = languageOf(path, firstLine)?.imports ?? null
    if (rule === null) return null
    const made = this.#resolvers.get(rule) ?? rule.resolver(this.#repository)
    this.#resolvers.set(rule, made)
    return made
  }
}

function endingOf(path: string): string {
  return /\.[^./]+$/.exec(path)?.[0] ?? ''
}
