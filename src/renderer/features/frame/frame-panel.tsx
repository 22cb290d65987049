import { OctagonX } from 'lucide-react'
import { useMemo } from 'react'
import type { Frame } from '../../../shared/frames'
import { frameDurationMs, frameRole, frameTitle, ROLE_NAME } from '../../app/frame-words'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { DecisionList } from '../../components/decision-list'
import { count, formatClock, formatDuration, formatScore } from '../../components/format'
import { ACTION_TITLE, GRANT_SCOPE } from '../../components/policy-words'
import { EmptyState } from '../../components/surfaces'
import { UntrustedInline, UntrustedText } from '../../components/untrusted-text'
import { visibleText } from '../../components/visible-text'
import './frame.css'
import { Part } from './part'
import { ToolIntentView, ToolOutcomeView } from './tool-frame'

const TEXT_AT_MOST = 200_000

/** Everything that is recorded of the selected frame. */
export function FramePanel() {
  const point = usePoint()
  const { cache } = useRunFrames()
  const frame = point === null ? undefined : cache.frame(point.n)
  if (frame === undefined) {
    return <EmptyState title="No frame selected">Click a mark on the timeline, or step with the arrow keys.</EmptyState>
  }
  return <FrameView frame={frame} />
}

function FrameView({ frame }: { frame: Frame }) {
  const { cache, version } = useRunFrames()
  const model = useWindow()
  const raw = useMemo(() => JSON.stringify(frame, null, 2), [frame])
  const duration = frameDurationMs(frame)
  const intent = frame.cause === null ? undefined : cache.frame(frame.cause)
  const outcome = useMemo(() => (version < 0 ? undefined : cache.frames.find((other) => other.cause === frame.n)), [cache, frame, version])
  return (
    <div className="frame-view" tabIndex={0} data-autofocus data-denied={frameRole(frame) === 'denied'}>
      <header>
        <h3>
          {frameRole(frame) === 'denied' && <OctagonX size={14} className="danger" aria-hidden />} {frameTitle(frame)}
        </h3>
        <p className="muted">
          <span className="number">{frame.n}</span> {ROLE_NAME[frameRole(frame)]}, <code>{frame.kind}</code> at{' '}
          <span className="number">{formatClock(frame.atMs)}</span> on <code>{frame.branchId}</code>
          {duration !== null && <>, took {formatDuration(duration)}</>}
          {intent !== undefined && (
            <>
              , caused by{' '}
              <button type="button" className="link" onClick={() => model.select(intent.n)}>
                frame {intent.n}
              </button>
            </>
          )}
          {outcome !== undefined && (
            <>
              , led to{' '}
              <button type="button" className="link" onClick={() => model.select(outcome.n)}>
                frame {outcome.n}
              </button>
            </>
          )}
        </p>
      </header>
      <div className="frame-columns">
        <Details frame={frame} intent={intent} />
        {frame.checkpoint !== null && (
          <Part title="Checkpoint">
            <dl>
              <dt>Reason</dt>
              <dd>{frame.checkpoint.reason}</dd>
              <dt>Files</dt>
              <dd className="mono">{frame.checkpoint.manifest?.slice(0, 16) ?? 'as the base'}</dd>
              <dt>State</dt>
              <dd className="mono" title={frame.checkpoint.state}>
                {frame.checkpoint.state.slice(0, 16)}
              </dd>
              <dt>Shell</dt>
              <dd className="mono">{frame.checkpoint.shell?.slice(0, 16) ?? 'none'}</dd>
            </dl>
          </Part>
        )}
        <details className="frame-raw">
          <summary>Raw JSON</summary>
          <pre>{raw.slice(0, TEXT_AT_MOST)}</pre>
        </details>
      </div>
    </div>
  )
}

