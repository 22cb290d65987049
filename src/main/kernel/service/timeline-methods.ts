import type { BreakpointSettings } from '../../../shared/breakpoints'
import { KeyframeError } from '../../../shared/failure'
import type { RunId } from '../../../shared/ids'
import type { BreakpointList } from '../breakpoints/breakpoint-list'
import type { FrameMarks } from '../breakpoints/frame-marks'
import type { MethodTable } from './kernel-methods'
import type { RunRegistry } from './run-registry'

type TimelineMethods = Pick<
  MethodTable,
  'breakpoints.list' | 'breakpoints.save' | 'breakpoints.remove' | 'marks.list' | 'marks.save' | 'marks.remove'
>

export interface TimelineParts {
  readonly breakpoints: BreakpointList
  readonly marks: FrameMarks
  readonly runs: RunRegistry
}

/** What people put on the timeline: where runs are to stop, and what they wrote at frames. */
export function timelineMethods({ breakpoints, marks, runs }: TimelineParts): TimelineMethods {
  return {
    'breakpoints.list': async () => [...breakpoints.all],
    'breakpoints.save': async ({ id, settings }) => breakpoints.save(settings as BreakpointSettings, id),
    'breakpoints.remove': async ({ id }) => {
      breakpoints.remove(id)
      return {}
    },
    'marks.list': async ({ runId }) => marks.of(runs.get(runId as RunId).runId),
    'marks.save': async ({ runId, frame: n, id, name, note, shape }) => {
      const frame = runs.get(runId as RunId).frames()[n - 1]
      if (frame === undefined) {
        throw new KeyframeError({ code: 'run.no-such-frame', message: `Run ${runId} has no frame ${n}.`, action: 'Mark one that it has.' })
      }
      return marks.save(frame, { name, note, shape }, id)
    },
    'marks.remove': async ({ runId, id }) => {
      marks.remove(runs.get(runId as RunId).runId, id)
      return {}
    },
  }
}
