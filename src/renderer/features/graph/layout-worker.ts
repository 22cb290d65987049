import ElkApi from 'elkjs/lib/elk-api'
import elkWorker from 'elkjs/lib/elk-worker.min.js?url'
import { KeyframeError } from '../../../shared/failure'
import type { GraphNode } from '../../../shared/graph'
import { layoutInput, nodeSize, type Place, placesOf } from './layout-input'
import type { EdgeBundle } from './merge-results'

/** A full layout of more than this takes longer than anybody waits for. */
const FULL_UP_TO = 900
const FULL_LIMIT_MS = 4_000

export interface Layout {
  readonly places: ReadonlyMap<string, Place>
  /** The full layout took too long, or would have. */
  readonly quick: boolean
}

/** Lays graphs out in workers, one at a time: a newer request ends the one that is under way. */
export class GraphLayout {
  #elk: InstanceType<typeof ElkApi> | null = null
  #worker: Worker | null = null
  #busy: (() => void) | null = null

  /** Throws `cancelled` when another request or `dispose` came first, `graph.layout` when the graph cannot be laid out. */
  async run(nodes: readonly GraphNode[], bundles: readonly EdgeBundle[]): Promise<Layout> {
    if (this.#busy !== null) this.dispose()
    if (nodes.length === 0) return { places: new Map(), quick: false }
    let cancel = (): void => undefined
    const cancelled = new Promise<never>((_resolve, reject) => {
      cancel = () => reject(new KeyframeError({ code: 'cancelled', message: 'Cancelled.', retryable: true }))
    })
    this.#busy = cancel
    try {
      if (nodes.length + bundles.length <= FULL_UP_TO) {
        const places = await Promise.race([this.#full(nodes, bundles), cancelled])
        if (places !== null) return { places, quick: false }
        this.#end()
      }
      return { places: await Promise.race([this.#quick(nodes, bundles), cancelled]), quick: true }
    } catch (thrown) {
      if (thrown instanceof KeyframeError) throw thrown
      throw new KeyframeError(
        { code: 'graph.layout', message: `The graph could not be drawn: ${textOf(thrown)}`, action: 'Show it as a table.' },
        { cause: thrown },
      )
    } finally {
      if (this.#busy === cancel) this.#busy = null
    }
  }

  dispose(): void {
    this.#end()
    this.#busy?.()
    this.#busy = null
  }

  #end(): void {
    this.#worker?.terminate()
    this.#worker = null
    this.#elk = null
  }

  /** Null when it takes too long. */
  async #full(nodes: readonly GraphNode[], bundles: readonly EdgeBundle[]): Promise<Map<string, Place> | null> {
    this.#elk ??= new ElkApi({
      workerFactory: () => {
        this.#worker = new Worker(elkWorker)
        return this.#worker
      },
    })
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), FULL_LIMIT_MS)
    })
    const root = await Promise.race([this.#elk.layout(layoutInput(nodes, bundles)), late])
    clearTimeout(timer)
    return root === null ? null : placesOf(root)
  }

  #quick(nodes: readonly GraphNode[], bundles: readonly EdgeBundle[]): Promise<Map<string, Place>> {
    this.#end()
    const worker = new Worker(new URL('./quick-layout-worker.ts', import.meta.url), { type: 'module' })
    this.#worker = worker
    const numbers = new Map(nodes.map((node, index) => [node.id, index]))
    const edges = bundles.flatMap(({ from, to }): [number, number][] => {
      const [a, b] = [numbers.get(from), numbers.get(to)]
      return a === undefined || b === undefined ? [] : [[a, b]]
    })
    return new Promise((resolve, reject) => {
      worker.addEventListener('message', (event: MessageEvent<Map<string, Place>>) => {
        worker.terminate()
        resolve(event.data)
      })
      worker.addEventListener('error', (event) => reject(new Error(event.message)))
      worker.postMessage({ nodes: nodes.map((node) => ({ id: node.id, ...nodeSize(node) })), edges })
    })
  }
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
