import { statSync } from 'node:fs'
import { join } from 'node:path'
import { freshFolder } from './support/bench-folder'
import { appendCheckpoint, changeInside, openWorkspace } from './support/branches'
import { changeLive, generatedRepository, type GeneratedRepository, spreadOver, spreadOverPart } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { git } from './support/programs'

const REPOSITORIES = [2_000, 20_000]
const CHANGES = [
  { files: 10, rounds: 60, peerRounds: 10, gateMs: 50 },
  { files: 1000, rounds: 25, peerRounds: 5, gateMs: 150 },
]
const SCATTERED = { files: 1000, rounds: 20, gateMs: 150 }
const WARM_UP = 3
/** How much slower a checkpoint may be on a repository ten times as large and still count as independent of its size. */
const INDEPENDENT = 1.5
/** Storage of a checkpoint: at most so many times its new content, and so much more. */
const STORAGE_FACTOR = 2
const STORAGE_BYTES = 4096

/** Sandbox stopped, changed files captured into the content store, frame with checkpoint durable; for two sizes of repository. */
export default async function checkpoint(): Promise<Measurement[]> {
  const results: Measurement[] = []
  const medians = new Map<number, number[]>()
  for (const size of REPOSITORIES) {
    const repository = await generatedRepository(size)
    for (const { files, rounds, peerRounds, gateMs } of CHANGES) {
      const paths = spreadOverPart(repository.paths, scaled(files))
      const own = await checkpoints(repository, paths, scaled(rounds))
      const peers = await gitSnapshots(repository, paths, scaled(peerRounds, 2))
      medians.set(files, [...(medians.get(files) ?? []), own.samples.spread.p50])
      results.push(
        durations(`${files} changed files, repository of ${size / 1000}k files`, 'p95', own.samples, {
          gateMs,
          peers: [
            { name: 'git stash create', samples: peers.stash },
            { name: 'shadow git add and commit', samples: peers.shadow },
          ],
        }),
      )
      if (size === REPOSITORIES.at(-1)) results.push(storage(files, own))
    }
    if (size === REPOSITORIES.at(-1)) results.push(await scattered(repository))
  }
  for (const [files, [small = Number.NaN, large = Number.NaN]] of medians) {
    results.push({
      name: `${files} changed files: 20k files over 2k files, medians`,
      unit: 'x',
      figure: 'ratio',
      value: large / small,
      gate: { limit: INDEPENDENT, is: 'at most' },
      peers: [],
    })
  }
  return results
}

/** The dearest case: no two changed files in the same folder. */
async function scattered(repository: GeneratedRepository): Promise<Measurement> {
  const paths = spreadOver(repository.paths, scaled(SCATTERED.files))
  const { samples } = await checkpoints(repository, paths, scaled(SCATTERED.rounds))
  const name = `${SCATTERED.files} changed files in as many folders, repository of 20k files`
  return durations(name, 'p95', samples, { gateMs: SCATTERED.gateMs })
}

interface Checkpoints {
  readonly samples: Samples
  /** Of one checkpoint, on average: bytes of files that no earlier one had, and growth of the journal. */
  readonly newBytes: number
  readonly storedBytes: number
}

function storage(files: number, { newBytes, storedBytes }: Checkpoints): Measurement {
  return {
    name: `stored by a checkpoint of ${files} changed files`,
    unit: 'KiB',
    figure: 'mean',
    value: storedBytes / 1024,
    gate: { limit: (STORAGE_FACTOR * newBytes + STORAGE_BYTES) / 1024, is: 'at most' },
    peers: [],
    note: `new content ${(newBytes / 1024).toFixed(1)} KiB`,
  }
}

async function checkpoints(repository: GeneratedRepository, paths: readonly string[], rounds: number): Promise<Checkpoints> {
  const workspace = await openWorkspace('checkpoint', repository.root)
  const sandbox = await workspace.open('b0')
  const samples = new Samples()
  const journalFile = join(workspace.dataDir, 'journal.db')
  const emptyBytes = statSync(journalFile).size
  let newBytes = 0
  try {
    // Something that has to be stopped for the capture.
    const background = await sandbox.spawn({ argv: ['sleep', '600'] })
    const tracker = workspace.files.track(sandbox.upperDir, null, workspace.base)
    for (let round = -WARM_UP; round < rounds; round += 1) {
      await changeInside(sandbox, paths, round)
      const to = round < 0 ? new Samples() : samples
      const captured = await to.time(async () => {
        const capture = await sandbox.frozen(() => tracker.capture())
        appendCheckpoint(workspace.journal, capture.manifest, round)
        return capture
      })
      if (captured.changes.length !== paths.length) throw new Error(`${captured.changes.length} of ${paths.length} changes were captured`)
      for (const path of paths) newBytes += statSync(join(sandbox.upperDir, path)).size
    }
    background.kill()
    await background.exited
  } finally {
    await sandbox.dispose()
    await workspace.close()
  }
  // Closing has folded the write-ahead log into the file.
  const count = rounds + WARM_UP
  return { samples, newBytes: newBytes / count, storedBytes: (statSync(journalFile).size - emptyBytes) / count }
}

/** Git with its defaults: unlike a checkpoint, what it writes is not synced to the disk. */
async function gitSnapshots(
  repository: GeneratedRepository,
  paths: readonly string[],
  rounds: number,
): Promise<{ stash: Samples; shadow: Samples }> {
  const { root } = repository
  const shadow = { GIT_DIR: join(freshFolder('shadow'), 'git'), GIT_WORK_TREE: root }
  await git(root, ['init', '-q'], shadow)
  await git(root, ['add', '-A'], shadow)
  await git(root, ['commit', '-qm', 'start'], shadow)
  const samples = { stash: new Samples(), shadow: new Samples() }
  for (let round = -1; round < rounds; round += 1) {
    changeLive(root, paths, round)
    const to = round < 0 ? { stash: new Samples(), shadow: new Samples() } : samples
    const stashed = await to.stash.time(() => git(root, ['stash', 'create']))
    if (stashed === '') throw new Error('git stash saw no change')
    await to.shadow.time(async () => {
      await git(root, ['add', '-A'], shadow)
      await git(root, ['commit', '-qm', `round ${round}`], shadow)
    })
  }
  await git(root, ['checkout', '-q', '--', '.'])
  return samples
}
