/** Runs at most `limit` tasks at once. After the first failure no more are started, and it is thrown when the running ones ended. */
export class TaskPool {
  readonly #running = new Set<Promise<void>>()
  #failed: { readonly thrown: unknown } | null = null

  constructor(private readonly limit: number) {}

  /** Resolves when there is room for another. Throws what a task threw. */
  async add(task: () => Promise<void>): Promise<void> {
    if (this.#failed !== null) await this.end()
    const run: Promise<void> = task()
      .catch((thrown: unknown) => {
        this.#failed ??= { thrown }
      })
      .finally(() => this.#running.delete(run))
    this.#running.add(run)
    if (this.#running.size >= this.limit) await Promise.race(this.#running)
  }

  /** Waits for all. Throws what the first failed one threw. */
  async end(): Promise<void> {
    await this.settle()
    if (this.#failed !== null) throw this.#failed.thrown
  }

  /** Waits for all, whatever becomes of them. */
  async settle(): Promise<void> {
    await Promise.all(this.#running)
  }
}
