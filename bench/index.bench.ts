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
import { publicRepositories } from './support/public-repositories'

const GENERATED = 20_000
const SAVES = 20
const WARM_STARTS = 3
const PEER_ROUNDS = 1
const SAVED_GATE_MS = 100
const BLOCKED_GATE_MS = 20
/** Of universal-ctags and ripgrep one after the other: symbols, and every line looked at. */
const COLD_GATE = 2
const RSS_GATE_MB = 300
const NOTED_KINDS = 12

interface Subject {
  readonly name: string
  readonly root: string
  readonly ctags: string
  /** Files that are saved, and what is appended to each. */
  readonly saved: (paths: readonly string[]) => string[]
  readonly source: (name: string) => string
  readonly note: string
}

const SOURCES: Readonly<Record<string, { ending: RegExp; source: (name: string) => string }>> = {
  TypeScript: { ending: /(?<!\.d)\.ts$/, source: (name) => `\nexport function ${name}(): number {\n  return 1\n}\n` },
  // Not from `test` and `testdata`: many of those are broken on purpose.
  Go: { ending: /^src\/(?!.*testdata\/).*(?<!_test)\.go$/, source: (name) => `\nfunc ${name}() int {\n\treturn 1\n}\n` },
  C: { ending: /\.c$/, source: (name) => `\nint ${name}(void)\n{\n\treturn 1;\n}\n` },
}

/**
 * The index of real repositories of three languages and of a generated one: made from nothing, opened again, brought up to date after one save;
 * beside universal-ctags (symbols) and ripgrep (every line) on the same files. A quick run takes a small generated repository only.
 */
export default async function index(): Promise<Measurement[]> {
  const results: Measurement[] = []
  const isQuick = scaled(100, 1) < 100
  const only = process.env['KEYFRAME_BENCH_ONLY']
  const { found, missing } = isQuick ? { found: [], missing: [] } : await publicRepositories()
  for (const { name, language, root, ctags, from } of found) {
    const about = SOURCES[language]
    if (about === undefined || (only !== undefined && only !== name)) continue
    const saved = (paths: readonly string[]) =>
      spreadOver(
        paths.filter((path) => about.ending.test(path)),
        scaled(SAVES),
      )
    results.push(...(await measured({ name, root, ctags, saved, source: about.source, note: from })))
  }
  for (const { name, reason } of missing) process.stderr.write(`${name} was left out: ${reason}\n`)
  if (only === undefined || only === 'generated') {
    const { root } = await generatedRepository(GENERATED)
    const typescript = SOURCES['TypeScript']
    if (typescript === undefined) throw new Error('no source to append')
    const saved = (paths: readonly string[]) =>
      spreadOver(
        paths.filter((path) => typescript.ending.test(path)),
        scaled(SAVES),
      )
    results.push(
      ...(await measured({ name: 'generated', root, ctags: 'TypeScript', saved, source: typescript.source, note: 'made for this run' })),
    )
  }
  return results
}

