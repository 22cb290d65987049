import { type MessagePort, Worker } from 'node:worker_threads'

/** Node strips types but wants endings on imports; sources are written for a bundler. What a thread loads must be erasable: no parameter properties, no enums. */
const FROM_SOURCE = `
import { registerHooks } from 'node:module'
import { workerData } from 'node:worker_threads'
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || context.parentURL?.includes('/node_modules/') || /\\.[a-z]+$/.test(specifier)) return next(specifier, context)
    return next(specifier + '.ts', context)
  },
})
await import(workerData.entry)
`

/** Starts a thread from its built file or from its source. */
export function startThread(entry: string, data: object, transferList: readonly MessagePort[] = []): Worker {
  const options = { workerData: { ...data, entry }, execArgv: [], transferList: [...transferList] }
  return entry.endsWith('.ts')
    ? new Worker(new URL(`data:text/javascript,${encodeURIComponent(FROM_SOURCE)}`), options)
    : new Worker(new URL(entry), options)
}
