import type { Frame, FramePayload, IsolationLevel, Verdict } from '../../../shared/frames'
import type { BranchId, ContentHash, RunId } from '../../../shared/ids'
import type { TokenCounting } from '../../../shared/context'
import type { RunState } from '../../../shared/run-state'
import type { Base, FileStore } from '../checkpoints/files'
import type { ContextSources } from '../context/background-promotion'
import type { ReviewQueue } from '../humans/review-queue'
import type { Journal } from '../journal/journal'
import type { Redactor } from '../journal/redaction'
import type { BranchDevice, DeviceOrigin } from '../tools/branch-device'
import type { RunOptions } from '../../../shared/frames'
import type { PolicyGrant } from '../../../shared/policy'
import type { Policies, RolePolicy } from '../tools/policy/policies'
import type { RunControl } from './run-control'

/** Kinds of frames about what happened to a branch rather than in it. */
export type ObservedKind = 'control' | 'terminal.data' | 'context.edited' | 'memory.changed'

export type TerminalSink = (session: string, stream: 'output' | 'input' | 'resize', data: string) => void

/** What the branches of one run share. Made by the run engine; in a replay, of parts that perform nothing. */
export interface RunParts {
  readonly runId: RunId
  readonly mode: 'live' | 'replay'
  readonly journal: Journal
  readonly redactor: Redactor
  readonly files: FileStore
  readonly base: Base
  readonly isolation: IsolationLevel
  readonly control: RunControl
  readonly queue: ReviewQueue
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly memoryVersion: () => number
  readonly countTokens: (text: string) => number
  /** How the tokens of the run's model are counted; absent where no model reads them. Its encoding was loaded. */
  readonly counting?: TokenCounting
  /** What the memory tells about the files that a branch works on, beside its work; null or absent: nothing is promoted in the background. */
  readonly contextSources?: (branchId: BranchId) => ContextSources | null
  readonly log: (line: string) => void
  /** The frames that a branch recorded so far. */
  tapeOf(branchId: BranchId): readonly Frame[]
  /** Ids for new branches, in order. Never used before in this run. */
  allocateBranches(count: number): BranchId[]
  /** Terminal output for whoever watches now; frames of it follow. */
  tellTerminal(branchId: BranchId, session: string, data: string): void
  readonly policies: Policies
  /** The role whose policies hold for a branch with these options. Throws `policy.unknown-role`. */
  roleOf(options: RunOptions): RolePolicy
  openDevice(
    branchId: BranchId,
    origin: DeviceOrigin,
    onTerminal: TerminalSink,
    role: RolePolicy,
    grants: () => readonly PolicyGrant[],
  ): BranchDevice
  /** The workspace's checks on the files of a manifest, in a sandbox of its own. */
  judge(
    manifest: ContentHash | null,
    changedFiles: readonly string[],
    signal: AbortSignal,
    onOutput: (chunk: string) => void,
  ): Promise<Verdict>
  /** Lets at most so many branches work at once. */
  slot<T>(work: () => Promise<T>): Promise<T>
  /** Folder of the pre-images of the merge with this intent. */
  mergeDir(intent: number): string
  /** The state at the tip of a branch of this run. */
  stateOf(branchId: BranchId): RunState
  registerBranch(branchId: BranchId, engine: BranchLink): () => void
}

/** What the run engine needs of a branch that is under way. */
export interface BranchLink {
  readonly device: BranchDevice
  readonly state: RunState
  readonly live: boolean
  /** Edits of the context by a person: taken at the next tick. */
  queueEdits(apply: () => void): void
  observe: TerminalSink
  /** Puts a frame about something observed into the branch. */
  record<K extends ObservedKind>(kind: K, payload: FramePayload<K>): void
  announceMerge(paths: readonly string[]): void
}