function Details({ frame, intent }: { frame: Frame; intent: Frame | undefined }) {
  const model = useWindow()
  switch (frame.kind) {
    case 'tool.intent':
      return <ToolIntentView intent={frame.payload} />
    case 'tool.outcome':
      return <ToolOutcomeView outcome={frame.payload} intent={intent} />
    case 'decision':
      return (
        <>
          <Part title={`Decision: ${frame.payload.outcome}`}>
            <ul>
              {frame.payload.reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
            <p className="faint">policy {frame.payload.policy}</p>
          </Part>
          <Part title="What the policy saw">
            <dl>
              {Object.entries(frame.payload.inputs).map(([name, value]) => (
                <div key={name} className="pair">
                  <dt>{name}</dt>
                  <dd className="mono">{Array.isArray(value) ? value.join(', ') || 'none' : String(value)}</dd>
                </div>
              ))}
            </dl>
          </Part>
        </>
      )
    case 'context.changed':
    case 'context.edited':
      return (
        <Part title="Changes of context">
          <ul className="mono">
            {frame.payload.changes.map((change, index) => (
              <li key={index}>
                {change.op} {change.op === 'put' ? `${change.item.id} in ${change.item.tier}, ${change.item.tokens} tokens` : change.id}
                {'rule' in change && <span className="faint"> {change.rule}</span>}
              </li>
            ))}
          </ul>
        </Part>
      )
    case 'judge.verdict':
      return (
        <Part title={`Verdict of ${frame.payload.judge}`}>
          <table>
            <tbody>
              {frame.payload.checks.map((check) => (
                <tr key={check.check}>
                  <th scope="row">{check.check}</th>
                  <td>{check.state === 'not-available' ? 'not available' : check.state}</td>
                  <td className="mono">{check.command ?? ''}</td>
                  <td>{check.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Part>
      )
    case 'human.request':
      return (
        <Part title={frame.payload.type}>
          <p>{frame.payload.body}</p>
          {frame.payload.authorize !== undefined && (
            <>
              <p className="muted">
                Permission for {visibleText(frame.payload.authorize.tool)} with the role {frame.payload.authorize.role}
              </p>
              <UntrustedText label="Arguments" text={JSON.stringify(frame.payload.authorize.args, null, 2) ?? 'none'} />
              <DecisionList decisions={frame.payload.authorize.decisions} />
            </>
          )}
          <ul>
            {frame.payload.options?.map((option) => (
              <li key={option.id}>
                {option.label} <span className="muted">{option.detail}</span>
              </li>
            ))}
            {frame.payload.branches?.map((branch) => (
              <li key={branch.branchId}>
                {branch.label} <span className="number">{formatScore(branch.verdict.score)}</span>
              </li>
            ))}
          </ul>
          {frame.payload.plan !== undefined && <p className="muted">{count(frame.payload.plan.affectedFiles.length, 'file')} affected</p>}
        </Part>
      )
    case 'policy.granted':
      return (
        <Part title="Permissions given">
          <ul>
            {frame.payload.grants.map((grant) => (
              <li key={grant.id}>
                {ACTION_TITLE[grant.action]} <UntrustedInline text={grant.pattern} />{' '}
                <span className="muted">{GRANT_SCOPE[grant.scope]}</span>
              </li>
            ))}
          </ul>
        </Part>
      )
    case 'run.ended':
      return (
        <Part title={`Run ${frame.payload.outcome}`}>
          <p style={{ whiteSpace: 'pre-wrap' }}>{frame.payload.summary}</p>
          {frame.payload.failure !== undefined && (
            <p className="danger">
              {frame.payload.failure.message} {frame.payload.failure.action}
            </p>
          )}
        </Part>
      )
    case 'speculate.intent':
      return (
        <Part title="Variants">
          <ul>
            {frame.payload.variants.map((variant) => (
              <li key={variant.branchId}>
                <button type="button" className="link" onClick={() => model.select('live', variant.branchId)}>
                  {variant.label}
                </button>{' '}
                <span className="muted">{variant.detail}</span>
              </li>
            ))}
          </ul>
        </Part>
      )
    case 'agent.message':
      return (
        <Part title="Message">
          <p style={{ whiteSpace: 'pre-wrap' }}>{frame.payload.text}</p>
        </Part>
      )
    case 'merge.outcome':
      return (
        <Part title="Merged files">
          <ul className="mono">
            {frame.payload.applied.map((file) => (
              <li key={file.path}>
                {file.path}{' '}
                <span className="faint">
                  {file.change}, {count(file.hunks, 'hunk')}
                </span>
              </li>
            ))}
            {frame.payload.conflicts.map((conflict) => (
              <li key={conflict.path} className="danger">
                {conflict.path}: {conflict.reason}
              </li>
            ))}
            {frame.payload.skipped.map((path) => (
              <li key={path} className="faint">
                {path} left out
              </li>
            ))}
          </ul>
        </Part>
      )
    default:
      return (
        <Part title="Recorded">
          <pre>{JSON.stringify(frame.payload, null, 2).slice(0, TEXT_AT_MOST)}</pre>
        </Part>
      )
  }
}
