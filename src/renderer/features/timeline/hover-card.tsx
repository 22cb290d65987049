import type { Frame } from '../../../shared/frames'
import { frameDurationMs, frameRole, frameTitle, frameTokens, ROLE_NAME } from '../../app/frame-words'
import { formatClock, formatDuration, formatTokens } from '../../components/format'

const CARD_PX = 300
const FILES_SHOWN = 5

export function HoverCard({ frame, x, widthPx }: { frame: Frame; x: number; widthPx: number }) {
  const duration = frameDurationMs(frame)
  const tokens = frameTokens(frame)
  const files = frame.kind === 'tool.outcome' ? frame.payload.sideEffects.files : []
  return (
    <div className="popup hover-card" style={{ width: CARD_PX, left: Math.max(0, Math.min(widthPx - CARD_PX, x + 12)) }} aria-hidden>
      <p>
        <strong>{frame.n}</strong> <span className="muted">{ROLE_NAME[frameRole(frame)]}</span>
        <span className="number faint"> {formatClock(frame.atMs)}</span>
      </p>
      <p className="title">{frameTitle(frame)}</p>
      <p className="number muted">
        {duration !== null && `${formatDuration(duration)}  `}
        {tokens > 0 && `${formatTokens(tokens)} tokens  `}
        {frame.checkpoint !== null && `keyframe: ${frame.checkpoint.reason}`}
      </p>
      {files.slice(0, FILES_SHOWN).map((file) => (
        <p key={file.path} className="mono clip">
          {file.change} {file.path}
        </p>
      ))}
      {files.length > FILES_SHOWN && <p className="faint">and {files.length - FILES_SHOWN} more</p>}
    </div>
  )
}
