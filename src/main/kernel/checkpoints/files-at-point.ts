import { KeyframeError } from '../../../shared/failure'
import type { BranchId, ContentHash } from '../../../shared/ids'
import type { FilesAtPoint } from '../memory/points'
import type { Base, FileStore } from './files'

/** The files of a branch of a run at one of its checkpoints, as the index asks for them. `manifest` null: those of the base. */
export function filesAtPoint(
  files: FileStore,
  base: Base,
  branch: { readonly runId: string; readonly branchId: BranchId },
  manifest: ContentHash | null,
): FilesAtPoint {
  const at = files.at(base, manifest)
  return {
    layer: `${branch.runId}/${branch.branchId}`,
    state: `${base.id}/${manifest ?? ''}`,
    baseFiles: () => files.at(base, null).hashes(),
    changes: () => at.changes(),
    read: async (path) => {
      try {
        return await at.readBytes(path)
      } catch (thrown) {
        if (thrown instanceof KeyframeError && thrown.code === 'files.not-found') return null
        throw thrown
      }
    },
  }
}
