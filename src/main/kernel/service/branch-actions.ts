import type { ContextState } from '../../../shared/context'
import type { ContextEdit, ContextPreview, MethodParams, RestorePreview } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import type { HunkSelection, MergeOutcome } from '../../../shared/frames'
import type { BranchId, ContentHash } from '../../../shared/ids'
import { branchOrigins, pathTo } from '../../../shared/run-state'
import { contextChanges, previewEdits } from '../context/context-policy'
import type { ContextEnv } from '../context/context-draft'
import { approvedPaths, type FilesAt, type MergeGuard } from '../checkpoints/files'
import { mergeGuard } from '../tools/authorise'
import { mergeDir, type RunEngine, type RunServices } from '../scheduler/run-engine'

/** What people do to branches by hand: edit context, fork, restore, merge. Each leaves frames. */
export class BranchActions {
  readonly #services: RunServices

  constructor(services: RunServices) {
    this.#services = services
  }

  previewContext(run: RunEngine, branchId: BranchId, n: number, edits: readonly ContextEdit[]): ContextPreview {
    return previewEdits(run.stateAt(branchId, n).context, edits, this.#env(n))
  }

  /** At the live end: at once when nothing runs, else at the branch's next tick. Resolves with the frame. */
  applyContext(run: RunEngine, branchId: BranchId, edits: readonly ContextEdit[], note: string): Promise<{ frame: number }> {
    const apply = (): { frame: number } => {
      const state = run.branch(branchId)?.state ?? run.stateAt(branchId)
      const changes = this.#changes(state.context, edits, state.frame)
      run.observe(branchId, 'context.edited', { changes, note })
      return { frame: this.#services.journal.length(run.runId) }
    }
    const active = run.branch(branchId)
    if (active === undefined || run.control.paused || active.state.phase === 'waiting') return Promise.resolve(apply())
    return new Promise((resolve, reject) => {
      active.queueEdits(() => {
        try {
          resolve(apply())
        } catch (thrown) {
          reject(thrown instanceof Error ? thrown : new Error(String(thrown)))
        }
      })
    })
  }

  /** A new branch from frame `n`: its agent begins with the instruction and context given, on the files of that frame. */
  async fork(run: RunEngine, params: MethodParams<'branches.fork'>): Promise<{ branchId: BranchId }> {
    const branchId = params.branchId as BranchId
    const state = run.stateAt(branchId, params.n)
    const changes = params.edits.length === 0 ? [] : this.#changes(state.context, params.edits, params.n)
    const parentOptions = run.optionsOf(branchId)
    const task = params.task ?? this.#editedTask(state.context, params.edits) ?? state.task
    const options = {
      ...parentOptions,
      ...{ task, agent: params.agent ?? parentOptions.agent, approval: params.approval ?? 'ask' },
      ...(params.role === undefined ? {} : { role: params.role }),
    }
    if (!this.#services.agents.has(options.agent))
      throw new KeyframeError({ code: 'agent.unknown', message: `There is no agent ${options.agent}.` })
    run.roleOf(options)
    const [forked] = run.allocateBranches(1)
    if (forked === undefined) throw new Error('no branch was allocated')
    const common = { branchId: forked, atMs: this.#services.clock(), key: null, checkpoint: null, cause: params.n }
    this.#services.journal.append(run.runId, [
      {
        ...common,
        kind: 'fork',
        payload: { parent: branchId, fromFrame: params.n, label: params.label ?? task, reason: 'human', task, options },
      },
      ...(changes.length === 0
        ? []
        : [{ ...common, kind: 'context.edited' as const, payload: { changes, note: `forked with ${params.edits.length} edits` } }]),
    ])
    await run.go()
    return { branchId: forked }
  }

  async previewRestore(run: RunEngine, branchId: BranchId, n: number): Promise<RestorePreview> {
    const base = await run.base()
    const [then, now] = [run.stateAt(branchId, n), run.stateAt(branchId)]
    const files = this.#services.files
    const diffs = await files.at(base, then.checkpoint?.ref.manifest ?? null).diff(files.at(base, now.checkpoint?.ref.manifest ?? null))
    const madeBy = this.#authors(run, branchId, n)
    return {
      toFrame: n,
      files: diffs.map((diff) => ({
        path: diff.path,
        change: diff.change === 'mode' ? 'changed' : diff.change,
        madeBy: madeBy.get(diff.path) ?? 'agent',
      })),
      shellSessions: (then.checkpoint?.ref.shell ?? null) === null ? 0 : 1,
    }
  }

  /** A branch that stands at frame `n` and does nothing until it is given an instruction; the old line stays. */
  restore(run: RunEngine, branchId: BranchId, n: number): { branchId: BranchId } {
    const state = run.stateAt(branchId, n)
    const [restored] = run.allocateBranches(1)
    if (restored === undefined) throw new Error('no branch was allocated')
    const common = { branchId: restored, atMs: this.#services.clock(), key: null, checkpoint: null, cause: n }
    const ref = state.checkpoint?.ref
    this.#services.journal.append(run.runId, [
      {
        ...common,
        kind: 'fork',
        payload: { parent: branchId, fromFrame: n, label: `restored from frame ${n}`, reason: 'restore', task: null, options: null },
      },
      { ...common, kind: 'restore', checkpoint: ref ?? null, payload: { toFrame: n, reason: 'restored by a person' } },
    ])
    return { branchId: restored }
  }

  async previewMerge(run: RunEngine, branchId: BranchId) {
    return this.#services.files.previewMerge(await run.base(), this.#manifest(run, branchId), this.#guard(run, branchId))
  }

  async merge(run: RunEngine, branchId: BranchId, hunks: HunkSelection | null): Promise<MergeOutcome> {
    if (run.branch(branchId) !== undefined) {
      throw new KeyframeError({
        code: 'merge.branch-busy',
        message: 'The branch is still at work.',
        action: 'Wait until it has ended, or pause and fork it.',
      })
    }
    const manifest = this.#manifest(run, branchId)
    const base = await run.base()
    const { journal, clock, files } = this.#services
    const common = { branchId, atMs: clock(), key: null, checkpoint: null }
    const [intent] = journal.append(run.runId, [{ ...common, kind: 'merge.intent', cause: null, payload: { branchId, hunks } }])
    if (intent === undefined) throw new Error('the journal acknowledged nothing')
    const merged = await files.merge(
      base,
      manifest,
      hunks,
      approvedPaths(hunks),
      mergeDir(this.#services, run.runId, intent.n),
      this.#guard(run, branchId),
    )
    const outcome = { branchId, ...merged }
    journal.append(run.runId, [{ ...common, atMs: clock(), kind: 'merge.outcome', cause: intent.n, payload: outcome }])
    return outcome
  }

  async filesAt(run: RunEngine, branchId: BranchId, n: number): Promise<FilesAt> {
    const { checkpoint } = run.stateAt(branchId, n)
    return this.#services.files.at(await run.base(), checkpoint?.ref.manifest ?? null)
  }

  #guard(run: RunEngine, branchId: BranchId): MergeGuard {
    return mergeGuard(run.roleOf(run.optionsOf(branchId)), run.stateAt(branchId).grants ?? [])
  }

  #manifest(run: RunEngine, branchId: BranchId): ContentHash | null {
    return run.stateAt(branchId).checkpoint?.ref.manifest ?? null
  }

