import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { RunSummary } from '../../../shared/contract/methods'
import type { IsolationLevel, ToolOutcome } from '../../../shared/frames'
import type { AgentProgram } from '../agents/agent-api'
import { compileHostileProbe } from './hostile-probe'
import { KernelFixture } from './kernel-fixture'
import { treeHash } from './overlay-fixture'
import type { Attack, Targets } from '../hostile/attack'

/** Of the role `tiny`, which is a user's own and may do everything. */
const TINY = {
  id: 'tiny',
  title: 'Tiny',
  summary: 'Small limits, for the tests.',
  seccomp: 'build-tools',
  limits: {
    maxMemoryBytes: 256 * 1024 ** 2,
    maxCpuSeconds: 60,
    maxProcesses: 80,
    maxOpenFiles: 256,
    maxDiskBytes: 128 * 1024 ** 2,
    maxFiles: 4000,
  },
}

export interface HostileSuite {
  readonly level: IsolationLevel
  /** Why the level is not to be had on this machine; null where it is. */
  readonly missing: string | null
  /** What is tried by an agent in each role. The targets' port is known only when the attacks are made. */
  readonly attacks: Readonly<Record<string, (targets: Targets) => readonly Attack[]>>
  /** Of the role that tries names: what a merge must do with them is looked at too. */
  readonly mergeOf: string
  /** Sets up what the level needs; returns variables for the kernel and how to end it. */
  prepare?(folder: string): Promise<{ readonly env: Readonly<Record<string, string>>; end(): Promise<void> }>
}

interface Tried {
  readonly outcome: ToolOutcome
  readonly hostChanged: boolean
}

/**
 * An agent that tries to get out, as real runs: each attack is one or more tool calls, with policy, sandbox, frames and
 * checkpoints. After each, everything of the host that could have been hit is compared with what it was.
 */
export function hostileSuite(suite: HostileSuite): void {
  describe.skipIf(suite.missing !== null)(`a hostile agent on level ${suite.level}`, { meta: { reason: suite.missing ?? '' } }, () => {
    attackedLevel(suite)
  })
}

