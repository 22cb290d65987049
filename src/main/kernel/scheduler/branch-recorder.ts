import { canonicalJson } from '../../../shared/canonical-json'
import { KeyframeError } from '../../../shared/failure'
import {
  AMBIENT_KINDS,
  type CheckpointRef,
  type EffectClass,
  type Frame,
  type FrameKind,
  type FrameOf,
  type FramePayload,
  FramePayloads,
} from '../../../shared/frames'
import type { BranchId, ContentHash, RunId } from '../../../shared/ids'
import { reduceFrame, reducePayload, type RunState } from '../../../shared/run-state'
import type { FrameDraft, Journal } from '../journal/journal'
import { hashBytes } from '../journal/sqlite-content-store'
import type { Redactor } from '../journal/redaction'
import { type Divergence, fieldDifferences, ReplayDiverged, ReplayEnded } from '../replay/divergence'

/** Stands for the hash of a frame that is not written yet; no reducer reads it. */
const NO_HASH = '0'.repeat(64) as ContentHash

/** Everything of a checkpoint but the hash of the state, which the recorder takes at the moment of the frame. */
export type CheckpointParts = Omit<CheckpointRef, 'state'>

export interface FrameOptions {
  readonly cause?: number | null
  readonly key?: ContentHash | null
  readonly checkpoint?: CheckpointParts | null
}

export interface EffectOutcome<K extends FrameKind> {
  readonly payload: FramePayload<K>
  readonly checkpoint: CheckpointParts | null
}

export interface RecorderOptions {
  readonly runId: RunId
  readonly branchId: BranchId
  readonly journal: Journal
  readonly redactor: Redactor
  readonly clock: () => number
  /** The branch's own frames so far, oldest first: they are answered before anything is performed. */
  readonly tape: readonly Frame[]
  /** What holds before the branch's first own frame. */
  readonly initial: RunState
  /** `live`: go on performing where the tape ends. `replay`: nothing is ever performed or written. */
  readonly mode: 'live' | 'replay'
}

/**
 * The one place through which a branch's frames are made. While the tape lasts it answers from it and compares what the
 * engine computes with what was recorded; after its end it performs and appends. Recording, resuming and replaying are the
 * same code with another tape and mode.
 *
 * Callers are sequential per branch: never two effects at once.
 */
