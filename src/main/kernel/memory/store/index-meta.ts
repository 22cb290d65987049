import type Database from 'better-sqlite3'

/** Numbers and names that the index keeps about itself. */
export class IndexMeta {
  readonly #get: Database.Statement<[string], string>
  readonly #set: Database.Statement<[string, string]>

  constructor(database: Database.Database) {
    this.#get = database.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck()
    this.#set = database.prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
  }

  /** The last version that was given. */
  get version(): number {
    return Number(this.#get.get('version') ?? '0')
  }

  set version(version: number) {
    this.#set.run('version', String(version))
  }

  /** The last version at which a pass over the live repository was complete; 0 until the first was. */
  get live(): number {
    return Number(this.#get.get('live') ?? '0')
  }

  set live(version: number) {
    this.#set.run('live', String(version))
  }

  text(key: string): string | null {
    return this.#get.get(key) ?? null
  }

  setText(key: string, value: string): void {
    this.#set.run(key, value)
  }
}
