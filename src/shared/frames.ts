import { z } from 'zod'
import { ContextChange, TokenBudget } from './context'
import { Failure } from './failure'
import { BranchId, ContentHash, RunId } from './ids'
import { EnforcedBy, GrantPattern, GrantScope, PolicyAction, PolicyDecision, PolicyGrant } from './policy'

/**
 * How far an effect can be undone, which decides what happens to one that was cut off by a crash:
 * `pure` and `idempotent` are run again, `workspace` after its branch was put back to the last checkpoint,
 * `irreversible` only when a person says so.
 */
export const EffectClass = z.enum(['pure', 'idempotent', 'workspace', 'irreversible'])
export type EffectClass = z.infer<typeof EffectClass>

/** What the operating system enforced around a command. `none` is shown as a warning everywhere. */
export const IsolationLevel = z.enum(['overlay', 'docker', 'copy', 'none'])
export type IsolationLevel = z.infer<typeof IsolationLevel>

export const FileChange = z.object({
  path: z.string(),
  change: z.enum(['created', 'changed', 'deleted', 'mode']),
  sizeBytes: z.number().int().min(0).optional(),
})
export type FileChange = z.infer<typeof FileChange>

/** Requests to one host and port that the branch's proxy decided, together. */
export const NetworkRequest = z.object({
  host: z.string(),
  port: z.number().int(),
  /** The address that was dialled (and that the policy was asked about); null when there was none. */
  address: z.string().nullable(),
  allowed: z.boolean(),
  reason: z.string(),
  count: z.number().int(),
})
export type NetworkRequest = z.infer<typeof NetworkRequest>

export const OpenPort = z.object({ port: z.number().int(), address: z.string(), program: z.string().nullable() })
export type OpenPort = z.infer<typeof OpenPort>

/** Since the previous call of the branch. The last two are absent in frames of before they were observed. */
export const SideEffects = z.object({
  files: z.array(FileChange),
  /** Command lines of processes still running when the call ended. */
  processes: z.array(z.string()),
  /** Ports that programs of the branch listen on when the call ended. */
  ports: z.array(OpenPort).optional(),
  network: z.array(NetworkRequest).optional(),
})
export type SideEffects = z.infer<typeof SideEffects>

/** Something that was tried and refused: by the policy before the call, or by the system during it. */
export const Denial = z.object({
  by: z.enum(['policy', 'person', 'system-call-filter', 'network', 'limit', 'files']),
  action: PolicyAction.nullable(),
  resource: z.string(),
  reason: z.string(),
  enforcedBy: EnforcedBy,
})
export type Denial = z.infer<typeof Denial>

/** What a call used, and what it might have used. */
export const ResourceUsage = z.object({
  cpuMs: z.number(),
  peakMemoryBytes: z.number(),
  maxMemoryBytes: z.number(),
  peakProcesses: z.number().int(),
  maxProcesses: z.number().int(),
  diskBytes: z.number(),
  maxDiskBytes: z.number(),
})
export type ResourceUsage = z.infer<typeof ResourceUsage>

export const ToolOutcome = z.object({
  tool: z.string(),
  ok: z.boolean(),
  /** The tool's result as its schema says; null when it failed. */
  output: z.unknown(),
  /** What a reader (person or model) is shown of it. */
  text: z.string(),
  error: Failure.optional(),
  sideEffects: SideEffects,
  isolation: IsolationLevel,
  durationMs: z.number().min(0),
  denials: z.array(Denial).optional(),
  usage: ResourceUsage.optional(),
})
export type ToolOutcome = z.infer<typeof ToolOutcome>

export const DecisionOutcome = z.enum(['continue', 'use-tool', 'refresh-context', 'checkpoint-and-pause', 'escalate', 'complete'])
export type DecisionOutcome = z.infer<typeof DecisionOutcome>

