export interface Scored {
  readonly id: number
  readonly score: number
}

/** Keeps the best so many of what is offered: a heap with the worst on top. */
export class BestOf {
  readonly #ids: number[] = []
  readonly #scores: number[] = []
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  /** Nothing at or below it gets in any more. */
  get threshold(): number {
    return this.#ids.length < this.#most ? Number.NEGATIVE_INFINITY : (this.#scores[0] ?? Number.NEGATIVE_INFINITY)
  }

  offer(id: number, score: number): void {
    if (score <= this.threshold) return
    if (this.#ids.length < this.#most) {
      this.#ids.push(id)
      this.#scores.push(score)
      this.#up(this.#ids.length - 1)
    } else {
      this.#ids[0] = id
      this.#scores[0] = score
      this.#down(0)
    }
  }

  /** Best first; of equal scores the one with the lower id. */
  sorted(): Scored[] {
    return this.#ids.map((id, at) => ({ id, score: this.#scores[at] ?? 0 })).sort((a, b) => b.score - a.score || a.id - b.id)
  }

  #up(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (this.#score(parent) <= this.#score(at)) return
      this.#swap(at, parent)
      at = parent
    }
  }

  #down(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1
      const least = this.#score(left + 1) < this.#score(left) ? left + 1 : left
      if (this.#score(least) >= this.#score(at)) return
      this.#swap(at, least)
      at = least
    }
  }

  #score(at: number): number {
    return this.#scores[at] ?? Number.POSITIVE_INFINITY
  }

  #swap(a: number, b: number): void {
    const [id, score] = [this.#ids[a] ?? 0, this.#scores[a] ?? 0]
    this.#ids[a] = this.#ids[b] ?? 0
    this.#scores[a] = this.#scores[b] ?? 0
    this.#ids[b] = id
    this.#scores[b] = score
  }
}
