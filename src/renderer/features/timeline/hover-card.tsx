import { OctagonX } from 'lucide-react'
import type { FrameMark } from '../../../shared/breakpoints'
import type { Frame } from '../../../shared/frames'
import { frameDurationMs, frameRole, frameTitle, frameTokens, ROLE_NAME } from '../../app/frame-words'
import { formatClock, formatDuration, formatTokens } from '../../components/format'
import { ACTION_TITLE } from '../../components/policy-words'
import { visibleText } from '../../components/visible-text'
import { MarkIcon } from './mark-shape'

const CARD_PX = 300
const FILES_SHOWN = 5

export function HoverCard({ frame, mark, x, widthPx }: { frame: Frame; mark: FrameMark | null; x: number; widthPx: number }) {
  const duration = frameDurationMs(frame)
  const tokens = frameTokens(frame)
  const files = frame.kind === 'tool.outcome' ? frame.payload.sideEffects.files : []
  const denials = frame.kind === 'tool.outcome' ? (frame.payload.denials ?? []) : []
  const denied = frameRole(frame) === 'denied'
  return (
    <div
      className="popup hover-card"
      data-denied={denied}
      style={{ width: CARD_PX, left: Math.max(0, Math.min(widthPx - CARD_PX, x + 12)) }}
      aria-hidden
    >
      <p>
        <strong>{frame.n}</strong>{' '}
        <span className={denied ? 'danger hover-denied' : 'muted'}>
          {denied && <OctagonX size={12} aria-hidden />} {ROLE_NAME[frameRole(frame)]}
        </span>
        <span className="number faint"> {formatClock(frame.atMs)}</span>
      </p>
      <p className="title">{frameTitle(frame)}</p>
      <p className="number muted">
        {duration !== null && `${formatDuration(duration)}  `}
        {tokens > 0 && `${formatTokens(tokens)} tokens  `}
        {frame.checkpoint !== null && `keyframe: ${frame.checkpoint.reason}`}
      </p>
      {mark !== null && (
        <p className="hover-mark">
          <MarkIcon shape={mark.shape} /> <strong>{visibleText(mark.name)}</strong> {visibleText(mark.note)}
        </p>
      )}
      {denials.slice(0, FILES_SHOWN).map((denial, index) => (
        <p key={index} className="danger clip">
          {denial.action === null ? denial.by : ACTION_TITLE[denial.action]} <span className="mono">{visibleText(denial.resource)}</span>
        </p>
      ))}
      {files.slice(0, FILES_SHOWN).map((file) => (
        <p key={file.path} className="mono clip">
          {file.change} {file.path}
        </p>
      ))}
      {files.length > FILES_SHOWN && <p className="faint">and {files.length - FILES_SHOWN} more</p>}
    </div>
  )
}
