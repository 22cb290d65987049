import type { EngineClient } from './engine-client'
import { ContainerList, VolumeList } from './engine-shapes'
import { isAliveMark, KERNEL_LABEL } from '../kernel-mark'

const filter = (filters: Record<string, string[]>): string => encodeURIComponent(JSON.stringify(filters))

/**
 * Removes the containers and volumes of kernels that are no more. A container ends with its kernel by itself; what stays is what the
 * engine had not removed when it was stopped itself. Returns how many were removed.
 */
export async function removeLeftovers(engine: EngineClient): Promise<number> {
  let removed = 0
  const isLeft = (labels: Readonly<Record<string, string>> | null): boolean => !isAliveMark(labels?.[KERNEL_LABEL] ?? '')
  for (const container of await engine.get(ContainerList, `/containers/json?all=1&filters=${filter({ label: [KERNEL_LABEL] })}`)) {
    if (isLeft(container.Labels) && (await remove(engine, `/containers/${container.Id}?force=1&v=1`))) removed += 1
  }
  const { Volumes } = await engine.get(VolumeList, `/volumes?filters=${filter({ label: [KERNEL_LABEL], dangling: ['true'] })}`)
  for (const volume of Volumes ?? []) {
    if (isLeft(volume.Labels) && (await remove(engine, `/volumes/${encodeURIComponent(volume.Name)}?force=1`))) removed += 1
  }
  return removed
}

/** Another kernel may do the same at the same time: gone, or going, is as good. */
async function remove(engine: EngineClient, path: string): Promise<boolean> {
  const { status } = await engine.send('DELETE', path)
  return status < 300
}
