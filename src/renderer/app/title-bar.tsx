import { Maximize2, PanelBottom, PanelLeft, PanelRight, RotateCcw, Search } from 'lucide-react'
import { useStore } from 'zustand'
import { IconButton } from '../components/icon-button'
import { StateBadge } from '../components/surfaces'
import { useOpenRunSummary, useWindow } from './window-context'

export function TitleBar() {
  const model = useWindow()
  const info = useStore(model.workspace.store, (state) => state.info)
  const run = useOpenRunSummary()
  return (
    <header className="title-bar">
      <div className="where">
        <strong title={info?.root}>{info?.name ?? 'Keyframe'}</strong>
        {info?.git != null && (
          <span className="muted clip" title={info.git.head ?? undefined}>
            {info.git.branch ?? (info.git.detached ? 'detached head' : 'no commit yet')}
            {info.git.dirtyFiles > 0 ? `, ${info.git.dirtyFiles} changed` : ''}
          </span>
        )}
        {run !== null && (
          <>
            <span className="faint" aria-hidden>
              /
            </span>
            <span className="clip" title={run.task} data-testid="open-run-task">
              {run.task}
            </span>
            <StateBadge state={run.state} />
          </>
        )}
      </div>
      <button type="button" className="command-field" onClick={() => model.commands.run('window.palette')}>
        <Search size={14} aria-hidden />
        <span className="clip">Commands, files</span>
        <span className="kbd">Ctrl+Shift+P</span>
      </button>
      <div className="layout-buttons">
        <IconButton icon={PanelLeft} label="Runs panel" onClick={() => model.dock.toggle('runs')} />
        <IconButton icon={PanelBottom} label="Frame panel" onClick={() => model.dock.toggle('frame')} />
        <IconButton icon={PanelRight} label="Agent panel" onClick={() => model.dock.toggle('agent')} />
        <IconButton icon={Maximize2} label="Maximise panel" shortcut="Ctrl+Shift+M" onClick={() => model.dock.toggleMaximised()} />
        <IconButton icon={RotateCcw} label="Reset the layout" onClick={() => model.dock.reset()} />
      </div>
    </header>
  )
}
