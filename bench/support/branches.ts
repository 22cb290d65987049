import { join } from 'node:path'
import type { Base } from '../../src/main/kernel/checkpoints/files'
import { createFileStore, type WorkspaceFileStore } from '../../src/main/kernel/checkpoints/file-store'
import { MemoryFolder } from '../../src/main/kernel/checkpoints/memory-folder'
import type { Journal } from '../../src/main/kernel/journal/journal'
import { createRedactor } from '../../src/main/kernel/journal/redaction'
import { hashBytes } from '../../src/main/kernel/journal/sqlite-content-store'
import { openJournal } from '../../src/main/kernel/journal/sqlite-journal'
import { guestOwner } from '../../src/main/kernel/tools/sandboxes/guest-owner'
import { createOverlayProvider } from '../../src/main/kernel/tools/sandboxes/overlay-sandbox'
import { DEFAULT_LIMITS, type Sandbox, type SandboxSpec } from '../../src/main/kernel/tools/sandboxes/sandbox'
import type { CheckpointRef } from '../../src/shared/frames'
import { type ContentHash, MAIN_BRANCH, RunId } from '../../src/shared/ids'
import { freshFolder } from './bench-folder'

export const RUN = RunId.parse('r0000000001')
const COMMAND_TIMEOUT_MS = 120_000

/** What a kernel has for the files of one workspace, on a data folder of its own. */
export interface Workspace {
  readonly dataDir: string
  readonly journal: Journal
  readonly files: WorkspaceFileStore
  readonly base: Base
  /** A sandbox on the base, or on a layer that was made of a manifest. */
  open(branch: string, layerDir?: string | null, spec?: Partial<SandboxSpec>): Promise<Sandbox>
  close(): Promise<void>
}

export async function openWorkspace(name: string, root: string): Promise<Workspace> {
  const dataDir = freshFolder(name)
  const journal = openJournal({ dataDir, redactor: createRedactor() })
  const memoryFolder = MemoryFolder.open()
  const files = createFileStore({ root, dataDir, content: journal.content, owner: guestOwner(), nodePath: process.execPath, memoryFolder })
  const base = await files.freezeBase({})
  const provider = createOverlayProvider({ nodePath: process.execPath })
  return {
    dataDir,
    journal,
    files,
    base,
    open: (branch, layerDir = null, spec = {}) =>
      provider.open({
        dir: join(dataDir, 'runs', branch),
        baseDir: base.dir,
        layerDir,
        dependencies: base.dependencies,
        binds: [],
        limits: DEFAULT_LIMITS,
        ...spec,
      }),
    close: async () => {
      await memoryFolder?.dispose()
      journal.close()
    },
  }
}

/** Adds a line to each file, by a shell in the sandbox. */
export async function changeInside(sandbox: Sandbox, paths: readonly string[], round: number): Promise<void> {
  const script = `while IFS= read -r path; do printf '// round ${round} of %s\\n' "$path" >> "$path"; done`
  const result = await sandbox.run({ argv: ['bash', '-c', script] }, { timeoutMs: COMMAND_TIMEOUT_MS, stdin: `${paths.join('\n')}\n` })
  if (result.exitCode !== 0) throw new Error(`the files could not be changed: ${result.stderr}`)
}

export async function runTrue(sandbox: Sandbox): Promise<void> {
  const result = await sandbox.run({ argv: ['true'] }, { timeoutMs: COMMAND_TIMEOUT_MS })
  if (result.exitCode !== 0) throw new Error(`true failed: ${result.stderr}`)
}

/** A frame with a checkpoint, as a branch's recorder writes it. */
export function appendCheckpoint(journal: Journal, manifest: ContentHash | null, round: number): void {
  const checkpoint: CheckpointRef = { manifest, state: hashBytes(`state ${round}`), shell: null, memoryVersion: 0, reason: 'bench' }
  const payload = { reason: 'bench', name: null }
  journal.append(RUN, [{ branchId: MAIN_BRANCH, kind: 'checkpoint', atMs: round, cause: null, key: null, payload, checkpoint }])
}
