import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { MethodName, MethodParams, MethodResult, RunSummary } from '../../../shared/contract/methods'
import type { Caller } from '../../../shared/contract/service'
import type { Frame, HumanAnswer, HumanRequest } from '../../../shared/frames'
import type { AgentProgram } from '../agents/agent-api'
import { removeTree } from '../checkpoints/remove-tree'
import { type Kernel, openKernel } from '../kernel'
import { runGit, writeFiles } from './git-repository'

export const appRoot = resolve(import.meta.dirname, '../../../..')
const caller: Caller = { id: 'test', signal: new AbortController().signal }

/** A workspace folder with a data folder beside it, and the kernels that a test opens on it. */
export class KernelFixture {
  readonly folder: string
  readonly root: string
  readonly home: string
  readonly logged: string[] = []
  /** Whether kernels that are opened from now on ask language servers about open calls. */
  upgradesCalls = false
  #kernel: Kernel | null = null

  constructor(name: string, home?: string) {
    this.folder = mkdtempSync(join(tmpdir(), `keyframe-${name}-`))
    this.root = join(this.folder, 'workspace')
    this.home = home ?? join(this.folder, 'home')
    mkdirSync(this.root)
  }

  get kernel(): Kernel {
    if (this.#kernel === null) throw new Error('no kernel is open')
    return this.#kernel
  }

  /** Opens the workspace, or another folder in its place. */
  async open(root = this.root, agents: readonly AgentProgram[] = []): Promise<Kernel> {
    this.#kernel = await openKernel({
      root,
      home: this.home,
      appRoot,
      nodePath: process.execPath,
      agents,
      upgradeCalls: this.upgradesCalls,
      log: (line) => this.logged.push(line),
    })
    return this.#kernel
  }

  async reopen(): Promise<Kernel> {
    await this.close()
    return this.open()
  }

  async close(): Promise<void> {
    await this.#kernel?.close()
    this.#kernel = null
  }

  async dispose(): Promise<void> {
    await this.close()
    await removeTree(this.folder)
  }

  call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>> {
    return this.kernel.call(method, params, caller)
  }

  async start(task: string, approval: 'ask' | 'yes' | 'deny' = 'yes', agent = 'refactorer'): Promise<string> {
    return (await this.call('runs.start', { agent, task, approval })).runId
  }

  /** The run when nothing of it is under way any more. */
  async ended(runId: string): Promise<RunSummary> {
    for (;;) {
      const run = await this.call('runs.get', { runId })
      if (run.state !== 'running' && run.state !== 'waiting') return run
      await pause(30)
    }
  }

  async frames(runId: string): Promise<Frame[]> {
    return (await this.call('frames.list', { runId, from: 1, limit: 5000 })).frames
  }

  /** Waits for a frame of the run that `wanted` holds for. */
  async frame(runId: string, wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const found = (await this.frames(runId)).find(wanted)
      if (found !== undefined) return found
      const { state, summary } = await this.call('runs.get', { runId })
      if (state !== 'running' && state !== 'waiting') throw new Error(`the run is ${state} (${summary}) without that frame`)
      await pause(20)
    }
  }

  /** Waits for a question of the run. */
  async asked(runId: string, type: HumanRequest['type']): Promise<HumanRequest> {
    for (;;) {
      const request = (await this.call('humans.list', {})).find((one) => one.runId === runId && one.type === type)
      if (request !== undefined) return request
      const { state, summary } = await this.call('runs.get', { runId })
      if (state !== 'running' && state !== 'waiting') throw new Error(`the run is ${state} (${summary}) and asked for no ${type}`)
      await pause(30)
    }
  }

  async answer(runId: string, request: HumanRequest, answer: Omit<HumanAnswer, 'requestId' | 'shown'>): Promise<void> {
    await this.call('humans.answer', { runId, answer: { requestId: request.requestId, shown: request.shown, ...answer } })
  }

  git(...args: string[]): string {
    return runGit(this.root, ...args)
  }

  /** A repository of two modules whose `alpha` can be renamed, committed. */
  writeSmallProject(): void {
    writeFiles(this.root, {
      'package.json': '{ "name": "small", "type": "module", "scripts": { "test": "test -s src/alpha.ts" } }\n',
      'tsconfig.json':
        '{ "compilerOptions": { "strict": true, "module": "esnext", "target": "es2022", "moduleResolution": "bundler" }, "include": ["src"] }\n',
      'src/alpha.ts': 'export function alpha(count: number): number {\n  return count + 1\n}\n',
      'src/use.ts': "import { alpha } from './alpha'\n\nexport const two = alpha(1)\n",
    })
    this.git('init', '-q')
    this.git('add', '.')
    this.git('commit', '-qm', 'begin')
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms))
}
