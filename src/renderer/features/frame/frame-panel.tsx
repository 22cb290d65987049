import { type ReactNode, useMemo } from 'react'
import type { Frame } from '../../../shared/frames'
import { frameDurationMs, frameRole, frameTitle, ROLE_NAME } from '../../app/frame-words'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { count, formatBytes, formatClock, formatDuration, formatScore } from '../../components/format'
import { EmptyState } from '../../components/surfaces'
import './frame.css'

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
    <div className="frame-view" tabIndex={0} data-autofocus>
      <header>
        <h3>{frameTitle(frame)}</h3>
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

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="frame-part">
      <h4 className="section-title">{title}</h4>
      {children}
    </section>
  )
}

function Details({ frame, intent }: { frame: Frame; intent: Frame | undefined }) {
  const model = useWindow()
  switch (frame.kind) {
    case 'tool.intent':
      return (
        <>
          <Arguments args={frame.payload.args} />
          <Part title="Allowed">
            <dl>
              <dt>Effect</dt>
              <dd>{frame.payload.effect}</dd>
              <dt>By</dt>
              <dd>{frame.payload.allowedBy.length === 0 ? 'no rule' : frame.payload.allowedBy.join(', ')}</dd>
            </dl>
          </Part>
        </>
      )
    case 'tool.outcome':
      return (
        <>
          {intent?.kind === 'tool.intent' && <Arguments args={intent.payload.args} />}
          {frame.payload.error !== undefined && (
            <Part title="Error">
              <p className="danger">{frame.payload.error.message}</p>
              {frame.payload.error.action !== undefined && <p className="muted">{frame.payload.error.action}</p>}
            </Part>
          )}
          <Part title="Output">
            <pre>{frame.payload.text.slice(0, TEXT_AT_MOST)}</pre>
          </Part>
          <SideEffectsView frame={frame} />
        </>
      )
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

function Arguments({ args }: { args: unknown }) {
  return (
    <Part title="Arguments">
      <pre>{JSON.stringify(args, null, 2)?.slice(0, TEXT_AT_MOST) ?? 'none'}</pre>
    </Part>
  )
}

function SideEffectsView({ frame }: { frame: Extract<Frame, { kind: 'tool.outcome' }> }) {
  const model = useWindow()
  const { files, processes } = frame.payload.sideEffects
  return (
    <Part title="Side effects">
      <p
        data-tone={frame.payload.isolation}
        className={frame.payload.isolation === 'none' || frame.payload.isolation === 'copy' ? 'warning' : 'muted'}
      >
        isolation: {frame.payload.isolation}
      </p>
      {files.length === 0 && processes.length === 0 && <p className="muted">None: no file changed, no process left running.</p>}
      <ul className="mono">
        {files.map((file) => (
          <li key={file.path}>
            <button type="button" className="link" onClick={() => model.showFile(file.path, null)}>
              {file.path}
            </button>{' '}
            <span className="faint">
              {file.change}
              {file.sizeBytes !== undefined && `, ${formatBytes(file.sizeBytes)}`}
            </span>
          </li>
        ))}
        {processes.map((process) => (
          <li key={process} className="warning">
            still running: {process}
          </li>
        ))}
      </ul>
    </Part>
  )
}
