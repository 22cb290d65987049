import { editor } from 'monaco-editor'
import { useEffect, useRef, useState } from 'react'
import { useStore } from 'zustand'
import type { FileVersion } from '../../../shared/files'
import type { PanelProps } from '../../app/panel-registry'
import { useIsPast, usePoint, useWindow } from '../../app/window-context'
import { toFailure, type Failure } from '../../../shared/failure'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import './editor.css'
import { fileFacts, PLAIN_ABOVE_BYTES, whyNotShown } from './file-notice'
import { modelFor } from './monaco/models'
import { READER_OPTIONS } from './monaco/options'
import { setUpMonaco } from './monaco/setup'
import { useFile } from './use-files'
import { LIVE_SCHEME, PAST_SCHEME } from './workspace-uri'

/** A file as of the selected frame. One tab a file; `params.path` says which. */
export default function EditorPanel({ params, visible }: PanelProps) {
  const model = useWindow()
  const path = typeof params['path'] === 'string' ? params['path'] : null
  if (path === null) {
    return (
      <EmptyState
        title="No file is open"
        action={
          <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('window.goToFile')}>
            Go to file
          </button>
        }
      >
        Pick one from the tree, or type a part of its path. It is shown as it was at the selected frame.
      </EmptyState>
    )
  }
  return <FileTab path={path} visible={visible} />
}

function FileTab({ path, visible }: { path: string; visible: boolean }) {
  const past = useIsPast()
  const point = usePoint()
  const { value, status, failure, reload } = useFile(visible ? path : null)
  const [shown, setShown] = useState<FileVersion | null>(null)
  useEffect(() => {
    if (value !== null) setShown(value.file)
  }, [value])
  const file = value?.file ?? shown
  const missing = status === 'failed' && failure.code === 'files.not-found'
  return (
    <div className="file-tab">
      <header className="file-head">
        <span className="mono clip">{path}</span>
        {past && point !== null && <span className="file-past">as of frame {point.n}</span>}
        <span className="spacer" />
        {file !== null && !missing && <span className="faint clip">{fileFacts(file).join(', ')}</span>}
      </header>
      {missing && (
        <EmptyState title="Not there at this frame">The branch has no {path} here. Step along the timeline to where it exists.</EmptyState>
      )}
      {status === 'failed' && !missing && <FailureView failure={failure} onRetry={reload} />}
      {status !== 'failed' && file === null && <Skeleton rows={14} />}
      {status !== 'failed' && file !== null && <FileBody file={file} past={past} />}
    </div>
  )
}

function FileBody({ file, past }: { file: FileVersion; past: boolean }) {
  const why = whyNotShown(file)
  if (why !== null) return <EmptyState title={why.title}>{why.detail}</EmptyState>
  return <TextView file={file} text={file.text ?? ''} past={past} />
}

function TextView({ file, text, past }: { file: FileVersion; text: string; past: boolean }) {
  const model = useWindow()
  const host = useRef<HTMLDivElement>(null)
  const [view, setView] = useState<editor.IStandaloneCodeEditor | null>(null)
  const [failure, setFailure] = useState<Failure | null>(null)

  useEffect(() => {
    let made: editor.IStandaloneCodeEditor | null = null
    let gone = false
    setUpMonaco(model).then(
      () => {
        if (gone || host.current === null) return
        made = editor.create(host.current, { ...READER_OPTIONS, model: null, ariaLabel: file.path })
        setView(made)
      },
      (thrown: unknown) => setFailure(toFailure(thrown)),
    )
    return () => {
      gone = true
      made?.dispose()
      setView(null)
    }
  }, [model, file.path])

  useEffect(() => {
    if (view === null) return
    let stale = false
    const large = file.sizeBytes > PLAIN_ABOVE_BYTES
    modelFor(past ? PAST_SCHEME : LIVE_SCHEME, file.path, text, large).then(
      (text_model) => {
        if (stale || view.getModel() === text_model) return
        const scroll = view.saveViewState()
        view.setModel(text_model)
        if (scroll !== null) view.restoreViewState(scroll)
        performance.mark('editor:text-shown')
      },
      (thrown: unknown) => setFailure(toFailure(thrown)),
    )
    return () => {
      stale = true
    }
  }, [view, file, text, past])

  const reveal = useStore(model.reveal, (state) => (state.file?.path === file.path ? state : null))
  const seen = useRef(0)
  useEffect(() => {
    if (view === null || reveal === null || reveal.serial === seen.current) return
    seen.current = reveal.serial
    const line = reveal.file?.line
    if (typeof line !== 'number') return
    const go = (): void => {
      view.setPosition({ lineNumber: line, column: 1 })
      view.revealLineInCenterIfOutsideViewport(line)
      view.focus()
    }
    if (view.getModel() !== null) go()
    else {
      const once = view.onDidChangeModel(() => {
        once.dispose()
        go()
      })
    }
  }, [view, reveal])

  if (failure !== null) return <FailureView failure={failure} />
  return <div ref={host} className="file-text" />
}
