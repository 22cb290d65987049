import type { ContextState } from '../../../shared/context'
import type { ContextEdit, ContextPreview, MethodParams, RestorePreview } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import type { HunkSelection, MergeOutcome } from '../../../shared/frames'
import type { BranchId, ContentHash } from '../../../shared/ids'
import { branchOrigins, pathTo } from '../../../shared/run-state'
import type { ContextEnv } from '../context/context-draft'
import type { ResolvedEdit } from '../context/context-edits'
import { failedPreview, previewEdits, recordedChanges } from '../context/context-policy'
import { ContextTexts } from '../context/context-texts'
import { type EditSources, resolveEdits } from '../context/resolve-edits'
import { counterFor, loadEncoding } from '../context/tokenizers'
import { approvedPaths, type FilesAt, type MergeGuard } from '../checkpoints/files'
import { mergeGuard } from '../tools/authorise'
import { mergeDir, type RunEngine, type RunServices } from '../scheduler/run-engine'

/** The model of the codebase as of a point of a branch, for edits that add symbols and answers of queries; null while there is none. */
type GraphAt = (run: RunEngine, branchId: BranchId, n: number) => Promise<EditSources['graph']>

/** What people do to branches by hand: edit context, fork, restore, merge. Each leaves frames. */
export class BranchActions {
  readonly #services: RunServices
  readonly #graphAt: GraphAt

  constructor(services: RunServices, graphAt: GraphAt = async () => null) {
    this.#services = services
    this.#graphAt = graphAt
  }

  /** Writes nothing; a failure is part of the answer. */
  async previewContext(run: RunEngine, branchId: BranchId, n: number, edits: readonly ContextEdit[]): Promise<ContextPreview> {
    const { context } = run.stateAt(branchId, n)
    try {
      const resolved = await this.#resolve(run, branchId, n, edits)
      return previewEdits(context, resolved, this.#env(context, n, this.#texts()))
    } catch (thrown) {
      if (thrown instanceof KeyframeError) return failedPreview(context, thrown.failure)
      throw thrown
    }
  }

  /** At the live end: at once when nothing runs, else at the branch's next tick. Resolves with the frame. */
  async applyContext(run: RunEngine, branchId: BranchId, edits: readonly ContextEdit[], note: string): Promise<{ frame: number }> {
    const resolved = await this.#resolve(run, branchId, run.frames().length, edits)
    const apply = (): { frame: number } => {
      const state = run.branch(branchId)?.state ?? run.stateAt(branchId)
      const changes = this.#changes(state.context, resolved, state.frame)
      run.observe(branchId, 'context.edited', { changes, note })
      return { frame: this.#services.journal.length(run.runId) }
    }
    const active = run.branch(branchId)
    if (active === undefined || run.control.paused || active.state.phase === 'waiting') return apply()
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
    const edits: readonly ContextEdit[] = params.edits
    const resolved = await this.#resolve(run, branchId, params.n, edits)
    const changes = resolved.length === 0 ? [] : this.#changes(state.context, resolved, params.n)
    const parentOptions = run.optionsOf(branchId)
    const task = params.task ?? this.#editedTask(state.context, edits) ?? state.task
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

  #changes(context: ContextState, edits: readonly ResolvedEdit[], frame: number) {
    const texts = this.#texts()
    const changes = recordedChanges(context, { type: 'edits', edits, by: 'human' }, this.#env(context, frame, texts))
    texts.flush()
    return changes
  }

  /** What the edits add, as of frame `n`; what an undo takes back. */
  async #resolve(run: RunEngine, branchId: BranchId, n: number, edits: readonly ContextEdit[]): Promise<ResolvedEdit[]> {
    const { tokenizer } = run.stateAt(branchId, n).context
    if (tokenizer !== undefined) await loadEncoding(tokenizer.name)
    const needsGraph = edits.some((edit) => edit.op === 'add-symbol' || edit.op === 'add-query')
    return resolveEdits(edits, {
      readFile: async (path) => readText(await this.filesAt(run, branchId, n), path),
      editedAt: (frame) => editedAt(run, branchId, n, frame),
      graph: needsGraph ? await this.#graphAt(run, branchId, n) : null,
    })
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

  #texts(): ContextTexts {
    const { journal, redactor } = this.#services
    const store = {
      put: (text: string) => journal.content.put(text, 'context'),
      get: (hash: ContentHash) => journal.content.get(hash).toString('utf8'),
    }
    return new ContextTexts(store, (text) => redactor.redact(text))
  }

  #env(context: ContextState, frame: number, texts: ContextTexts): ContextEnv {
    return {
      frame,
      put: (text) => texts.put(text),
      textOf: (hash) => texts.textOf(hash),
      countTokens: counterFor(context.tokenizer, this.#services.countTokens),
    }
  }
}

/** Null: there is no such file, or it is no text. */
async function readText(files: FilesAt, path: string) {
  try {
    const { text, version } = await files.read(path)
    return text === null ? null : { text, version }
  } catch (thrown) {
    if (thrown instanceof KeyframeError && thrown.code === 'files.not-found') return null
    throw thrown
  }
}

/** What a frame of edits changed, and the state that it changed. Throws `context.no-such-edit`. */
function editedAt(run: RunEngine, branchId: BranchId, n: number, edited: number) {
  const frame = pathTo(run.frames(), branchOrigins(run.frames()), branchId, n).find((one) => one.n === edited)
  if (frame?.kind !== 'context.edited') {
    throw new KeyframeError({
      code: 'context.no-such-edit',
      message: `Frame ${edited} is no edit of the context on the way to frame ${n}.`,
      action: 'Undo a frame of edits by hand of this branch.',
      details: { frame: edited },
    })
  }
  return { before: run.stateAt(frame.branchId, edited - 1).context, changes: frame.payload.changes }
}
