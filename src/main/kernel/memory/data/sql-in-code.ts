import type { FactsSource } from '../facts-source'
import { FactsCollector, named } from './collect-facts'
import { readStatement } from './read-statement'
import { isSource, sourceTokens } from './source-tokens'
import { addChange } from './sql-facts'
import { sqlStatements } from './sql-tokens'
import { sqlStrings } from './sql-strings'
import { migrationOf } from './migration-path'
import { Symbols, TextPlaces } from './text-place'
import { tablesOfModel } from './table-names'

const HINT = /\b(?:select|insert|update|delete|create|alter|drop|merge|truncate)\s/i
const OBJECT_QUERIES = /\b(?:javax|jakarta)\.persistence\b|\bspringframework\.data\b|\borg\.hibernate\b|\btypeorm\b/
const TEST = /(?:^|\/)(?:tests?|__tests__|spec|testdata|fixtures)\/|(?:[._]test|[._]spec|Test|_spec)\.\w{1,5}$/

/** SQL in the strings of any programming language: which function reads and writes which table. */
export const sqlInCode: FactsSource = {
  id: 'sql-in-code',
  claims: isSource,
  read({ path, text, code }) {
    const facts = new FactsCollector()
    if (!HINT.test(text)) return facts.facts()
    const strings = sqlStrings(text, sourceTokens(path, text))
    if (strings.length === 0) return facts.facts()
    const places = new TextPlaces(text)
    const symbols = new Symbols(code)
    const migration = migrationOf(path) !== null
    const objects = OBJECT_QUERIES.test(text)
    for (const found of strings) {
      const by = { is: 'symbol', symbol: symbols.at(places.line(found.at)) } as const
      for (const statement of sqlStatements(found.text)) {
        const change = readStatement(found.text, statement)
        if (change === null) continue
        // What a test makes for itself is no table of the product.
        if (change.is !== 'use' && TEST.test(path)) continue
        const confidence = found.sure ? 0.9 : 0.75
        const from = { facts, places, offset: found.at, by, migration, undo: statement.undo, confidence, method: 'SQL in a string' }
        if (change.is !== 'use' || !objects) {
          addChange(change, statement, from)
          continue
        }
        // Queries over objects name classes; those over tables hardly ever start with a capital.
        const isClass = (name: string): boolean => /^[A-Z][a-z]/.test(name)
        const { reads, writes } = change
        addChange(
          { is: 'use', reads: reads.filter((name) => !isClass(name.name)), writes: writes.filter((name) => !isClass(name.name)) },
          statement,
          from,
        )
        for (const [kind, names] of [
          ['reads', reads],
          ['writes', writes],
        ] as const)
          for (const { name, at } of names.filter((entry) => isClass(entry.name)))
            for (const table of tablesOfModel(name))
              facts.relate(by, kind, named(table, 'table'), places.line(at + found.at), 0.7, 'query over objects')
      }
    }
    return facts.facts()
  },
}
