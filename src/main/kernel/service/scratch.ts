import { join } from 'node:path'
import type { At, MethodParams, MethodResult } from '../../../shared/contract/methods'
import { MAIN_BRANCH, type RunId } from '../../../shared/ids'
import type { Base, FilesAt } from '../checkpoints/files'
import { DEFAULT_ROLE, pathsOf, type RunEngine, type RunServices } from '../scheduler/run-engine'
import { BranchDevice } from '../tools/branch-device'
import { authorise, denialsOf, mayRead, refused } from '../tools/authorise'
import type { FilesAtPoint } from '../memory/points'
import { observedCall, observedEffects, writesBeyondRole } from '../tools/observed-effects'
import type { RolePolicy } from '../tools/policy/policies'
import { findTool, runTool } from '../tools/tool-runtime'
import { suitedProvider } from '../tools/sandboxes/suited-provider'
import { needsPinnedNode } from '../workspace/node-for-workspace'

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/**
 * One command or tool call in a sandbox of its own that is thrown away afterwards: on the files of a frame, or of the
 * repository as it is now. Not part of any run, nothing is merged; what it would have changed is in the result.
 */
export class Scratch {
  readonly #services: RunServices
  readonly #runOf: (runId: RunId) => RunEngine
  #count = 0

  constructor(services: RunServices, runOf: (runId: RunId) => RunEngine) {
    this.#services = services
    this.#runOf = runOf
  }

  async exec({ at, argv, timeoutMs, role }: MethodParams<'sandbox.exec'>, signal: AbortSignal): Promise<MethodResult<'sandbox.exec'>> {
    return this.#device(at, role ?? DEFAULT_ROLE, async (device, policy) => {
      const sandbox = await device.sandbox()
      const result = await sandbox.run({ argv }, { timeoutMs, signal, maxOutputBytes: MAX_OUTPUT_BYTES })
      const { changes } = await device.capture()
      const effects = await observedEffects(device)
      const { exitCode, stdout, stderr, truncated, durationMs, timedOut, limit } = result
      return {
        ...{ exitCode, stdout, stderr, truncated, durationMs, timedOut, limit, isolation: sandbox.level },
        sideEffects: { ...effects.sideEffects, files: [...changes], processes: await device.processes() },
        denials: [...effects.denials, ...(await writesBeyondRole(policy, [], changes))],
        usage: effects.usage,
      }
    })
  }

  async tool({ at, role, name, args }: MethodParams<'sandbox.tool'>, signal: AbortSignal): Promise<MethodResult<'sandbox.tool'>> {
    return this.#device(at, role, async (device, policy) => {
      const tool = findTool(device, name)
      const decisions = await authorise(device, tool, args, { role: policy, grants: [], readOnly: false })
      const denials = denialsOf(decisions)
      const { provider } = this.#services
      if (denials.length > 0) return refused(name, role, denials)
      const { error, ...run } = await runTool(device, tool, args, { signal, clock: () => performance.now(), onOutput: () => undefined })
      const { changes } = await device.capture()
      const observed = await observedCall(device, policy, [], tool, changes)
      return { tool: name, ...run, ...(error === null ? {} : { error }), isolation: provider.level, ...observed }
    })
  }

  /** A sandbox on the repository as it is now, with the files that are in it; whoever asked for it disposes of the device. */
  async live(roleId: string): Promise<{ device: BranchDevice; files: FilesAt }> {
    const base = await this.#services.files.freezeBase({})
    const device = await this.#open(base, null, this.#services.policies.role(roleId), () => null)
    return { device, files: this.#services.files.at(base, null) }
  }

  async #device<T>(
    at: MethodParams<'sandbox.exec'>['at'],
    roleId: string,
    work: (device: BranchDevice, role: RolePolicy) => Promise<T>,
  ): Promise<T> {
    const role = this.#services.policies.role(roleId)
    const { base, manifest, point } =
      at === null ? { base: await this.#services.files.freezeBase({}), manifest: null, point: null } : await this.#point(at as At)
    const device = await this.#open(base, manifest, role, () => point)
    try {
      return await work(device, role)
    } finally {
      await device.dispose()
    }
  }

  async #point(at: At) {
    const run = this.#runOf(at.runId)
    const base = await run.base()
    const state = run.stateAt(at.branchId, at.n)
    return { base, manifest: state.checkpoint?.ref.manifest ?? null, point: run.filesAtPoint(base, at.branchId, state) }
  }

  async #open(
    base: Base,
    manifest: BranchDevice['origin']['manifest'],
    role: RolePolicy,
    point: () => FilesAtPoint | null,
  ): Promise<BranchDevice> {
    const { provider, files, journal, binds, runsDir, ports, makeDrivers, pinnedNodeVersion, log } = this.#services
    this.#count += 1
    const suited = suitedProvider(provider, () => needsPinnedNode(files.at(base, null), pinnedNodeVersion))
    return new BranchDevice(
      {
        ...{ provider: suited, files, content: journal.content, base, binds, ports, limits: role.limits },
        dir: join(runsDir, `scratch-${this.#count}`),
        onNotice: log,
        profile: async () => ({ ...role.profile(await pathsOf(files.at(base, null)), []), egress: role.egress(() => []) }),
      },
      MAIN_BRANCH,
      { manifest, shell: null },
      makeDrivers({
        baseDir: base.dir,
        runId: null,
        point,
        readable: mayRead(role, () => []),
        onTerminalData: () => undefined,
        onNotice: log,
      }),
    )
  }
}
