import { rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { mustDropRoot } from '../guest-owner'
import type { EngineClient } from './engine-client'
import { Created } from './engine-shapes'
import { KERNEL_LABEL, kernelMark } from '../kernel-mark'

/**
 * Takes away what overlayfs leaves below its work folders: a folder without any permission, which belongs to whoever mounted, and
 * that is the engine's root; in it at times a whiteout for later use. An ordinary user cannot look into it, but may delete it when
 * it is empty. Overlayfs empties it whenever it mounts, and the engine mounts a container's volumes to look at a path: no program
 * of the image runs.
 */
export async function removeWorkFolders(
  engine: EngineClient,
  options: { imageId: string; volumes: readonly Readonly<Record<string, unknown>>[]; workDirs: readonly string[] },
): Promise<void> {
  // Root deletes them with the branch's folder.
  if (mustDropRoot()) return
  const { Id: id } = await engine.post(Created, '/containers/create', {
    Image: options.imageId,
    Entrypoint: ['/never-started'],
    Labels: { [KERNEL_LABEL]: kernelMark() },
    NetworkDisabled: true,
    HostConfig: { NetworkMode: 'none', Mounts: options.volumes },
  })
  try {
    await engine.send('HEAD', `/containers/${id}/archive?path=/`)
  } finally {
    await engine.call('DELETE', `/containers/${id}?force=1&v=1`)
  }
  for (const workDir of options.workDirs) {
    try {
      rmdirSync(join(workDir, 'work'))
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    }
  }
}
