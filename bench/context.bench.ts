import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { contextBundle } from '../src/main/kernel/context/context-bundle'
import { type ContextEvent, recordedChanges } from '../src/main/kernel/context/context-policy'
import { ContextTexts } from '../src/main/kernel/context/context-texts'
import { cachedTokenCounter } from '../src/main/kernel/context/count-tokens'
import { createRedactor } from '../src/main/kernel/journal/redaction'
import { hashBytes } from '../src/main/kernel/journal/sqlite-content-store'
import { openJournal } from '../src/main/kernel/journal/sqlite-journal'
import { createMemory } from '../src/main/kernel/memory/store/sqlite-memory'
import { listFiles } from '../src/main/kernel/workspace/list-files'
import { type ContextState, emptyContext, reduceChanges, tierTokens } from '../src/shared/context'
import type { ContentHash } from '../src/shared/ids'
import type { ToolOutcome } from '../src/shared/frames'
import { freshFolder } from './support/bench-folder'
import { generatedRepository, type GeneratedRepository } from './support/generated-repository'
import { durations, type Measurement, Samples, scaled } from './support/measurement'
import { randomNumbers, someText } from './support/words'

const REPOSITORY = 20_000
const CALLS = 10_000
const FILES_READ = 600
const NOTES = 20
const FOCUSED = 12
const MOST_WARM_UP = 3_000
const GATE_MS = 5
/** What the timer of the monitor itself takes. */
const LOOP_RESOLUTION_MS = 1

/**
 * One tick of the context manager: what a tool's outcome changes in full tiers, budgets enforced, what that costs a prompt cache, and the
 * bundle that the agent is then given. As in a branch: texts are in memory, new ones are handed to the journal with the frame, which is
 * timed apart. One tick a turn of the event loop, as in the kernel. The index of a repository of 20k files is made meanwhile in its thread.
 */
export default async function context(): Promise<Measurement[]> {
  const repository = await generatedRepository(REPOSITORY)
  const folder = freshFolder('context')
  const redactor = createRedactor()
  const journal = openJournal({ dataDir: join(folder, 'data'), redactor })
  const texts = new ContextTexts(
    { put: (text) => journal.content.put(text, 'context'), get: (hash: ContentHash) => journal.content.get(hash).toString('utf8') },
    (text) => redactor.redact(text),
  )
  const countTokens = cachedTokenCounter()
  const next = agentEvents()
  let state: ContextState = emptyContext()
  let frame = 0

  const tick = (event: ContextEvent, into: Figures = figures()): void => {
    frame += 1
    const startedAt = performance.now()
    const changes = recordedChanges(state, event, {
      frame,
      put: (text) => texts.put(text),
      textOf: (hash) => texts.textOf(hash),
      countTokens,
    })
    state = reduceChanges(state, changes, frame)
    const changedAt = performance.now()
    contextBundle(state, (hash) => texts.textOf(hash))
    const endedAt = performance.now()
    texts.flush()
    into.stored.add(performance.now() - endedAt)
    into.both.add(endedAt - startedAt)
    into.changes.add(changedAt - startedAt)
    into.bundle.add(endedAt - changedAt)
  }

  const instructions = someText(randomNumbers(5), 40_000)
  tick({ type: 'instructions', files: [{ path: 'AGENTS.md', text: instructions }] })
  tick({ type: 'task', text: 'rename symbol total17 to sum17' })
  const isFull = (): boolean => tierTokens(state, 'L1') > 28_000 && tierTokens(state, 'L2') > 120_000
  for (let warmed = 0; !isFull() || warmed < scaled(500); warmed += 1) {
    tick(next(frame + 1))
    if (warmed > MOST_WARM_UP) throw new Error(`the tiers do not fill: L1 ${tierTokens(state, 'L1')}, L2 ${tierTokens(state, 'L2')}`)
  }

  const index = startIndexing(repository, folder)
  await index.underWay
  const samples = figures()
  let least = Number.MAX_SAFE_INTEGER
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
  loop.enable()
  const cpuBefore = process.threadCpuUsage()
  for (let call = 0; call < scaled(CALLS); call += 1) {
    await new Promise((resume) => setImmediate(resume))
    tick(next(frame + 1), samples)
    least = Math.min(least, tierTokens(state, 'L1') + tierTokens(state, 'L2'))
  }
  const cpu = process.threadCpuUsage(cpuBefore)
  loop.disable()
  const cpuMs = (cpu.user + cpu.system) / 1000 / samples.both.spread.count
  const passes = index.passes()
  await index.stop()
  journal.close()
  const items = Object.keys(state.items).length
  const delayMs = (nanoseconds: number): string => Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION_MS).toFixed(1)
  const delays = `event loop delayed by p50 ${delayMs(loop.percentile(50))}, p99 ${delayMs(loop.percentile(99))}, at most ${delayMs(loop.max)} ms`
  return [
    durations('tool outcome taken and bundle prepared, 32k L1 + 128k L2, while indexing', 'p99', samples.both, {
      gateMs: GATE_MS,
      note: `never less than ${Math.floor(least / 1000)}k tokens in the tiers, ${items} items at the end, ${passes + 1} passes of the index begun; ${cpuMs.toFixed(2)} ms of the thread's processor time a tick, all included; ${delays}`,
    }),
    durations('of it: changes decided, budgets enforced, prompt cost found', 'p99', samples.changes),
    durations('of it: bundle in its order with its texts', 'p99', samples.bundle),
    durations('beside it, with the frame: new texts condensed into the content store', 'p99', samples.stored),
  ]
}