/** What a scheduling policy saw. Recorded whole, so that an old decision can be taken again under a new policy. */
export const SchedulerInputs = z.object({
  tick: z.number().int(),
  request: z.string(),
  requestClass: EffectClass,
  tokensUsed: z.number(),
  contextTokens: z.number(),
  maxTokens: z.number(),
  errorCount: z.number().int(),
  maxErrors: z.number().int(),
  wallTimeMs: z.number(),
  maxWallTimeMs: z.number(),
  staleItems: z.number().int(),
  maxStaleItems: z.number().int(),
  /** Limits that a person has already let the run go past, so that they are asked once. */
  waived: z.array(z.string()),
})
export type SchedulerInputs = z.infer<typeof SchedulerInputs>

export const CheckResult = z.object({
  check: z.enum(['tests', 'types', 'lint']),
  /** `not-available` is neither good nor bad: it is left out of the score and said so. */
  state: z.enum(['passed', 'failed', 'not-available']),
  command: z.string().nullable(),
  detail: z.string(),
  durationMs: z.number(),
  /** 0 to 1; null when not available. */
  score: z.number().min(0).max(1).nullable(),
})
export type CheckResult = z.infer<typeof CheckResult>

export const Verdict = z.object({
  judge: z.string(),
  /** Weighted mean of the available checks; null when none was available. */
  score: z.number().min(0).max(1).nullable(),
  passed: z.boolean(),
  checks: z.array(CheckResult),
})
export type Verdict = z.infer<typeof Verdict>

export const PlanStep = z.object({
  id: z.string(),
  title: z.string(),
  state: z.enum(['pending', 'running', 'done', 'failed', 'skipped']),
})
export const Plan = z.object({
  title: z.string(),
  steps: z.array(PlanStep),
  affectedFiles: z.array(z.string()),
  notes: z.array(z.string()),
})
export type Plan = z.infer<typeof Plan>

export const HumanOption = z.object({
  id: z.string(),
  label: z.string(),
  detail: z.string().optional(),
  recommended: z.boolean().optional(),
})
export type HumanOption = z.infer<typeof HumanOption>

/** Hunk ids to keep, by path. A path that is absent is merged whole; an empty list leaves the file out. */
export const HunkSelection = z.record(z.string(), z.array(z.string()))
export type HunkSelection = z.infer<typeof HunkSelection>

export const HumanRequest = z.object({
  requestId: z.string(),
  type: z.enum(['approve-plan', 'choose-option', 'provide-context', 'authorize-action', 'review-merge', 'label-outcome']),
  title: z.string(),
  body: z.string(),
  plan: Plan.optional(),
  options: z.array(HumanOption).optional(),
  /** For review-merge: the branches that may be merged, best first. */
  branches: z.array(z.object({ branchId: BranchId, label: z.string(), verdict: Verdict })).optional(),
  /** For authorize-action on a tool call: what the policy says of it, and the patterns offered for permitting more than this once. */
  authorize: z
    .object({
      role: z.string(),
      tool: z.string(),
      args: z.unknown(),
      decisions: z.array(PolicyDecision),
      patterns: z.array(GrantPattern),
    })
    .optional(),
  /** SHA-256 of the canonical request: an answer names it, so what was approved is what was shown. */
  shown: ContentHash,
})
export type HumanRequest = z.infer<typeof HumanRequest>

export const HumanAnswer = z.object({
  requestId: z.string(),
  shown: ContentHash,
  decision: z.enum(['approve', 'deny', 'choose', 'answer']),
  optionId: z.string().optional(),
  text: z.string().optional(),
  branchId: BranchId.optional(),
  hunks: HunkSelection.optional(),
  /** How far an approval of a tool call goes; `once` when absent. */
  scope: GrantScope.optional(),
  /** For scopes beyond once: what is permitted. The offered patterns when absent. */
  patterns: z.array(GrantPattern).optional(),
})
export type HumanAnswer = z.infer<typeof HumanAnswer>

