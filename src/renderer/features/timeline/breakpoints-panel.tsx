import { useStore } from 'zustand'
import type { PanelProps } from '../../app/panel-registry'
import { FailureView } from '../../components/surfaces'
import { annotations } from './annotations-store'
import { BreakpointSection } from './breakpoint-section'
import './debug.css'
import { MarkSection } from './mark-section'
import { WatchSection } from './watch-section'

/** Where runs stop, what is followed, and what people wrote at frames. */
export function BreakpointsPanel({ visible }: PanelProps) {
  const failure = useStore(annotations, (state) => state.failure)
  return (
    <div className="debug-panel" tabIndex={0} data-autofocus>
      {failure !== null && <FailureView failure={failure} />}
      <BreakpointSection />
      <WatchSection visible={visible} />
      <MarkSection />
    </div>
  )
}
