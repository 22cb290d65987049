import { ITextModelService, StandaloneServices } from '@codingame/monaco-vscode-api'
import { editor, type Uri } from 'monaco-editor'
import { AFTER_SCHEME, BEFORE_SCHEME, LIVE_SCHEME, PAST_SCHEME } from '../workspace-uri'

/** Lets the editor library resolve texts that exist in the window only: they are there as long as a tab shows them. */
export function serveViewModels(): void {
  const texts = StandaloneServices.get(ITextModelService)
  for (const scheme of [PAST_SCHEME, BEFORE_SCHEME, AFTER_SCHEME]) {
    texts.registerTextModelContentProvider(scheme, { provideTextContent: (uri) => Promise.resolve(editor.getModel(uri)) })
  }
}

/**
 * The library ends a text that exists in the window only when the last of its own users lets go (a highlighter, a preview). One
 * use of ours keeps it until the returned function is called.
 */
export function keepFromLibrary(uri: Uri): () => void {
  if (uri.scheme === LIVE_SCHEME) return () => undefined
  const using = StandaloneServices.get(ITextModelService).createModelReference(uri)
  return () => {
    // Rejected when the text ended before the library had found it: then there is nothing to let go of.
    using.then(
      (reference) => reference.dispose(),
      () => undefined,
    )
  }
}
