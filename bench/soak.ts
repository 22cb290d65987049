import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findAppRoot } from '../src/main/cli/app-root'
import { openKernel } from '../src/main/kernel/kernel'
import { descendantsOf } from '../src/main/kernel/tools/sandboxes/process-tree'
import type { Caller } from '../src/shared/contract/service'
import { soakAgent } from './support/soak-agent'

const FILES = 120
const CALLS_A_RUN = 150

interface Sample {
  readonly atMs: number
  readonly calls: number
  readonly rssMb: number
  readonly heapMb: number
  readonly descriptors: number
  readonly processes: number
  readonly mounts: number
  readonly branchFolders: number
  readonly journalMb: number
}

export interface SoakOptions {
  /** Folder for the workspace and the data; made by the caller. */
  readonly folder: string
  readonly minutes: number
  readonly leastCalls: number
  say(line: string): void
}

/**
 * Runs of agent-like traffic one after the other on one kernel, in this process. Between two runs, when nothing is under way, what
 * could leak is counted. Throws when a run does not end as it should.
 */
export async function soak(options: SoakOptions): Promise<{ samples: Sample[]; growth: Record<string, Growth>; ok: boolean }> {
  const root = join(options.folder, 'workspace')
  makeWorkspace(root)
  const kernel = await openKernel({
    root,
    home: join(options.folder, 'home'),
    appRoot: findAppRoot(),
    nodePath: process.execPath,
    agents: [soakAgent],
    log: options.say,
  })
  const caller: Caller = { id: 'soak', signal: new AbortController().signal }
  const samples: Sample[] = []
  const startedAt = performance.now()
  let calls = 0
  try {
    for (let seed = 1; calls < options.leastCalls || performance.now() - startedAt < options.minutes * 60_000; seed += 1) {
      const { runId } = await kernel.call(
        'runs.start',
        {
          agent: 'soak',
          task: `${seed} ${CALLS_A_RUN}`,
          approval: 'yes',
          forks: 2,
          maxErrors: 1e6,
          maxTokens: 1e9,
          maxWallTimeMs: 1e9,
        },
        caller,
      )
      const run = await ended(async () => kernel.call('runs.get', { runId }, caller))
      if (run.state !== 'completed') throw new Error(`run ${seed} ${run.state}: ${run.summary}`)
      calls += run.toolCalls
      if (seed % 10 === 0) {
        const replay = await kernel.call('replay.run', { runId, mode: 'exact' }, caller)
        if (!replay.ok) throw new Error(`run ${seed} does not replay: ${JSON.stringify(replay.divergence)}`)
      }
      samples.push(sample(performance.now() - startedAt, calls, kernel.dataDir))
      options.say(JSON.stringify(samples.at(-1)))
    }
  } finally {
    await kernel.close()
  }
  const growth = growthOf(samples)
  return { samples, growth, ok: Object.values(growth).every((one) => one.within) }
}

function makeWorkspace(root: string): void {
  mkdirSync(join(root, 'src'), { recursive: true })
  writeFileSync(join(root, 'package.json'), '{ "name": "soak", "type": "module" }\n')
  writeFileSync(join(root, 'tsconfig.json'), '{ "compilerOptions": { "strict": true, "module": "esnext" }, "include": ["src"] }\n')
  for (let index = 0; index < FILES; index += 1) {
    const next = `m${(index + 1) % FILES}`
    const text = `import { total${(index + 1) % FILES} } from './${next}'\n\nexport function total${index}(n: number): number {\n  if (n > 0) return total${(index + 1) % FILES}(n - 1)\n  return ${index}\n}\n`
    writeFileSync(join(root, 'src', `m${index}.ts`), text)
  }
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Soak', '-c', 'user.email=soak@example.invalid', ...args], { cwd: root })
  git('init', '-q')
  git('add', '.')
  git('commit', '-qm', 'begin')
}

async function ended<T extends { state: string }>(look: () => Promise<T>): Promise<T> {
  for (;;) {
    const run = await look()
    if (!['running', 'waiting', 'paused'].includes(run.state)) return run
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function sample(atMs: number, calls: number, dataDir: string): Sample {
  globalThis.gc?.()
  const memory = process.memoryUsage()
  const mb = (bytes: number): number => Math.round((bytes / 1024 ** 2) * 10) / 10
  return {
    atMs: Math.round(atMs),
    calls,
    rssMb: mb(memory.rss),
    heapMb: mb(memory.heapUsed),
    descriptors: readdirSync('/proc/self/fd').length,
    processes: descendantsOf(process.pid).length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length,
    branchFolders: readdirSync(join(dataDir, 'runs'))
      .map((name) => readdirSync(join(dataDir, 'runs', name)).length)
      .reduce((sum, count) => sum + count, 0),
    journalMb: mb(statSync(join(dataDir, 'journal.db')).size),
  }
}

export interface Growth {
  /** Least-squares slope over the second half of the samples, per 1,000 calls. */
  readonly per1000Calls: number
  readonly first: number
  readonly last: number
  readonly limitPer1000Calls: number
  readonly within: boolean
}

/** Memory may breathe, the others must not grow at all. */
const LIMITS = { rssMb: 8, heapMb: 3, descriptors: 0.5, processes: 0.5, mounts: 0.5, branchFolders: 0.5 } as const

function growthOf(samples: readonly Sample[]): Record<string, Growth> {
  const half = samples.slice(Math.floor(samples.length / 2))
  return Object.fromEntries(
    Object.entries(LIMITS).map(([name, limitPer1000Calls]) => {
      const values = half.map((one) => [one.calls / 1000, one[name as keyof typeof LIMITS]] as const)
      const slope = slopeOf(values)
      const growth: Growth = {
        per1000Calls: Math.round(slope * 100) / 100,
        first: values[0]?.[1] ?? 0,
        last: values.at(-1)?.[1] ?? 0,
        limitPer1000Calls,
        within: slope <= limitPer1000Calls,
      }
      return [name, growth]
    }),
  )
}

function slopeOf(points: readonly (readonly [number, number])[]): number {
  const mean = (pick: 0 | 1): number => points.reduce((sum, point) => sum + point[pick], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const spread = points.reduce((sum, [at]) => sum + (at - x) ** 2, 0)
  return spread === 0 ? 0 : points.reduce((sum, [at, value]) => sum + (at - x) * (value - y), 0) / spread
}
