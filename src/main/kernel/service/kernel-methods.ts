import { stat } from 'node:fs/promises'
import { type MethodName, type MethodParams, type MethodResult, PROTOCOL, type WorkspaceInfo } from '../../../shared/contract/methods'
import type { Caller } from '../../../shared/contract/service'
import { KeyframeError } from '../../../shared/failure'
import { MAIN_BRANCH, type RunId } from '../../../shared/ids'
import type { BreakpointList } from '../breakpoints/breakpoint-list'
import type { FrameMarks } from '../breakpoints/frame-marks'
import type { ReviewQueue } from '../humans/review-queue'
import type { Journal } from '../journal/journal'
import { replayExactly } from '../replay/exact-replay'
import type { RunServices } from '../scheduler/run-engine'
import type { Policies } from '../tools/policy/policies'
import { abortSignalOf } from './abort-signal'
import type { BranchActions } from './branch-actions'
import type { LspChannels } from './lsp-channels'
import { memoryMethods } from './memory-methods'
import { exportOf } from './run-exports'
import type { Scratch } from './scratch'
import type { RunRegistry } from './run-registry'
import { timelineMethods } from './timeline-methods'
import type { Terminals } from './terminals'
import type { WorkspaceMemory } from './workspace-memory'

/** Everything that the methods of the contract are made of. */
export interface KernelParts {
  readonly version: string
  readonly journal: Journal
  readonly remembered: WorkspaceMemory
  readonly queue: ReviewQueue
  readonly services: RunServices
  readonly runs: RunRegistry
  readonly actions: BranchActions
  readonly terminals: Terminals
  readonly channels: LspChannels
  readonly scratch: Scratch
  readonly policies: Policies
  readonly breakpoints: BreakpointList
  readonly marks: FrameMarks
  workspaceInfo(): Promise<WorkspaceInfo>
  /** All files of the workspace that are tracked or not ignored. */
  workspaceFiles(): Promise<string[]>
}

export type MethodTable = { readonly [M in MethodName]: (params: MethodResultParams<M>, caller: Caller) => Promise<MethodResult<M>> }
type MethodResultParams<M extends MethodName> = MethodParams<M>

