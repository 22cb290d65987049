import { z } from 'zod'
import { type Frame, FrameKindName } from './frames'
import { globMatcher } from './glob'
import { BranchId, FrameNumber, RunId } from './ids'

export const MAX_BREAKPOINTS = 200

const Glob = z.string().min(1).max(300)

/** What a frame has to be. All of them are questions to the frame alone, but `tokens`, which is asked of the run up to it. */
export const BreakpointCondition = z.discriminatedUnion('on', [
  z.object({ on: z.literal('kind'), kinds: z.array(FrameKindName).min(1).max(40) }),
  /** A call of a tool, by its name or a glob of names (`fs.*`). */
  z.object({ on: z.literal('tool'), pattern: Glob }),
  /** A file that a call changed, or that a call without effects named as its path. A glob without a slash is of names. */
  z.object({ on: z.literal('file'), pattern: Glob, access: z.enum(['changed', 'read', 'any']) }),
  z.object({ on: z.literal('error') }),
  /** A decision by a person, or by what answers in a person's place. */
  z.object({ on: z.literal('human') }),
  /** The frame with which the tokens that the run put into L1 and L2, over all its branches, pass this number. */
  z.object({ on: z.literal('tokens'), over: z.number().int().min(1).max(1_000_000_000) }),
])
export type BreakpointCondition = z.infer<typeof BreakpointCondition>

export const BreakpointSettings = z.object({
  /** Empty: its condition in words stands for it. */
  name: z.string().max(120),
  enabled: z.boolean(),
  condition: BreakpointCondition,
  /** Null: all runs. */
  runId: RunId.nullable(),
  /** Null: all branches. */
  branchId: BranchId.nullable(),
  /** The run is stopped from its n-th matching frame on; those before are let pass. */
  fromHit: z.number().int().min(1).max(100_000),
})
export type BreakpointSettings = z.infer<typeof BreakpointSettings>

export const Breakpoint = BreakpointSettings.extend({ id: z.string().max(40) })
export type Breakpoint = z.infer<typeof Breakpoint>

/** Why a run stands still. */
export const BreakpointHit = z.object({
  breakpointId: z.string(),
  name: z.string(),
  runId: RunId,
  branchId: BranchId,
  frame: FrameNumber,
})
export type BreakpointHit = z.infer<typeof BreakpointHit>

/** Who a pause at a breakpoint is by, in its control frame. */
export const BY_BREAKPOINT = 'breakpoint'

export const MAX_MARKS = 2_000

/** Shapes first, colours second, so that marks are told apart without colour. None is the shape of a kind of frames. */
export const MarkShape = z.enum(['flag', 'star', 'heart', 'pin', 'cross'])
export type MarkShape = z.infer<typeof MarkShape>

/** What a person wrote at a frame. Kept beside the journal: it is no part of the run's chain, and a replay knows nothing of it. */
export const FrameMark = z.object({
  id: z.string().max(40),
  runId: RunId,
  branchId: BranchId,
  frame: FrameNumber,
  name: z.string().max(120),
  note: z.string().max(4_000),
  shape: MarkShape,
})
export type FrameMark = z.infer<typeof FrameMark>

/** Tokens of the run in L1 and L2 before the frame and with it. */
export interface RunTotals {
  readonly tokensBefore: number
  readonly tokensAfter: number
}

export function tokensOf(frame: Frame): number {
  if (frame.kind !== 'context.changed' && frame.kind !== 'context.edited') return 0
  let tokens = 0
  for (const change of frame.payload.changes)
    if (change.op === 'put' && (change.item.tier === 'L1' || change.item.tier === 'L2')) tokens += change.item.tokens
  return tokens
}

