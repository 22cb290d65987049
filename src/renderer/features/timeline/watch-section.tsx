import { Plus, Trash2 } from 'lucide-react'
import { useDeferredValue, useMemo, useRef, useState } from 'react'
import { useStore } from 'zustand'
import { toFailure } from '../../../shared/failure'
import type { FileVersion } from '../../../shared/files'
import { useKernelQuery, usePoint, useRunFrames, useWindow } from '../../app/window-context'
import type { Point } from '../../app/window-model'
import { formatBytes } from '../../components/format'
import { IconButton } from '../../components/icon-button'
import { visibleText } from '../../components/visible-text'
import { annotations, keepWatches } from './annotations-store'
import { focusHeader } from './focus-header'
import { valueAt, type Watch, followWatches, type WatchedValue, type WatchProgress, watchTitle } from './watch'

const CHANGES_SHOWN = 12
const ON_TITLE = { file: 'File', item: 'Context item', variable: 'Variable' } as const
const PLACEHOLDER = { file: 'src/main.ts', item: 'id or title', variable: 'data.round' } as const

/** Values at the selected frame, and the frames at which they changed on the way to the end of its branch. */
export function WatchSection({ visible }: { visible: boolean }) {
  const model = useWindow()
  const watches = useStore(annotations, (state) => state.watches)
  const { cache, version } = useRunFrames()
  const point = useDeferredValue(usePoint())
  const branchId = point?.branchId ?? null
  /** Kept from frame to frame while the same is watched on the same way, so that a live run costs one step of the fold a frame. */
  const followed = useRef<{ readonly watches: readonly Watch[]; readonly way: string; readonly progress: WatchProgress } | null>(null)
  const histories = useMemo((): WatchProgress['histories'] => {
    if (branchId === null || !visible || version < 0 || watches.length === 0) return new Map()
    const way = `${point?.runId ?? ''} ${branchId}`
    const before = followed.current?.watches === watches && followed.current.way === way ? followed.current.progress : null
    const progress = followWatches(watches, cache.path(branchId, cache.tip(branchId)), before)
    followed.current = { watches, way, progress }
    return progress.histories
  }, [watches, cache, version, branchId, visible, point?.runId])
  const [adding, setAdding] = useState(false)
  const section = useRef<HTMLElement>(null)
  const keep = (next: readonly Watch[]): void => void keepWatches(model, next).catch(model.notices.fail)
  return (
    <section ref={section} className="debug-section" aria-label="Watch">
      <header>
        <h3 className="section-title">Watch</h3>
        <span className="number faint">{watches.length}</span>
        <span className="spacer" />
        <IconButton icon={Plus} label="Add a watch" onClick={() => setAdding(true)} />
      </header>
      {adding && (
        <WatchForm
          onDone={(watch) => {
            setAdding(false)
            focusHeader(section.current)
            if (watch !== null) keep([...watches, watch])
          }}
        />
      )}
      {watches.length === 0 && !adding && (
        <p className="debug-empty muted">
          Follow a file, a context item or a variable of the agent along the timeline: each change is a frame to go to.
        </p>
      )}
      {watches.length > 0 && (
        <div className="watch-table" role="table" aria-label="Watched values">
          {watches.map((watch) => (
            <WatchRow
              key={watch.id}
              watch={watch}
              history={histories.get(watch.id) ?? []}
              point={point}
              onRemove={() => keep(watches.filter((one) => one.id !== watch.id))}
            />
          ))}
        </div>
      )}
    </section>
  )
}

interface WatchRowProps {
  readonly watch: Watch
  readonly history: readonly WatchedValue[]
  readonly point: Point | null
  readonly onRemove: () => void
}

function WatchRow({ watch, history, point, onRemove }: WatchRowProps) {
  const model = useWindow()
  const now = point === null ? null : valueAt(history, point.n)
  const title = visibleText(watchTitle(watch))
  const at = history.findIndex((value) => value.n === now?.n)
  const from = Math.max(0, Math.min(at - CHANGES_SHOWN / 2, history.length - CHANGES_SHOWN))
  return (
    <div role="row" className="watch-row">
      <span role="rowheader" className="watch-name">
        <span className="mono">{title}</span> <span className="faint detail">{ON_TITLE[watch.on].toLowerCase()}</span>
      </span>
      <span role="cell" className="watch-value mono" title={now?.text ?? undefined}>
        {watch.on === 'file' && point !== null ? (
          <FileValue path={watch.path} point={point} since={now?.n ?? 0} />
        ) : (
          (now?.text ?? 'not there')
        )}
      </span>
      <span role="cell" className="watch-changes">
        {history.length === 0 && <span className="faint detail">never changed</span>}
        {from > 0 && <span className="faint detail">{from} before</span>}
        {history.slice(from, from + CHANGES_SHOWN).map((value) => (
          <button
            key={value.n}
            type="button"
            className="watch-change number"
            aria-current={value.n === now?.n}
            title={value.text ?? 'gone'}
            aria-label={`${value.n}, ${title} changed at this frame`}
            onClick={() => model.select(value.n)}
          >
            {value.n}
          </button>
        ))}
        {from + CHANGES_SHOWN < history.length && <span className="faint detail">{history.length - from - CHANGES_SHOWN} more</span>}
      </span>
      <span role="cell" className="watch-remove">
        <IconButton icon={Trash2} label={`Stop watching ${title}`} onClick={onRemove} />
      </span>
    </div>
  )
}

/** Hash and size of the file at the frame; asked again only where it changed. */
function FileValue({ path, point, since }: { path: string; point: Point; since: number }) {
  const found = useKernelQuery<FileVersion | 'absent'>(`${point.runId} ${point.branchId} ${since} ${path}`, async (link, signal) => {
    try {
      return await link.call('files.read', { ...point, path }, { signal })
    } catch (thrown) {
      if (toFailure(thrown).code !== 'files.not-found') throw thrown
      return 'absent'
    }
  })
  if (found.status === 'failed') return <span className="danger">{found.failure.message}</span>
  if (found.value === null) return <span className="faint">reading</span>
  if (found.value === 'absent') return <>not there</>
  return (
    <>
      {found.value.version.slice(0, 10)} <span className="faint">{formatBytes(found.value.sizeBytes)}</span>
    </>
  )
}

function WatchForm({ onDone }: { onDone: (watch: Watch | null) => void }) {
  const [on, setOn] = useState<Watch['on']>('file')
  const [text, setText] = useState('')
  return (
    <form
      className="breakpoint-form"
      aria-label="New watch"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        onDone(null)
      }}
      onSubmit={(event) => {
        event.preventDefault()
        const named = text.trim()
        if (named === '') return
        const id = crypto.randomUUID()
        onDone(on === 'item' ? { id, on, item: named } : { id, on, path: named })
      }}
    >
      <div className="form-row">
        <label>
          What
          <select className="field" autoFocus value={on} onChange={(event) => setOn(kindOf(event.target.value))}>
            {Object.entries(ON_TITLE).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          {on === 'variable' ? 'JSON path' : on === 'file' ? 'Path' : 'Id or title'}
          <input
            className="field mono"
            value={text}
            placeholder={PLACEHOLDER[on]}
            spellCheck={false}
            required
            onChange={(event) => setText(event.target.value)}
          />
        </label>
      </div>
      <div className="form-actions">
        <button type="button" className="button" onClick={() => onDone(null)}>
          Cancel
        </button>
        <button type="submit" className="button" data-tone="primary">
          Watch
        </button>
      </div>
    </form>
  )
}

function kindOf(value: string): Watch['on'] {
  return value === 'item' || value === 'variable' ? value : 'file'
}
