import { z } from 'zod'
import { Breakpoint, BreakpointHit, BreakpointSettings, FrameMark } from '../breakpoints'
import { ContextChange, ContextItemKind, Tier } from '../context'
import { Failure } from '../failure'
import {
  Denial,
  FrameWire,
  HumanAnswer,
  HumanRequest,
  HunkSelection,
  IsolationLevel,
  MergeOutcome,
  ResourceUsage,
  RunOptions,
  SideEffects,
  ToolOutcome,
  Verdict,
} from '../frames'
import { BranchId, ContentHash, FrameNumber, RunId } from '../ids'
import { FileDiff, FileVersion, TreeEntry } from '../files'
import {
  Episode,
  FlowResult,
  GraphNode,
  GraphResult,
  GraphSummary,
  GraphTable,
  HybridResult,
  SearchFilters,
  SearchHit,
  StoredValue,
} from '../graph'
import { PolicyAction, PolicyDecision, PolicyOverview, RoleCapability, RoleSettings, RoleView } from '../policy'

/**
 * The contract between the kernel and everything that shows or drives it. One entry a method: what goes in, what comes
 * out. All three transports (MessagePort, WebSocket, unix socket) carry it unchanged; see `messages.ts`.
 *
 * History of the protocol number: 1, the first; 2, capability policies, providers and what a call used; 3, the model of the codebase as of
 * any frame (queries, flows, hybrid search, values, episodes) and what an edit of the context costs.
 */
export const PROTOCOL = 3

/** A point on the timeline: the state of `branchId` after frame `n`. */
export const At = z.object({ runId: RunId, branchId: BranchId, n: FrameNumber })
export type At = z.infer<typeof At>

export const Requirement = z.object({
  name: z.string(),
  state: z.enum(['ok', 'missing', 'degraded']),
  detail: z.string(),
  /** The command that mends it, ready to paste; null when nothing is to be done. */
  remedy: z.string().nullable(),
})
export type Requirement = z.infer<typeof Requirement>

export const DoctorReport = z.object({
  /** Found by trying, never by reading versions. */
  level: IsolationLevel,
  summary: z.string(),
  requirements: z.array(Requirement),
  /** What of each boundary the level gives, and who enforces it: the table that people decide by. */
  guarantees: z.array(z.object({ what: z.string(), given: z.enum(['yes', 'partly', 'no']), how: z.string() })).default([]),
  /** What the level enforces, each proved by an attempt at start: "no network", "uid 1001 inside, 64000 outside", ... */
  proofs: z.array(z.object({ name: z.string(), holds: z.boolean(), detail: z.string() })),
})
export type DoctorReport = z.infer<typeof DoctorReport>

export const IndexStatus = z.object({
  state: z.enum(['idle', 'indexing', 'failed']),
  version: z.number().int(),
  files: z.number().int(),
  filesDone: z.number().int(),
  symbols: z.number().int(),
  edges: z.number().int(),
  /** Broken files, with the reason, at most 100. */
  problems: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** Files that were left out, counted by reason ("larger than 1 MiB", "binary", "generated"), with up to 20 of their names. */
  skipped: z.array(z.object({ reason: z.string(), count: z.number().int(), paths: z.array(z.string()) })).default([]),
  languages: z.array(z.object({ language: z.string(), files: z.number().int() })).default([]),
  /** Of the database file with its log; zero until it was opened. */
  sizeBytes: z.number().default(0),
  /** What goes on behind the first pass: commits being read, calls checked by language servers, embeddings; null when nothing does. */
  background: z.object({ what: z.string(), done: z.number().int(), of: z.number().int().nullable() }).nullable().default(null),
})
export type IndexStatus = z.infer<typeof IndexStatus>

export const JournalStatus = z.object({
  state: z.enum(['ok', 'read-only']),
  frames: z.number().int(),
  sizeBytes: z.number(),
  /** Where the journal is broken, when it is: everything before it is readable. */
  broken: z.object({ runId: z.string().nullable(), frame: z.number().int().nullable(), reason: z.string() }).nullable(),
  path: z.string(),
})
export type JournalStatus = z.infer<typeof JournalStatus>

