import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { z } from 'zod'
import {
  type DoctorReport,
  type IndexStatus,
  type MethodName,
  type MethodParams,
  type MethodResult,
  Methods,
  type WorkspaceInfo,
} from '../../shared/contract/methods'
import type { Caller, KernelService } from '../../shared/contract/service'
import { KeyframeError, toFailure } from '../../shared/failure'
import type { Frame, FrameKind } from '../../shared/frames'
import type { RunId } from '../../shared/ids'
import type { AgentProgram } from './agents/agent-api'
import { agentRegistry } from './agents/registry'
import { BreakpointList } from './breakpoints/breakpoint-list'
import { FrameMarks } from './breakpoints/frame-marks'
import { createFileStore } from './checkpoints/file-store'
import { cachedTokenCounter } from './context/count-tokens'
import { editGraphOf } from './context/memory-sources'
import { importRun, type ImportReport } from './exports/import-run'
import { ReviewQueue } from './humans/review-queue'
import { createRedactor } from './journal/redaction'
import { hashBytes } from './journal/sqlite-content-store'
import { openJournal } from './journal/sqlite-journal'
import type { RunServices } from './scheduler/run-engine'
import { Semaphore } from './scheduler/semaphore'
import { BranchActions } from './service/branch-actions'
import { EventHub } from './service/event-hub'
import { checkWorkspace, kernelMethods, type MethodTable } from './service/kernel-methods'
import { LspChannels } from './service/lsp-channels'
import { RunRegistry } from './service/run-registry'
import { Scratch } from './service/scratch'
import { openServedWorkspace } from './service/served-workspace'
import { Terminals } from './service/terminals'
import { WorkspaceMemory } from './service/workspace-memory'
import { makeDriverSet, toolBinds } from './tools/driver-set'
import { createPolicies } from './tools/policy/cedar-policies'
import type { Policies } from './tools/policy/policies'
import { PortRanges } from './tools/port-ranges'
import { collectSandboxFolders } from './tools/sandboxes/collect-sandbox-folders'
import { chooseProvider, providerSettings, requireLevel } from './tools/sandboxes/choose-provider'
import { MemoryFolder, removeMemoryLeftovers } from './checkpoints/memory-folder'
import { guestOwner } from './tools/sandboxes/guest-owner'
import { inspectRepository } from './workspace/inspect-repository'
import { listFiles } from './workspace/list-files'
import { readUserSettings, type ReadSettings } from './workspace/user-settings'
import { dataFolderFailure, lockWorkspace } from './workspace-lock'

/** Kinds of frames that change what the list of runs says of a run. */
const NEWS: ReadonlySet<FrameKind> = new Set([
  'run.started',
  'run.ended',
  'fork',
  'human.request',
  'human.answer',
  'judge.verdict',
  'merge.outcome',
  'control',
])
const TELL_AFTER_MS = 300
const CLOSE_WITHIN_MS = 15_000

export interface KernelOptions {
  /** Folder of the workspace. */
  readonly root: string
  /** Folder of all workspaces' data. */
  readonly home: string
  /** Folder of package.json, resources and node_modules. */
  readonly appRoot: string
  /** The pinned Node: runs Keyframe's own programs inside sandboxes. */
  readonly nodePath: string
  /** Programs that are offered beside the built-in ones; an id of one of those replaces it. */
  readonly agents?: readonly AgentProgram[]
  /** Whether language servers are asked about calls that syntax leaves open, behind everything else. For hosts that stay. Default: no. */
  readonly upgradeCalls?: boolean
  log(line: string): void
}

export interface Kernel extends KernelService {
  readonly dataDir: string
  /** Where this kernel's host listens for other hosts. */
  readonly socketPath: string
  /** Leaves runs resumable, ends every child. Idempotent. */
  close(): Promise<void>
}

/**
 * Opens a workspace: takes its lock, opens its journal, finds the isolation level by trying. Throws `workspace.not-found`,
 * `workspace.not-a-folder`, `workspace.holds-data`, `workspace.locked`, `journal.newer`. A damaged journal opens read-only and says so.
 */