/** One function a method of the contract, thin: what it does is in the parts. */
export function kernelMethods(parts: KernelParts): MethodTable {
  const { journal, remembered, queue, services, runs, actions, terminals, channels, policies } = parts
  const run = (runId: string) => runs.get(runId as RunId)
  const point = (at: MethodParams<'files.tree'>) => [run(at.runId), at.branchId as typeof MAIN_BRANCH, at.n] as const
  const branch = (at: { runId: string; branchId: string }) => [run(at.runId), at.branchId as typeof MAIN_BRANCH] as const
  const files = (at: MethodParams<'files.tree'>) => actions.filesAt(...point(at))

  return {
    'kernel.hello': async ({ protocol }) => {
      if (protocol !== PROTOCOL) {
        throw new KeyframeError({
          code: 'contract.protocol',
          message: `This kernel speaks protocol ${PROTOCOL}, not ${protocol}.`,
          action: 'Reload the window, or update the older side.',
        })
      }
      return { protocol: PROTOCOL, version: parts.version, pid: process.pid }
    },
    'workspace.get': async () => parts.workspaceInfo(),
    'doctor.get': async () => (await parts.workspaceInfo()).isolation,

    'runs.list': async () => runs.list(),
    'runs.get': async ({ runId }) => run(runId).summary,
    'runs.start': async (params) => ({ runId: (await runs.start(params)).runId }),
    'runs.resume': async ({ runId }) => {
      await run(runId).go()
      return {}
    },
    'runs.control': async ({ runId, action, text }) => {
      control(parts, run(runId), action, text ?? null)
      return {}
    },

    'runs.export': async ({ runId, file, wholeBase }) =>
      exportOf(services, run(runId), (await parts.workspaceInfo()).name, { file, wholeBase }),

    'frames.list': async ({ runId, from, limit }) => {
      const all = run(runId).frames()
      return { frames: all.slice(from - 1, from - 1 + limit), total: all.length }
    },
    'content.text': async ({ hash, maxBytes }) => {
      const bytes = journal.content.get(hash as Parameters<typeof journal.content.get>[0])
      return { text: bytes.subarray(0, maxBytes).toString('utf8'), sizeBytes: bytes.byteLength, truncated: bytes.byteLength > maxBytes }
    },

    'files.tree': async (at) => (await files(at)).tree(),
    'files.read': async (at) => (await files(at)).read(at.path),
    'files.diff': async ({ at, against }) => (await files(at)).diff(against === null ? 'base' : await files(against)),

    'context.preview': async ({ at, edits }) => actions.previewContext(...point(at), edits),
    'context.apply': async ({ edits, note, ...at }) => actions.applyContext(...branch(at), edits, note),

    'branches.fork': async (params) => actions.fork(run(params.runId), params),
    'branches.restorePreview': async (at) => actions.previewRestore(...point(at)),
    'branches.restore': async (at) => actions.restore(...point(at)),
    'branches.mergePreview': async (at) => actions.previewMerge(...branch(at)),
    'branches.merge': async ({ hunks, ...at }) => {
      const outcome = await actions.merge(...branch(at), hunks)
      await remembered.memory.refresh()
      return outcome
    },

    'humans.list': async () =>
      queue.list().map(({ runId, branchId, frame, atMs, request }) => ({ ...request, runId, branchId, frame, atMs })),
    'humans.answer': async ({ runId, answer }) => {
      queue.answer(runId as RunId, answer as Parameters<ReviewQueue['answer']>[1])
      return {}
    },

    'terminal.list': async (at) => terminals.list(...branch(at)),
    'terminal.scrollback': async (at) => terminals.scrollback(...point(at), at.session),
    'terminal.open': async ({ session, cols, rows, ...at }) => terminals.open(...branch(at), session ?? null, cols, rows),
    'terminal.write': async ({ session, data, ...at }) => {
      await terminals.write(...branch(at), session, data)
      return {}
    },
    'terminal.resize': async ({ session, cols, rows, ...at }) => {
      await terminals.resize(...branch(at), session, cols, rows)
      return {}
    },

    'lsp.open': async ({ language, ...at }, caller) => channels.open(await terminals.device(...branch(at)), language, caller),
    'lsp.send': async ({ channel, message }, caller) => {
      channels.send(channel, message, caller)
      return {}
    },
    'lsp.close': async ({ channel }, caller) => {
      channels.close(channel, caller)
      return {}
    },

    ...memoryMethods(parts),
    ...timelineMethods(parts),

    'sandbox.exec': async (params, caller) => parts.scratch.exec(params, abortSignalOf(caller)),
    'sandbox.tool': async (params, caller) => parts.scratch.tool(params, abortSignalOf(caller)),

    'terminal.close': async ({ session, ...at }) => {
      await terminals.close(...branch(at), session)
      return {}
    },
    'policy.get': async () => policies.overview(await parts.workspaceFiles()),
    'policy.check': async ({ role, action, resource }) => policies.check(role, action, resource),
    'policy.capabilities': async ({ role }) => policies.capabilities(role, await parts.workspaceFiles()),
    'policy.saveRole': async ({ settings, text }) => policies.saveRole({ ...settings, limits: settings.limits ?? {} }, text),
    'policy.removeRole': async ({ role }) => {
      policies.removeRole(role)
      return {}
    },
    'policy.saveGrant': async ({ id, text }) => {
      policies.saveGrant(id, text)
      return {}
    },
    'policy.revoke': async ({ id }) => {
      policies.revoke(id)
      return {}
    },

    'replay.run': async ({ runId, mode }) => {
      if (mode === 'execute') {
        throw new KeyframeError({
          code: 'replay.mode-unavailable',
          message: 'Running the tools of a run again is not available yet.',
          action: 'Use mode exact, or fork from its first frame.',
        })
      }
      const replayed = run(runId)
      if (replayed.running)
        throw new KeyframeError({
          code: 'replay.run-busy',
          message: 'The run is still at work.',
          action: 'Replay it when it has ended.',
          retryable: true,
        })
      return replayExactly({ run: replayed, journal, base: await replayed.base(), agents: services.agents, clock: () => performance.now() })
    },

    'ui.get': async ({ key }) => ({ value: journal.getSetting(`ui.${key}`) }),
    'ui.set': async ({ key, value }) => {
      journal.setSetting(`ui.${key}`, value)
      return {}
    },
  }
}

function control(
  parts: KernelParts,
  run: ReturnType<RunRegistry['get']>,
  action: MethodParams<'runs.control'>['action'],
  text: string | null,
): void {
  if (action === 'instruct') {
    if (text === null || text.trim() === '') throw new KeyframeError({ code: 'run.no-task', message: 'The instruction is empty.' })
    parts.runs.queue(run, text)
    return
  }
  if (!run.running) throw new KeyframeError({ code: 'run.not-running', message: 'The run is not under way.', action: 'Resume it first.' })
  run.recordControl(action, text)
  const { control: gate } = run
  if (action === 'pause') gate.pause()
  else if (action === 'resume') gate.resume()
  else if (action === 'step') gate.step()
  else if (action === 'interrupt') gate.interrupt()
  else run.cancel()
  parts.services.onChange(run)
}

/** Throws `workspace.not-found`, `workspace.not-a-folder`. */
export async function checkWorkspace(root: string): Promise<void> {
  const found = await stat(root).catch((cause: unknown) => {
    throw new KeyframeError(
      { code: 'workspace.not-found', message: `${root} cannot be opened.`, action: 'Name a folder that exists and that you may read.' },
      { cause },
    )
  })
  if (!found.isDirectory())
    throw new KeyframeError({
      code: 'workspace.not-a-folder',
      message: `${root} is not a folder.`,
      action: 'Name the folder of a repository.',
    })
}
