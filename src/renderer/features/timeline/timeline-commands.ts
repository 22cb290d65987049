import { type Breakpoint, type BreakpointCondition, breakpointName } from '../../../shared/breakpoints'
import type { Frame } from '../../../shared/frames'
import type { Command } from '../../app/commands'
import type { Point, WindowModel } from '../../app/window-model'
import { annotations, removeBreakpoint, saveBreakpoint } from './annotations-store'
import { hitsOf } from './breakpoint-hits'
import { nextMatch } from './frame-search'
import { STEP_NAME, STEP_TARGETS, stepTo, type StepTarget } from './stepping'

/** Forwards; with Shift backwards. */
const KEY: Readonly<Record<StepTarget, string>> = {
  'same-kind': 'N',
  'same-branch': 'B',
  tool: 'T',
  model: 'M',
  change: 'C',
  error: 'E',
  decision: 'D',
  human: 'H',
  keyframe: 'K',
  mark: 'J',
  breakpoint: 'X',
}

export function stepKey(target: StepTarget, by: 1 | -1): string {
  return by === 1 ? KEY[target] : `Shift+${KEY[target]}`
}

export function timelineCommands(model: WindowModel): Command[] {
  const hasFrames = (): boolean => model.run.store.getState().cache.length > 0
  return [
    ...STEP_TARGETS.flatMap((target) =>
      ([1, -1] as const).map((by): Command => ({
        id: `timeline.${by === 1 ? 'next' : 'previous'}.${target}`,
        title: `Timeline: ${by === 1 ? 'next' : 'previous'} ${STEP_NAME[target]}`,
        key: stepKey(target, by),
        reach: 'free',
        enabled: hasFrames,
        run: () => step(model, target, by),
      })),
    ),
    {
      id: 'timeline.toggleBreakpoint',
      title: 'Breakpoint: set or remove on the kind or tool of this frame',
      key: 'F9',
      reach: 'everywhere',
      enabled: hasFrames,
      run: async () => {
        const frame = selectedFrame(model)
        if (frame !== undefined) await toggleBreakpoint(model, frame)
      },
    },
    {
      id: 'timeline.mark',
      title: 'Mark this frame, or change its mark',
      key: 'Ctrl+Alt+M',
      reach: 'everywhere',
      enabled: hasFrames,
      run: () => {
        const frame = selectedFrame(model)
        if (frame !== undefined) draftMark(model, frame)
      },
    },
    {
      id: 'timeline.find',
      title: 'Timeline: find frames by kind, title, tool or path',
      key: '/',
      reach: 'free',
      enabled: hasFrames,
      run: () => {
        model.dock.open('timeline', { focus: false })
        document.querySelector<HTMLInputElement>('[data-timeline-search]')?.focus()
      },
    },
  ]
}

export function selectedFrame(model: WindowModel): Frame | undefined {
  const point = model.point()
  return point === null ? undefined : model.run.store.getState().cache.frame(point.n)
}

/** Selects the next frame of the kind, or says that there is none. */
export function step(model: WindowModel, target: StepTarget, by: 1 | -1): void {
  const point = model.point()
  if (point === null) return
  const { cache } = model.run.store.getState()
  const { marks, breakpoints } = annotations.getState()
  const hit = target === 'breakpoint' ? breakpoints.filter((one) => one.enabled).flatMap((one) => hitsOf(one, cache.frames)) : []
  const found = stepTo(cache, point, target, by, { marked: new Set(marks.map((mark) => mark.frame)), hit: new Set(hit) })
  annotations.setState({ said: found === null ? nothingFound(target, by, point) : '' })
  if (found !== null) model.select(found)
}

function nothingFound(target: StepTarget, by: 1 | -1, { n }: Point): string {
  return `No ${STEP_NAME[target]} ${by === 1 ? 'after' : 'before'} frame ${n}`
}

/** The tool of a call, else the kind of the frame: what a breakpoint at it waits for. */
export function conditionOf(frame: Frame): BreakpointCondition {
  if (frame.kind === 'tool.intent' || frame.kind === 'tool.outcome') return { on: 'tool', pattern: frame.payload.tool }
  return { on: 'kind', kinds: [frame.kind] }
}

/** Breakpoints that wait for just the kind or tool of the frame. */
function breakpointsOf(frame: Frame): readonly Breakpoint[] {
  const wanted = JSON.stringify(conditionOf(frame))
  return annotations.getState().breakpoints.filter((one) => JSON.stringify(one.condition) === wanted)
}

export function hasBreakpoint(frame: Frame): boolean {
  return breakpointsOf(frame).length > 0
}

/** Removes the breakpoints that wait for just this kind or tool, or sets one. */
export async function toggleBreakpoint(model: WindowModel, frame: Frame): Promise<void> {
  const condition = conditionOf(frame)
  const same = breakpointsOf(frame)
  const name = breakpointName({ name: '', condition })
  try {
    if (same.length > 0) await Promise.all(same.map((one) => removeBreakpoint(model, one.id)))
    else await saveBreakpoint(model, { name: '', enabled: true, condition, runId: null, branchId: null, fromHit: 1 }, null)
    annotations.setState({ said: same.length > 0 ? `Breakpoint removed: ${name}` : `Breakpoint set: ${name}` })
  } catch (thrown) {
    model.notices.fail(thrown)
  }
}

export function draftMark(model: WindowModel, frame: Frame): void {
  const mark = annotations.getState().marks.find((one) => one.frame === frame.n) ?? null
  model.dock.open('timeline', { focus: false })
  annotations.setState({ draft: { frame: frame.n, runId: frame.runId, mark } })
}

export function goToMatch(model: WindowModel, by: 1 | -1): void {
  const found = nextMatch(annotations.getState().matches, model.point()?.n ?? 0, by)
  const frame = found === null ? undefined : model.run.store.getState().cache.frame(found)
  if (frame !== undefined) model.select(frame.n, frame.branchId)
}