export const WorkspaceInfo = z.object({
  root: z.string(),
  name: z.string(),
  /** Null: not a git repository; the base is made from its files. */
  git: z
    .object({ branch: z.string().nullable(), head: z.string().nullable(), detached: z.boolean(), dirtyFiles: z.number().int() })
    .nullable(),
  isolation: DoctorReport,
  journal: JournalStatus,
  index: IndexStatus,
  /** Things the user should know about this folder (submodules left out, odd names, no dependencies installed). */
  notices: z.array(z.string()),
  agents: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      summary: z.string(),
      examples: z.array(z.string()),
      mutates: z.boolean(),
      /** The role whose policies hold for it unless a run names another. */
      role: z.string(),
    }),
  ),
})
export type WorkspaceInfo = z.infer<typeof WorkspaceInfo>

export const BranchSummary = z.object({
  branchId: BranchId,
  parent: BranchId.nullable(),
  fromFrame: z.number().int(),
  label: z.string(),
  state: z.enum(['running', 'paused', 'waiting', 'passed', 'failed', 'merged', 'completed', 'cancelled', 'interrupted']),
  tip: z.number().int(),
  verdict: Verdict.nullable(),
})
export type BranchSummary = z.infer<typeof BranchSummary>

export const RunSummary = z.object({
  runId: RunId,
  task: z.string(),
  agent: z.string(),
  /** `interrupted`: the kernel ended while it ran; it can be resumed. */
  state: z.enum(['running', 'paused', 'waiting', 'completed', 'failed', 'cancelled', 'interrupted']),
  startedAtMs: z.number(),
  endedAtMs: z.number().nullable(),
  frames: z.number().int(),
  checkpoints: z.number().int(),
  toolCalls: z.number().int(),
  tokens: z.number(),
  branches: z.array(BranchSummary),
  summary: z.string().nullable(),
  /** Intents without an outcome after a crash. */
  inDoubt: z.array(z.object({ frame: z.number().int(), title: z.string() })),
  /** The breakpoint at which it stands still; absent when it does not, or a person paused it. */
  stoppedAt: BreakpointHit.optional(),
})
export type RunSummary = z.infer<typeof RunSummary>

export const ReplayReport = z.object({
  runId: RunId,
  mode: z.enum(['exact', 'execute']),
  ok: z.boolean(),
  framesChecked: z.number().int(),
  durationMs: z.number(),
  stateRoot: ContentHash.nullable(),
  recordedRoot: ContentHash.nullable(),
  divergence: z
    .object({
      frame: z.number().int(),
      kind: z.string(),
      reason: z.string(),
      fields: z.array(z.object({ path: z.string(), recorded: z.string(), replayed: z.string() })),
    })
    .nullable(),
})
export type ReplayReport = z.infer<typeof ReplayReport>

export const TierView = z.object({
  tier: Tier,
  tokens: z.number().int(),
  budgetTokens: z.number().int().nullable(),
  items: z.number().int(),
})

export const ContextPreview = z.object({
  before: z.array(TierView),
  after: z.array(TierView),
  /** Everything that would follow, the changes asked for first. */
  changes: z.array(ContextChange),
  fallsOut: z.array(z.string()),
  failure: Failure.nullable(),
  /** What the change does to a provider's prompt cache: everything behind the first difference is read anew. */
  cache: z
    .object({
      /** Tokens before and after which the prompt starts to differ. */
      keptTokens: z.number().int(),
      refillTokens: z.number().int(),
      savedTokens: z.number().int(),
      /** Null: the model's prices are not known. */
      refillUsd: z.number().nullable(),
    })
    .nullable()
    .default(null),
})
export type ContextPreview = z.infer<typeof ContextPreview>

