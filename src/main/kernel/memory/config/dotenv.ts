import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { FactsSource } from '../facts-source'

const DOTENV =
  /(?:^|\/)(?:\.env(?:\.[\w.-]{1,60})?|[\w-]{1,60}\.env(?:\.(?:example|sample|template|dist))?|env\.(?:example|sample|template)|\.envrc)$/
const EXAMPLE = /example|sample|template|dist|default/
const ENTRY = /^\s{0,20}(?:export\s{1,4})?([A-Za-z_][A-Za-z0-9_]{0,99})\s{0,20}=/

/** Names of variables in `.env` and its examples. Their values are not read, whatever they are; comments neither, since they hold old ones. */
export const dotenv: FactsSource = {
  id: 'dotenv',
  claims: (path) => DOTENV.test(path),
  read({ path, text }) {
    const facts = new FactsCollector()
    const example = EXAMPLE.test(path.slice(path.lastIndexOf('/') + 1))
    let quote = ''
    for (const [index, line] of text.split('\n').entries()) {
      // A value in quotes may go over lines: what is in it is no entry.
      if (quote !== '') {
        if (line.includes(quote)) quote = ''
        continue
      }
      const name = ENTRY.exec(line)?.[1]
      if (name === undefined) continue
      const value = line.slice(line.indexOf('=') + 1).trim()
      const mark = value.charAt(0)
      if ((mark === '"' || mark === "'" || mark === '`') && !value.includes(mark, 1)) quote = mark
      facts.declare(`env_var:${name}`, 'env_var', name, { line: index + 1, column: line.indexOf(name) }, name, { example })
      facts.relate(THE_FILE, 'contains', keyed(`env_var:${name}`), index + 1, 1, 'declaration')
    }
    return facts.facts()
  },
}
