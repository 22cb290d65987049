import { parentPort, workerData } from 'node:worker_threads'
import { Parsers } from '../kernel/memory/code/grammar'
import { LANGUAGES } from '../kernel/memory/code/languages'
import type { FromIndexWorker, IndexWorkerData, ToIndexWorker } from '../kernel/memory/store/index-messages'
import { IndexPass } from '../kernel/memory/store/index-pass'
import { DAMAGED, isDamage, moveAside, type OpenedDatabase, openForWriting } from '../kernel/memory/store/memory-database'

/** The indexing thread: reads, parses, links and writes, so that the kernel's own thread only asks. The only writer of the index. */
const { root, databasePath, stop } = workerData as IndexWorkerData
const stopping = new Int32Array(stop)
const port = parentPort
if (port === null) throw new Error('parse-worker runs as a worker thread only')
const say = (message: FromIndexWorker): void => port.postMessage(message)

const parsers = new Parsers()
await parsers.load(LANGUAGES)
let opened = openForWriting(databasePath)
let pass: IndexPass
try {
  pass = passOver(opened)
} catch (thrown) {
  if (!isDamage(thrown)) throw thrown
  opened.database.close()
  moveAside(databasePath)
  opened = { ...openForWriting(databasePath), rebuilt: DAMAGED }
  pass = passOver(opened)
}

function passOver({ database }: OpenedDatabase): IndexPass {
  return new IndexPass(root, database, parsers, {
    stopped: () => Atomics.load(stopping, 0) !== 0,
    onProgress: (filesDone, files) => say({ type: 'progress', filesDone, files }),
  })
}

port.on('message', (message: ToIndexWorker) => {
  if (message.type === 'end') {
    opened.database.close()
    port.close()
    return
  }
  try {
    const changed = message.type === 'reconcile' ? pass.reconcile(message.listed) : pass.changed(message.paths)
    say({ type: 'done', job: message.job, status: pass.status(), changed })
  } catch (thrown) {
    say({ type: 'failed', job: message.job, reason: thrown instanceof Error ? thrown.message : String(thrown), damaged: isDamage(thrown) })
  }
})
say({ type: 'ready', status: pass.status(), rebuilt: opened.rebuilt })
