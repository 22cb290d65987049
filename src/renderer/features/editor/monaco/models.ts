import { editor, Uri } from 'monaco-editor'
import { languageOfPath } from '../language-of-path'
import { smallestChange } from '../text-change'
import { guestPathOf, type ViewScheme } from '../workspace-uri'
import { loadGrammar } from './grammars'

export function uriOf(scheme: ViewScheme, path: string): Uri {
  return Uri.from({ scheme, path: guestPathOf(path) })
}

/**
 * The model for a path under a scheme with the given text. Only what differs is replaced, so that colours, folds, markers and
 * the scroll position of the rest stay as they are.
 */
export async function modelFor(scheme: ViewScheme, path: string, text: string, plain = false): Promise<editor.ITextModel> {
  const language = plain ? 'plaintext' : languageOfPath(path)
  await loadGrammar(language)
  const uri = uriOf(scheme, path)
  const present = editor.getModel(uri)
  if (present === null) return editor.createModel(text, language, uri)
  showText(present, text)
  return present
}

export function showText(model: editor.ITextModel, text: string): void {
  const change = smallestChange(model.getValue(), text)
  if (change === null) return
  const start = model.getPositionAt(change.start)
  const end = model.getPositionAt(change.end)
  model.applyEdits([
    {
      range: { startLineNumber: start.lineNumber, startColumn: start.column, endLineNumber: end.lineNumber, endColumn: end.column },
      text: change.text,
    },
  ])
}

/** Ends all models of a scheme: they belong to a branch that is no longer shown. */
export function disposeModels(scheme: ViewScheme): void {
  for (const model of editor.getModels()) if (model.uri.scheme === scheme) model.dispose()
}
