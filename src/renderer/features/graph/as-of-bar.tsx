import { type KeyboardEvent, useEffect, useMemo } from 'react'
import { useStore } from 'zustand'
import type { WorkspaceInfo } from '../../app/workspace-store'
import { usePoint, useIsPast, useRunFrames, useWindow } from '../../app/window-context'
import { count } from '../../components/format'
import { filesKey, graph, reload } from './graph-store'

const SETTLE_MS = 160

/**
 * Which state of the code is shown, and the means to move it: the slider is the window's own selection, so that the timeline and
 * the editor go along.
 */
export function AsOfBar({ index, visible }: { index: WorkspaceInfo['index'] | null; visible: boolean }) {
  const model = useWindow()
  const point = usePoint()
  const past = useIsPast()
  const { cache } = useRunFrames()
  const { asOf } = useStore(graph)
  const at = asOf === 'now' ? null : point
  const branchId = point?.branchId ?? null
  const tip = branchId === null ? 0 : cache.tip(branchId)
  const frames = useMemo(
    () => (branchId === null || tip === 0 ? [] : cache.path(branchId, tip).map((frame) => frame.n)),
    [cache, branchId, tip],
  )
  const position = point === null ? 0 : frames.indexOf(point.n) + 1
  useFollowing(visible)

  function onKeyDown(event: KeyboardEvent): void {
    // Big steps end at the ends; single ones are the browser's.
    const to = { Home: frames[0], End: frames.at(-1) }[event.key]
    if (to === undefined) return
    event.preventDefault()
    model.select(to)
  }

  return (
    <div className="as-of">
      <div role="group" aria-label="State of the code" className="graph-modes">
        <button type="button" aria-pressed={asOf === 'frame'} disabled={point === null} onClick={() => choose('frame')}>
          Frame
        </button>
        <button type="button" aria-pressed={asOf === 'now'} onClick={() => choose('now')}>
          Now
        </button>
      </div>
      {point !== null && (
        <input
          type="range"
          className="as-of-slider"
          aria-label="As of frame"
          aria-valuetext={`Frame ${point.n}, ${position} of ${frames.length} on branch ${point.branchId}`}
          min={1}
          max={Math.max(1, frames.length)}
          step={1}
          disabled={asOf === 'now'}
          value={position}
          onChange={(event) => {
            const n = frames[event.target.valueAsNumber - 1]
            if (n !== undefined) model.select(n)
          }}
          onKeyDown={onKeyDown}
        />
      )}
      <p role="status" className="as-of-words">
        <span>
          {at === null
            ? 'The repository as it is now'
            : `As of frame ${at.n} of ${cache.length}${past ? '' : ', live'}, branch ${at.branchId}`}
        </span>
        <IndexWords index={index} />
      </p>
    </div>
  )

  function choose(next: 'frame' | 'now'): void {
    graph.setState({ asOf: next })
  }
}

/** Asks again when the files of the shown state are others, once the slider has come to rest. */
function useFollowing(visible: boolean): void {
  const model = useWindow()
  const point = usePoint()
  const asOf = useStore(graph, (state) => state.asOf)
  const answered = useStore(graph, (state) => state.answered)
  const key = filesKey(model, asOf === 'now' ? null : point)
  useEffect(() => {
    if (!visible || answered === null || answered === key) return
    const timer = setTimeout(() => void reload(model), SETTLE_MS)
    return () => clearTimeout(timer)
  }, [visible, answered, key, model])
}

function IndexWords({ index }: { index: WorkspaceInfo['index'] | null }) {
  const model = useWindow()
  const { topic, indexVersion, status, asOf } = useStore(graph)
  if (index === null) return null
  const stale = indexVersion !== null && index.version > indexVersion && topic.kind !== 'none' && topic.kind !== 'frame' && asOf === 'now'
  return (
    <>
      <span className={index.state === 'failed' ? 'danger' : 'faint'}>
        {index.state === 'indexing' && `Indexing ${index.filesDone} of ${count(index.files, 'file')}: answers may be incomplete.`}
        {index.state === 'failed' && 'The index failed.'}
        {index.state === 'idle' && `${count(index.symbols, 'entity', 'entities')}, ${count(index.edges, 'relation')} in the index`}
      </span>
      {index.state === 'failed' && (
        <button type="button" className="link" onClick={() => model.commands.run('index.refresh')}>
          Index again
        </button>
      )}
      {stale && status === 'idle' && (
        <button type="button" className="link" onClick={() => void reload(model)}>
          The files changed: ask again
        </button>
      )}
    </>
  )
}
