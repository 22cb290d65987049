import type { Uri } from 'monaco-editor'
import type { WindowModel } from '../../../app/window-model'
import { askedPlace } from '../active-editor'
import { pathOfGuestPath } from '../workspace-uri'

/** Where the editor library wants another file shown (definition, reference): a tab of the window is opened for it. */
export function openFromEditor(model: WindowModel, resource: Pick<Uri, 'path'>, options: object | undefined): Promise<undefined> {
  const path = pathOfGuestPath(resource.path)
  if (path === null) {
    model.notices.add({
      level: 'info',
      message: `${resource.path.split('/').at(-1) ?? 'This file'} belongs to the language server, not to the workspace, and has no frames to show.`,
    })
    return Promise.resolve(undefined)
  }
  const place = placeOf(options)
  if (place !== null) askedPlace.setState({ path, ...place }, true)
  model.showFile(path, place?.line ?? null)
  return Promise.resolve(undefined)
}

function placeOf(options: object | undefined): { readonly line: number; readonly column: number } | null {
  if (options === undefined || !('selection' in options)) return null
  const { selection } = options
  if (typeof selection !== 'object' || selection === null) return null
  if (!('startLineNumber' in selection) || !('startColumn' in selection)) return null
  const { startLineNumber: line, startColumn: column } = selection
  return typeof line === 'number' && typeof column === 'number' ? { line, column } : null
}
