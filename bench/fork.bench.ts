import { join } from 'node:path'
import type { ContentHash } from '../src/shared/ids'
import { freshFolder } from './support/bench-folder'
import { changeInside, openWorkspace, runTrue, type Workspace } from './support/branches'
import { changeLive, generatedRepository, type GeneratedRepository, spreadOverPart } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { bareCommand, git } from './support/programs'

const REPOSITORY = 20_000
const CHANGES = [
  { files: 10, gateMs: 100 },
  { files: 1000, gateMs: 250 },
]
const ROUNDS = 25
const PARALLEL = 8
const PARALLEL_ROUNDS = 5
const PEER_ROUNDS = 3

/** From a checkpoint to the end of the first command in a new sandbox of it. */
export default async function fork(): Promise<Measurement[]> {
  const repository = await generatedRepository(REPOSITORY)
  const workspace = await openWorkspace('fork', repository.root)
  const results: Measurement[] = []
  try {
    for (const { files, gateMs } of CHANGES) {
      const paths = spreadOverPart(repository.paths, scaled(files))
      const manifest = await checkpointOf(workspace, paths, files)
      const first = new Samples()
      const further = new Samples()
      const together = new Samples()
      for (let round = -1; round < scaled(ROUNDS); round += 1) {
        await workspace.files.collect(new Set())
        await forks(workspace, manifest, 1, round < 0 ? new Samples() : first)
        await forks(workspace, manifest, 1, round < 0 ? new Samples() : further)
      }
      for (let round = 0; round < scaled(PARALLEL_ROUNDS, 2); round += 1) {
        await workspace.files.collect(new Set())
        await forks(workspace, manifest, PARALLEL, together)
      }
      const peer = await workTrees(repository, paths, scaled(PEER_ROUNDS, 1))
      const peers = [{ name: 'git worktree add', samples: peer }]
      results.push(durations(`first fork of a checkpoint of ${files} changed files`, 'p95', first, { gateMs, peers }))
      results.push(durations(`further fork, ${files} changed files`, 'p95', further, { gateMs, peers }))
      results.push(durations(`${PARALLEL} forks at once, ${files} changed files, until the last has run`, 'p95', together))
    }
  } finally {
    await workspace.close()
  }
  return results
}

async function checkpointOf(workspace: Workspace, paths: readonly string[], name: number): Promise<ContentHash> {
  const sandbox = await workspace.open(`origin-${name}`)
  try {
    const tracker = workspace.files.track(sandbox.upperDir, null, workspace.base)
    await changeInside(sandbox, paths, 0)
    const { manifest } = await sandbox.frozen(() => tracker.capture())
    if (manifest === null) throw new Error('no change was captured')
    return manifest
  } finally {
    await sandbox.dispose()
  }
}

let opened = 0

async function forks(workspace: Workspace, manifest: ContentHash, count: number, samples: Samples): Promise<void> {
  const sandboxes = await samples.time(() =>
    Promise.all(
      Array.from({ length: count }, async () => {
        opened += 1
        const branch = `fork-${opened}`
        const sandbox = await workspace.open(branch, await workspace.files.materialise(manifest))
        await runTrue(sandbox)
        return sandbox
      }),
    ),
  )
  await Promise.all(sandboxes.map((sandbox) => sandbox.dispose()))
}

/** The same files in another folder, and the same command there: what tools do that keep one work tree an agent. */
async function workTrees(repository: GeneratedRepository, paths: readonly string[], rounds: number): Promise<Samples> {
  const { root } = repository
  const samples = new Samples()
  changeLive(root, paths, 0)
  const commit = await git(root, ['stash', 'create'])
  await git(root, ['checkout', '-q', '--', '.'])
  for (let round = 0; round < rounds; round += 1) {
    const tree = join(freshFolder('worktree'), 'tree')
    await samples.time(async () => {
      await git(root, ['worktree', 'add', '-q', '--detach', tree, commit])
      await bareCommand('true', [], tree)
    })
  }
  return samples
}
