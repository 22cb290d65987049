import { CirclePause } from 'lucide-react'
import { useStore } from 'zustand'
import { useOpenRunSummary, useWindow } from '../../app/window-context'
import { visibleText } from '../../components/visible-text'
import { annotations, setEnabled } from './annotations-store'

/** Why the open run stands still, and what can be done: shown while it is at a breakpoint. */
export function StoppedStrip() {
  const model = useWindow()
  const stoppedAt = useOpenRunSummary()?.stoppedAt
  const breakpoint = useStore(annotations, (state) => state.breakpoints.find((one) => one.id === stoppedAt?.breakpointId))
  if (stoppedAt === undefined) return null
  return (
    <div className="strip stopped-strip" data-tone="warning" role="status" aria-label="Stopped at a breakpoint">
      <CirclePause size={14} aria-hidden />
      <strong>Stopped</strong>
      <span className="clip">
        at breakpoint “{visibleText(stoppedAt.name)}”, frame {stoppedAt.frame}
      </span>
      <span className="spacer" />
      <button type="button" className="button" onClick={() => model.select(stoppedAt.frame, stoppedAt.branchId)}>
        Go to frame {stoppedAt.frame}
      </button>
      <button type="button" className="button" data-tone="primary" onClick={() => model.commands.run('run.continue')}>
        Continue <span className="kbd">F5</span>
      </button>
      <button type="button" className="button" onClick={() => model.commands.run('run.step')}>
        Step <span className="kbd">F10</span>
      </button>
      {breakpoint?.enabled === true && (
        <button type="button" className="button" onClick={() => void setEnabled(model, breakpoint, false).catch(model.notices.fail)}>
          Disable
        </button>
      )}
    </div>
  )
}
