import { editor, KeyCode, KeyMod } from 'monaco-editor'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { type Failure, toFailure } from '../../../shared/failure'
import { useIsPast, useWindow } from '../../app/window-context'
import { FailureView } from '../../components/surfaces'
import { activeEditor } from './active-editor'
import { PLAIN_ABOVE_BYTES } from './file-notice'
import { type HeldModel, holdModel } from './monaco/models'
import { READER_OPTIONS } from './monaco/options'
import { setUpMonaco } from './monaco/setup'
import type { Sides } from './use-diff'
import { preferWindowKeys } from './window-keys'
import { AFTER_SCHEME, BEFORE_SCHEME } from './workspace-uri'

const RELEASED_AFTER_MS = 3000

type View = editor.IStandaloneDiffEditor

/** Both texts of a file beside each other, or as one with the changes in place. */
export function DiffTexts({ sides, inline, visible }: { sides: Sides; inline: boolean; visible: boolean }) {
  const past = useIsPast()
  const host = useRef<HTMLDivElement>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const view = useDiffView(host, setFailure)
  useSideModels(view, sides, visible, setFailure)
  useEffect(() => {
    view?.updateOptions({ renderSideBySide: !inline })
  }, [view, inline])
  if (failure !== null) return <FailureView failure={failure} />
  return <div ref={host} className="diff-text" data-past={past} />
}

function useDiffView(host: RefObject<HTMLDivElement | null>, onFailure: (failure: Failure) => void): View | null {
  const model = useWindow()
  const [view, setView] = useState<View | null>(null)
  useEffect(() => {
    let made: View | null = null
    let gone = false
    const stopKeys = host.current === null ? null : preferWindowKeys(host.current, model)
    setUpMonaco(model).then(
      () => {
        if (gone || host.current === null) return
        const own = editor.createDiffEditor(host.current, {
          ...READER_OPTIONS,
          originalEditable: false,
          useInlineViewWhenSpaceIsLimited: true,
          renderSideBySideInlineBreakpoint: 620,
          renderOverviewRuler: false,
          diffWordWrap: 'on',
          folding: false,
          lineNumbersMinChars: 3,
          renderMarginRevertIcon: false,
          renderGutterMenu: false,
          enableSplitViewResizing: true,
          ignoreTrimWhitespace: false,
          hideUnchangedRegions: { enabled: true, contextLineCount: 3, minimumLineCount: 6, revealLineCount: 20 },
          stickyScroll: { enabled: false },
          originalAriaLabel: 'Before',
          modifiedAriaLabel: 'After',
        })
        made = own
        const active = { nextHunk: () => own.goToDiff('next'), previousHunk: () => own.goToDiff('previous') }
        for (const side of [own.getOriginalEditor(), own.getModifiedEditor()]) {
          side.addCommand(KeyCode.F7, active.nextHunk)
          side.addCommand(KeyMod.Shift | KeyCode.F7, active.previousHunk)
        }
        activeEditor.setState({ diff: active })
        own.onDidDispose(() => {
          if (activeEditor.getState().diff === active) activeEditor.setState({ diff: null })
        })
        setView(own)
      },
      (thrown: unknown) => onFailure(toFailure(thrown)),
    )
    return () => {
      gone = true
      stopKeys?.()
      // After whoever uses it has let go of it: their clean-up runs later than this one.
      queueMicrotask(() => made?.dispose())
      setView(null)
    }
  }, [model, host, onFailure])
  return view
}

/** The editor's worker may be comparing them still, and fails without a word of why when they are gone. */
function releaseLater(models: readonly HeldModel[]): void {
  setTimeout(() => {
    for (const held of models) held.release()
  }, RELEASED_AFTER_MS)
}

function useSideModels(view: View | null, sides: Sides, visible: boolean, onFailure: (failure: Failure) => void): void {
  const held = useRef<readonly HeldModel[]>([])
  const path = sides.diff.path
  const shownPath = useRef<string | null>(null)

  useEffect(() => {
    if (view === null || !visible) return
    let stale = false
    const plain = Math.max(sides.before.length, sides.after.length) > PLAIN_ABOVE_BYTES
    Promise.all([
      holdModel({ scheme: BEFORE_SCHEME, path, text: sides.before, plain }),
      holdModel({ scheme: AFTER_SCHEME, path, text: sides.after, plain }),
    ]).then(
      ([original, modified]) => {
        if (stale) {
          original.release()
          modified.release()
          return
        }
        const before = held.current
        held.current = [original, modified]
        if (view.getModel()?.modified !== modified.model) view.setModel({ original: original.model, modified: modified.model })
        releaseLater(before)
        if (shownPath.current === path) return
        shownPath.current = path
        view.revealFirstDiff()
      },
      (thrown: unknown) => onFailure(toFailure(thrown)),
    )
    return () => {
      stale = true
    }
  }, [view, sides, path, visible, onFailure])

  useEffect(() => {
    if (view === null || !visible) return
    return () => {
      view.setModel(null)
      releaseLater(held.current)
      held.current = []
    }
  }, [view, visible])
}
