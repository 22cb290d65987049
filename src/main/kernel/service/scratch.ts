import { join } from 'node:path'
import type { At, MethodParams, MethodResult } from '../../../shared/contract/methods'
import { MAIN_BRANCH, type RunId } from '../../../shared/ids'
import type { Base } from '../checkpoints/files'
import type { RunEngine, RunServices } from '../scheduler/run-engine'
import { BranchDevice } from '../tools/branch-device'
import { authoriseTool } from '../tools/role-policy'
import { findTool, runTool } from '../tools/tool-runtime'
import { needsPinnedNode } from '../workspace/node-for-workspace'
import { KeyframeError } from '../../../shared/failure'

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

  async exec({ at, argv, timeoutMs }: MethodParams<'sandbox.exec'>, signal: AbortSignal): Promise<MethodResult<'sandbox.exec'>> {
    return this.#device(at, async (device) => {
      const sandbox = await device.sandbox()
      const result = await sandbox.run({ argv }, { timeoutMs, signal, maxOutputBytes: MAX_OUTPUT_BYTES })
      const { changes } = await device.capture()
      const { exitCode, stdout, stderr, truncated, durationMs, timedOut, limit } = result
      return {
        exitCode,
        stdout,
        stderr,
        truncated,
        durationMs,
        timedOut,
        limit,
        isolation: sandbox.level,
        sideEffects: { files: [...changes], processes: [] },
        denials: [],
        usage: null,
      }
    })
  }

  async tool({ at, role, name, args }: MethodParams<'sandbox.tool'>, signal: AbortSignal): Promise<MethodResult<'sandbox.tool'>> {
    if (!this.#services.agents.has(role)) {
      throw new KeyframeError({
        code: 'agent.unknown',
        message: `There is no role ${role}.`,
        action: `Known roles: ${[...this.#services.agents.keys()].join(', ')}.`,
      })
    }
    return this.#device(at, async (device) => {
      const tool = findTool(device, name)
      const decision = authoriseTool(role, tool, false)
      const isolation = this.#services.isolation
      if (!decision.allowed) {
        return {
          tool: name,
          ok: false,
          output: null,
          text: '',
          error: decision.failure,
          sideEffects: { files: [], processes: [] },
          isolation,
          durationMs: 0,
        }
      }
      const { error, ...run } = await runTool(device, tool, args, { signal, clock: () => performance.now(), onOutput: () => undefined })
      const { changes } = await device.capture()
      const processes = name === 'shell.run' ? await device.processes() : []
      return { tool: name, ...run, ...(error === null ? {} : { error }), sideEffects: { files: [...changes], processes }, isolation }
    })
  }

  async #device<T>(at: MethodParams<'sandbox.exec'>['at'], work: (device: BranchDevice) => Promise<T>): Promise<T> {
    const { base, manifest } =
      at === null ? { base: await this.#services.files.freezeBase({}), manifest: null } : await this.#point(at as At)
    const device = await this.#open(base, manifest)
    try {
      return await work(device)
    } finally {
      await device.dispose()
    }
  }

  async #point(at: At) {
    const run = this.#runOf(at.runId)
    return { base: await run.base(), manifest: run.stateAt(at.branchId, at.n).checkpoint?.ref.manifest ?? null }
  }

  async #open(base: Base, manifest: BranchDevice['origin']['manifest']): Promise<BranchDevice> {
    const { provider, files, journal, binds, runsDir, makeDrivers, pinnedNodeVersion } = this.#services
    this.#count += 1
    const pinnedNodeFirst = await needsPinnedNode(files.at(base, null), pinnedNodeVersion)
    const suited = {
      level: provider.level,
      guarantees: provider.guarantees,
      open: (spec: Parameters<typeof provider.open>[0]) => provider.open({ ...spec, pinnedNodeFirst }),
    }
    return new BranchDevice(
      { provider: suited, files, content: journal.content, base, binds, dir: join(runsDir, `scratch-${this.#count}`) },
      MAIN_BRANCH,
      { manifest, shell: null },
      makeDrivers(() => undefined),
    )
  }
}
