import { editor, MarkerSeverity, type Uri } from 'monaco-editor'
import type { WindowModel } from '../../../app/window-model'
import { hasLanguageServer } from '../language-of-path'
import { filesKey, readFileAt, readTreeAt } from '../point-files'
import { type Problem, problemsState, sortProblems } from '../problems-store'
import { LIVE_SCHEME, pathOfGuestPath } from '../workspace-uri'
import { type HeldModel, holdModel } from './models'
import { livePoint } from './workspace-files'

const FILES_CHECKED = 60

/** Mirrors what servers say of live files. Call once. */
export function mirrorProblems(): void {
  editor.onDidChangeMarkers((changed) => {
    if (!changed.some(isLive)) return
    const problems = editor.getModelMarkers({}).flatMap((marker) => toProblem(marker) ?? [])
    problemsState.setState({ problems: sortProblems(problems) })
  })
}

/** Shows the server every changed file of the live end, so that it looks at them; returns the function that takes them back. */
export async function checkChangedFiles(model: WindowModel): Promise<() => void> {
  const point = livePoint(model)
  if (point === null) return () => undefined
  const key = filesKey(model, point)
  const tree = await readTreeAt(model.link, point, key)
  const paths = tree
    .filter((entry) => entry.type === 'file' && (entry.status === 'created' || entry.status === 'changed') && hasLanguageServer(entry.path))
    .map((entry) => entry.path)
    .slice(0, FILES_CHECKED)
  const held: HeldModel[] = []
  for (const path of paths) {
    const { text } = await readFileAt(model.link, point, key, path)
    if (text !== null) held.push(await holdModel({ scheme: LIVE_SCHEME, path, text }))
  }
  problemsState.setState({ checked: held.length })
  return () => {
    for (const one of held) one.release()
  }
}

function isLive(uri: Uri): boolean {
  return uri.scheme === LIVE_SCHEME
}

const SEVERITY: Readonly<Record<MarkerSeverity, Problem['severity']>> = {
  [MarkerSeverity.Error]: 'error',
  [MarkerSeverity.Warning]: 'warning',
  [MarkerSeverity.Info]: 'info',
  [MarkerSeverity.Hint]: 'hint',
}

function toProblem(marker: editor.IMarker): Problem | null {
  const path = isLive(marker.resource) ? pathOfGuestPath(marker.resource.path) : null
  if (path === null) return null
  const code = typeof marker.code === 'object' ? marker.code.value : marker.code
  return {
    path,
    line: marker.startLineNumber,
    column: marker.startColumn,
    severity: SEVERITY[marker.severity],
    message: marker.message,
    code: code === undefined ? null : [marker.source, code].filter(Boolean).join(' '),
  }
}
