import { StateCache } from '../src/renderer/app/state-cache'
import type { Frame } from '../src/shared/frames'
import { asFrames, longRun } from './support/long-run'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { randomNumbers } from './support/words'

const FRAMES = 10_000
const BRANCHES = 20
const OPENS = 3_000
const FIRST_OPENS = 20
const STEPS = 3_000
const GATE_MS = 16

/** The state of frames of a long run, as the window gets it: from its own cache of folded states. */
export default async function openFrame(): Promise<Measurement[]> {
  const frames = asFrames(longRun(scaled(FRAMES, 1000), BRANCHES))
  const random = randomNumbers(4)
  const anyFrame = (): Frame => frames[Math.floor(random() * frames.length)] as Frame
  const open = (cache: StateCache, frame: Frame): void => {
    const state = cache.stateAt(frame.branchId, frame.n)
    if (state.frame !== frame.n) throw new Error(`frame ${frame.n} was asked for, ${state.frame} was opened`)
  }

  const loaded = new Samples()
  const first = new Samples()
  for (let round = -3; round < scaled(FIRST_OPENS); round += 1) {
    const cache = new StateCache()
    const [load, fold] = round < 0 ? [new Samples(), new Samples()] : [loaded, first]
    await load.time(() => {
      for (const frame of frames) cache.append(frame)
    })
    const last = frames.at(-1) as Frame
    await fold.time(() => open(cache, last))
  }

  const cache = new StateCache()
  for (const frame of frames) cache.append(frame)
  for (const frame of frames) open(cache, frame)
  const jumps = new Samples()
  for (let at = 0; at < scaled(OPENS); at += 1) {
    const frame = anyFrame()
    await jumps.time(() => open(cache, frame))
  }
  const steps = new Samples()
  for (let at = 0; at < scaled(STEPS); at += 1) {
    const frame = frames[frames.length - 1 - (at % frames.length)] as Frame
    await steps.time(() => open(cache, frame))
  }
  return [
    durations('any frame of 10,000 on 20 branches', 'p95', jumps, { gateMs: GATE_MS }),
    durations('one frame back, from the last', 'p95', steps, { gateMs: GATE_MS }),
    durations('the last frame right after loading, nothing folded yet', 'p95', first, {
      note: `a run opens there once; taking the 10,000 frames into the window: p95 ${loaded.spread.p95.toFixed(1)} ms`,
    }),
  ]
}
