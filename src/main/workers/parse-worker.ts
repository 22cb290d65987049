import { parentPort, workerData } from 'node:worker_threads'
import { Parsers } from '../kernel/memory/code/grammar'
import { LANGUAGES } from '../kernel/memory/code/languages'
import type { HelperData } from '../kernel/memory/store/helper-thread'
import { helpIndexing } from '../kernel/memory/store/helper-work'
import type { IndexWorkerData } from '../kernel/memory/store/index-messages'
import { serveIndex } from '../kernel/memory/store/serve-index'

/** Threads of the index: the one that writes it, and a second one that helps it with long passes. */
const data = workerData as IndexWorkerData | HelperData
const parsers = new Parsers()
if ('helper' in data) {
  const wanted = new Set(data.helper.languages)
  await parsers.load(LANGUAGES.filter((language) => wanted.has(language.id)))
  helpIndexing(data.helper, parsers)
} else if (parentPort !== null) serveIndex(data, parentPort, parsers)
else throw new Error('parse-worker runs as a worker thread only')
