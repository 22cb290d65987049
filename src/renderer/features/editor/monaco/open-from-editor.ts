import type { Uri } from 'monaco-editor'
import type { WindowModel } from '../../../app/window-model'
import { pathOfGuestPath } from '../workspace-uri'

/** Where the editor library wants another file shown (definition, reference): a tab of the window is opened for it. */
export function openFromEditor(model: WindowModel, resource: Pick<Uri, 'path'>, options: object | undefined): Promise<undefined> {
  const path = pathOfGuestPath(resource.path)
  if (path === null) {
    model.notices.add({
      level: 'info',
      message: `${resource.path.split('/').at(-1) ?? 'This file'} belongs to the language server, not to the workspace, and has no frames to show.`,
    })
  } else model.showFile(path, lineOf(options))
  return Promise.resolve(undefined)
}

function lineOf(options: object | undefined): number | null {
  if (options === undefined || !('selection' in options)) return null
  const { selection } = options
  if (typeof selection !== 'object' || selection === null || !('startLineNumber' in selection)) return null
  return typeof selection.startLineNumber === 'number' ? selection.startLineNumber : null
}