function attackedLevel(suite: HostileSuite): void {
  let fixture: KernelFixture
  const servers = [createServer(), createServer()]
  const targets = { canary: '', hostPort: 0, abstractName: `keyframe-hostile-${process.pid}`, kernelPid: process.pid }
  const tried = new Map<string, Tried>()
  const plans = new Map<string, readonly Attack[]>()
  const runs = new Map<string, RunSummary>()
  const env: Record<string, string> = { KEYFRAME_TEST_SECRET: 'do not tell', KEYFRAME_SANDBOX: suite.level }
  let endLevel = (): Promise<void> => Promise.resolve()

  const hostState = (): string => `${treeHash(targets.canary)} ${treeHash(fixture.root)}`

  const hostile: AgentProgram = {
    id: 'hostile',
    version: '1',
    title: 'Hostile',
    summary: 'Tries to get out.',
    examples: [],
    mutates: true,
    role: 'coder',
    async run(api) {
      for (const attack of plans.get(api.task) ?? []) {
        const before = hostState()
        let outcome: ToolOutcome | null = null
        for (const { tool, args } of attack.steps) outcome = (await api.call(tool, args, z.unknown())).outcome
        if (outcome !== null) tried.set(`${api.task}/${attack.area}/${attack.name}`, { outcome, hostChanged: hostState() !== before })
      }
      return { ok: true, summary: 'tried everything' }
    },
  }

  beforeAll(async () => {
    fixture = new KernelFixture('hostile')
    targets.canary = join(fixture.folder, 'canary')
    const { canary } = targets
    compileHostileProbe(join(fixture.root, 'probe'))
    fixture.writeSmallProject()
    mkdirSync(canary)
    writeFileSync(join(canary, 'file'), 'untouched\n')
    chmodSync(canary, 0o777)
    const roles = join(fixture.home, 'policies', 'roles')
    mkdirSync(roles, { recursive: true })
    writeFileSync(join(roles, 'tiny.json'), JSON.stringify(TINY))
    writeFileSync(join(roles, 'tiny.cedar'), '@id("everything")\npermit(principal, action, resource);\n')
    await new Promise<void>((resolve) => servers[0]?.listen(0, '127.0.0.1', resolve))
    await new Promise<void>((resolve) => servers[1]?.listen(`\0${targets.abstractName}`, resolve))
    const address = servers[0]?.address()
    targets.hostPort = typeof address === 'object' && address !== null ? address.port : 0
    const prepared = await suite.prepare?.(fixture.folder)
    if (prepared !== undefined) {
      Object.assign(env, prepared.env)
      endLevel = prepared.end
    }
    Object.assign(process.env, env)
    await fixture.open(fixture.root, [hostile])
    for (const [role, attacks] of Object.entries(suite.attacks)) {
      plans.set(role, attacks(targets))
      const limits = { maxErrors: 10_000, maxTokens: 100_000_000 }
      const options = { agent: 'hostile', task: role, role, approval: 'yes' as const, allowUnisolated: suite.level === 'copy' }
      const { runId } = await fixture.call('runs.start', { ...options, ...limits })
      runs.set(role, await fixture.ended(runId))
    }
  }, 600_000)

  afterAll(async () => {
    for (const server of servers) server.close()
    const held = [...tried.values()].filter(({ hostChanged }) => !hostChanged).length
    process.stdout.write(`hostile: ${suite.level}: ${held} attacks left the host as it was, ${tried.size - held} did not\n`)
    await fixture.dispose()
    for (const name of Object.keys(env)) delete process.env[name]
    await endLevel()
  }, 60_000)

  for (const [role, attacks] of Object.entries(suite.attacks)) {
    describe(`an agent in the role ${role}`, () => {
      for (const { area, name } of attacks(targets)) {
        it(`${area}: ${name}`, () => {
          const attack = plans.get(role)?.find((one) => one.area === area && one.name === name)
          const found = tried.get(`${role}/${area}/${name}`)
          if (attack === undefined || found === undefined) throw new Error(`it was not tried: ${JSON.stringify(runs.get(role)?.summary)}`)
          expect(found.hostChanged).toBe(false)
          expect(attack.judge(found.outcome)).toBeNull()
        })
      }

      it('ends as a run whose every frame is recorded and replays', async () => {
        const run = runs.get(role)
        expect(run?.state).toBe('completed')
        const report = await fixture.call('replay.run', { runId: run?.runId ?? '', mode: 'exact' })
        expect(report.divergence).toBeNull()
      })
    })
  }

  it('says on every frame what isolated it', async () => {
    const frames = (await Promise.all([...runs.values()].map((run) => fixture.frames(run.runId)))).flat()
    const levels = frames.flatMap((frame) =>
      // What the policy refused ran nowhere.
      frame.kind === 'tool.outcome' && frame.payload.error?.code !== 'policy.denied' ? [frame.payload.isolation] : [],
    )
    expect([...new Set(levels)]).toEqual([suite.level])
  })

  it('merges nothing into .git, and asks before what runs code or leads out', async () => {
    const runId = runs.get(suite.mergeOf)?.runId ?? ''
    const before = treeHash(join(fixture.root, '.git'))
    const preview = await fixture.call('branches.mergePreview', { runId, branchId: 'b0' })
    const refusedPaths = preview.conflicts.map((conflict) => conflict.path)
    expect(refusedPaths).toEqual(
      expect.arrayContaining(['.git/hooks/pre-commit', '.GIT/hooks/post-checkout', '.g\u200cit/config', 'git~1/config']),
    )
    expect(preview.needsApproval).toEqual(
      expect.arrayContaining(['.vscode/tasks.json', '.claude/settings.json', '.mcp.json', '.gitattributes', 'link-file', 'link-tmp', 'c1']),
    )
    writeFileSync(join(fixture.root, 'README.md'), 'edited by the user meanwhile\n')
    const outcome = await fixture.call('branches.merge', { runId, branchId: 'b0', hunks: null })
    expect(treeHash(join(fixture.root, '.git'))).toBe(before)
    const applied = outcome.applied.map((one) => one.path)
    for (const path of [...preview.needsApproval, ...refusedPaths]) expect(applied).not.toContain(path)
    expect(readFileSync(join(fixture.root, 'README.md'), 'utf8')).toBe('edited by the user meanwhile\n')
  })
}
