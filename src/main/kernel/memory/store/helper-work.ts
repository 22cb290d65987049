import type { Parsers } from '../code/grammar'
import { LIVE_LAYER } from './index-schema'
import { answered, type HelperAnswer, type HelperData, type HelperWork, SHARE, takeShare } from './helper-thread'
import { FactsCache } from './layer-files'
import { LayerLinker } from './layer-linker'
import { openForReading } from './memory-database'
import { FilePreparer, readAndPrepare, reasonOf } from './prepare-file'

/** What the second thread does with the lists that it is given, until its port is closed. */
export function helpIndexing({ port, root, databasePath }: HelperData['helper'], parsers: Parsers): void {
  const preparer = new FilePreparer(parsers)
  const say = (answer: HelperAnswer): void => port.postMessage(answer)
  port.on('message', (work: HelperWork) => {
    const places = new Int32Array(work.items)
    try {
      if (work.type === 'prepare') {
        for (let from = takeShare(places, work.files.length); from !== null; from = takeShare(places, work.files.length)) {
          say({ type: 'prepared', files: work.files.slice(from, from + SHARE).map((file) => readAndPrepare(root, file, preparer)) })
          answered(places)
        }
      } else {
        const database = openForReading(databasePath)
        const linker = new LayerLinker(root, database, { layer: LIVE_LAYER, baseVersion: null }, new FactsCache())
        linker.files.settled()
        for (let from = takeShare(places, work.paths.length); from !== null; from = takeShare(places, work.paths.length)) {
          say({ type: 'linked', files: work.paths.slice(from, from + SHARE).map((path) => ({ path, ...linker.link(path) })) })
          answered(places)
        }
        database.close()
      }
    } catch (thrown) {
      say({ type: 'failed', reason: reasonOf(thrown) })
      answered(places)
    }
  })
}