/** A change of context by hand, before the kernel has counted tokens and stored content. */
export const ContextEdit = z.discriminatedUnion('op', [
  z.object({ op: z.literal('edit'), id: z.string(), text: z.string() }),
  z.object({ op: z.literal('add-note'), title: z.string(), text: z.string(), kind: ContextItemKind.optional() }),
  z.object({ op: z.literal('pin'), id: z.string(), pinned: z.boolean() }),
  z.object({ op: z.literal('move'), id: z.string(), to: Tier }),
  z.object({ op: z.literal('evict'), id: z.string() }),
  z.object({ op: z.literal('bring-back'), id: z.string(), to: Tier }),
  /** The file, or lines of it from 1, as of the point that is edited. */
  z.object({
    op: z.literal('add-file'),
    path: z.string(),
    lines: z.object({ from: z.number().int().min(1), to: z.number().int().min(1) }).optional(),
  }),
  /** A symbol by its graph key: its source, its signature and what is next to it in the graph. */
  z.object({ op: z.literal('add-symbol'), id: z.string() }),
  /** The whole text of an item that was shortened, as far as its tier has room. */
  z.object({ op: z.literal('uncompress'), id: z.string() }),
  /** Takes back what the edits by hand of this frame did. */
  z.object({ op: z.literal('undo'), frame: z.number().int().min(1) }),
  /** The answer to a search or a Cypher query, as of the point. */
  z.object({ op: z.literal('add-query'), language: z.enum(['search', 'cypher']), query: z.string().min(1) }),
])
export type ContextEdit = z.infer<typeof ContextEdit>

const AsOf = At.nullable().optional()

export const EmbeddingSettings = z.discriminatedUnion('provider', [
  /** Character n-grams of identifiers: it knows spelling, not meaning. Needs nothing. */
  z.object({ provider: z.literal('built-in') }),
  z.object({
    provider: z.literal('openai-compatible'),
    url: z.url(),
    model: z.string().min(1),
    dimensions: z.number().int().min(8).max(8192).nullable(),
    /** Name of the environment variable that holds the key; null: none is sent. The key itself is never written anywhere. */
    keyVariable: z.string().nullable(),
  }),
  z.object({ provider: z.literal('ollama'), url: z.url(), model: z.string().min(1) }),
  /** A folder with `model.onnx` and `tokenizer.json`. */
  z.object({ provider: z.literal('onnx'), folder: z.string().min(1) }),
])
export type EmbeddingSettings = z.infer<typeof EmbeddingSettings>

export const SearchSettings = z.object({
  embeddings: EmbeddingSettings,
  /** Share of each list in the fused score, 0 to 1. */
  weights: z.object({ words: z.number(), symbols: z.number(), vectors: z.number(), history: z.number(), graph: z.number() }),
})
export type SearchSettings = z.infer<typeof SearchSettings>

export const SearchSelfTest = z.object({
  commits: z.number().int(),
  /** Commits left out: merges, too many files, files that are gone. */
  skipped: z.number().int(),
  methods: z.array(
    z.object({
      name: z.string(),
      mrr10: z.number(),
      recall10: z.number(),
      accuracy1: z.number(),
      accuracy5: z.number(),
      accuracy10: z.number(),
    }),
  ),
  durationMs: z.number(),
  notes: z.array(z.string()),
})
export type SearchSelfTest = z.infer<typeof SearchSelfTest>

export const RestorePreview = z.object({
  toFrame: z.number().int(),
  files: z.array(
    z.object({ path: z.string(), change: z.enum(['created', 'changed', 'deleted']), madeBy: z.enum(['agent', 'shell', 'human']) }),
  ),
  shellSessions: z.number().int(),
})
export type RestorePreview = z.infer<typeof RestorePreview>

export const TerminalInfo = z.object({
  session: z.string(),
  title: z.string(),
  cwd: z.string(),
  live: z.boolean(),
  /** The command that runs in its foreground; null at a prompt. */
  running: z.string().nullable(),
  /** Command lines of what runs in it, the shell itself left out. */
  processes: z.array(z.string()),
  cols: z.number().int(),
  rows: z.number().int(),
})
export type TerminalInfo = z.infer<typeof TerminalInfo>

const none = z.object({})
const done = z.object({})

