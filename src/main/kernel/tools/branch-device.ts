import { join } from 'node:path'
import { canonicalJson } from '../../../shared/canonical-json'
import { KeyframeError } from '../../../shared/failure'
import type { FileChange } from '../../../shared/frames'
import type { BranchId, ContentHash } from '../../../shared/ids'
import type { Base, FileStore, UpperTracker } from '../checkpoints/files'
import type { ContentStore } from '../journal/content-store'
import type { Driver, ToolSpec } from './driver'
import type { DriverSet } from './driver-set'
import { removeTree } from '../checkpoints/remove-tree'
import type { PortRanges } from './port-ranges'
import type { PortRange, Sandbox, SandboxLimits, SandboxProfile, SandboxProvider, ToolBind } from './sandboxes/sandbox'

/** What a branch's tools and files are made from. The same for all branches of a run. */
export interface DeviceParts {
  readonly provider: SandboxProvider
  readonly files: FileStore
  readonly content: ContentStore
  readonly base: Base
  readonly binds: readonly ToolBind[]
  /** Folder of the run's sandboxes. */
  readonly dir: string
  readonly ports: PortRanges
  readonly limits: SandboxLimits
  /** What the system enforces of the role's policies, as they are when a sandbox is opened. */
  profile(): Promise<SandboxProfile>
  /** What the user should know of a sandbox that was opened. */
  onNotice?(text: string): void
}

/** The files and shells that a branch starts from: those of a checkpoint, or the base when both are null. */
export interface DeviceOrigin {
  readonly manifest: ContentHash | null
  readonly shell: ContentHash | null
}

export interface DeviceCapture extends DeviceOrigin {
  readonly changes: readonly FileChange[]
}

/** Where Keyframe's own programs lie inside a sandbox. */
const GUEST_TOOLS = '/opt/keyframe/'

interface Opened {
  readonly sandbox: Sandbox
  readonly tracker: UpperTracker
  readonly profile: SandboxProfile
  releasePorts(): void
}

/**
 * One branch's sandbox and drivers, opened when first used. Both are caches: they can be thrown away at any time and
 * come back from the origin, which is the last capture.
 */
export class BranchDevice {
  readonly set: DriverSet
  readonly tools: ReadonlyMap<string, ToolSpec>
  readonly #parts: DeviceParts
  readonly #branchId: BranchId
  #origin: DeviceOrigin
  #generation = 0
  #opening: Promise<Opened> | null = null
  #notRestored: readonly string[] = []

  constructor(parts: DeviceParts, branchId: BranchId, origin: DeviceOrigin, set: DriverSet) {
    this.#parts = parts
    this.#branchId = branchId
    this.#origin = origin
    this.set = set
    this.tools = new Map(set.all.flatMap((driver) => driver.tools.map((tool) => [tool.name, tool] as const)))
  }

  get drivers(): readonly Driver[] {
    return this.set.all
  }

  get origin(): DeviceOrigin {
    return this.#origin
  }

  /** What could not be brought back when the drivers were restored: running jobs, unset traps. */
  get notRestored(): readonly string[] {
    return this.#notRestored
  }

