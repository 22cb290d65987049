import { useDeferredValue, useMemo } from 'react'
import { frameTitle } from '../../app/frame-words'
import type { PanelProps } from '../../app/panel-registry'
import { usePoint, useRunFrames, useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { EmptyState } from '../../components/surfaces'
import { type EffectsUpTo, effectsUpTo } from './effects-up-to'
import './frame.css'
import { Part } from './part'
import { DenialList, EffectList, FileChanges } from './side-effects'

/** Side effects of the selected call; for any other frame, what the calls up to it did. */
export function EffectsPanel({ visible }: PanelProps) {
  const { cache, version } = useRunFrames()
  const point = useDeferredValue(usePoint())
  const frame = point === null ? undefined : cache.frame(point.n)
  const outcome =
    frame?.kind === 'tool.outcome'
      ? frame
      : frame?.kind === 'tool.intent'
        ? cache.frames.find((other) => other.cause === frame.n && other.kind === 'tool.outcome')
        : undefined
  const total = useMemo(
    () => (point === null || !visible || outcome !== undefined || version < 0 ? null : effectsUpTo(cache.path(point.branchId, point.n))),
    [cache, version, point, visible, outcome],
  )
  if (frame === undefined) {
    return (
      <EmptyState title="No side effects yet">
        Start a run: what each of its calls does to files, processes, ports and the network is listed here, with everything that was
        refused.
      </EmptyState>
    )
  }
  if (outcome?.kind === 'tool.outcome') {
    const { payload } = outcome
    return (
      <div className="frame-view" tabIndex={0} data-autofocus>
        <header>
          <h3>Side effects of frame {outcome.n}</h3>
          <p className="muted">{frameTitle(outcome)}</p>
        </header>
        <div className="frame-columns">
          {payload.denials !== undefined && payload.denials.length > 0 && (
            <Part title="Denied" tone="danger">
              <DenialList denials={payload.denials} />
            </Part>
          )}
          <Part title="Effects">
            <EffectList effects={payload.sideEffects} />
          </Part>
        </div>
      </div>
    )
  }
  return (
    <div className="frame-view" tabIndex={0} data-autofocus>
      <header>
        <h3>Side effects up to frame {frame.n}</h3>
        <p className="muted">{total === null ? '' : `${count(total.calls, 'call')} on this branch. Select one to see its own.`}</p>
      </header>
      {total !== null && <Total total={total} />}
    </div>
  )
}

function Total({ total }: { total: EffectsUpTo }) {
  const model = useWindow()
  return (
    <div className="frame-columns">
      <Part title={`Files, ${total.files.length}`}>
        {total.files.length === 0 ? (
          <p className="muted">No file differs from the start of the run.</p>
        ) : (
          <FileChanges files={total.files} />
        )}
      </Part>
      <Part title={`Denied, ${total.denied.length}`}>
        {total.denied.length === 0 && <p className="muted">Nothing was refused.</p>}
        {total.denied.map((call) => (
          <div key={call.frame} className="denied-call">
            <button type="button" className="link" onClick={() => model.select(call.frame)}>
              Frame {call.frame}, {call.tool}
            </button>
            {call.denials.length > 0 ? <DenialList denials={call.denials} /> : <p className="danger">{call.message}</p>}
          </div>
        ))}
      </Part>
    </div>
  )
}