export async function openKernel(options: KernelOptions): Promise<Kernel> {
  await checkWorkspace(options.root)
  const root = realpathSync(options.root)
  refuseOwnData(root, options.home)
  const dataDir = dataDirOf(options.home, root)
  const lock = lockWorkspace(dataDir)
  try {
    const kernel = new LocalKernel(options, root, dataDir, lock.socketPath)
    await kernel.start()
    const close = kernel.close.bind(kernel)
    return Object.assign(kernel, {
      close: async () => {
        await close()
        lock.release()
      },
    })
  } catch (thrown) {
    lock.release()
    throw dataFolderFailure(dataDir, thrown)
  }
}

/** Where the data of a workspace lies. `root` without links. */
function dataDirOf(home: string, root: string): string {
  return join(home, 'workspaces', `${basename(root).replaceAll(/[^\w.-]/g, '_')}-${hashBytes(root).slice(0, 12)}`)
}

/** Makes a workspace in `folder` of a run that was exported elsewhere. Throws `import.*`; nothing is left behind then. */
export async function importRunFile({ file, folder, home }: { file: string; folder: string; home: string }): Promise<ImportReport> {
  mkdirSync(dirname(folder), { recursive: true })
  const root = join(realpathSync(dirname(folder)), basename(folder))
  refuseOwnData(root, home)
  return importRun(file, root, dataDirOf(home, root))
}

/** Policies, grants and journals must not lie where agents work: what they write there could be merged over them. */
function refuseOwnData(root: string, home: string): void {
  const inside = relative(root, resolve(home))
  if (inside.startsWith('..') || isAbsolute(inside)) return
  throw new KeyframeError({
    code: 'workspace.holds-data',
    message: `${root} holds Keyframe's own data (${home}), which agents must not reach.`,
    action: 'Open a folder in it, or set KEYFRAME_HOME to a place outside.',
  })
}

class LocalKernel implements Kernel {
  readonly dataDir: string
  readonly socketPath: string
  readonly #options: KernelOptions
  readonly #root: string
  readonly #hub = new EventHub()
  readonly #methods: MethodTable
  readonly #isolation: Promise<DoctorReport>
  readonly #settings: ReadSettings
  readonly #journal
  readonly #remembered: WorkspaceMemory
  readonly #memoryFolder: MemoryFolder | null
  readonly #runsDir: string
  readonly #runs: RunRegistry
  readonly #policies: Policies
  readonly #terminals: Terminals
  readonly #channels: LspChannels
  readonly #life = new AbortController()
  #indexVersion = 0
  readonly #untold = new Set<RunId>()
  #telling: NodeJS.Timeout | null = null
  #closing: Promise<void> | null = null