/** True when the frame is what the breakpoint waits for, hit count and switch left aside. Pure. */
export function breakpointHit(breakpoint: BreakpointSettings, frame: Frame, totals: RunTotals): boolean {
  if (breakpoint.runId !== null && breakpoint.runId !== frame.runId) return false
  if (breakpoint.branchId !== null && breakpoint.branchId !== frame.branchId) return false
  // Its own pauses are frames too: they would stop the run for ever.
  if (frame.kind === 'control' && frame.payload.by === BY_BREAKPOINT) return false
  const { condition } = breakpoint
  switch (condition.on) {
    case 'kind':
      return condition.kinds.includes(frame.kind)
    case 'tool':
      return frame.kind === 'tool.intent' && toolMatcher(condition.pattern)(frame.payload.tool)
    case 'file': {
      const matches = fileMatcher(condition.pattern)
      const changed = condition.access === 'read' ? [] : changedPaths(frame)
      const read = condition.access === 'changed' ? [] : readPaths(frame)
      return changed.some(matches) || read.some(matches)
    }
    case 'error':
      return isError(frame)
    case 'human':
      return frame.kind === 'human.answer'
    case 'tokens':
      return totals.tokensBefore <= condition.over && totals.tokensAfter > condition.over
  }
}

/** Frames of a run at which the breakpoint stops, or would have stopped had it been there. `frames` from the first one on. */
export function hitsIn(breakpoint: BreakpointSettings, frames: readonly Frame[]): number[] {
  const hits: number[] = []
  let tokens = 0
  let matches = 0
  for (const frame of frames) {
    const before = tokens
    tokens += tokensOf(frame)
    if (!breakpointHit(breakpoint, frame, { tokensBefore: before, tokensAfter: tokens })) continue
    matches += 1
    if (matches >= breakpoint.fromHit) hits.push(frame.n)
  }
  return hits
}

/** The condition in words, short enough for a row. */
export function conditionInWords(condition: BreakpointCondition): string {
  switch (condition.on) {
    case 'kind':
      return `frame ${condition.kinds.join(' or ')}`
    case 'tool':
      return `call of ${condition.pattern}`
    case 'file':
      return `${condition.pattern} ${condition.access === 'any' ? 'read or changed' : condition.access}`
    case 'error':
      return 'any error'
    case 'human':
      return 'a person decided'
    case 'tokens':
      return `over ${condition.over} tokens`
  }
}

export function breakpointName(breakpoint: Pick<BreakpointSettings, 'name' | 'condition'>): string {
  return breakpoint.name === '' ? conditionInWords(breakpoint.condition) : breakpoint.name
}

/** A pattern without a slash is of names. Throws SyntaxError for one that cannot be used. */
export function fileMatcher(pattern: string): (path: string) => boolean {
  return compiled(`file ${pattern}`, () => globMatcher(pattern.includes('/') ? pattern.replace(/^\.?\//, '') : `**/${pattern}`))
}

/** Names of tools have dots for slashes: `fs.*` is every tool of `fs`. */
export function toolMatcher(pattern: string): (tool: string) => boolean {
  return compiled(`tool ${pattern}`, () => globMatcher(pattern))
}

const MOST_COMPILED = 2 * MAX_BREAKPOINTS
const matchers = new Map<string, (text: string) => boolean>()

function compiled(key: string, make: () => (text: string) => boolean): (text: string) => boolean {
  const known = matchers.get(key)
  if (known !== undefined) return known
  if (matchers.size >= MOST_COMPILED) matchers.clear()
  const made = make()
  matchers.set(key, made)
  return made
}

/** Paths that the frame says were changed. */
export function changedPaths(frame: Frame): readonly string[] {
  if (frame.kind === 'tool.outcome') return frame.payload.sideEffects.files.map((file) => file.path)
  return frame.kind === 'merge.outcome' ? frame.payload.applied.map((file) => file.path) : []
}

const Named = z.object({ path: z.string() })

/** Paths that a call without effects was given to look at. */
function readPaths(frame: Frame): readonly string[] {
  if (frame.kind !== 'tool.intent' || frame.payload.effect !== 'pure') return []
  const named = Named.safeParse(frame.payload.args)
  return named.success ? [named.data.path.replace(/^(\.\/|\/workspace\/)/, '')] : []
}

function isError(frame: Frame): boolean {
  if (frame.kind === 'error') return true
  if (frame.kind === 'tool.outcome') return !frame.payload.ok
  if (frame.kind === 'merge.outcome') return frame.payload.conflicts.length > 0
  return frame.kind === 'run.ended' && frame.payload.outcome === 'failed'
}