export const MergeOutcome = z.object({
  branchId: BranchId,
  applied: z.array(z.object({ path: z.string(), change: z.enum(['created', 'changed', 'deleted']), hunks: z.number().int() })),
  conflicts: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** Left out because the user did not keep any of its hunks. */
  skipped: z.array(z.string()),
})
export type MergeOutcome = z.infer<typeof MergeOutcome>

export const RunOptions = z.object({
  agent: z.string(),
  task: z.string(),
  /** Whose policies decide what the run may touch; the agent's own role when absent. */
  role: z.string().optional(),
  /** A person's consent to run without isolation, where nothing better is to be had. */
  allowUnisolated: z.boolean().optional(),
  /** `ask` waits for the person at each decision; `yes` takes the best passing variant; `deny` refuses every mutation. */
  approval: z.enum(['ask', 'yes', 'deny']),
  /** How many speculative variants to rehearse at most; the agent may know fewer. */
  forks: z.number().int().min(1).max(8),
  budget: TokenBudget,
  /** Of everything that is put in front of the agent during the run, together; at 90 % the run pauses. */
  maxTokens: z.number().int().positive(),
  maxErrors: z.number().int().min(1),
  maxWallTimeMs: z.number().int().min(1000),
})
export type RunOptions = z.infer<typeof RunOptions>

const Speculation = z.object({ branchId: BranchId, label: z.string(), detail: z.string() })

/** Payload of each kind of frame. Version 1 of all; a changed payload gets a new version and keeps its old reader. */
export const FramePayloads = {
  'run.started': z.object({
    options: RunOptions,
    base: ContentHash,
    agentVersion: z.string(),
    policy: z.string(),
    isolation: IsolationLevel,
    /** The role's settings and every policy of it in force at the start, as canonical JSON. */
    capabilities: ContentHash.optional(),
    /** Instruction files of the workspace (AGENTS.md), as they were at the start. */
    instructions: z.array(z.object({ path: z.string(), content: ContentHash })),
  }),
  'run.ended': z.object({ outcome: z.enum(['completed', 'failed', 'cancelled']), summary: z.string(), failure: Failure.optional() }),
  fork: z.object({
    parent: BranchId,
    /** State of the new branch = state of `parent` at this frame. */
    fromFrame: z.number().int(),
    label: z.string(),
    reason: z.enum(['speculation', 'human', 'restore']),
    /** For a fork by a person: the instruction with which its agent starts. Null: the agent of the parent goes on. */
    task: z.string().nullable(),
    options: RunOptions.nullable(),
  }),
  /** `limits`: names of the limits that made a policy stop the run; empty when it goes on. */
  decision: z.object({
    policy: z.string(),
    outcome: DecisionOutcome,
    reasons: z.array(z.string()),
    limits: z.array(z.string()),
    inputs: SchedulerInputs,
  }),
  'context.changed': z.object({ changes: z.array(ContextChange) }),
  'context.edited': z.object({ changes: z.array(ContextChange), note: z.string() }),
  'tool.intent': z.object({
    tool: z.string(),
    args: z.unknown(),
    effect: EffectClass,
    allowedBy: z.array(z.string()),
    role: z.string().optional(),
    decisions: z.array(PolicyDecision).optional(),
  }),
  /** Permissions that a person gave with the answer that is this frame's cause. */
  'policy.granted': z.object({ grants: z.array(PolicyGrant) }),
  'tool.outcome': ToolOutcome,
  'judge.intent': z.object({ judge: z.string(), branchId: BranchId }),
  'judge.verdict': Verdict,
  'merge.intent': z.object({ branchId: BranchId, hunks: HunkSelection.nullable() }),
  'merge.outcome': MergeOutcome,
  'speculate.intent': z.object({ variants: z.array(Speculation) }),
  'speculate.outcome': z.object({
    branches: z.array(
      z.object({ branchId: BranchId, label: z.string(), ok: z.boolean(), summary: z.string(), verdict: Verdict.nullable() }),
    ),
  }),
  'human.request': HumanRequest,
  'human.answer': HumanAnswer.extend({ by: z.string(), waitedMs: z.number() }),
  checkpoint: z.object({ reason: z.string(), name: z.string().nullable() }),
  restore: z.object({ toFrame: z.number().int(), reason: z.string() }),
  recovery: z.object({ intent: z.number().int(), effect: EffectClass, resolution: z.enum(['redo', 'ask', 'keep']), detail: z.string() }),
  control: z.object({
    action: z.enum(['pause', 'resume', 'step', 'interrupt', 'cancel', 'instruct']),
    text: z.string().nullable(),
    by: z.string(),
  }),
  'agent.message': z.object({ text: z.string(), level: z.enum(['info', 'success', 'warning', 'error']) }),
  'agent.plan': Plan,
  'agent.state': z.object({ state: z.string(), data: z.record(z.string(), z.unknown()) }),
  'memory.changed': z.object({ version: z.number().int(), files: z.number().int(), symbols: z.number().int(), reason: z.string() }),
  'terminal.data': z.object({ session: z.string(), stream: z.enum(['output', 'input', 'resize']), data: z.string() }),
  error: Failure.extend({ where: z.string() }),
} as const