  constructor(options: KernelOptions, root: string, dataDir: string, socketPath: string) {
    this.#options = options
    this.#root = root
    this.dataDir = dataDir
    this.socketPath = socketPath
    this.#settings = readUserSettings(join(options.home, 'settings.json'))
    const redactor = createRedactor()
    this.#journal = openJournal({ dataDir, redactor })
    const sandboxes = chooseProvider({ nodePath: options.nodePath, ...providerSettings(process.env) })
    this.#isolation = sandboxes.report
    // Whoever awaits the level sees the failure; nobody may be there yet.
    this.#isolation.catch(() => undefined)
    const clock = (): number => Date.now()
    this.#remembered = new WorkspaceMemory({
      ...{ root, dataDir, appRoot: options.appRoot, journal: this.#journal, redactor, clock, log: options.log },
      settingsPath: join(options.home, 'settings.json'),
      settings: this.#settings.search,
      listFiles: () => this.#indexable(),
      servers:
        options.upgradeCalls === true
          ? { open: () => openServedWorkspace(services, scratch), isBusy: () => this.#runs.active().length > 0 }
          : null,
    })
    this.#policies = createPolicies({
      appRoot: options.appRoot,
      folder: join(options.home, 'policies'),
      now: clock,
      log: options.log,
    })
    this.#policies.onChange((reason) => this.#hub.emit('policy.changed', { reason }))
    const queue = new ReviewQueue((pending) => this.#hub.emit('humans.changed', { pending }))
    const runsDir = join(dataDir, 'runs')
    this.#runsDir = runsDir
    mkdirSync(runsDir, { recursive: true })
    this.#memoryFolder = MemoryFolder.open()
    const breakpoints: BreakpointList = new BreakpointList(
      this.#journal,
      () => this.#hub.emit('breakpoints.changed', [...breakpoints.all]),
      options.log,
    )
    const services: RunServices = {
      journal: this.#journal,
      redactor,
      files: createFileStore({
        ...{ root, dataDir, content: this.#journal.content, owner: guestOwner(), nodePath: options.nodePath },
        memoryFolder: this.#memoryFolder,
      }),
      provider: sandboxes.provider,
      requireIsolation: (hasConsent) => this.#requireIsolation(hasConsent),
      queue,
      policies: this.#policies,
      ports: new PortRanges(),
      binds: toolBinds(options.appRoot),
      pinnedNodeVersion: process.versions.node,
      runsDir,
      mergesDir: join(dataDir, 'merges'),
      checks: new Semaphore(1),
      clock,
      memoryVersion: () => this.#remembered.memory.version,
      countTokens: cachedTokenCounter(),
      agents: agentRegistry(options.agents ?? []),
      contextSources: (ofBranch) => this.#remembered.contextSources(ofBranch),
      makeDrivers: (ofBranch) =>
        makeDriverSet({
          ...{ appRoot: options.appRoot, memory: this.#remembered.memory, lsp: this.#settings.lsp, root, ...ofBranch },
          experience: this.#remembered.experience(ofBranch.runId),
        }),
      onTerminal: (runId, branchId, session, data) => this.#hub.emit('terminal.data', { runId, branchId, session, data }),
      onChange: (run) => {
        this.#hub.emit('runs.changed', run.summary)
        if (run.failure !== null) this.#hub.emit('workspace.changed', { reason: run.failure })
        this.#runs.changed(run)
      },
      breakpoints: () => breakpoints.all,
      onHits: (hits) => this.#hub.emit('breakpoint.hit', { hits: [...hits] }),
      log: options.log,
    }
    this.#runs = new RunRegistry(services)
    const scratch = new Scratch(services, (runId) => this.#runs.get(runId))
    this.#channels = new LspChannels(this.#hub)
    this.#terminals = new Terminals(options.log)
    this.#journal.onAppend((runId, frames) => this.#appended(runId, frames))
    this.#remembered.onChange((status) => this.#indexChanged(status))
    this.#methods = kernelMethods({
      version: readVersion(options.appRoot),
      journal: this.#journal,
      remembered: this.#remembered,
      queue,
      services,
      runs: this.#runs,
      actions: new BranchActions(services, async (run, branchId, n) => {
        const point = run.filesAtPoint(await run.base(), branchId, run.stateAt(branchId, n))
        return editGraphOf(await this.#remembered.memory.at(point))
      }),
      terminals: this.#terminals,
      channels: this.#channels,
      scratch,
      policies: this.#policies,
      breakpoints,
      marks: new FrameMarks(this.#journal, (runId) => this.#hub.emit('marks.changed', { runId }), options.log),
      workspaceInfo: () => this.#workspaceInfo(services),
      workspaceFiles: () => this.#indexable(),
    })
  }

  /** Work that nobody waits for: the first pass of the index, the verification of a long journal. */
  async start(): Promise<void> {
    // A command could not be told from another before its grammar is there.
    await this.#policies.ready()
    void this.#journal.verifyAll(this.#life.signal).then((fault) => {
      if (fault !== null) this.#hub.emit('workspace.changed', { reason: `The journal is damaged: ${fault.reason}.` })
    })
    void this.#collect()
    this.#remembered.start(this.#life.signal).catch((thrown: unknown) => {
      if (!this.#life.signal.aborted) this.#options.log(`index: ${toFailure(thrown).message}`)
    })
  }

  /** What an earlier kernel that was killed left of its sandboxes. */
  async #collect(): Promise<void> {
    const isOwn = (dir: string): boolean => basename(dir).split('.').at(-2) === String(process.pid)
    try {
      const { removed, problems } = await collectSandboxFolders(this.#runsDir, isOwn)
      if (removed > 0) this.#options.log(`${removed} folders of sandboxes of an earlier kernel were removed`)
      for (const problem of problems) this.#options.log(`a sandbox's folder could not be removed: ${problem}`)
      await removeMemoryLeftovers()
    } catch (thrown) {
      this.#options.log(`sandboxes of an earlier kernel could not be looked for: ${toFailure(thrown).message}`)
    }
  }

  async call<M extends MethodName>(method: M, params: MethodParams<M>, caller: Caller): Promise<MethodResult<M>> {
    if (this.#closing !== null)
      throw new KeyframeError({
        code: 'kernel.closing',
        message: 'The kernel is closing.',
        action: 'Open the workspace again.',
        retryable: true,
      })
    const parsed = Methods[method].params.safeParse(params)
    if (!parsed.success) {
      throw new KeyframeError({
        code: 'contract.bad-params',
        message: `${method}: ${z.prettifyError(parsed.error)}`,
        action: 'See the contract for what the method takes.',
      })
    }
    const handler = this.#methods[method] as (params: unknown, caller: Caller) => Promise<MethodResult<M>>
    return handler(parsed.data, caller)
  }

  subscribe: KernelService['subscribe'] = (listener, caller) => this.#hub.subscribe(listener, caller)

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#life.abort()
    this.#channels.dispose()
    await this.#suspendRuns()
    await this.#terminals.dispose()
    await this.#policies.dispose()
    await this.#remembered.dispose()
    await this.#memoryFolder?.dispose()
    this.#journal.close()
  }

  async #workspaceInfo(services: RunServices): Promise<WorkspaceInfo> {
    const [isolation, repository] = await Promise.all([this.#isolation, inspectRepository(this.#root)])
    return {
      root: this.#root,
      name: basename(this.#root),
      git: repository.git,
      isolation,
      journal: this.#journal.status,
      index: this.#remembered.status,
      notices: [
        ...(this.#settings.problem === null ? [] : [this.#settings.problem]),
        ...this.#runs.stopped(),
        ...this.#runs.notices(),
        ...repository.notices,
      ],
      agents: [...services.agents.values()].map(({ id, title, summary, examples, mutates, role }) => ({
        id,
        title,
        summary,
        examples: [...examples],
        mutates,
        role,
      })),
    }
  }

  /** What does not end in time is left to the end of the process: its children die with it, and nothing of it is recorded. */
  async #suspendRuns(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#options.log('a run did not come to rest in time; it is resumed from its journal')
        resolve()
      }, CLOSE_WITHIN_MS)
    })
    await Promise.race([this.#runs.suspendAll(), late])
    clearTimeout(timer)
  }

  /** Frames go out at once; what the list of runs shows of them follows at once when it is news, else a little later. */
  #appended(runId: RunId, frames: readonly Frame[]): void {
    this.#hub.emit('frames.appended', { runId, frames: [...frames] })
    if (frames.some((frame) => frame.kind === 'run.ended' || frame.kind === 'merge.outcome')) {
      this.#hub.emit('workspace.changed', { reason: 'A run ended or was merged.' })
    }
    this.#untold.add(runId)
    if (frames.some((frame) => NEWS.has(frame.kind))) this.#tellRuns()
    else this.#telling ??= setTimeout(() => this.#tellRuns(), TELL_AFTER_MS)
  }

  #tellRuns(): void {
    if (this.#telling !== null) clearTimeout(this.#telling)
    this.#telling = null
    const untold = [...this.#untold]
    this.#untold.clear()
    if (this.#closing !== null) return
    for (const runId of untold) this.#hub.emit('runs.changed', this.#runs.get(runId).summary)
  }

  #indexChanged(status: IndexStatus): void {
    this.#hub.emit('index.changed', status)
    if (status.state !== 'idle' || status.version === this.#indexVersion) return
    this.#indexVersion = status.version
    this.#runs.memoryChanged({
      version: status.version,
      files: status.files,
      symbols: status.symbols,
      reason: 'files of the repository changed',
    })
  }

  /** Throws `sandbox.unavailable` with what is missing and the command that mends it, `sandbox.needs-consent` without a person's. */
  async #requireIsolation(hasConsent: boolean): Promise<void> {
    const report = await this.#isolation
    requireLevel(report)
    if (report.level !== 'copy' || hasConsent) return
    throw new KeyframeError({
      code: 'sandbox.needs-consent',
      message: `${report.summary} This run has none.`,
      action: 'Tick "Run without isolation" for it, or start it with --allow-unisolated. `keyframe doctor` says what isolation needs.',
    })
  }

  async #indexable(): Promise<string[]> {
    const { files } = await listFiles(this.#root, this.#life.signal)
    return files.flatMap((file) => (file.type === 'file' ? [file.path] : []))
  }
}

function readVersion(appRoot: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(appRoot, 'package.json'), 'utf8'))
  return z.object({ version: z.string() }).parse(manifest).version
}
