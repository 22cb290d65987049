/** A row of any table: every one has a text id. */
export interface Row {
  readonly id: string
}

/** An in-memory stand-in for one table of the database; see db/migrations for the real columns. */
export class Table<T extends Row> {
  readonly name: string
  readonly #rows = new Map<string, T>()

  constructor(name: string) {
    this.name = name
  }

  insert(row: T): void {
    if (this.#rows.has(row.id)) throw new Error(`duplicate key ${row.id} in ${this.name}`)
    this.#rows.set(row.id, row)
  }

  update(row: T): void {
    if (!this.#rows.has(row.id)) throw new Error(`no row ${row.id} in ${this.name}`)
    this.#rows.set(row.id, row)
  }

  find(id: string): T | undefined {
    return this.#rows.get(id)
  }

  where(test: (row: T) => boolean): T[] {
    return [...this.#rows.values()].filter(test)
  }
}
