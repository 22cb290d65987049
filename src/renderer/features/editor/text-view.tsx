import { editor } from 'monaco-editor'
import { type RefObject, useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { type Failure, toFailure } from '../../../shared/failure'
import { useWindow } from '../../app/window-context'
import { FailureView } from '../../components/surfaces'
import { activeEditor, askedPlace } from './active-editor'
import { PLAIN_ABOVE_BYTES } from './file-notice'
import { hasLanguageServer } from './language-of-path'
import { wantLanguageServer } from './monaco/language-session'
import { type HeldModel, holdModel } from './monaco/models'
import { READER_OPTIONS } from './monaco/options'
import { setUpMonaco } from './monaco/setup'
import { preferWindowKeys } from './window-keys'
import { LIVE_SCHEME, PAST_SCHEME } from './workspace-uri'

type View = editor.IStandaloneCodeEditor

interface Props {
  readonly path: string
  readonly text: string
  readonly sizeBytes: number
  readonly past: boolean
  readonly visible: boolean
}

/** The text in an editor. Another text of the same file replaces only what differs; the place on the page stays. */
export function TextView(props: Props) {
  const { path, past, visible } = props
  const model = useWindow()
  const host = useRef<HTMLDivElement>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const view = useView(host, path, setFailure)
  useText(view, props, setFailure)
  useReveal(view, path)

  const branchId = useStore(model.selection, (state) => state.branchId)
  const runId = useStore(model.selection, (state) => state.runId)
  useEffect(() => {
    if (view !== null && visible && !past && hasLanguageServer(path)) wantLanguageServer(model)
  }, [view, visible, past, path, model, branchId, runId])

  if (failure !== null) return <FailureView failure={failure} />
  return <div ref={host} className="file-text" />
}

function useView(host: RefObject<HTMLDivElement | null>, path: string, onFailure: (failure: Failure) => void): View | null {
  const model = useWindow()
  const [view, setView] = useState<View | null>(null)
  useEffect(() => {
    let made: View | null = null
    let gone = false
    const stopKeys = host.current === null ? null : preferWindowKeys(host.current, model)
    setUpMonaco(model).then(
      () => {
        if (gone || host.current === null) return
        made = editor.create(host.current, { ...READER_OPTIONS, model: null, ariaLabel: path })
        const own = made
        const active = {
          path,
          act(actionId: string): void {
            own.focus()
            own.trigger('keyframe', actionId, null)
          },
        }
        made.onDidFocusEditorText(() => activeEditor.setState({ editor: active }))
        made.onDidDispose(() => {
          if (activeEditor.getState().editor === active) activeEditor.setState({ editor: null })
        })
        activeEditor.setState({ editor: active })
        setView(made)
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
  }, [model, host, path, onFailure])
  return view
}

function useText(view: View | null, { path, text, sizeBytes, past, visible }: Props, onFailure: (failure: Failure) => void): void {
  const held = useRef<HeldModel | null>(null)
  const place = useRef<editor.ICodeEditorViewState | null>(null)

  useEffect(() => {
    if (view === null || !visible) return
    let stale = false
    holdModel({ scheme: past ? PAST_SCHEME : LIVE_SCHEME, path, text, plain: sizeBytes > PLAIN_ABOVE_BYTES }).then(
      (next) => {
        if (stale) {
          next.release()
          return
        }
        const before = held.current
        held.current = next
        if (view.getModel() !== next.model) {
          place.current = view.saveViewState() ?? place.current
          view.setModel(next.model)
          if (place.current !== null) view.restoreViewState(place.current)
        }
        before?.release()
      },
      (thrown: unknown) => onFailure(toFailure(thrown)),
    )
    return () => {
      stale = true
    }
  }, [view, path, text, sizeBytes, past, visible, onFailure])

  useEffect(() => {
    if (view === null || !visible) return
    return () => {
      // A hidden tab holds no text: its branch may move on, and the server need not keep it open.
      place.current = view.saveViewState() ?? place.current
      view.setModel(null)
      held.current?.release()
      held.current = null
    }
  }, [view, visible])
}

/** Follows requests to show a line of this file. */
function useReveal(view: View | null, path: string): void {
  const model = useWindow()
  const reveal = useStore(model.reveal, (state) => (state.file?.path === path ? state : null))
  const seen = useRef(0)
  useEffect(() => {
    if (view === null || reveal === null || reveal.serial === seen.current) return
    const line = reveal.file?.line ?? null
    const go = (): void => {
      seen.current = reveal.serial
      if (mayTakeFocus(view)) view.focus()
      if (line === null) return
      const exact = askedPlace.getState()
      view.setPosition({ lineNumber: line, column: exact.path === path && exact.line === line ? exact.column : 1 })
      view.revealLineInCenterIfOutsideViewport(line)
    }
    if (view.getModel() !== null) {
      go()
      return
    }
    const once = view.onDidChangeModel(() => {
      if (view.getModel() === null) return
      once.dispose()
      // After the tab has put its own place back.
      queueMicrotask(go)
    })
    return () => once.dispose()
  }, [view, reveal, path])
}

/** An editor that was long in coming does not take the focus from what the user turned to meanwhile. */
function mayTakeFocus(view: View): boolean {
  const focused = document.activeElement
  return focused === null || focused === document.body || view.getContainerDomNode().closest('.panel')?.contains(focused) === true
}
