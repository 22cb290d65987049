import { useStore } from 'zustand'
import type { FileDiff } from '../../../shared/files'
import { MAIN_BRANCH } from '../../../shared/ids'
import { type Loaded, useKernelQuery, useRunFrames, useWindow } from '../../app/window-context'
import type { Point, WindowModel } from '../../app/window-model'
import { filesKey, readDiffAt, readFileAt } from './point-files'
import { useFilesPoint } from './use-files'

interface PointFiles {
  readonly point: Point
  readonly key: string
}

/** What the selected frame is compared with: the frame marked for comparison, else (null) the base of the run. */
export function useAgainst(): PointFiles | null {
  const model = useWindow()
  const { cache } = useRunFrames()
  const compareWith = useStore(model.selection, (state) => state.compareWith)
  const runId = useStore(model.selection, (state) => state.runId)
  const frame = compareWith === null ? undefined : cache.frame(compareWith)
  if (runId === null || frame === undefined) return null
  const point = { runId, branchId: frame.branchId, n: frame.n }
  return { point, key: filesKey(model, point) }
}

export function useDiffs(active: boolean): Loaded<readonly FileDiff[]> & { reload(): void } {
  const at = useFilesPoint()
  const against = useAgainst()
  const key = at === null || !active ? null : `${at.key} against ${against?.key ?? 'base'}`
  return useKernelQuery(key, (link) => (at === null ? Promise.resolve([]) : readDiffAt(link, at, against)))
}

export interface Sides {
  readonly diff: FileDiff
  readonly before: string
  readonly after: string
}

/** Both texts of a changed file; a side where it does not exist is empty. */
export function useSides(diff: FileDiff | null): Loaded<Sides> & { reload(): void } {
  const model = useWindow()
  const at = useFilesPoint()
  const against = useAgainst() ?? basePoint(model)
  const key = at === null || diff === null ? null : `${at.key} against ${against?.key ?? ''} ${diff.path}`
  return useKernelQuery(key, async (link) => {
    if (at === null || against === null || diff === null) throw new RangeError('asked for no file')
    const side = async (from: PointFiles, there: boolean): Promise<string> =>
      there ? ((await readFileAt(link, from.point, from.key, diff.path)).text ?? '') : ''
    const [before, after] = await Promise.all([side(against, diff.change !== 'created'), side(at, diff.change !== 'deleted')])
    return { diff, before, after }
  })
}

/** A run begins with its base, unchanged. */
function basePoint(model: WindowModel): PointFiles | null {
  const { runId } = model.selection.getState()
  if (runId === null) return null
  const point = { runId, branchId: MAIN_BRANCH, n: 1 }
  return { point, key: filesKey(model, point) }
}
