import { KeyframeError } from '../../../../shared/failure'
import type { FactsSource } from '../facts-source'
import { FactsCollector, THE_FILE } from './collect-facts'
import { migrationOf } from './migration-path'
import { postgresStatement } from './postgres-statement'
import { readStatement } from './read-statement'
import { addChange } from './sql-facts'
import { sqlStatements } from './sql-tokens'
import { TextPlaces } from './text-place'

const SQL = /\.(?:sql|ddl|psql|pgsql|mysql|sqlite)$/i
const KEYWORDS = /\b(?:CREATE|ALTER|DROP|SELECT|INSERT|UPDATE|DELETE)\b/i
/** Of a file with more statements (a dump with its rows) the grammar is asked for these only, the rest is read by its words. */
const MOST_BY_GRAMMAR = 200

/** Schemas, migrations and queries in files of SQL. */
export const sql: FactsSource = {
  id: 'sql',
  claims: (path) => SQL.test(path),
  read({ path, text }) {
    const facts = new FactsCollector()
    const places = new TextPlaces(text)
    const migration = migrationOf(path)
    let known = 0
    let asked = 0
    for (const statement of sqlStatements(text)) {
      asked += 1
      const change = (asked <= MOST_BY_GRAMMAR ? postgresStatement(text, statement) : null) ?? readStatement(text, statement)
      if (change === null) continue
      known += 1
      const undo = migration?.direction === 'down' || statement.undo
      const method = migration === null ? 'SQL' : 'migration: SQL'
      addChange(change, statement, {
        facts,
        places,
        offset: 0,
        by: THE_FILE,
        migration: migration !== null,
        undo,
        confidence: 0.95,
        method,
      })
    }
    if (known === 0 && asked > 0 && !KEYWORDS.test(text))
      throw new KeyframeError({
        code: 'memory.unreadable-sql',
        message: `No statement of SQL could be read in ${path}.`,
        action: 'Give the file another ending if it is not SQL.',
      })
    if (migration === null) return facts.facts()
    const { tool, number, name, direction } = migration
    const both = direction === 'up' && /^--\s{0,4}(?:\+goose\s+down|migrate:down)/im.test(text)
    return facts.facts({ fileKind: 'migration', fileAttributes: { tool, number, name, direction: both ? 'both' : direction } })
  },
}