  #changes(context: ContextState, edits: readonly ContextEdit[], frame: number) {
    return contextChanges(context, { type: 'edits', edits, by: 'human' }, this.#env(frame))
  }

  /** The text of the task item when the edits change it: the branch then begins with that instruction. */
  #editedTask(context: ContextState, edits: readonly ContextEdit[]): string | null {
    const edited = edits.findLast((edit) => edit.op === 'edit' && context.items[edit.id]?.kind === 'task')
    return edited?.op === 'edit' ? edited.text : null
  }

  /** Who last changed each file on the branch after frame `n`. */
  #authors(run: RunEngine, branchId: BranchId, n: number): Map<string, RestorePreview['files'][number]['madeBy']> {
    const authors = new Map<string, RestorePreview['files'][number]['madeBy']>()
    const path = pathTo(run.frames(), branchOrigins(run.frames()), branchId, Number.MAX_SAFE_INTEGER)
    for (const frame of path) {
      if (frame.n <= n || frame.kind !== 'tool.outcome') continue
      for (const file of frame.payload.sideEffects.files)
        authors.set(file.path, frame.payload.tool.startsWith('shell.') ? 'shell' : 'agent')
    }
    return authors
  }

  #env(frame: number): ContextEnv {
    const { journal, redactor, countTokens } = this.#services
    return {
      frame,
      put: (text) => journal.content.put(redactor.redact(text), 'context'),
      textOf: (hash) => journal.content.get(hash).toString('utf8'),
      countTokens,
    }
  }
}
