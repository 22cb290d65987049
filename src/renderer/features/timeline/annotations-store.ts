import { createStore, type StoreApi } from 'zustand/vanilla'
import { z } from 'zod'
import { type Breakpoint, type BreakpointSettings, type FrameMark, type MarkShape } from '../../../shared/breakpoints'
import { type Failure, toFailure } from '../../../shared/failure'
import type { RunId } from '../../../shared/ids'
import type { WindowModel } from '../../app/window-model'
import { visibleText } from '../../components/visible-text'
import { Watch } from './watch'

export interface Annotations {
  readonly breakpoints: readonly Breakpoint[]
  /** Of the open run, by frame. */
  readonly marks: readonly FrameMark[]
  readonly watches: readonly Watch[]
  readonly failure: Failure | null
  readonly query: string
  /** Frames that the search found, in order. */
  readonly matches: readonly number[]
  /** What the last step could not find; empty when it found it. */
  readonly said: string
  /** A mark that is being written: a new one at a frame, or one that is changed. */
  readonly draft: { readonly frame: number; readonly runId: RunId; readonly mark: FrameMark | null } | null
}

const WATCHES = 'timeline.watches'
const NONE: Annotations = { breakpoints: [], marks: [], watches: [], failure: null, query: '', matches: [], said: '', draft: null }

/** What people put on the timeline, mirrored from the kernel, and what they look for on it. One a window. */
export const annotations: StoreApi<Annotations> = createStore<Annotations>(() => NONE)

/** Keeps the mirror up to date while the window lives. Returns what ends it. */
export function followAnnotations(model: WindowModel): () => void {
  const { link, selection } = model
  let runId: RunId | null = null

  async function fetchMarks(): Promise<void> {
    const asked = runId
    const marks = asked === null ? [] : await link.call('marks.list', { runId: asked })
    if (asked === runId) annotations.setState({ marks })
  }

  async function fetchAll(): Promise<void> {
    if (link.state.getState().phase !== 'live') return
    try {
      const [breakpoints, kept] = await Promise.all([link.call('breakpoints.list', {}), link.call('ui.get', { key: WATCHES })])
      annotations.setState({ breakpoints, watches: watchesOf(kept.value), failure: null })
      await fetchMarks()
    } catch (thrown) {
      annotations.setState({ failure: toFailure(thrown) })
    }
  }

  function fetchMarksOf(open: RunId | null): void {
    runId = open
    annotations.setState({ marks: [], draft: null, said: '' })
    if (link.state.getState().phase === 'live')
      void fetchMarks().catch((thrown: unknown) => annotations.setState({ failure: toFailure(thrown) }))
  }

  const ends = [
    link.onLive(() => void fetchAll()),
    link.on('resync', () => void fetchAll()),
    link.on('breakpoints.changed', (breakpoints) => annotations.setState({ breakpoints })),
    // Of the open run the timeline itself says it.
    link.on('breakpoint.hit', ({ hits: [hit] }) => {
      if (hit === undefined || hit.runId === runId) return
      const run = model.runs.store.getState().runs.find((one) => one.runId === hit.runId)
      model.notices.add({
        level: 'info',
        message: `"${run?.task ?? hit.runId}" stops at breakpoint "${visibleText(hit.name)}", frame ${hit.frame}.`,
        button: { label: 'Open the run', run: () => model.openRun(hit.runId) },
      })
    }),
    link.on('marks.changed', (changed) => {
      if (changed.runId === runId) void fetchMarks().catch((thrown: unknown) => annotations.setState({ failure: toFailure(thrown) }))
    }),
    selection.subscribe((state) => {
      if (state.runId !== runId) fetchMarksOf(state.runId)
    }),
  ]
  runId = selection.getState().runId
  void fetchAll()
  return () => {
    for (const end of ends) end()
  }
}

export async function saveBreakpoint(model: WindowModel, settings: BreakpointSettings, id: string | null): Promise<void> {
  const saved = await model.link.call('breakpoints.save', { id, settings })
  annotations.setState(({ breakpoints }) => ({
    breakpoints: breakpoints.some((one) => one.id === saved.id)
      ? breakpoints.map((one) => (one.id === saved.id ? saved : one))
      : [...breakpoints, saved],
  }))
}

export async function removeBreakpoint(model: WindowModel, id: string): Promise<void> {
  await model.link.call('breakpoints.remove', { id })
}

export function setEnabled(model: WindowModel, breakpoint: Breakpoint, enabled: boolean): Promise<void> {
  const { id, ...settings } = breakpoint
  return saveBreakpoint(model, { ...settings, enabled }, id)
}

export async function saveMark(
  model: WindowModel,
  mark: { runId: RunId; frame: number; name: string; note: string; shape: MarkShape },
  id: string | null,
): Promise<void> {
  await model.link.call('marks.save', { ...mark, id })
}

export async function removeMark(model: WindowModel, mark: FrameMark): Promise<void> {
  await model.link.call('marks.remove', { runId: mark.runId, id: mark.id })
}

/** Watches are kept with the window's own settings of the workspace. */
export async function keepWatches(model: WindowModel, watches: readonly Watch[]): Promise<void> {
  annotations.setState({ watches })
  await model.link.call('ui.set', { key: WATCHES, value: JSON.stringify(watches) })
}

function watchesOf(text: string | null): readonly Watch[] {
  if (text === null) return []
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return []
    throw thrown
  }
  const read = z.array(Watch).safeParse(json)
  return read.success ? read.data : []
}
