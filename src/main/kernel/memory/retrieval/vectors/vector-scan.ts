import { BestOf, type Scored } from './best-of'
import { cosine, type QuantisedVector, quantised, signBits } from './quantised-vector'

/** Vectors of one space in memory, as far as a search needs them there. */
export interface VectorScan {
  readonly size: number
  add(id: number, vector: QuantisedVector): void
  /** By cosine, best first. */
  nearest(query: Float32Array, count: number): Scored[]
}

const BLOCK = 4096
/** Of a query, the greatest by absolute value: what is left of the others is added when the best are compared whole. */
const MOST_PLACES = 160
const REFINED = 4

/**
 * Vectors of hashed n-grams. A query has few places that are not 0, so the vectors are kept place by place and only those of the query are
 * read: 50,000 vectors of 512 in a few milliseconds. Never by sign bits alone: most places of a short text are 0, which has no sign.
 */
export class SpellingScan implements VectorScan {
  /** Each of 4,096 vectors: all first places, then all second ones. */
  readonly #blocks: Int8Array[] = []
  #ids = new Float64Array(BLOCK)
  #inverseNorms = new Float32Array(BLOCK)
  readonly #dimensions: number
  #size = 0

  constructor(dimensions: number) {
    this.#dimensions = dimensions
  }

  get size(): number {
    return this.#size
  }

  add(id: number, vector: QuantisedVector): void {
    const within = this.#size % BLOCK
    if (within === 0) this.#blocks.push(new Int8Array(BLOCK * this.#dimensions))
    if (this.#size >= this.#ids.length) this.#grow()
    const block = this.#blocks.at(-1)
    if (block === undefined) return
    for (let place = 0; place < this.#dimensions; place += 1) block[place * BLOCK + within] = vector.ints[place] ?? 0
    this.#ids[this.#size] = id
    this.#inverseNorms[this.#size] = vector.inverseNorm
    this.#size += 1
  }

  nearest(query: Float32Array, count: number): Scored[] {
    const asked = quantised(query)
    const places = [...asked.ints.keys()].filter((place) => asked.ints[place] !== 0)
    places.sort((a, b) => Math.abs(asked.ints[b] ?? 0) - Math.abs(asked.ints[a] ?? 0))
    const isWhole = places.length <= MOST_PLACES
    const best = this.#scan(asked, places.slice(0, MOST_PLACES), isWhole ? count : count * REFINED)
    if (isWhole) return best.sorted().map(({ id: at, score }) => ({ id: this.#ids[at] ?? 0, score }))
    const refined = new BestOf(count)
    for (const { id: at } of best.sorted()) refined.offer(this.#ids[at] ?? 0, this.#whole(at, asked))
    return refined.sorted()
  }

  #scan(asked: QuantisedVector, places: readonly number[], count: number): BestOf {
    const best = new BestOf(count)
    const sums = new Int32Array(BLOCK)
    for (const [number, block] of this.#blocks.entries()) {
      const start = number * BLOCK
      const filled = Math.min(BLOCK, this.#size - start)
      sums.fill(0)
      for (const place of places) addScaled(sums, block, place * BLOCK, filled, asked.ints[place] ?? 0)
      let threshold = best.threshold
      for (let at = 0; at < filled; at += 1) {
        const score = (sums[at] ?? 0) * (this.#inverseNorms[start + at] ?? 0) * asked.inverseNorm
        if (score <= threshold || score <= 0) continue
        best.offer(start + at, score)
        threshold = best.threshold
      }
    }
    return best
  }

  #whole(at: number, asked: QuantisedVector): number {
    const block = this.#blocks[Math.floor(at / BLOCK)]
    const within = at % BLOCK
    let sum = 0
    for (let place = 0; place < this.#dimensions; place += 1) sum += (block?.[place * BLOCK + within] ?? 0) * (asked.ints[place] ?? 0)
    return sum * (this.#inverseNorms[at] ?? 0) * asked.inverseNorm
  }

  #grow(): void {
    const [ids, norms] = [new Float64Array(this.#ids.length * 2), new Float32Array(this.#ids.length * 2)]
    ids.set(this.#ids)
    norms.set(this.#inverseNorms)
    this.#ids = ids
    this.#inverseNorms = norms
  }
}

/** Apart and small, so that the compiler makes the tightest loop of it that it can. */
function addScaled(sums: Int32Array, block: Int8Array, from: number, count: number, factor: number): void {
  for (let at = 0; at < count; at += 1) sums[at] = (sums[at] as number) + Math.imul(factor, block[from + at] as number)
}

/** So many times what is asked for, and at least `LEAST_PREFILTERED`, is compared whole. Measured: no loss on 100,000 vectors of 384. */
const PREFILTERED = 4
const LEAST_PREFILTERED = 500

/** Vectors of trained models: their sign bits in memory, the bytes of the best few hundred read from the database and compared. */
export class MeaningScan implements VectorScan {
  #bits: Uint32Array
  #ids = new Float64Array(BLOCK)
  #size = 0
  readonly #words: number
  readonly #read: (id: number) => QuantisedVector | null

  constructor(dimensions: number, read: (id: number) => QuantisedVector | null) {
    this.#words = Math.ceil(dimensions / 32)
    this.#bits = new Uint32Array(BLOCK * this.#words)
    this.#read = read
  }

  get size(): number {
    return this.#size
  }

  add(id: number, vector: QuantisedVector): void {
    this.addBits(id, signBits(vector.ints))
  }

  addBits(id: number, bits: Uint32Array): void {
    if (this.#size >= this.#ids.length) this.#grow()
    this.#ids[this.#size] = id
    this.#bits.set(bits, this.#size * this.#words)
    this.#size += 1
  }

  nearest(query: Float32Array, count: number): Scored[] {
    const near = new BestOf(Math.max(LEAST_PREFILTERED, count * PREFILTERED))
    const bits = signBits(query)
    for (let at = 0; at < this.#size; at += 1) near.offer(at, -differing(bits, this.#bits, at * this.#words))
    const best = new BestOf(count)
    const asked = quantised(query)
    for (const { id: at } of near.sorted()) {
      const id = this.#ids[at] ?? 0
      const vector = this.#read(id)
      if (vector !== null) best.offer(id, cosine(asked, vector))
    }
    return best.sorted()
  }

  #grow(): void {
    const ids = new Float64Array(this.#ids.length * 2)
    ids.set(this.#ids)
    this.#ids = ids
    const bits = new Uint32Array(this.#bits.length * 2)
    bits.set(this.#bits)
    this.#bits = bits
  }
}

function differing(asked: Uint32Array, all: Uint32Array, from: number): number {
  let count = 0
  for (let at = 0; at < asked.length; at += 1) {
    let word = (asked[at] as number) ^ (all[from + at] as number)
    word -= (word >>> 1) & 0x55555555
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  return count
}
