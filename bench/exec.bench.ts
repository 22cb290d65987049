import { join } from 'node:path'
import { findAppRoot } from '../src/main/cli/app-root'
import { createMemory } from '../src/main/kernel/memory/sqlite-memory'
import { BranchDevice } from '../src/main/kernel/tools/branch-device'
import { makeDriverSet, toolBinds } from '../src/main/kernel/tools/driver-set'
import { createOverlayProvider } from '../src/main/kernel/tools/sandboxes/overlay-sandbox'
import { findTool, runTool } from '../src/main/kernel/tools/tool-runtime'
import { hashBytes } from '../src/main/kernel/journal/sqlite-content-store'
import type { FramePayload } from '../src/shared/frames'
import { MAIN_BRANCH } from '../src/shared/ids'
import { openWorkspace, RUN, runTrue, type Workspace } from './support/branches'
import { generatedRepository } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { bareCommand } from './support/programs'

const REPOSITORY = 2_000
const ROUNDS = 150
const WARM_UP = 5
const GATE_MS = 30

/** What the kernel adds to the command `true`: each duration less that of the bare command of the same round. */
export default async function exec(): Promise<Measurement[]> {
  const repository = await generatedRepository(REPOSITORY)
  const workspace = await openWorkspace('exec', repository.root)
  const device = openDevice(workspace, repository.root)
  const added = { sandbox: new Samples(), tool: new Samples(), call: new Samples() }
  const bare = new Samples()
  try {
    const sandbox = await device.sandbox()
    for (let round = -WARM_UP; round < scaled(ROUNDS); round += 1) {
      const bareMs = await elapsed(() => bareCommand('true'))
      const inSandboxMs = await elapsed(() => runTrue(sandbox))
      const toolMs = await elapsed(() => shellTrue(device))
      const callMs = await elapsed(() => recordedCall(workspace, device))
      if (round < 0) continue
      bare.add(bareMs)
      added.sandbox.add(inSandboxMs - bareMs)
      added.tool.add(toolMs - bareMs)
      added.call.add(callMs - bareMs)
    }
  } finally {
    await device.dispose()
    workspace.close()
  }
  const note = `the bare command itself: p50 ${bare.spread.p50.toFixed(1)} ms`
  return [
    durations('a command of its own in the sandbox, over the bare command', 'p95', added.sandbox, { gateMs: GATE_MS, note }),
    durations('shell.run in the persistent shell, over the bare command', 'p95', added.tool, { gateMs: GATE_MS }),
    durations('shell.run with intent, checkpoint and outcome recorded, over the bare command', 'p95', added.call, { gateMs: GATE_MS }),
  ]
}

function openDevice(workspace: Workspace, root: string): BranchDevice {
  const appRoot = findAppRoot()
  // Not started: no tool of this benchmark asks the index.
  const memory = createMemory({
    root,
    databasePath: join(workspace.dataDir, 'memory.db'),
    listFiles: async () => [],
    now: () => performance.now(),
  })
  const parts = {
    provider: createOverlayProvider({ nodePath: process.execPath }),
    files: workspace.files,
    content: workspace.journal.content,
    base: workspace.base,
    binds: toolBinds(appRoot),
    dir: join(workspace.dataDir, 'runs', RUN),
  }
  const drivers = makeDriverSet(appRoot, memory, () => undefined)
  return new BranchDevice(parts, MAIN_BRANCH, { manifest: null, shell: null }, drivers)
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

async function shellTrue(device: BranchDevice) {
  const options = { signal: new AbortController().signal, clock: () => performance.now(), onOutput: () => undefined }
  const run = await runTool(device, findTool(device, 'shell.run'), { command: 'true' }, options)
  if (!run.ok) throw new Error(`shell.run failed: ${run.error?.message}`)
  return run
}

/** The effects of one mutating tool call in the order in which a branch makes them. */
async function recordedCall({ journal }: Workspace, device: BranchDevice): Promise<void> {
  const common = { branchId: MAIN_BRANCH, atMs: Date.now() }
  const payload: FramePayload<'tool.intent'> = { tool: 'shell.run', args: { command: 'true' }, effect: 'workspace', allowedBy: ['bench'] }
  const [intent] = journal.append(RUN, [{ ...common, kind: 'tool.intent', cause: null, key: hashBytes('true'), payload, checkpoint: null }])
  const { output, text, durationMs } = await shellTrue(device)
  const { manifest, shell, changes } = await device.capture()
  const outcome: FramePayload<'tool.outcome'> = {
    tool: 'shell.run',
    ok: true,
    output,
    text,
    sideEffects: { files: [...changes], processes: await device.processes() },
    isolation: 'overlay',
    durationMs,
  }
  const checkpoint = { manifest, shell, state: hashBytes(text), memoryVersion: 0, reason: 'shell.run' }
  journal.append(RUN, [{ ...common, kind: 'tool.outcome', cause: intent?.n ?? null, key: null, payload: outcome, checkpoint }])
}
