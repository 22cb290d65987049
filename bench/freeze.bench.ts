import { join } from 'node:path'
import { createFileStore, type WorkspaceFileStore } from '../src/main/kernel/checkpoints/file-store'
import { createRedactor } from '../src/main/kernel/journal/redaction'
import { openJournal } from '../src/main/kernel/journal/sqlite-journal'
import { guestOwner } from '../src/main/kernel/tools/sandboxes/guest-owner'
import { freshFolder } from './support/bench-folder'
import { changeLive, generatedRepository, spreadOver } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { git, output } from './support/programs'

const REPOSITORY = 20_000
const COLD_ROUNDS = 3
const WARM_ROUNDS = 12
const SETTLED_MS = 100

/** The frozen copy of a repository of 20k files with which a run starts. Copies alternate with those of the peers. */
export default async function freeze(): Promise<Measurement[]> {
  const { root, paths } = await generatedRepository(REPOSITORY)
  const samples = {
    cold: new Samples(),
    copy: new Samples(),
    workTree: new Samples(),
    warm: new Samples(),
    changed: new Samples(),
    reopened: new Samples(),
  }
  for (let round = 0; round < scaled(COLD_ROUNDS, 1); round += 1) {
    const folder = freshFolder('freeze')
    const journal = openJournal({ dataDir: folder, redactor: createRedactor() })
    const store = (): WorkspaceFileStore =>
      createFileStore({ root, dataDir: folder, content: journal.content, owner: guestOwner(), nodePath: process.execPath })
    const files = store()
    await samples.cold.time(() => files.freezeBase({}))
    await samples.copy.time(() => output('cp', ['-a', root, join(folder, 'copy')]))
    await samples.workTree.time(() => git(root, ['worktree', 'add', '-q', '--detach', join(folder, 'work-tree')]))
    for (let again = 0; again < scaled(WARM_ROUNDS); again += 1) await samples.warm.time(() => files.freezeBase({}))
    changeLive(root, spreadOver(paths, 10), round)
    // Files that were written just now are never trusted to stay as they are, and would be copied again each time.
    await new Promise((resume) => setTimeout(resume, SETTLED_MS))
    await samples.changed.time(() => files.freezeBase({}))
    const reopened = store()
    await samples.reopened.time(() => reopened.freezeBase({}))
    journal.close()
  }
  await git(root, ['checkout', '-q', '--', '.'])
  const peers = [
    { name: 'cp -a', samples: samples.copy, note: 'with .git' },
    { name: 'git worktree add', samples: samples.workTree },
  ]
  return [
    durations('cold: listed, copied and hashed', 'p50', samples.cold, { peers }),
    durations('warm: nothing changed', 'p95', samples.warm),
    durations('after 10 files were saved', 'p50', samples.changed, { peers }),
    durations('warm, by a kernel that was just started', 'p50', samples.reopened),
  ]
}