interface Figures {
  readonly both: Samples
  readonly changes: Samples
  readonly bundle: Samples
  readonly stored: Samples
}

function figures(): Figures {
  return { both: new Samples(), changes: new Samples(), bundle: new Samples(), stored: new Samples() }
}

/** Reads of files, results of commands with text that is new, searches that point at files, notes, changes of focus: an agent at work. */
function agentEvents(): (frame: number) => ContextEvent {
  const random = randomNumbers(2)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const files = Array.from({ length: FILES_READ }, (_, file) => ({
    path: `src/file-${file}.ts`,
    text: someText(random, 1_000 + random() * 4_000),
  }))
  const outcome = (tool: string, output: unknown, text: string): ToolOutcome => ({
    tool,
    ok: true,
    output,
    text,
    sideEffects: { files: [], processes: [] },
    isolation: 'overlay',
    durationMs: 5,
  })
  return (frame) => {
    const kind = random()
    if (kind < 0.6) {
      const { path, text } = pick(files)
      const totalLines = text.split('\n').length
      const read = { path, text, version: hashBytes(text), startLine: 1, endLine: totalLines, totalLines, encoding: 'utf-8', eol: 'lf' }
      return { type: 'tool-outcome', frame, outcome: outcome('fs.read', read, text), args: { path } }
    }
    if (kind < 0.85) {
      const command = `npm test -- ${Math.floor(random() * 1e9)}`
      const text = someText(random, 500 + random() * 7_500)
      return { type: 'tool-outcome', frame, outcome: outcome('shell.run', { exitCode: 0 }, text), args: { command } }
    }
    if (kind < 0.93) {
      const id = String(Math.floor(random() * NOTES))
      return { type: 'note', id, title: `note ${id}`, text: someText(random, 2_000), by: 'agent' }
    }
    if (kind < 0.95) {
      const focused = Array.from({ length: FOCUSED }, () => pick(files))
      const texts = focused.map(({ path, text }) => ({ path, text, version: hashBytes(text) }))
      return { type: 'focus', paths: focused.map(({ path }) => path), texts }
    }
    const locations = Array.from({ length: 8 }, () => ({ path: pick(files).path }))
    const text = locations.map(({ path }) => `${path}:12: total(accounts)`).join('\n')
    return { type: 'tool-outcome', frame, outcome: outcome('search.text', { locations }, text), args: { query: `total${frame}` } }
  }
}

/** Indexes into new databases until it is stopped. */
function startIndexing(repository: GeneratedRepository, folder: string) {
  const life = new AbortController()
  let passes = 0
  let begun: () => void = () => undefined
  const underWay = new Promise<void>((resolve) => (begun = resolve))
  const loop = (async () => {
    while (!life.signal.aborted) {
      const memory = createMemory({
        root: repository.root,
        databasePath: join(folder, `memory-${passes}.db`),
        listFiles: async () => (await listFiles(repository.root)).files.flatMap((file) => (file.type === 'file' ? [file.path] : [])),
        now: () => performance.now(),
      })
      memory.onChange((status) => status.filesDone > 0 && begun())
      await memory.start(life.signal).catch((thrown: unknown) => {
        if (!life.signal.aborted) throw thrown
      })
      await memory.dispose()
      if (!life.signal.aborted) passes += 1
    }
  })()
  return {
    underWay: Promise.race([underWay, loop]),
    passes: () => passes,
    stop: async () => {
      life.abort()
      await loop
    },
  }
}