  async sandbox(): Promise<Sandbox> {
    return (await this.#opened()).sandbox
  }

  /** The driver that has a tool of this name. */
  driverOf(tool: string): string | null {
    return this.drivers.find((driver) => driver.tools.some((spec) => spec.name === tool))?.name ?? null
  }

  /** Command lines of what agents and people left running; Keyframe's own servers and shells are not listed. */
  async processes(): Promise<string[]> {
    const { sandbox } = await this.#opened()
    const lines = await sandbox.processes()
    return lines.filter((line) => !line.includes(GUEST_TOOLS))
  }

  /** Files and shells as they are now. Cheap for a branch that was never opened: nothing can have changed. */
  async capture(): Promise<DeviceCapture> {
    if (this.#opening === null) return { ...this.#origin, changes: [] }
    const { sandbox, tracker } = await this.#opening
    const { manifest, changes } = await sandbox.frozen(() => tracker.capture())
    const shell = await this.#captureDrivers()
    this.#origin = { manifest, shell }
    return { manifest, shell, changes }
  }

  /** Tells every driver but the one that made them about changed files. */
  async announce(paths: readonly string[], except: string | null): Promise<void> {
    if (paths.length === 0) return
    for (const driver of this.drivers) if (driver.name !== except) await driver.filesChanged(paths)
  }

  /** Opens the sandbox again, files and shells kept, when the policies now ask the system for something else. */
  async applyPolicy(): Promise<void> {
    if (this.#opening === null) return
    const { profile } = await this.#opening
    if (enforced(profile) === enforced(await this.#parts.profile())) return
    await this.capture()
    await this.reset(this.#origin)
  }

  /** Goes back to another capture: what lies in the sandbox now is dropped, the next use opens a new one. */
  async reset(origin: DeviceOrigin): Promise<void> {
    await this.#close()
    this.#origin = origin
  }

  async dispose(): Promise<void> {
    await this.#close()
    for (const driver of this.drivers) await driver.dispose()
  }

  #opened(): Promise<Opened> {
    if (this.#opening === null) {
      const opening = this.#open()
      this.#opening = opening
      // A sandbox that could not be opened is tried again at the next use.
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = null
      })
    }
    return this.#opening
  }

  async #open(): Promise<Opened> {
    const { files, base } = this.#parts
    if (base.isIncomplete) throw incompleteBase()
    this.#generation += 1
    const { manifest } = this.#origin
    const profile = await this.#parts.profile()
    const ports = this.#parts.ports.take()
    const sandbox = await this.#openSandbox(profile, ports.range).catch((cause: unknown) => {
      ports.release()
      throw cause
    })
    for (const notice of sandbox.notices) this.#parts.onNotice?.(notice)
    try {
      await this.#restoreDrivers(sandbox)
      const tracker =
        sandbox.copyDir === null ? files.track(sandbox.upperDir, manifest, base) : files.trackCopy(sandbox.copyDir, manifest, base)
      return { sandbox, tracker, profile, releasePorts: ports.release }
    } catch (cause) {
      ports.release()
      await sandbox.dispose()
      throw cause
    }
  }

  async #openSandbox(profile: SandboxProfile, ports: PortRange): Promise<Sandbox> {
    const { provider, files, base, binds, limits } = this.#parts
    const { manifest } = this.#origin
    return provider.open({
      dir: this.#dir(),
      baseDir: base.dir,
      layerDir: manifest === null ? null : await files.materialise(manifest),
      dependencies: base.dependencies,
      binds,
      limits,
      profile,
      ports,
    })
  }

  #dir(): string {
    return join(this.#parts.dir, `${this.#branchId}.${process.pid}.${this.#generation}`)
  }

  async #captureDrivers(): Promise<ContentHash | null> {
    const captured: Record<string, unknown> = {}
    for (const driver of this.drivers) {
      const state = await driver.capture()
      if (state !== null) captured[driver.name] = state
    }
    return Object.keys(captured).length === 0 ? null : this.#parts.content.put(canonicalJson(captured), 'shell')
  }

  async #restoreDrivers(sandbox: Sandbox): Promise<void> {
    const { shell } = this.#origin
    const captured: unknown = shell === null ? {} : JSON.parse(this.#parts.content.get(shell).toString('utf8'))
    const notRestored: string[] = []
    for (const driver of this.drivers) {
      const state: unknown = typeof captured === 'object' && captured !== null ? Reflect.get(captured, driver.name) : undefined
      notRestored.push(...(await driver.restore(state ?? null, sandbox)).notRestored)
    }
    this.#notRestored = notRestored
  }

  async #close(): Promise<void> {
    const opening = this.#opening
    this.#opening = null
    if (opening === null) return
    const { sandbox, releasePorts } = await opening
    await sandbox.dispose()
    releasePorts()
    await removeTree(this.#dir())
  }
}

function incompleteBase(): KeyframeError {
  return new KeyframeError({
    code: 'base.incomplete',
    message: 'This run was imported without all files of its repository: it can be stepped through and replayed, not continued.',
    action: 'Ask for an export with the whole repository (`keyframe export --whole-base`), or start a new run.',
  })
}

/** What of a profile is built into an open sandbox: a gate decides anew at each connection, so only whether there is one counts. */
function enforced({ egress, ...built }: SandboxProfile): string {
  return canonicalJson({ ...built, egress: egress !== null })
}
