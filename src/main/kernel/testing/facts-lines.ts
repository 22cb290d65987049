import type { FileFacts, Target } from '../memory/code/file-facts'
import type { ExtraFacts, FactsSource } from '../memory/facts-source'

/** What a source says of a text, one line an entity and a relation, so that tests can name what they expect. */
export interface FactsLines {
  /** `table:users 2-8 table users (id)`; of what is only mentioned `~table:teams`. */
  readonly entities: readonly string[]
  /** `symbol? kind target (method)`; '' is the file, `?name` is looked up by name, `./path` is a file. */
  readonly relations: readonly string[]
  readonly facts: ExtraFacts
}

export function factsLines(source: FactsSource, path: string, text: string, code: FileFacts | null = null): FactsLines {
  const facts = source.read({ path, text, code })
  return {
    entities: (facts.entities ?? []).map((entity) =>
      entity.declared ? `${entity.key} ${entity.startLine}-${entity.endLine} ${entity.signature}` : `~${entity.key}`,
    ),
    relations: (facts.relations ?? []).map(
      (relation) => `${target(relation.from)} ${relation.kind} ${target(relation.to)} (${relation.method})`,
    ),
    facts,
  }
}

function target(of: Target): string {
  switch (of.is) {
    case 'key':
      return of.key
    case 'symbol':
      return of.symbol === '' ? 'file' : `#${of.symbol}`
    case 'path':
      return `./${of.path}`
    case 'name':
      return `?${of.kinds.join('|')}:${of.name}`
  }
}

/** Facts of a programming language with nothing but symbols: `Invoice.total 3-9`. */
export function codeWith(...symbols: readonly string[]): FileFacts {
  return {
    symbols: symbols.map((symbol) => {
      const [key = '', range = '1-1'] = symbol.split(' ')
      const [startLine = 1, endLine = 1] = range.split('-').map(Number)
      const name = key.slice(key.lastIndexOf('.') + 1)
      return {
        key,
        kind: 'function',
        name,
        startLine,
        endLine,
        nameLine: startLine,
        nameColumn: 0,
        exported: true,
        signature: name,
        doc: '',
      }
    }),
    imports: [],
    exports: [],
    uses: [],
    inherits: [],
    lines: 1,
    errorLine: null,
  }
}
