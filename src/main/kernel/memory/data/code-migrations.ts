import type { FactsSource } from '../facts-source'
import { FactsCollector } from './collect-facts'
import { MigrationChanges } from './migration-changes'
import { migrationOf } from './migration-path'
import type { ModelFile } from './model-facts'
import { alembicMigration, djangoMigration, metadataTables } from './python-migrations'
import { railsSchema } from './rails-schema'
import { schemaBuilder } from './schema-builder'
import { endingOf, sourceTokens } from './source-tokens'
import { TextPlaces } from './text-place'

const SCRIPT = new Set(['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'])

/** Migrations that are written in a programming language, and Rails' `schema.rb`. SQL in their strings is read with that of all other code. */
export const codeMigrations: FactsSource = {
  id: 'code-migrations',
  claims: (path) =>
    /(?:^|\/)db\/(?:\w+_)?schema\.rb$/.test(path) || endingOf(path) === 'py' || (migrationOf(path) !== null && !path.endsWith('.sql')),
  read({ path, text, code }) {
    const facts = new FactsCollector()
    const migration = migrationOf(path)
    const ending = endingOf(path)
    const file: ModelFile = { path, text, code, facts, places: new TextPlaces(text), tokens: () => sourceTokens(path, text) }
    const changes = new MigrationChanges(file, migration !== null, migration === null ? 'schema' : 'migration')
    if (ending === 'rb') railsSchema(changes)
    else if (ending === 'py') {
      if (migration?.tool === 'django') djangoMigration(changes)
      else if (migration?.tool === 'alembic') alembicMigration(changes)
      else if (/\bTable\(/.test(text) && /sqlalchemy/.test(text)) metadataTables(changes)
    } else if (SCRIPT.has(ending) || ending === 'php') schemaBuilder(changes)
    if (migration === null) return facts.facts()
    const { tool, number, name, direction } = migration
    return facts.facts({ fileKind: 'migration', fileAttributes: { tool, number, name, direction } })
  },
}