export const Methods = {
  'kernel.hello': {
    params: z.object({ protocol: z.number().int() }),
    result: z.object({ protocol: z.number().int(), version: z.string(), pid: z.number().int() }),
  },
  'workspace.get': { params: none, result: WorkspaceInfo },
  'doctor.get': { params: none, result: DoctorReport },

  'runs.list': { params: none, result: z.array(RunSummary) },
  'runs.get': { params: z.object({ runId: RunId }), result: RunSummary },
  'runs.start': { params: RunOptions.partial().required({ agent: true, task: true }), result: z.object({ runId: RunId }) },
  /** Goes on with a run that the end of a kernel cut off. Idempotent while it runs. */
  'runs.resume': { params: z.object({ runId: RunId }), result: done },
  'runs.control': {
    params: z.object({
      runId: RunId,
      action: z.enum(['pause', 'resume', 'step', 'interrupt', 'cancel', 'instruct']),
      text: z.string().optional(),
    }),
    result: done,
  },

  /**
   * Writes a run to one file that can be stepped through without the repository, a key or the data folder. `file` is an absolute path on the
   * kernel's machine that does not exist yet. Throws `export.*`.
   */
  'runs.export': {
    params: z.object({ runId: RunId, file: z.string().min(1), wholeBase: z.boolean() }),
    result: z.object({
      file: z.string(),
      sizeBytes: z.number(),
      frames: z.number().int(),
      contents: z.number().int(),
      leftOut: z.array(z.object({ what: z.string(), why: z.string(), count: z.number().int() })),
    }),
  },

  /** Frames `from`.. of a run in order of commit, at most `limit`. The window then follows `frames.appended`. */
  'frames.list': {
    params: z.object({ runId: RunId, from: FrameNumber, limit: z.number().int().min(1).max(5000) }),
    result: z.object({ frames: z.array(FrameWire), total: z.number().int() }),
  },
  /** Text of a piece of content (context items, tool output), cut at `maxBytes`. */
  'content.text': {
    params: z.object({ hash: ContentHash, maxBytes: z.number().int().min(1).max(4_194_304) }),
    result: z.object({ text: z.string(), sizeBytes: z.number().int(), truncated: z.boolean() }),
  },

  'files.tree': { params: At, result: z.array(TreeEntry) },
  'files.read': { params: At.extend({ path: z.string() }), result: FileVersion },
  /** Against the run's base, or against another point. */
  'files.diff': { params: z.object({ at: At, against: At.nullable() }), result: z.array(FileDiff) },

  'context.preview': { params: z.object({ at: At, edits: z.array(ContextEdit).min(1) }), result: ContextPreview },
  /** At the live end of a branch only; at an earlier frame pass the edits to `branches.fork`. */
  'context.apply': {
    params: z.object({ runId: RunId, branchId: BranchId, edits: z.array(ContextEdit).min(1), note: z.string() }),
    result: z.object({ frame: z.number().int() }),
  },

  'branches.fork': {
    params: At.extend({
      label: z.string().optional(),
      task: z.string().nullable(),
      edits: z.array(ContextEdit),
      agent: z.string().optional(),
      role: z.string().optional(),
      approval: RunOptions.shape.approval.optional(),
    }),
    result: z.object({ branchId: BranchId }),
  },
  'branches.restorePreview': { params: At, result: RestorePreview },
  /** A restore makes a branch that starts at the frame; the old line stays where it is. */
  'branches.restore': { params: At, result: z.object({ branchId: BranchId }) },
  'branches.mergePreview': {
    params: z.object({ runId: RunId, branchId: BranchId }),
    result: z.object({ diffs: z.array(FileDiff), conflicts: MergeOutcome.shape.conflicts, needsApproval: z.array(z.string()) }),
  },
  'branches.merge': { params: z.object({ runId: RunId, branchId: BranchId, hunks: HunkSelection.nullable() }), result: MergeOutcome },

  'humans.list': {
    params: none,
    result: z.array(HumanRequest.extend({ runId: RunId, branchId: BranchId, frame: z.number().int(), atMs: z.number() })),
  },
  'humans.answer': { params: z.object({ runId: RunId, answer: HumanAnswer }), result: done },

  'terminal.list': { params: z.object({ runId: RunId, branchId: BranchId }), result: z.array(TerminalInfo) },
  /** Everything the session printed up to the frame, oldest first, at most the last 2 MiB. */
  'terminal.scrollback': { params: At.extend({ session: z.string() }), result: z.object({ data: z.string(), truncated: z.boolean() }) },
  /** Opens (or finds) the branch's own session for a person to type into; its branch must be live or ended, not past. */
  'terminal.open': {
    params: z.object({
      runId: RunId,
      branchId: BranchId,
      /** Opens another session of this name beside the branch's own. */
      session: z
        .string()
        .regex(/^[a-z][a-z0-9-]{0,31}$/)
        .optional(),
      cols: z.number().int().min(2).max(1000),
      rows: z.number().int().min(1).max(1000),
    }),
    result: TerminalInfo,
  },
  /** Ends a session and what runs in it. */
  'terminal.close': { params: z.object({ runId: RunId, branchId: BranchId, session: z.string() }), result: done },
  'terminal.write': { params: z.object({ runId: RunId, branchId: BranchId, session: z.string(), data: z.string() }), result: done },
  'terminal.resize': {
    params: z.object({
      runId: RunId,
      branchId: BranchId,
      session: z.string(),
      cols: z.number().int().min(2).max(1000),
      rows: z.number().int().min(1).max(1000),
    }),
    result: done,
  },

  /** A JSON-RPC channel to the branch's language server (paths are /workspace/...). Closed with the connection. */
  'lsp.open': {
    params: z.object({ runId: RunId, branchId: BranchId, language: z.string() }),
    result: z.object({ channel: z.string(), rootUri: z.string() }),
  },
  'lsp.send': { params: z.object({ channel: z.string(), message: z.string() }), result: done },
  'lsp.close': { params: z.object({ channel: z.string() }), result: done },

  /** Of all graph and search methods: `at` is a point of a run; null or absent, the repository as it is now. */
  'graph.find': {
    params: z.object({ query: z.string(), limit: z.number().int().min(1).max(100), at: AsOf }),
    result: z.array(GraphNode),
  },
  'graph.neighbourhood': {
    params: z.object({ id: z.string(), depth: z.number().int().min(1).max(4), limit: z.number().int().min(1).max(5000), at: AsOf }),
    result: GraphResult,
  },
  'graph.path': {
    params: z.object({ from: z.string(), to: z.string(), maxHops: z.number().int().min(1).max(12), at: AsOf }),
    result: GraphResult,
  },
  /** Where a value of this name flows; `from` and `to` name files, folders or symbols, null for any. */
  'graph.flow': {
    params: z.object({
      name: z.string().min(1),
      from: z.string().nullable(),
      to: z.string().nullable(),
      maxHops: z.number().int().min(1).max(40),
      at: AsOf,
    }),
    result: FlowResult,
  },
  /** Cypher; see the README for the subset. `AS OF RUN/BRANCH/FRAME` in the query takes the place of `at`. */
  'graph.query': {
    params: z.object({ cypher: z.string().max(20_000), limit: z.number().int().min(1).max(10_000), at: AsOf }),
    result: GraphTable,
  },
  'graph.summary': { params: z.object({ at: AsOf }), result: GraphSummary },
  'search.text': { params: z.object({ query: z.string(), limit: z.number().int().min(1).max(200), at: AsOf }), result: z.array(SearchHit) },
  'search.hybrid': {
    params: z.object({
      query: z.string().min(1).max(4000),
      limit: z.number().int().min(1).max(200),
      filters: SearchFilters.default({}),
      at: AsOf,
    }),
    result: HybridResult,
  },
  /** Recall of the present settings on the repository's own commits: subject line to changed files, newest first. Takes a while; can be cancelled. */
  'search.selfTest': { params: z.object({ commits: z.number().int().min(1).max(2000) }), result: SearchSelfTest },
  'search.settings': { params: none, result: SearchSettings },
  /** Tries the provider first; throws `embeddings.*` with what it answered, and nothing is changed then. */
  'search.saveSettings': { params: SearchSettings, result: SearchSettings },
  'index.refresh': { params: none, result: IndexStatus },

  'memory.values': { params: z.object({ prefix: z.string() }), result: z.array(StoredValue) },
  /** An empty text removes the value. */
  'memory.setValue': { params: z.object({ key: z.string().min(1).max(256), value: z.string().max(65_536) }), result: done },
  'memory.episodes': {
    params: z.object({
      query: z.string(),
      sign: z.enum(['positive', 'negative', 'any']).default('any'),
      limit: z.number().int().min(1).max(200),
    }),
    result: z.array(Episode),
  },

  /** One command in a throw-away sandbox, on the files of a point or (null) of the repository as it is now. */
  'sandbox.exec': {
    params: z.object({
      at: At.nullable(),
      argv: z.array(z.string()).min(1),
      timeoutMs: z.number().int().min(100).max(3_600_000),
      /** The role whose sandbox it is; that of the general coder when absent. The command itself is the caller's own and not asked for. */
      role: z.string().optional(),
    }),
    result: z.object({
      exitCode: z.number().int(),
      stdout: z.string(),
      stderr: z.string(),
      truncated: z.boolean(),
      durationMs: z.number(),
      timedOut: z.boolean(),
      limit: z.string().nullable(),
      isolation: IsolationLevel,
      sideEffects: SideEffects,
      denials: z.array(Denial),
      usage: ResourceUsage.nullable(),
    }),
  },
  /** One tool call there, with the policy of a role. */
  'sandbox.tool': { params: z.object({ at: At.nullable(), role: z.string(), name: z.string(), args: z.unknown() }), result: ToolOutcome },

  'policy.get': { params: none, result: PolicyOverview },
  /** Decides as for a call of the role, grants that always hold included; changes nothing. */
  'policy.check': { params: z.object({ role: z.string(), action: PolicyAction, resource: z.string().min(1) }), result: PolicyDecision },
  'policy.capabilities': { params: z.object({ role: z.string() }), result: z.array(RoleCapability) },
  /** Makes or replaces a user-defined role. Throws `policy.invalid` with the place of the first mistake; nothing is written then. */
  'policy.saveRole': { params: z.object({ settings: RoleSettings, text: z.string().max(262_144) }), result: RoleView },
  'policy.removeRole': { params: z.object({ role: z.string() }), result: done },
  /** Replaces the Cedar text of a grant. Throws `policy.invalid`. */
  'policy.saveGrant': { params: z.object({ id: z.string(), text: z.string().max(65_536) }), result: done },
  'policy.revoke': { params: z.object({ id: z.string() }), result: done },

  'replay.run': {
    params: z.object({ runId: RunId, from: FrameNumber.optional(), mode: z.enum(['exact', 'execute']) }),
    result: ReplayReport,
  },

  'breakpoints.list': { params: none, result: z.array(Breakpoint) },
  /** Makes one (`id` null) or replaces it. Throws `breakpoint.*` with what is wrong with it; nothing changes then. */
  'breakpoints.save': { params: z.object({ id: z.string().max(40).nullable(), settings: BreakpointSettings }), result: Breakpoint },
  'breakpoints.remove': { params: z.object({ id: z.string().max(40) }), result: done },

  'marks.list': { params: z.object({ runId: RunId }), result: z.array(FrameMark) },
  /** Marks a frame (`id` null) or changes a mark. */
  'marks.save': {
    params: FrameMark.omit({ id: true, branchId: true }).extend({ id: z.string().max(40).nullable() }),
    result: FrameMark,
  },
  'marks.remove': { params: z.object({ runId: RunId, id: z.string().max(40) }), result: done },

  /** Small values the window keeps per workspace: layout, theme, keymap. Opaque to the kernel. */
  'ui.get': { params: z.object({ key: z.string().max(64) }), result: z.object({ value: z.string().nullable() }) },
  'ui.set': { params: z.object({ key: z.string().max(64), value: z.string().max(1_000_000) }), result: done },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>

export type MethodName = keyof typeof Methods
export type MethodParams<M extends MethodName> = z.input<(typeof Methods)[M]['params']>
export type MethodResult<M extends MethodName> = z.output<(typeof Methods)[M]['result']>

export const Events = {
  /** In order of commit, without gaps while the connection lives. */
  'frames.appended': z.object({ runId: RunId, frames: z.array(FrameWire) }),
  'runs.changed': RunSummary,
  /** A frame hit breakpoints; the run pauses at its next tick. The first of them is what it says it stands at. */
  'breakpoint.hit': z.object({ hits: z.array(BreakpointHit).min(1) }),
  'breakpoints.changed': z.array(Breakpoint),
  'marks.changed': z.object({ runId: RunId }),
  'humans.changed': z.object({ pending: z.number().int() }),
  'terminal.data': z.object({ runId: RunId, branchId: BranchId, session: z.string(), data: z.string() }),
  'lsp.message': z.object({ channel: z.string(), message: z.string() }),
  'lsp.closed': z.object({ channel: z.string(), reason: z.string() }),
  'index.changed': IndexStatus,
  'policy.changed': z.object({ reason: z.string() }),
  'workspace.changed': z.object({ reason: z.string() }),
  /** The receiver was too slow and events were dropped: fetch everything again. */
  resync: z.object({ reason: z.string() }),
} as const satisfies Record<string, z.ZodType>

export type EventName = keyof typeof Events
export type EventData<E extends EventName> = z.output<(typeof Events)[E]>
