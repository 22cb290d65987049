/** Quantiles by nearest rank: `p99` of 100 samples is the 99th in order, so no figure is better than one that was seen. */
export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export type Figure = 'p50' | 'p95' | 'p99' | 'max' | 'mean' | 'rate' | 'ratio'

export interface Peer {
  readonly name: string
  /** The same figure of the same work, in the same run and unit. Null: not there; the note says what is missing. */
  readonly value: number | null
  readonly spread?: Spread
  readonly note?: string
}

/** One figure of a benchmark, with what it is judged by. */
export interface Measurement {
  readonly name: string
  readonly unit: 'ms' | 'frames/s' | 'KiB' | 'x'
  readonly figure: Figure
  readonly value: number
  readonly spread?: Spread
  /** From the product's gates. Null where there is none: the figure is shown beside its peers alone. */
  readonly gate: { readonly limit: number; readonly is: 'at most' | 'at least' } | null
  readonly peers: readonly Peer[]
  readonly note?: string
}

export type Benchmark = () => Promise<Measurement[]>

/** Below 1 in a quick run, which only shows that the benchmarks work: its figures mean nothing. */
const SCALE = Number(process.env['KEYFRAME_BENCH_SCALE'] ?? '1')

/** So many, or fewer in a quick run. */
export function scaled(count: number, least = 3): number {
  return Math.max(Math.min(count, least), Math.round(count * SCALE))
}

export class Samples {
  readonly #values: number[] = []

  add(value: number): void {
    this.#values.push(value)
  }

  /** Milliseconds that the work took. */
  async time<T>(work: () => T | Promise<T>): Promise<T> {
    const startedAt = performance.now()
    const result = await work()
    this.add(performance.now() - startedAt)
    return result
  }

  get spread(): Spread {
    const sorted = this.#values.toSorted((a, b) => a - b)
    const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
    return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) }
  }
}

interface Judged {
  readonly gateMs?: number
  readonly peers?: readonly { readonly name: string; readonly samples: Samples; readonly note?: string }[]
  readonly note?: string
}

/** The figure of some durations, its peers judged by the same figure. */
export function durations(name: string, figure: 'p50' | 'p95' | 'p99' | 'max', samples: Samples, judged: Judged = {}): Measurement {
  const spread = samples.spread
  return {
    name,
    unit: 'ms',
    figure,
    value: spread[figure],
    spread,
    gate: judged.gateMs === undefined ? null : { limit: judged.gateMs, is: 'at most' },
    peers: (judged.peers ?? []).map((peer) => {
      const other = peer.samples.spread
      return { name: peer.name, value: other[figure], spread: other, ...(peer.note === undefined ? {} : { note: peer.note }) }
    }),
    ...(judged.note === undefined ? {} : { note: judged.note }),
  }
}