export type FrameKind = keyof typeof FramePayloads
export type FramePayload<K extends FrameKind> = z.infer<(typeof FramePayloads)[K]>
export const FRAME_KINDS = Object.keys(FramePayloads) as FrameKind[]
export const FrameKindName = z.enum(FRAME_KINDS as [FrameKind, ...FrameKind[]])

/** Everything needed to continue from a frame; present on keyframes only. */
export const CheckpointRef = z.object({
  /** Files of the branch relative to the run's base; null while nothing was changed. */
  manifest: ContentHash.nullable(),
  /** SHA-256 of the canonical folded state at this frame: what a restore is verified against. */
  state: ContentHash,
  /** Captured shell sessions; null while there was none. */
  shell: ContentHash.nullable(),
  memoryVersion: z.number().int(),
  reason: z.string(),
})
export type CheckpointRef = z.infer<typeof CheckpointRef>

export interface FrameOf<K extends FrameKind> {
  readonly runId: RunId
  readonly n: number
  readonly branchId: BranchId
  readonly kind: K
  readonly atMs: number
  /** The frame of the same run that caused this one: an outcome's intent, an answer's request. */
  readonly cause: number | null
  /** Request key of an intent (SHA-256 of its canonical request); null for other kinds. */
  readonly key: ContentHash | null
  readonly payload: FramePayload<K>
  readonly checkpoint: CheckpointRef | null
  readonly hash: ContentHash
}
export type Frame = { [K in FrameKind]: FrameOf<K> }[FrameKind]

/** The frame as it crosses the contract. Payloads are validated by kind when they are written and when they are read. */
export const FrameWire = z
  .object({
    runId: RunId,
    n: z.number().int(),
    branchId: BranchId,
    kind: FrameKindName,
    atMs: z.number(),
    cause: z.number().int().nullable(),
    key: ContentHash.nullable(),
    payload: z.unknown(),
    checkpoint: CheckpointRef.nullable(),
    hash: ContentHash,
  })
  .transform((wire, ctx): Frame => {
    const parsed = FramePayloads[wire.kind].safeParse(wire.payload)
    if (parsed.success) return { ...wire, payload: parsed.data } as Frame
    ctx.addIssue({ code: 'custom', message: `payload of a ${wire.kind} frame: ${parsed.error.message}` })
    return z.NEVER
  })

/** Frames that are observed rather than decided; replay does not compute them again. */
export const AMBIENT_KINDS: ReadonlySet<FrameKind> = new Set(['memory.changed', 'terminal.data', 'recovery', 'context.edited', 'control'])
