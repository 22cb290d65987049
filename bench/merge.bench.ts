import { join } from 'node:path'
import { removeTree } from '../src/main/kernel/checkpoints/remove-tree'
import { freshFolder } from './support/bench-folder'
import { changeInside, openWorkspace } from './support/branches'
import { changeLive, generatedRepository, spreadOverPart } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { git } from './support/programs'

const REPOSITORY = 20_000
const CHANGED = 1000
const ROUNDS = 8

/** A branch's changes into the live repository, with pre-images kept until they are durable, beside git doing it from a commit. */
export default async function merge(): Promise<Measurement[]> {
  const repository = await generatedRepository(REPOSITORY)
  const { root } = repository
  const workspace = await openWorkspace('merge', root)
  const paths = spreadOverPart(repository.paths, scaled(CHANGED))
  const merges = new Samples()
  const plans = new Samples()
  const peer = new Samples()
  try {
    const sandbox = await workspace.open('origin')
    const tracker = workspace.files.track(sandbox.upperDir, null, workspace.base)
    await changeInside(sandbox, paths, 0)
    const { manifest } = await sandbox.frozen(() => tracker.capture())
    await sandbox.dispose()
    changeLive(root, paths, 0)
    const commit = await git(root, ['stash', 'create'])
    await restore(root)
    for (let round = -1; round < scaled(ROUNDS, 2); round += 1) {
      const [plan, apply, bare] = round < 0 ? [new Samples(), new Samples(), new Samples()] : [plans, merges, peer]
      await plan.time(() => workspace.files.previewMerge(workspace.base, manifest))
      const journalDir = join(freshFolder('pre-images'), 'merge')
      const outcome = await apply.time(() => workspace.files.merge(workspace.base, manifest, null, [], journalDir))
      if (outcome.applied.length !== paths.length) throw new Error(`${outcome.applied.length} of ${paths.length} files were merged`)
      await removeTree(journalDir)
      await restore(root)
      await bare.time(() => git(root, ['merge', '--squash', '-q', commit]))
      await restore(root)
    }
  } finally {
    await workspace.close()
  }
  const peers = [{ name: 'git merge --squash', samples: peer }]
  return [
    durations(`merge of ${CHANGED} changed files into a repository of 20k files`, 'p95', merges, { peers }),
    durations('its preview, with every difference', 'p95', plans),
  ]
}

async function restore(root: string): Promise<void> {
  await git(root, ['reset', '-q', '--hard'])
}
