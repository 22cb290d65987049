import type { ContentHash } from '../../../shared/ids'
import type { History } from '../memory/history/history'
import type { MemoryReader } from '../memory/memory'
import type { ContextSources } from './background-promotion'
import type { EditSources } from './resolve-edits'

/** In the order in which they count in one folder: only the first that is there is taken, the others mostly say the same. */
const INSTRUCTION_NAMES = ['AGENTS.md', 'CLAUDE.md', 'GEMINI.md']
const MOST_NEIGHBOURS = 120
const MOST_HITS = 50
const MOST_ROWS = 200
const MOST_SYMBOLS = 400
const MOST_COMMITS = 12

export interface MemorySources {
  /** The model as of the branch's files now; what the role may not read is in no answer. Rejects while there is none. */
  reader(): Promise<MemoryReader>
  /** Null where the workspace is no repository, or the role may not read all of its history. */
  readonly history: Pick<History, 'log' | 'authorsOf' | 'coChanged'> | null
  /** Null: there is no such file, it is no text, or the role may not read it. */
  readFile(path: string): Promise<{ readonly text: string; readonly version: ContentHash } | null>
}

/** What the memory can tell about the files that a branch works on. */
export function contextSourcesOf({ reader, history, readFile }: MemorySources): ContextSources {
  return {
    symbols: async (path) => {
      const { nodes, edges } = (await reader()).neighbourhood(path, 1, MOST_SYMBOLS)
      const inside = new Set(edges.flatMap((edge) => (edge.kind === 'contains' && edge.from === path ? [edge.to] : [])))
      return nodes.filter((node) => inside.has(node.id)).sort((a, b) => a.startLine - b.startLine || (a.id < b.id ? -1 : 1))
    },
    neighbours: async (path) => {
      const around = (await reader()).neighbourhood(path, 1, MOST_NEIGHBOURS)
      // What the file contains is in its symbols.
      return { ...around, edges: around.edges.filter((edge) => edge.kind !== 'contains') }
    },
    history: async (path) => {
      if (history === null) return null
      const commits = history.log(path, MOST_COMMITS)
      return {
        commits: commits.map(({ commit, atMs, author, subject }) => ({ commit, atMs, author: author.name, subject })),
        authors: history.authorsOf(path).map(({ name, commits: count }) => ({ name, commits: count })),
        together: history.coChanged(path, MOST_COMMITS).map((other) => ({ path: other.path, commits: other.support })),
      }
    },
    instructions: (path) => nestedInstructions(path, readFile),
  }
}

/** What edits by hand ask of the memory at one point. */
export function editGraphOf(reader: MemoryReader): NonNullable<EditSources['graph']> {
  return {
    node: async (id) => reader.node(id),
    neighbours: async (id) => reader.neighbourhood(id, 1, MOST_NEIGHBOURS),
    search: async (query) => (await reader.search(query, { limit: MOST_HITS, filters: {} })).hits,
    query: async (cypher) => reader.query(cypher, MOST_ROWS),
  }
}

/** Instruction files of the folders between the root and the file, nearest last; those of the root are known from the start of the run. */
async function nestedInstructions(path: string, readFile: MemorySources['readFile']) {
  const parts = path.split('/').slice(0, -1)
  const found = []
  for (let depth = 1; depth <= parts.length; depth += 1) {
    for (const name of INSTRUCTION_NAMES) {
      const candidate = [...parts.slice(0, depth), name].join('/')
      const file = await readFile(candidate)
      if (file === null) continue
      found.push({ path: candidate, ...file })
      break
    }
  }
  return found
}
