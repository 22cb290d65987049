import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createRedactor } from '../src/main/kernel/journal/redaction'
import { openJournal } from '../src/main/kernel/journal/sqlite-journal'
import { canonicalJson } from '../src/shared/canonical-json'
import type { FramePayload } from '../src/shared/frames'
import { MAIN_BRANCH } from '../src/shared/ids'
import { freshFolder } from './support/bench-folder'
import { RUN } from './support/branches'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { randomNumbers, someText } from './support/words'

const FRAMES = 4000
const WARM_UP = 200
const GATE_MS = 5

/** A tool's outcome whose canonical JSON is 1 KB. */
function outcomeOf(random: () => number): FramePayload<'tool.outcome'> {
  return {
    tool: 'shell.run',
    ok: true,
    output: { exitCode: 0 },
    text: someText(random, 850),
    sideEffects: { files: [], processes: [] },
    isolation: 'overlay',
    durationMs: 12,
  }
}

/** Append of one frame of 1 KB (validated, redacted, hashed, committed with fsync), frame by frame beside its peers. */
export default async function append(): Promise<Measurement[]> {
  const folder = freshFolder('append')
  const journal = openJournal({ dataDir: join(folder, 'data'), redactor: createRedactor() })
  const plain = new Database(join(folder, 'plain.db'))
  plain.pragma('journal_mode = WAL')
  plain.pragma('synchronous = FULL')
  plain.exec('CREATE TABLE frames (n INTEGER PRIMARY KEY, payload TEXT NOT NULL)')
  const insert = plain.prepare<[string]>('INSERT INTO frames (payload) VALUES (?)')
  const log = openSync(join(folder, 'plain.log'), 'a')
  const random = randomNumbers(1)
  const samples = { journal: new Samples(), sqlite: new Samples(), file: new Samples() }
  const frames = scaled(FRAMES)
  for (let at = -WARM_UP; at < frames; at += 1) {
    const payload = outcomeOf(random)
    const text = canonicalJson(payload)
    const to = at < 0 ? { journal: new Samples(), sqlite: new Samples(), file: new Samples() } : samples
    const draft = { branchId: MAIN_BRANCH, kind: 'tool.outcome', atMs: at, cause: null, key: null, payload, checkpoint: null } as const
    await to.journal.time(() => journal.append(RUN, [draft]))
    await to.sqlite.time(() => insert.run(text))
    await to.file.time(() => {
      writeSync(log, text)
      fdatasyncSync(log)
    })
  }
  const fault = journal.verify(RUN)
  if (fault !== null) throw new Error(`the chain broke at frame ${fault.frame}: ${fault.reason}`)
  closeSync(log)
  plain.close()
  journal.close()
  return [
    durations('one frame of 1 KB, durable', 'p99', samples.journal, {
      gateMs: GATE_MS,
      peers: [
        { name: 'SQLite insert, synchronous=FULL', samples: samples.sqlite },
        { name: 'write and fdatasync of a plain file', samples: samples.file },
      ],
    }),
  ]
}
