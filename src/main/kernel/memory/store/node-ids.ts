import type Database from 'better-sqlite3'

const MOST_KEPT = 400_000

/** Numbers of graph keys, given once and for all. */
export class NodeIds {
  readonly #known = new Map<string, number>()
  readonly #find: Database.Statement<[string], number>
  readonly #add: Database.Statement<[string]>
  /** True while every key of the database is among the known ones: then an unknown one is new. */
  #complete: boolean

  constructor(database: Database.Database) {
    this.#find = database.prepare<[string], number>('SELECT id FROM nodes WHERE key = ?').pluck()
    this.#add = database.prepare('INSERT INTO nodes (key) VALUES (?)')
    this.#complete = database.prepare('SELECT id FROM nodes LIMIT 1').get() === undefined
  }

  /** Inside a transaction of the caller's. */
  of(key: string): number {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const id = (this.#complete ? undefined : this.#find.get(key)) ?? Number(this.#add.run(key).lastInsertRowid)
    this.#keep(key, id)
    return id
  }

  /** Null for a key that has none. */
  known(key: string): number | null {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const id = this.#complete ? undefined : this.#find.get(key)
    if (id === undefined) return null
    this.#keep(key, id)
    return id
  }

  /** After a transaction that was rolled back: numbers that it gave are free again. */
  forget(): void {
    this.#known.clear()
    this.#complete = false
  }

  #keep(key: string, id: number): void {
    if (this.#known.size >= MOST_KEPT) this.forget()
    this.#known.set(key, id)
  }
}