async function measured({ name, root, ctags, saved: filesToSave, source, note }: Subject): Promise<Measurement[]> {
  const databasePath = join(freshFolder('index'), 'memory.db')
  const listed = (await listFiles(root)).files.flatMap((file) => (file.type === 'file' ? [file.path] : []))
  const open = (): Memory =>
    createMemory({
      root,
      databasePath,
      listFiles: async () => (await listFiles(root)).files.flatMap((file) => (file.type === 'file' ? [file.path] : [])),
      now: () => performance.now(),
    })

  const tags = await peer('ctags', ['-R', `--languages=${ctags}`, '-f', '-', '.'], root)
  const scan = await peer('rg', ['-c', '--no-ignore', '[A-Za-z_]+', '.'], root)

  // At 1 ms, so that what is found is the loop's delay and not the monitor's own interval.
  const loop = monitorEventLoopDelay({ resolution: 1 })
  const cold = new Samples()
  let memory = open()
  let peakMb = 0
  const watch = setInterval(() => (peakMb = Math.max(peakMb, process.memoryUsage.rss() / 1e6)), 50)
  loop.enable()
  await cold.time(() => memory.start(new AbortController().signal))
  loop.disable()
  clearInterval(watch)
  await settled(memory)
  const { status } = memory
  const left = status.skipped.reduce((sum, { count }) => sum + count, 0)
  if (status.files + left !== listed.length) throw new Error(`${status.files} indexed and ${left} left out are not ${listed.length} listed`)
  const summary = memory.summary()
  const kinds = (of: readonly { kind: string; count: number }[]): string =>
    of
      .slice(0, NOTED_KINDS)
      .map(({ kind, count }) => `${kind} ${count}`)
      .join(', ')

  const warm = new Samples()
  for (let round = 0; round < scaled(WARM_STARTS, 2); round += 1) {
    await memory.dispose()
    memory = open()
    await warm.time(() => memory.start(new AbortController().signal))
    await settled(memory)
  }
  const idleMb = process.memoryUsage.rss() / 1e6

  const saved = new Samples()
  for (const [round, path] of filesToSave(listed.filter((path) => memory.node(path)?.attributes?.['skipped'] === undefined)).entries()) {
    const symbol = `savedInRound${round}`
    await saved.time(async () => {
      appendFileSync(join(root, path), source(symbol))
      await visible(memory, symbol)
    })
    await settled(memory)
  }
  await memory.dispose()

  const { max: coldMs } = cold.spread
  const counts = `${status.files} files indexed of ${listed.length}, ${status.symbols} entities, ${status.edges} edges, ${status.problems.length} problems`
  const reasons = status.skipped.map(({ reason, count }) => `${reason} ${count}`).join(', ')
  const database = `database ${(status.sizeBytes / 1e6).toFixed(0)} MB, resident at most ${peakMb.toFixed(0)} MB`
  const results: Measurement[] = [
    {
      ...durations(`${name}: cold`, 'max', cold, {
        note: `${note}; ${counts}; left out: ${reasons === '' ? 'nothing' : reasons}; ${database}; entities: ${kinds(summary.nodes)}; edges: ${kinds(summary.edges)}`,
      }),
      peers: [tags, scan],
    },
    durations(`${name}: warm, nothing changed`, 'max', warm),
    durations(`${name}: one saved file, from the write until its new symbol is found`, 'p95', saved, { gateMs: SAVED_GATE_MS }),
  ]
  if (tags.value !== null && scan.value !== null) {
    results.push({
      name: `${name}: cold, over universal-ctags and ripgrep`,
      unit: 'x',
      figure: 'ratio',
      value: coldMs / (tags.value + scan.value),
      gate: { limit: COLD_GATE, is: 'at most' },
      peers: [],
      note: 'ctags finds symbols and ripgrep looks at every line; the index also resolves imports, calls and ways of values and keeps all of it',
    })
  }
  const blocked = { p50: loop.percentile(50) / 1e6, p95: loop.percentile(95) / 1e6, p99: loop.percentile(99) / 1e6, max: loop.max / 1e6 }
  results.push(
    {
      name: `${name}: longest block of the kernel's event loop during the cold index`,
      unit: 'ms',
      figure: 'max',
      value: blocked.max,
      spread: { count: loop.count, ...blocked },
      gate: { limit: BLOCKED_GATE_MS, is: 'at most' },
      peers: [],
    },
    {
      name: `${name}: resident memory of the process, idle`,
      unit: 'KiB',
      figure: 'max',
      value: (idleMb * 1e6) / 1024,
      gate: { limit: (RSS_GATE_MB * 1e6) / 1024, is: 'at most' },
      peers: [],
    },
  )
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

/** Until nothing goes on behind the pass either. */
async function settled(memory: Memory): Promise<void> {
  let quietMs = 0
  while (quietMs < 200) {
    await new Promise((resume) => setTimeout(resume, 20))
    quietMs = memory.status.state === 'idle' && memory.status.background === null ? quietMs + 20 : 0
  }
}

async function visible(memory: Memory, name: string): Promise<void> {
  const until = performance.now() + 30_000
  while (!memory.find(name, 1).some((node) => node.name === name)) {
    if (performance.now() > until) throw new Error(`${name} was not indexed within 30 s: ${JSON.stringify(memory.status)}`)
    await new Promise((resume) => setTimeout(resume, 1))
  }
}
