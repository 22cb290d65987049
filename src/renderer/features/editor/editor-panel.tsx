import { useEffect, useState } from 'react'
import type { FileVersion } from '../../../shared/files'
import type { PanelProps } from '../../app/panel-registry'
import { useIsPast, usePoint, useWindow } from '../../app/window-context'
import { IconButton } from '../../components/icon-button'
import { EmptyState, FailureView, Skeleton } from '../../components/surfaces'
import { FileDiff, ListTree } from 'lucide-react'
import './editor.css'
import { fileFacts, whyNotShown } from './file-notice'
import { filesView } from './files-store'
import { hasLanguageServer } from './language-of-path'
import { LanguageStatus } from './language-status'
import { Outline } from './outline'
import { TextView } from './text-view'
import { useFile } from './use-files'

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
  const model = useWindow()
  const past = useIsPast()
  const point = usePoint()
  const { value, status, failure, reload } = useFile(visible ? path : null)
  const [outline, setOutline] = useState(false)
  // The last text stays while the tab is hidden and while the next one is asked for.
  const [last, setLast] = useState<FileVersion | null>(null)
  useEffect(() => {
    if (value !== null) setLast(value.file)
    if (visible) filesView.follow(path)
  }, [value, visible, path])
  const file = value?.file ?? last
  const missing = status === 'failed' && failure.code === 'files.not-found'
  const served = hasLanguageServer(path)
  return (
    <div className="file-tab" data-past={past}>
      <header className="file-head">
        <span className="mono clip" title={path}>
          {path}
        </span>
        {past && point !== null && <span className="file-past">as of frame {point.n}</span>}
        <span className="spacer" />
        {served && !missing && <LanguageStatus past={past} />}
        {file !== null && !missing && <span className="faint clip file-facts">{fileFacts(file).join(', ')}</span>}
        <IconButton
          icon={FileDiff}
          label="Compare with the base of the run"
          disabled={point === null}
          onClick={() => model.dock.open('diff', { params: { path } })}
        />
        {served && <IconButton icon={ListTree} label="Outline" pressed={outline} onClick={() => setOutline(!outline)} />}
      </header>
      {missing && (
        <EmptyState title="Not there at this frame">The branch has no {path} here. Step along the timeline to where it exists.</EmptyState>
      )}
      {status === 'failed' && !missing && <FailureView failure={failure} onRetry={reload} />}
      {status !== 'failed' && file === null && <Skeleton rows={14} />}
      {status !== 'failed' && file !== null && (
        <div className="file-columns">
          <FileBody path={path} file={file} past={past} visible={visible} />
          {outline && <Outline path={path} past={past} version={file.version} />}
        </div>
      )}
    </div>
  )
}

function FileBody({ path, file, past, visible }: { path: string; file: FileVersion; past: boolean; visible: boolean }) {
  const why = whyNotShown(file)
  if (why !== null) return <EmptyState title={why.title}>{why.detail}</EmptyState>
  return <TextView path={path} text={file.text ?? ''} sizeBytes={file.sizeBytes} past={past} visible={visible} />
}