export class BranchRecorder {
  readonly #options: RecorderOptions
  #at = 0
  #state: RunState
  #framesChecked = 0
  #lastComputed = 0
  #pendingTimeMs: number | null = null
  readonly #byHand: ReadonlySet<number>

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#byHand = mergesByHand(options.tape)
    this.#state = options.initial
  }

  get state(): RunState {
    return this.#state
  }

  get branchId(): BranchId {
    return this.#options.branchId
  }

  /** Number of the last frame that was computed rather than observed: what changes of context name as their frame. */
  get lastComputed(): number {
    return this.#lastComputed
  }

  get framesChecked(): number {
    return this.#framesChecked
  }

  /** True while answers come from the tape. Ambient frames at its end do not count. */
  get onTape(): boolean {
    return this.#nextRecorded() !== undefined
  }

  get replaying(): boolean {
    return this.#options.mode === 'replay'
  }

  /** The recorded frame that would answer next, without taking it. */
  peek(): Frame | undefined {
    return this.#nextRecorded()
  }

  /** Time of the next frame. On tape it is the recorded one, so whatever is computed from it is the same again. */
  now(): number {
    const recorded = this.#nextRecorded()
    if (recorded !== undefined) return recorded.atMs
    this.#mayGoOn()
    this.#pendingTimeMs ??= this.#options.clock()
    return this.#pendingTimeMs
  }

  /** Takes the frame that opens the branch (start of the run, fork) from the tape: whoever made the branch wrote it. */
  open(): Frame {
    const opening = this.#take()
    if (opening === undefined) throw new Error(`branch ${this.branchId} has no opening frame`)
    this.#foldComputed(opening)
    return opening
  }

  /** Brings the state to where it stood before the next computed frame: what was observed until then is folded in. */
  foldAmbient(): void {
    const { tape } = this.#options
    for (let frame = tape[this.#at]; frame !== undefined && this.#isAmbient(frame); frame = tape[this.#at]) {
      this.#at += 1
      this.#fold(frame)
    }
  }

  /** A frame that the engine computes. Compared on tape, appended otherwise. */
  note<K extends FrameKind>(kind: K, payload: FramePayload<K>, options: FrameOptions = {}): FrameOf<K> {
    const recorded = this.#take()
    if (recorded !== undefined) return this.#compare(recorded, kind, payload, options)
    return this.#append(kind, payload, options)
  }

  /** A frame about something that happened to the branch rather than in it. Live only; folded into the state at once. */
  ambient<K extends FrameKind>(kind: K, payload: FramePayload<K>): FrameOf<K> {
    if (this.replaying) throw new Error(`a replay observes nothing, but was given a ${kind} frame`)
    if (this.onTape) throw new Error(`a ${kind} frame cannot be put before recorded ones`)
    return this.#append(kind, payload, {})
  }

  /**
   * Intent, effect, outcome. The intent is durable before `perform` starts. On tape the recorded outcome is the answer; an
   * intent whose outcome is missing was cut off by a crash and is performed again, after `recover` has said how.
   */
  async effect<I extends FrameKind, O extends FrameKind>(
    effect: { intent: I; request: FramePayload<I>; outcome: O; effectClass: EffectClass },
    perform: (intent: FrameOf<I>) => Promise<EffectOutcome<O>>,
    observe: { recover?: (intent: FrameOf<I>) => FramePayload<'recovery'> | null; verify?: (outcome: FrameOf<O>) => Promise<void> } = {},
  ): Promise<FrameOf<O>> {
    const key = this.#requestKey(effect.intent, effect.request)
    const resumed = this.onTape
    const intent = this.note(effect.intent, effect.request, { key })
    const recorded = this.#take()
    if (recorded !== undefined) {
      if (recorded.kind === 'error' && recorded.cause === intent.n) {
        this.#framesChecked += 1
        this.#foldComputed(recorded)
        throw failureOf(recorded)
      }
      if (recorded.kind !== effect.outcome || recorded.cause !== intent.n) {
        throw this.#diverged(
          recorded,
          effect.outcome,
          `the outcome of frame ${intent.n} was expected, a ${recorded.kind} frame was recorded`,
          [],
        )
      }
      const outcome = recorded as FrameOf<O>
      // Before the outcome is folded: what ran inside the effect began from the state at its intent.
      await observe.verify?.(outcome)
      if (outcome.checkpoint !== null) this.#checkState(outcome, outcome.checkpoint.state)
      this.#foldComputed(recorded)
      this.#framesChecked += 1
      return outcome
    }
    this.#mayGoOn()
    if (resumed) {
      const recovery = observe.recover?.(intent) ?? null
      if (recovery !== null) this.#append('recovery', recovery, { cause: intent.n })
    }
    const { payload, checkpoint } = await this.#performed(intent.n, () => perform(intent))
    return this.#append(effect.outcome, payload, { cause: intent.n, checkpoint })
  }

  /**
   * An effect that could not be performed for an expected reason has an error frame for its outcome: a program may go on from it, and a
   * replay meets it again. What the journal does not take, and what ends the run, reaches the run as it is.
   */
  async #performed<Outcome>(intent: number, perform: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await perform()
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError) || thrown.code.startsWith('journal.')) throw thrown
      throw failureOf(this.#append('error', { ...thrown.failure, where: `frame ${intent}` }, { cause: intent }))
    }
  }

  #mayGoOn(): void {
    if (this.replaying) throw new ReplayEnded()
  }

  /** The next computed frame of the tape. Ambient ones before it are folded where they stood when they were recorded. */
  #take(): Frame | undefined {
    this.foldAmbient()
    const frame = this.#options.tape[this.#at]
    if (frame !== undefined) this.#at += 1
    return frame
  }

  #isAmbient(frame: Frame): boolean {
    return AMBIENT_KINDS.has(frame.kind) || this.#byHand.has(frame.n)
  }

  #nextRecorded(): Frame | undefined {
    const { tape } = this.#options
    for (let at = this.#at; at < tape.length; at += 1) {
      const frame = tape[at]
      if (frame !== undefined && !this.#isAmbient(frame)) return frame
    }
    return undefined
  }

  #compare<K extends FrameKind>(recorded: Frame, kind: K, payload: FramePayload<K>, options: FrameOptions): FrameOf<K> {
    this.#framesChecked += 1
    if (recorded.kind !== kind)
      throw this.#diverged(recorded, kind, `a ${kind} frame was computed, a ${recorded.kind} frame was recorded`, [])
    const computed = this.#asStored(kind, payload)
    if (canonicalJson(computed) !== canonicalJson(recorded.payload)) {
      throw this.#diverged(recorded, kind, 'the payload differs', fieldDifferences(recorded.payload, computed))
    }
    if (options.key !== undefined && options.key !== recorded.key) throw this.#diverged(recorded, kind, 'the request key differs', [])
    if (recorded.checkpoint !== null) this.#checkState(recorded as FrameOf<K>, recorded.checkpoint.state)
    this.#foldComputed(recorded)
    return recorded as FrameOf<K>
  }

  #checkState(recorded: FrameOf<FrameKind>, expected: ContentHash): void {
    const actual = stateHash(reducePayload(this.#state, recorded as Frame))
    if (actual === expected) return
    throw this.#diverged(recorded as Frame, recorded.kind, 'the folded state differs from the checkpoint', [
      { path: 'checkpoint.state', recorded: expected, replayed: actual },
    ])
  }

  #append<K extends FrameKind>(kind: K, payload: FramePayload<K>, options: FrameOptions): FrameOf<K> {
    this.#mayGoOn()
    this.foldAmbient()
    const { journal, runId, branchId, clock } = this.#options
    const draft: FrameDraft<K> = {
      branchId,
      kind,
      atMs: this.#pendingTimeMs ?? clock(),
      cause: options.cause ?? null,
      key: options.key ?? null,
      payload,
      checkpoint: null,
    }
    this.#pendingTimeMs = null
    const parts = options.checkpoint ?? null
    const checkpoint = parts === null ? null : { ...parts, state: this.#stateAfter(draft) }
    const [frame] = journal.append(runId, [{ ...draft, checkpoint }])
    if (frame === undefined) throw new Error('the journal acknowledged nothing')
    if (AMBIENT_KINDS.has(kind)) this.#fold(frame)
    else this.#foldComputed(frame)
    return frame as FrameOf<K>
  }

  #stateAfter<K extends FrameKind>(draft: FrameDraft<K>): ContentHash {
    const { runId, journal } = this.#options
    const stored: FrameOf<K> = {
      ...draft,
      runId,
      n: journal.length(runId) + 1,
      payload: this.#asStored(draft.kind, draft.payload),
      hash: NO_HASH,
    }
    return stateHash(reducePayload(this.#state, stored as FrameOf<FrameKind> as Frame))
  }

  /** The payload as the journal will give it back: through JSON, without secrets, checked by its schema. */
  #asStored<K extends FrameKind>(kind: K, payload: FramePayload<K>): FramePayload<K> {
    const text = this.#options.redactor.redact(canonicalJson(FramePayloads[kind].parse(payload)))
    return FramePayloads[kind].parse(JSON.parse(text)) as FramePayload<K>
  }

  #requestKey<K extends FrameKind>(kind: K, request: FramePayload<K>): ContentHash {
    return hashBytes(canonicalJson({ kind, request: this.#asStored(kind, request) }))
  }

  #foldComputed(frame: Frame): void {
    this.#lastComputed = frame.n
    this.#fold(frame)
  }

  #fold(frame: Frame): void {
    this.#state = reduceFrame(this.#state, frame)
  }

  #diverged(recorded: Frame, kind: FrameKind, reason: string, fields: Divergence['fields']): Error {
    const divergence: Divergence = { frame: recorded.n, kind, reason, fields }
    if (this.replaying) return new ReplayDiverged(divergence)
    return new KeyframeError({
      code: 'run.diverged',
      message: `The run cannot go on from its journal: at frame ${recorded.n}, ${reason}.`,
      action: 'It was recorded by another version of its agent. Fork from its last frame instead: everything recorded stays.',
      details: { divergence },
    })
  }
}

/** As it was recorded, live as in a replay. */
function failureOf({ payload }: FrameOf<'error'>): KeyframeError {
  const { where: _, ...failure } = payload
  return new KeyframeError(failure)
}

/** Hash of the canonical state: what checkpoints carry and replays end in. */
export function stateHash(state: RunState): ContentHash {
  const { frame: _, ...rest } = state
  return hashBytes(canonicalJson(rest))
}

/** Frames of merges that a person asked for on an idle branch: no program computes them. A program's intents carry a request key. */
function mergesByHand(tape: readonly Frame[]): ReadonlySet<number> {
  const found = new Set<number>()
  for (const frame of tape) {
    if (frame.kind === 'merge.intent' && frame.key === null) found.add(frame.n)
    else if (frame.kind === 'merge.outcome' && frame.cause !== null && found.has(frame.cause)) found.add(frame.n)
  }
  return found
}
