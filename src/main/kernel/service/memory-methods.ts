import type { At, MethodParams } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import { BranchId, RunId } from '../../../shared/ids'
import { asOfIn } from '../memory/graph/cypher/as-of'
import type { MemoryReader } from '../memory/memory'
import { abortSignalOf } from './abort-signal'
import type { KernelParts, MethodTable } from './kernel-methods'

type MemoryMethods = Pick<
  MethodTable,
  | 'graph.find'
  | 'graph.neighbourhood'
  | 'graph.path'
  | 'graph.flow'
  | 'graph.query'
  | 'graph.summary'
  | 'search.text'
  | 'search.hybrid'
  | 'search.selfTest'
  | 'search.settings'
  | 'search.saveSettings'
  | 'index.refresh'
  | 'memory.values'
  | 'memory.setValue'
  | 'memory.episodes'
>

/** Questions to the model of the codebase, as of any point. */
export function memoryMethods({ remembered, runs }: Pick<KernelParts, 'remembered' | 'runs'>): MemoryMethods {
  const { memory } = remembered
  const reader = async (given: MethodParams<'graph.find'>['at']): Promise<MemoryReader> => {
    if (given === null || given === undefined) return memory
    const at = given as At
    const run = runs.get(at.runId)
    return memory.at(run.filesAtPoint(await run.base(), at.branchId, run.stateAt(at.branchId, at.n)))
  }
  return {
    'graph.find': async ({ query, limit, at }) => (await reader(at)).find(query, limit),
    'graph.neighbourhood': async ({ id, depth, limit, at }) => (await reader(at)).neighbourhood(id, depth, limit),
    'graph.path': async ({ from, to, maxHops, at }) => (await reader(at)).path(from, to, maxHops),
    'graph.flow': async ({ name, from, to, maxHops, at }) => (await reader(at)).flow(name, from, to, maxHops),
    'graph.query': async ({ cypher, limit, at }) => (await reader(pointIn(cypher) ?? at)).query(cypher, limit),
    'graph.summary': async ({ at }) => (await reader(at)).summary(),
    'search.text': async ({ query, limit, at }) => (await reader(at)).searchText(query, limit),
    'search.hybrid': async ({ query, limit, filters, at }, caller) =>
      (await reader(at)).search(query, { limit, filters: filters ?? {}, signal: abortSignalOf(caller) }),
    'search.selfTest': async ({ commits }, caller) => remembered.selfTest(commits, abortSignalOf(caller)),
    'search.settings': async () => remembered.settings,
    'search.saveSettings': async (settings, caller) => remembered.saveSettings(settings, abortSignalOf(caller)),
    'index.refresh': async () => {
      await memory.refresh()
      return remembered.status
    },
    'memory.values': async ({ prefix }) => remembered.values(prefix),
    'memory.setValue': async ({ key, value }) => {
      remembered.setValue(key, value)
      return {}
    },
    'memory.episodes': async ({ query, sign, limit }) => remembered.episodes(query, sign ?? 'any', limit),
  }
}

/** `AS OF RUN/BRANCH/FRAME` of a query; null without one. Throws `cypher.no-such-point`. */
function pointIn(cypher: string): At | null {
  const asOf = asOfIn(cypher)
  if (asOf === null) return null
  const [runId, branchId, n] = [RunId.safeParse(asOf.run), BranchId.safeParse(asOf.branch), asOf.frame]
  if (runId.success && branchId.success && n > 0) return { runId: runId.data, branchId: branchId.data, n }
  throw new KeyframeError({
    code: 'cypher.no-such-point',
    message: `AS OF ${asOf.run}/${asOf.branch}/${asOf.frame} names no frame.`,
    action: 'Write AS OF RUN/BRANCH/FRAME, as in AS OF r01m2h3.../b0/42.',
  })
}
