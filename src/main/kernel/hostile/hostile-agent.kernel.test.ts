import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { RunSummary } from '../../../shared/contract/methods'
import type { ToolOutcome } from '../../../shared/frames'
import type { AgentProgram } from '../agents/agent-api'
import { compileHostileProbe } from '../testing/hostile-probe'
import { KernelFixture } from '../testing/kernel-fixture'
import { treeHash } from '../testing/overlay-fixture'
import type { Attack, Targets } from './attack'
import { analyzerAttacks, limitAttacks, networkAttacks, refactorerAttacks } from './boundary-attacks'
import { fileAttacks, nameAttacks, processAttacks } from './file-attacks'
import { systemCallAttacks } from './system-attacks'

/**
 * An agent that tries to get out, as a real run: each attack is one or more tool calls, with policy, sandbox, frames and
 * checkpoints. After each, everything of the host that could have been hit is compared with what it was.
 */
const LIMITS = {
  maxMemoryBytes: 256 * 1024 ** 2,
  maxCpuSeconds: 60,
  maxProcesses: 80,
  maxOpenFiles: 256,
  maxDiskBytes: 128 * 1024 ** 2,
  maxFiles: 4000,
}

const fixture = new KernelFixture('hostile')
const canary = join(fixture.folder, 'canary')
const servers = [createServer(), createServer()]
const targets: Targets = { canary, hostPort: 0, abstractName: `keyframe-hostile-${process.pid}`, kernelPid: process.pid }
const hasProbe = compileHostileProbe(join(fixture.root, 'probe'))

interface Tried {
  readonly outcome: ToolOutcome
  readonly hostChanged: boolean
}
const tried = new Map<string, Tried>()
const plans = new Map<string, readonly Attack[]>()

const hostState = (): string => `${treeHash(canary)} ${treeHash(fixture.root)}`

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

const runs = new Map<string, RunSummary>()

async function attackAs(role: string): Promise<void> {
  const { runId } = await fixture.call('runs.start', {
    agent: 'hostile',
    task: role,
    role,
    approval: 'yes',
    maxErrors: 10_000,
    maxTokens: 100_000_000,
  })
  runs.set(role, await fixture.ended(runId))
}

function attacksOf(role: string): readonly Attack[] {
  const known: Record<string, () => Attack[]> = {
    coder: () => [
      ...fileAttacks(targets),
      ...nameAttacks(),
      ...(hasProbe ? systemCallAttacks() : []),
      ...processAttacks(targets),
      ...networkAttacks(targets),
    ],
    tiny: limitAttacks,
    'code-analyzer': analyzerAttacks,
    refactorer: refactorerAttacks,
  }
  return known[role]?.() ?? []
}

const ROLES = ['coder', 'tiny', 'code-analyzer', 'refactorer'] as const

beforeAll(async () => {
  process.env['KEYFRAME_TEST_SECRET'] = 'do not tell'
  fixture.writeSmallProject()
  mkdirSync(canary)
  writeFileSync(join(canary, 'file'), 'untouched\n')
  chmodSync(canary, 0o777)
  const roles = join(fixture.home, 'policies', 'roles')
  mkdirSync(roles, { recursive: true })
  const settings = { id: 'tiny', title: 'Tiny', summary: 'Small limits, for the tests.', seccomp: 'build-tools', limits: LIMITS }
  writeFileSync(join(roles, 'tiny.json'), JSON.stringify(settings))
  writeFileSync(join(roles, 'tiny.cedar'), '@id("everything")\npermit(principal, action, resource);\n')
  await new Promise<void>((resolve) => servers[0]?.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => servers[1]?.listen(`\0${targets.abstractName}`, resolve))
  const address = servers[0]?.address()
  Object.assign(targets, { hostPort: typeof address === 'object' && address !== null ? address.port : 0 })
  for (const role of ROLES) plans.set(role, attacksOf(role))
  await fixture.open(fixture.root, [hostile])
  for (const role of ROLES) await attackAs(role)
}, 600_000)

afterAll(async () => {
  delete process.env['KEYFRAME_TEST_SECRET']
  for (const server of servers) server.close()
  const held = [...tried.values()].filter(({ hostChanged }) => !hostChanged).length
  process.stdout.write(`hostile: overlay ${held} attacks by tools left the host as it was, ${tried.size - held} did not\n`)
  await fixture.dispose()
})

// The targets' port is not known yet, but names and number of the attacks are.
for (const role of ROLES) {
  describe(`an agent in the role ${role}`, () => {
    for (const { area, name } of attacksOf(role)) {
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

it.skipIf(hasProbe)('compiles the probe of system calls', { meta: { reason: 'no C compiler' } }, () => {
  expect(hasProbe).toBe(true)
})

describe('what a hostile branch leaves for the merge', () => {
  it('never touches the repository’s own .git, and asks before anything that runs code or leads out', async () => {
    const runId = runs.get('coder')?.runId ?? ''
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
})
