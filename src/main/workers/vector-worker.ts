import { parentPort, workerData } from 'node:worker_threads'
import { VectorEngine } from '../kernel/memory/retrieval/vectors/vector-engine'
import type { FromVectorWorker, ToVectorWorker, VectorWorkerData } from '../kernel/memory/retrieval/vectors/vector-messages'
import { toFailure } from '../../shared/failure'

/** The thread of the vectors: asks providers, stores, compares. The only one that has `vectors.db` open. */
const port = parentPort
if (port === null) throw new Error('vector-worker runs as a worker thread only')
const say = (message: FromVectorWorker): void => port.postMessage(message)
const engine = new VectorEngine(workerData as VectorWorkerData, { onStatus: (status) => say({ type: 'status', status }) })
const running = new Map<number, AbortController>()

/** One provider after the other, so that the last one that was asked for is the one that stays. */
let configuring: Promise<unknown> = Promise.resolve()

port.on('message', (message: ToVectorWorker) => {
  if (message.type === 'end') void end()
  else if (message.type === 'changed') engine.changed()
  else if (message.type === 'cancel') running.get(message.job)?.abort()
  else void answer(message)
})

async function answer(message: Extract<ToVectorWorker, { type: 'configure' | 'try' | 'nearest' }>): Promise<void> {
  const { job } = message
  const stop = new AbortController()
  running.set(job, stop)
  try {
    if (message.type === 'nearest') {
      // A query that came while a provider is being tried is answered by it.
      await configuring
      say({ type: 'nearest', job, answer: await engine.nearest(message.query, message.count, stop.signal) })
    } else if (message.type === 'try') {
      say({ type: 'configured', job, status: await engine.try(message.settings, stop.signal) })
    } else {
      const configured = configuring.then(() => engine.configure(message.settings, stop.signal))
      configuring = configured.catch(() => undefined)
      say({ type: 'configured', job, status: await configured })
    }
  } catch (thrown) {
    say({ type: 'failed', job, failure: toFailure(thrown) })
  } finally {
    running.delete(job)
  }
}

async function end(): Promise<void> {
  for (const stop of running.values()) stop.abort()
  await engine.dispose()
  port?.close()
}
