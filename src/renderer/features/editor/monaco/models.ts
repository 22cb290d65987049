import { editor, Uri } from 'monaco-editor'
import { languageOfPath } from '../language-of-path'
import { smallestChange } from '../text-change'
import { guestPathOf, type ViewScheme } from '../workspace-uri'
import { loadGrammar } from './grammars'
import { keepFromLibrary } from './view-models'

export interface HeldModel {
  readonly model: editor.ITextModel
  /** The model ends when its last holder lets go. Calls after the first do nothing. */
  release(): void
}

export interface ShownText {
  readonly scheme: ViewScheme
  readonly path: string
  readonly text: string
  /** True for texts so large that colours and structure would cost more than they tell. */
  readonly plain?: boolean
}

interface Holders {
  count: number
  readonly letGo: () => void
}

const holders = new Map<string, Holders>()

export function uriOf(scheme: ViewScheme, path: string): Uri {
  return Uri.from({ scheme, path: guestPathOf(path) })
}

/**
 * The model for a path under a scheme, showing the given text. One that is held already gets only what differs, so that
 * colours, folds, markers and the scroll position of the rest stay as they are.
 */
export async function holdModel({ scheme, path, text, plain = false }: ShownText): Promise<HeldModel> {
  const language = plain ? 'plaintext' : languageOfPath(path)
  await loadGrammar(language)
  const uri = uriOf(scheme, path)
  const key = uri.toString()
  const present = editor.getModel(uri)
  const model = present ?? editor.createModel(text, language, uri)
  if (present !== null) showText(present, text)
  const known = holders.get(key)
  if (known === undefined) holders.set(key, { count: 1, letGo: keepFromLibrary(uri) })
  else known.count += 1
  let held = true
  return {
    model,
    release() {
      const own = holders.get(key)
      if (!held || own === undefined) return
      held = false
      own.count -= 1
      if (own.count > 0) return
      holders.delete(key)
      own.letGo()
      model.dispose()
    },
  }
}

function showText(model: editor.ITextModel, text: string): void {
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
