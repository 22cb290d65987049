import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Memory } from '../src/main/kernel/memory/memory'
import { createMemory } from '../src/main/kernel/memory/store/sqlite-memory'
import { listFiles } from '../src/main/kernel/workspace/list-files'
import { freshFolder } from './support/bench-folder'
import { generatedRepository, spreadOver } from './support/generated-repository'
import { durations, type Measurement, type Peer, Samples, scaled } from './support/measurement'
import { bareCommand, versionOf } from './support/programs'

const REPOSITORY = 20_000
const SAVES = 40
const WARM_STARTS = 3
const PEER_ROUNDS = 3
const SAVED_GATE_MS = 100
const BLOCKED_GATE_MS = 20
/** Of the fastest peer that finds symbols too. */
const COLD_GATE = 2

/** The index of 20k TypeScript files: made from nothing, opened again, brought up to date after one save. */
export default async function index(): Promise<Measurement[]> {
  const { root, paths } = await generatedRepository(REPOSITORY)
  const databasePath = join(freshFolder('index'), 'memory.db')
  const open = (): Memory =>
    createMemory({
      root,
      databasePath,
      listFiles: async () => (await listFiles(root)).files.flatMap((file) => (file.type === 'file' ? [file.path] : [])),
      now: () => performance.now(),
    })

  const tags = await peer('ctags', ['-R', '--languages=TypeScript', '-f', '-', '.'], root)
  const scan = await peer('rg', ['-c', 'function ', '.'], root)

  // At 1 ms, so that what is found is the loop's delay and not the monitor's own interval.
  const loop = monitorEventLoopDelay({ resolution: 1 })
  const cold = new Samples()
  let memory = open()
  loop.enable()
  await cold.time(() => memory.start(new AbortController().signal))
  loop.disable()
  if (memory.status.files < paths.length) throw new Error(`${memory.status.files} of ${paths.length} files were indexed`)
  const { files, symbols, edges } = memory.status

  const warm = new Samples()
  for (let round = 0; round < scaled(WARM_STARTS, 2); round += 1) {
    await memory.dispose()
    memory = open()
    await warm.time(() => memory.start(new AbortController().signal))
  }

  const saved = new Samples()
  for (const [round, path] of spreadOver(paths, scaled(SAVES)).entries()) {
    const name = `savedInRound${round}`
    await saved.time(async () => {
      appendFileSync(join(root, path), `export function ${name}(): number {\n  return ${round}\n}\n`)
      await found(memory, name)
    })
  }
  await memory.dispose()

  const coldMs = cold.spread.max
  const peers = [tags, scan]
  const results = [
    durations(`cold, ${files} files`, 'max', cold, { note: `${symbols} symbols, ${edges} edges` }),
    durations('warm, nothing changed', 'max', warm),
    durations('one saved file: from the write until its new symbol is found', 'p95', saved, { gateMs: SAVED_GATE_MS }),
  ].map((result, at) => (at === 0 ? { ...result, peers } : result))
  if (tags.value !== null) {
    results.push({
      name: 'cold, over universal-ctags',
      unit: 'x',
      figure: 'ratio',
      value: coldMs / tags.value,
      gate: { limit: COLD_GATE, is: 'at most' },
      peers: [],
      note: 'ctags finds symbols; the index also resolves imports and calls and makes text searchable; ripgrep finds lines only',
    })
  }
  const blocked = { p50: loop.percentile(50) / 1e6, p95: loop.percentile(95) / 1e6, p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 }
  results.push({
    name: "longest block of the kernel's event loop during the cold index",
    unit: 'ms',
    figure: 'max',
    value: blocked.max,
    spread: { count: loop.count, ...blocked },
    gate: { limit: BLOCKED_GATE_MS, is: 'at most' },
    peers: [],
  })
  return results
}

async function peer(program: string, args: readonly string[], cwd: string): Promise<Peer> {
  const version = await versionOf(program)
  if (version === null || (program === 'ctags' && !version.startsWith('Universal Ctags'))) {
    return { name: program === 'ctags' ? 'universal-ctags' : program, value: null, note: 'not installed: skipped' }
  }
  const samples = new Samples()
  for (let round = -1; round < scaled(PEER_ROUNDS, 1); round += 1) {
    await (round < 0 ? new Samples() : samples).time(() => bareCommand(program, args, cwd))
  }
  const { spread } = samples
  return { name: version.split(',')[0] ?? program, value: spread.p50, spread }
}

async function found(memory: Memory, name: string): Promise<void> {
  const until = performance.now() + 10_000
  while (!memory.find(name, 1).some((node) => node.name === name)) {
    if (performance.now() > until) throw new Error(`${name} was not indexed within 10 s: ${JSON.stringify(memory.status)}`)
    await new Promise((resume) => setTimeout(resume, 1))
  }
}
