import type { FrameDraft } from '../../src/main/kernel/journal/journal'
import type { ContextChange, ContextItem } from '../../src/shared/context'
import type { Frame, FrameKind, FramePayload } from '../../src/shared/frames'
import { BranchId, ContentHash, MAIN_BRANCH, RunId } from '../../src/shared/ids'
import { randomNumbers, someText } from './words'

const RUN = RunId.parse('r0000000001')
const NO_HASH = ContentHash.parse('0'.repeat(64))
/** Items that the tiers hold about as many of as when they are full. */
const ITEMS = 250

/** A run as agents make them (decision, intent, outcome, context change, again and again), with so many frames on so many branches. */
export function longRun(frames: number, branches: number): FrameDraft[] {
  const random = randomNumbers(3)
  const drafts: FrameDraft[] = []
  const tips = new Map<BranchId, number>([[MAIN_BRANCH, 0]])
  let branchId: BranchId = MAIN_BRANCH
  const add = <K extends FrameKind>(kind: K, payload: FramePayload<K>, cause: number | null = null): number => {
    const draft: FrameDraft<K> = { branchId, kind, atMs: drafts.length * 1000, cause, key: null, payload, checkpoint: null }
    drafts.push(draft as FrameDraft)
    tips.set(branchId, drafts.length)
    return drafts.length
  }
  while (drafts.length < frames) {
    const due = Math.floor((drafts.length / frames) * branches)
    if (tips.size <= due && drafts.length > 0 && tips.size < branches) {
      const [parent, tip] = [...tips][Math.floor(random() * tips.size)] ?? [MAIN_BRANCH, 1]
      branchId = BranchId.parse(`b${tips.size}`)
      add('fork', { parent, fromFrame: tip, label: `variant ${tips.size}`, reason: 'speculation', task: null, options: null })
    } else if (random() < 0.02) {
      branchId = [...tips.keys()][Math.floor(random() * tips.size)] ?? MAIN_BRANCH
    }
    step(add, random, drafts.length)
  }
  return drafts.slice(0, frames)
}

/** The drafts as frames without a journal, for what reads frames only. */
export function asFrames(drafts: readonly FrameDraft[]): Frame[] {
  return drafts.map((draft, index) => ({ ...draft, runId: RUN, n: index + 1, hash: NO_HASH }) as Frame)
}

type Add = <K extends FrameKind>(kind: K, payload: FramePayload<K>, cause?: number | null) => number

function step(add: Add, random: () => number, tick: number): void {
  const path = `packages/p${Math.floor(random() * 100)}/src/file-${Math.floor(random() * 1000)}.ts`
  add('decision', {
    policy: 'default@1',
    outcome: 'use-tool',
    reasons: ['the agent asked for a tool', 'all limits hold'],
    limits: [],
    inputs: {
      tick,
      request: 'fs.read',
      requestClass: 'pure',
      tokensUsed: tick * 90,
      contextTokens: 150_000,
      maxTokens: 5_000_000,
      errorCount: 0,
      maxErrors: 10,
      wallTimeMs: tick * 1000,
      maxWallTimeMs: 1e9,
      staleItems: 0,
      maxStaleItems: 20,
      waived: [],
    },
  })
  const intent = add('tool.intent', { tool: 'fs.read', args: { path }, effect: 'pure', allowedBy: ['read files of the workspace'] })
  const outcome = add(
    'tool.outcome',
    {
      tool: 'fs.read',
      ok: true,
      output: { path, startLine: 1, endLine: 40 },
      text: someText(random, 800),
      sideEffects: { files: [], processes: [] },
      isolation: 'overlay',
      durationMs: 4,
    },
    intent,
  )
  const slot = (): string => `file:src/file-${Math.floor(random() * ITEMS)}.ts`
  const changes: ContextChange[] = [
    { op: 'put', item: item(slot(), outcome, 'L2') },
    { op: 'put', item: item(`tool:${Math.floor(random() * 20)}`, outcome, 'L1') },
    { op: 'touch', id: slot() },
    { op: 'evict', id: slot(), rule: 'least recently used, to make room' },
  ]
  add('context.changed', { changes })
}

function item(id: string, frame: number, tier: 'L1' | 'L2'): ContextItem {
  return {
    id,
    tier,
    kind: 'file',
    title: id,
    content: NO_HASH,
    tokens: 600,
    source: { by: 'agent', frame, tool: 'fs.read', path: id },
    reason: 'read by the agent',
    addedAt: frame,
    lastUsedAt: frame,
    pinned: false,
    stale: false,
  }
}
