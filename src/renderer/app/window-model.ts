import { createStore, type StoreApi } from 'zustand/vanilla'
import type { z } from 'zod'
import type { At, ContextEdit } from '../../shared/contract/methods'
import type { KernelClient } from '../../shared/contract/service'
import { MAIN_BRANCH, type BranchId, type RunId } from '../../shared/ids'
import { type CommandRegistry, createCommandRegistry } from './commands'
import { createDockControl, type DockControl } from './dock-control'
import { createInboxStore, type InboxStore } from './inbox-store'
import { createKernelLink, type KernelLink } from './kernel-link'
import { createNoticesStore, type NoticesStore } from './notices-store'
import { createRunStore, type RunStore } from './run-store'
import { createRunsStore, isActive, type RunsStore } from './runs-store'
import { createSelectionStore, type SelectionStore } from './selection-store'
import { createSettingsStore, type SettingsStore } from './settings-store'
import { createWorkspaceStore, type WorkspaceStore } from './workspace-store'

export type Point = z.output<typeof At>
export type Edit = z.output<typeof ContextEdit>

/** A question of the window to its user that covers the panels; one at a time. */
export type OpenDialog =
  | { readonly kind: 'none' }
  | { readonly kind: 'palette'; readonly mode: 'commands' | 'files' }
  | { readonly kind: 'fork'; readonly at: Point; readonly edits: readonly Edit[] }
  | { readonly kind: 'restore'; readonly at: Point }

/** Something that another panel is asked to show. `serial` grows, so that asking twice is two requests. */
export interface Reveal {
  readonly serial: number
  readonly file: { readonly path: string; readonly line: number | null } | null
  readonly symbol: { readonly id: string } | null
  readonly contextItem: { readonly id: string } | null
}

/** Everything the panels share: the connection, the mirrors of kernel facts, the selection, and what can be done. */
export interface WindowModel {
  readonly link: KernelLink
  readonly selection: SelectionStore
  readonly run: RunStore
  readonly runs: RunsStore
  readonly workspace: WorkspaceStore
  readonly inbox: InboxStore
  readonly notices: NoticesStore
  readonly settings: SettingsStore
  readonly commands: CommandRegistry
  readonly dock: DockControl
  readonly dialog: StoreApi<OpenDialog>
  readonly reveal: StoreApi<Reveal>
  start(): void
  openRun(runId: RunId | null): void
  /** Selects a frame (of a branch); `live` follows the branch's tip. */
  select(frame: number | 'live', branchId?: BranchId): void
  /** The selected point; null while no frame of the run is there. */
  point(): Point | null
  /** True when an earlier frame than the branch's tip is selected. */
  isPast(): boolean
  step(by: 1 | -1): void
  showFile(path: string, line: number | null): void
  showContextItem(id: string): void
}

export function createWindowModel(connect: () => Promise<KernelClient>): WindowModel {
  const link = createKernelLink(connect)
  const selection = createSelectionStore()
  const run = createRunStore(link)
  const runs = createRunsStore(link)
  const workspace = createWorkspaceStore(link)
  const inbox = createInboxStore(link)
  const notices = createNoticesStore()
  const settings = createSettingsStore(link, notices.fail)
  const commands = createCommandRegistry(notices.fail)
  const dock = createDockControl()
  const dialog = createStore<OpenDialog>(() => ({ kind: 'none' }))
  const reveal = createStore<Reveal>(() => ({ serial: 0, file: null, symbol: null, contextItem: null }))

  function fetchAll(): void {
    void workspace.refresh()
    void inbox.refresh()
    void runs.refresh().then(() => {
      if (selection.getState().runId !== null) return
      const active = runs.store.getState().runs.find((candidate) => isActive(candidate.state))
      const newest = active ?? runs.store.getState().runs[0]
      if (newest !== undefined) model.openRun(newest.runId)
    })
  }

  link.onLive(({ first, restarted }) => {
    if (first) settings.load().catch(notices.fail)
    else void run.resync()
    fetchAll()
    if (restarted)
      notices.add({ level: 'warning', message: 'The kernel was restarted. Everything shown was fetched again from its journal.' })
  })
  link.on('resync', () => {
    void run.resync()
    fetchAll()
  })

  const model: WindowModel = {
    link,
    selection,
    run,
    runs,
    workspace,
    inbox,
    notices,
    settings,
    commands,
    dock,
    dialog,
    reveal,
    start: () => link.start(),
    openRun(runId) {
      if (selection.getState().runId !== runId) selection.setState({ runId, branchId: MAIN_BRANCH, frame: 'live', compareWith: null })
      void run.open(runId)
    },
    select(frame, branchId) {
      const branch = branchId ?? selection.getState().branchId
      const { cache } = run.store.getState()
      const at = frame === 'live' ? frame : Math.max(1, cache.atOrBefore(branch, frame))
      selection.setState({ branchId: branch, frame: at !== 'live' && at >= cache.tip(branch) ? 'live' : at })
    },
    point() {
      const { runId, branchId, frame } = selection.getState()
      const { cache, runId: mirrored } = run.store.getState()
      if (runId === null || mirrored !== runId || cache.length === 0) return null
      const n = cache.atOrBefore(branchId, frame === 'live' ? cache.length : frame)
      return n === 0 ? null : { runId, branchId, n }
    },
    isPast: () => selection.getState().frame !== 'live',
    step(by) {
      const point = model.point()
      if (point === null) return
      const { cache } = run.store.getState()
      const target = by === 1 ? cache.after(point.branchId, point.n) : cache.atOrBefore(point.branchId, point.n - 1)
      if (target !== null && target > 0) model.select(target)
    },
    showFile(path, line) {
      reveal.setState((state) => ({ ...state, serial: state.serial + 1, file: { path, line } }))
      dock.open('editor', { instance: path, title: path.split('/').at(-1) ?? path, params: { path } })
    },
    showContextItem(id) {
      reveal.setState((state) => ({ ...state, serial: state.serial + 1, contextItem: { id } }))
      dock.open('context')
    },
  }
  return model
}
