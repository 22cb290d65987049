import { parentPort, workerData } from 'node:worker_threads'
import { Parsers } from '../kernel/memory/code/grammar'
import { LANGUAGES } from '../kernel/memory/code/languages'
import { BranchPass } from '../kernel/memory/store/branch-pass'
import { RowCollector } from '../kernel/memory/store/collect-rows'
import type { FromIndexWorker, IndexJob, IndexJobs, IndexWorkerData, ToIndexWorker } from '../kernel/memory/store/index-messages'
import { IndexPass, type IndexParts, indexParts } from '../kernel/memory/store/index-pass'
import { REPOSITORY_FILE } from '../kernel/memory/store/index-schema'
import { DAMAGED, isDamage, moveAside, type OpenedDatabase, openForWriting } from '../kernel/memory/store/memory-database'
import { RepositoryPass } from '../kernel/memory/store/repository-pass'

/** The indexing thread: reads, parses, links and writes, so that the kernel's own thread only asks. The only writer of the index. */
const { root, databasePath, stop } = workerData as IndexWorkerData
const stopping = new Int32Array(stop)
const life = new AbortController()
const port = parentPort
if (port === null) throw new Error('parse-worker runs as a worker thread only')
const say = (message: FromIndexWorker): void => port.postMessage(message)

const parsers = new Parsers()
await parsers.load(LANGUAGES)

interface Opened {
  readonly database: OpenedDatabase['database']
  readonly rebuilt: string | null
  readonly parts: IndexParts
  readonly pass: IndexPass
  readonly repository: RepositoryPass
  readonly collector: RowCollector
}

function passOver({ database, rebuilt }: OpenedDatabase): Opened {
  const parts = indexParts(root, database, parsers, {
    stopped: () => Atomics.load(stopping, 0) !== 0,
    onProgress: (filesDone, files) => say({ type: 'progress', filesDone, files }),
  })
  const pass = new IndexPass(parts)
  return {
    ...{ database, rebuilt, parts, pass },
    repository: new RepositoryPass(root, parts.meta, pass),
    collector: new RowCollector(database),
  }
}

function open(): Opened {
  const first = openForWriting(databasePath)
  try {
    return passOver(first)
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown
    first.database.close()
    moveAside(databasePath)
    return passOver({ ...openForWriting(databasePath), rebuilt: DAMAGED })
  }
}

// Nothing is made for a memory that was closed before its thread was ready.
if (Atomics.load(stopping, 0) !== 0) process.exit(0)
const opened = open()
const { pass, parts, collector } = opened
let branch: BranchPass | null = null
let collecting: NodeJS.Immediate | null = null

function steps(): BranchPass {
  if (branch === null) throw new Error('no state of a branch is open')
  return branch
}

const indexed = (changed: boolean) => ({ status: pass.status(), changed })
const jobs: { readonly [Job in IndexJob]: (ask: IndexJobs[Job]['ask']) => IndexJobs[Job]['answer'] | Promise<IndexJobs[Job]['answer']> } = {
  reconcile: ({ listed }) => indexed(pass.reconcile(listed)),
  changed: ({ paths }) => indexed(pass.changed(paths)),
  repository: async () => {
    const paths = [...parts.live.files().keys()].filter((path) => path !== REPOSITORY_FILE)
    return indexed(await opened.repository.run(paths, life.signal, (background) => say({ type: 'background', background })))
  },
  'branch-open': ({ layer, state }) => {
    branch = new BranchPass(parts, (path) => pass.marks(path), layer, state)
    return branch.open()
  },
  'branch-base': ({ entries }) => {
    steps().addBase(entries)
    return null
  },
  'branch-changes': ({ entries }) => {
    steps().addChanges(entries)
    return null
  },
  'branch-plan': () => steps().plan(),
  'branch-content': ({ files }) => {
    steps().addContent(files)
    return null
  },
  'branch-finish': () => {
    const finished = steps().finish()
    branch = null
    return { ...finished, status: pass.status() }
  },
}

/** Jobs come between the slices. */
function collect(): void {
  collecting = null
  if (Atomics.load(stopping, 0) !== 0 || !opened.database.open) return
  try {
    if (collector.slice(parts.meta.live)) collecting = setImmediate(collect)
  } catch (thrown) {
    // What is full or damaged is told by the next job that needs it; what could be collected stays until then.
    if (!(thrown instanceof Error && thrown.name === 'SqliteError')) throw thrown
  }
}

async function work<Job extends IndexJob>(job: Job, id: number, ask: IndexJobs[Job]['ask']): Promise<void> {
  try {
    say({ type: 'done', job: id, answer: await jobs[job](ask) })
    collector.restart()
    collecting ??= setImmediate(collect)
  } catch (thrown) {
    // What was rolled back gave numbers and counted rows.
    if (opened.database.open) {
      parts.nodes.forget()
      if (!isDamage(thrown)) parts.live.recount()
    }
    say({ type: 'failed', job: id, reason: thrown instanceof Error ? thrown.message : String(thrown), damaged: isDamage(thrown) })
  }
}

port.on('message', (message: ToIndexWorker) => {
  if (message.type === 'end') {
    life.abort()
    if (collecting !== null) clearImmediate(collecting)
    opened.database.close()
    port.close()
    return
  }
  const { type, job, ...ask } = message
  void work(type, job, ask as IndexJobs[typeof type]['ask'])
})
say({ type: 'ready', status: pass.status(), live: parts.meta.live, rebuilt: opened.rebuilt })
