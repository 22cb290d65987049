import type { FileVersion, TreeEntry } from '../../../shared/files'
import { type Loaded, useKernelQuery, usePoint, useWindow } from '../../app/window-context'
import type { Point } from '../../app/window-model'
import { filesKey, readFileAt, readTreeAt } from './point-files'

type Reloadable<T> = Loaded<T> & { reload(): void }

/** The selected point with the key of its files; the key stays the same from frame to frame while no file changes. */
export function useFilesPoint(): { readonly point: Point; readonly key: string } | null {
  const model = useWindow()
  const point = usePoint()
  return point === null ? null : { point, key: filesKey(model, point) }
}

export function useTree(): Reloadable<readonly TreeEntry[]> {
  const at = useFilesPoint()
  return useKernelQuery(at?.key ?? null, (link) => (at === null ? Promise.resolve([]) : readTreeAt(link, at.point, at.key)))
}

export interface FileAtKey {
  readonly key: string
  readonly file: FileVersion
}

/** The file as of the selected frame, with the key of the files that it was read for. */
export function useFile(path: string | null): Reloadable<FileAtKey> {
  const at = useFilesPoint()
  const key = at === null || path === null ? null : `${at.key} ${path}`
  return useKernelQuery(key, async (link) => {
    if (at === null || path === null) throw new RangeError('asked for no file')
    return { key: at.key, file: await readFileAt(link, at.point, at.key, path) }
  })
}
