import { join } from 'node:path'
import { findAppRoot } from '../src/main/cli/app-root'
import { createRedactor } from '../src/main/kernel/journal/redaction'
import { openJournal } from '../src/main/kernel/journal/sqlite-journal'
import { type Kernel, openKernel } from '../src/main/kernel/kernel'
import { createSampleWorkspace } from '../src/main/kernel/workspace/sample-workspace'
import type { Caller } from '../src/shared/contract/service'
import type { RunId } from '../src/shared/ids'
import { freshFolder } from './support/bench-folder'
import { RUN } from './support/branches'
import { longRun } from './support/long-run'
import { type Measurement, Samples, scaled } from './support/measurement'

const FRAMES = 10_000
const BRANCHES = 20
const ROUNDS = 12
const GATE_PER_SECOND = 1000
const FRAMES_A_COMMIT = 100
const RUN_TIMEOUT_MS = 300_000
const TASK = 'rename symbol calculateInvoiceTotal to invoiceTotal'
const caller: Caller = { id: 'bench', signal: new AbortController().signal }

/** Frames a second when a chain is verified, and when a recorded run is replayed exactly and compared. */
export default async function replay(): Promise<Measurement[]> {
  return [await verifyChain(), await replaySample()]
}

async function verifyChain(): Promise<Measurement> {
  const journal = openJournal({ dataDir: join(freshFolder('replay'), 'data'), redactor: createRedactor() })
  const drafts = longRun(scaled(FRAMES, 500), BRANCHES)
  for (let from = 0; from < drafts.length; from += FRAMES_A_COMMIT) journal.append(RUN, drafts.slice(from, from + FRAMES_A_COMMIT))
  const samples = new Samples()
  const read = new Samples()
  for (let round = -2; round < scaled(ROUNDS); round += 1) {
    const fault = await (round < 0 ? new Samples() : samples).time(() => journal.verify(RUN))
    if (fault !== null) throw new Error(`frame ${fault.frame}: ${fault.reason}`)
    await (round < 0 ? new Samples() : read).time(() => journal.frames(RUN))
  }
  journal.close()
  return rate('verify the chain of a run of 10,000 frames', drafts.length, samples, {
    peers: [{ name: 'reading the same frames without verifying', value: perSecond(drafts.length, read) }],
  })
}

async function replaySample(): Promise<Measurement> {
  const folder = freshFolder('sample')
  const appRoot = findAppRoot()
  const root = join(folder, 'sample')
  await createSampleWorkspace(join(appRoot, 'resources/sample'), root)
  const home = join(folder, 'home')
  const kernel = await openKernel({ root, home, appRoot, nodePath: process.execPath, log: () => undefined })
  try {
    const runId = await recordRun(kernel)
    const samples = new Samples()
    let frames = 0
    for (let round = -2; round < scaled(ROUNDS); round += 1) {
      const report = await (round < 0 ? new Samples() : samples).time(() => kernel.call('replay.run', { runId, mode: 'exact' }, caller))
      if (!report.ok) throw new Error(`the replay diverged: ${JSON.stringify(report.divergence)}`)
      frames = report.framesChecked
    }
    return rate('exact replay of a recorded rename in the sample workspace', frames, samples, {
      note: `${frames} computed frames, state root identical`,
    })
  } finally {
    await kernel.close()
  }
}

async function recordRun(kernel: Kernel): Promise<RunId> {
  const { runId } = await kernel.call('runs.start', { agent: 'refactorer', task: TASK, approval: 'yes' }, caller)
  const until = Date.now() + RUN_TIMEOUT_MS
  for (;;) {
    const run = await kernel.call('runs.get', { runId }, caller)
    if (run.state === 'completed') return runId
    if (run.state === 'failed' || run.state === 'cancelled' || Date.now() > until) throw new Error(`the sample run is ${run.state}`)
    await new Promise((resume) => setTimeout(resume, 100))
  }
}

function rate(name: string, frames: number, samples: Samples, rest: Partial<Pick<Measurement, 'peers' | 'note'>>): Measurement {
  return {
    name,
    unit: 'frames/s',
    figure: 'rate',
    value: perSecond(frames, samples),
    gate: { limit: GATE_PER_SECOND, is: 'at least' },
    peers: [],
    ...rest,
  }
}

/** By the slow end of the rounds. */
function perSecond(frames: number, samples: Samples): number {
  return frames / (samples.spread.p95 / 1000)
}
