import ElkApi from 'elkjs/lib/elk-api'
import elkWorker from 'elkjs/lib/elk-worker.min.js?url'
import { KeyframeError } from '../../../shared/failure'
import type { GraphNode } from '../../../shared/graph'
import { layoutInput, type Place, placesOf } from './layout-input'
import type { EdgeBundle } from './merge-results'

/** Lays graphs out in a worker, one at a time: a newer request ends the one that is under way. */
export class GraphLayout {
  #elk: InstanceType<typeof ElkApi> | null = null
  #worker: Worker | null = null
  #busy: (() => void) | null = null

  /** Throws `cancelled` when another request or `dispose` came first, `graph.layout` when the graph cannot be laid out. */
  async run(nodes: readonly GraphNode[], bundles: readonly EdgeBundle[]): Promise<Map<string, Place>> {
    if (this.#busy !== null) this.dispose()
    if (nodes.length === 0) return new Map()
    const elk = this.#start()
    const cancelled = new Promise<never>((_resolve, reject) => {
      this.#busy = () => reject(new KeyframeError({ code: 'cancelled', message: 'Cancelled.', retryable: true }))
    })
    try {
      return placesOf(await Promise.race([elk.layout(layoutInput(nodes, bundles)), cancelled]))
    } catch (thrown) {
      if (thrown instanceof KeyframeError) throw thrown
      throw new KeyframeError(
        { code: 'graph.layout', message: `The graph could not be drawn: ${textOf(thrown)}`, action: 'Show it as a table.' },
        { cause: thrown },
      )
    } finally {
      if (this.#elk === elk) this.#busy = null
    }
  }

  dispose(): void {
    this.#worker?.terminate()
    this.#worker = null
    this.#elk = null
    this.#busy?.()
    this.#busy = null
  }

  #start(): InstanceType<typeof ElkApi> {
    this.#elk ??= new ElkApi({
      workerFactory: () => {
        this.#worker = new Worker(elkWorker)
        return this.#worker
      },
    })
    return this.#elk
  }
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
