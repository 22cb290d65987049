/** A place among those admitted. */
export interface Slot {
  /** Idempotent. */
  give(): void
}

/** Admits a number of holders at once; the others wait in turn. */
export class ConnectionSlots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  tryTake(): Slot | null {
    if (this.#free === 0) return null
    this.#free -= 1
    return this.#slot()
  }

  /** Null when none came free in time. */
  async take(waitMs: number): Promise<Slot | null> {
    const free = this.tryTake()
    if (free !== null) return free
    return new Promise((resolve) => {
      const admit = (): void => {
        clearTimeout(timer)
        resolve(this.#slot())
      }
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1)
        resolve(null)
      }, waitMs)
      this.#waiting.push(admit)
    })
  }

  #slot(): Slot {
    let isGiven = false
    return {
      give: () => {
        if (isGiven) return
        isGiven = true
        const next = this.#waiting.shift()
        if (next === undefined) this.#free += 1
        else next()
      },
    }
  }
}
