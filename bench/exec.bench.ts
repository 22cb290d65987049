import { join } from 'node:path'
import { findAppRoot } from '../src/main/cli/app-root'
import { createMemory } from '../src/main/kernel/memory/store/sqlite-memory'
import { BranchDevice } from '../src/main/kernel/tools/branch-device'
import { makeDriverSet, toolBinds } from '../src/main/kernel/tools/driver-set'
import { createOverlayProvider } from '../src/main/kernel/tools/sandboxes/overlay-sandbox'
import { findTool, runTool } from '../src/main/kernel/tools/tool-runtime'
import { authorise, denialsOf } from '../src/main/kernel/tools/authorise'
import { observedCall } from '../src/main/kernel/tools/observed-effects'
import { createPolicies } from '../src/main/kernel/tools/policy/cedar-policies'
import type { RolePolicy } from '../src/main/kernel/tools/policy/policies'
import { PortRanges } from '../src/main/kernel/tools/port-ranges'
import { DEFAULT_LIMITS } from '../src/main/kernel/tools/sandboxes/sandbox'
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
  const policies = await createPolicies({
    appRoot: findAppRoot(),
    folder: join(workspace.dataDir, 'policies'),
    now: () => performance.now(),
    log: () => undefined,
  })
  const role = policies.role('coder')
  const device = await openDevice(workspace, repository.root, role)
  const added = { sandbox: new Samples(), tool: new Samples(), call: new Samples(), read: new Samples() }
  const bare = new Samples()
  const cat = new Samples()
  try {
    const sandbox = await device.sandbox()
    for (let round = -WARM_UP; round < scaled(ROUNDS); round += 1) {
      const bareMs = await elapsed(() => bareCommand('true'))
      const inSandboxMs = await elapsed(() => runTrue(sandbox))
      const toolMs = await elapsed(() => shellTrue(device))
      const callMs = await elapsed(() => recordedCall(workspace, device, role))
      const readMs = await elapsed(() => recordedRead(workspace, device, role))
      const catMs = await elapsed(() => bareCommand('cat', ['tsconfig.json'], repository.root))
      if (round < 0) continue
      bare.add(bareMs)
      added.sandbox.add(inSandboxMs - bareMs)
      added.tool.add(toolMs - bareMs)
      added.call.add(callMs - bareMs)
      added.read.add(readMs)
      cat.add(catMs)
    }
  } finally {
    await device.dispose()
    await policies.dispose()
    await workspace.close()
  }
  const note = `the bare command itself: p50 ${bare.spread.p50.toFixed(1)} ms`
  return [
    durations('a command of its own in the sandbox, over the bare command', 'p95', added.sandbox, { gateMs: GATE_MS, note }),
    durations('shell.run in the persistent shell, over the bare command', 'p95', added.tool, { gateMs: GATE_MS }),
    durations('shell.run decided by policy, intent, checkpoint and outcome recorded, over the bare command', 'p95', added.call, {
      gateMs: GATE_MS,
    }),
    durations('fs.read decided by policy, intent and outcome recorded, as a whole', 'p95', added.read, {
      gateMs: GATE_MS,
      peers: [{ name: 'cat', samples: cat }],
    }),
  ]
}

async function openDevice(workspace: Workspace, root: string, role: RolePolicy): Promise<BranchDevice> {
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
    ports: new PortRanges(),
    onNotice: () => undefined,
    limits: DEFAULT_LIMITS,
    profile: async () => ({ ...role.profile([], []), egress: role.egress(() => []) }),
  }
  const drivers = makeDriverSet({
    ...{ appRoot, memory, root, lsp: { servers: [] }, baseDir: workspace.base.dir, readable: () => true },
    experience: { remember: () => ({ replaced: false }), recall: () => [], examples: () => [] },
    ...{ runId: null, point: () => null },
    ...{ onTerminalData: () => undefined, onNotice: () => undefined },
  })
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
async function recordedCall({ journal }: Workspace, device: BranchDevice, role: RolePolicy): Promise<void> {
  const tool = findTool(device, 'shell.run')
  const decisions = await authorise(device, tool, { command: 'true' }, { role, grants: [], readOnly: false })
  if (denialsOf(decisions).length > 0) throw new Error('the policy does not permit `true`')
  const common = { branchId: MAIN_BRANCH, atMs: Date.now() }
  const call = { tool: tool.name, args: { command: 'true' }, effect: tool.effect }
  const payload: FramePayload<'tool.intent'> = { ...call, allowedBy: ['bench'], role: role.id, decisions }
  const [intent] = journal.append(RUN, [{ ...common, kind: 'tool.intent', cause: null, key: hashBytes('true'), payload, checkpoint: null }])
  const { output, text, durationMs } = await shellTrue(device)
  const { manifest, shell, changes } = await device.capture()
  const outcome: FramePayload<'tool.outcome'> = {
    tool: 'shell.run',
    ok: true,
    output,
    text,
    ...(await observedCall(device, role, [], tool, changes)),
    isolation: 'overlay',
    durationMs,
  }
  const checkpoint = { manifest, shell, state: hashBytes(text), memoryVersion: 0, reason: 'shell.run' }
  journal.append(RUN, [{ ...common, kind: 'tool.outcome', cause: intent?.n ?? null, key: null, payload: outcome, checkpoint }])
}

/** A reading call, which needs no checkpoint. */
async function recordedRead({ journal }: Workspace, device: BranchDevice, role: RolePolicy): Promise<void> {
  const tool = findTool(device, 'fs.read')
  const args = { path: 'tsconfig.json' }
  const decisions = await authorise(device, tool, args, { role, grants: [], readOnly: false })
  const common = { branchId: MAIN_BRANCH, atMs: Date.now() }
  const payload: FramePayload<'tool.intent'> = { tool: tool.name, args, effect: tool.effect, allowedBy: [], role: role.id, decisions }
  const [intent] = journal.append(RUN, [{ ...common, kind: 'tool.intent', cause: null, key: hashBytes('read'), payload, checkpoint: null }])
  const options = { signal: new AbortController().signal, clock: () => performance.now(), onOutput: () => undefined }
  const { ok, output, text, durationMs } = await runTool(device, tool, args, options)
  if (!ok) throw new Error('the file could not be read')
  const sideEffects = { files: [], processes: [] }
  const outcome: FramePayload<'tool.outcome'> = { tool: tool.name, ok, output, text, sideEffects, isolation: 'overlay', durationMs }
  journal.append(RUN, [{ ...common, kind: 'tool.outcome', cause: intent?.n ?? null, key: null, payload: outcome, checkpoint: null }])
}
