import { z } from 'zod'
import type { Frame } from '../../../shared/frames'
import { GraphNode, GraphResult, SearchHit } from '../../../shared/graph'

/** What a frame says about symbols: a graph as it is, or names and files to look up in the index. */
export type FrameSymbols =
  | { readonly kind: 'graph'; readonly title: string; readonly result: GraphResult }
  | { readonly kind: 'lookup'; readonly title: string; readonly queries: readonly string[] }

const Found = z.object({ nodes: z.array(GraphNode) })
const Hits = z.object({ hits: z.array(SearchHit) })
const Locations = z.object({ locations: z.array(z.object({ path: z.string() })) })
const Ends = z.object({ from: z.string(), to: z.string() })
const MOST_LOOKUPS = 24

/**
 * The symbols that the outcome of a tool names: paths and finds of the index, hits of a search, places of references. Null
 * for every other frame, and for outcomes that name none.
 */
export function frameSymbols(frame: Frame | undefined): FrameSymbols | null {
  if (frame?.kind !== 'tool.outcome' || !frame.payload.ok) return null
  const { tool, output } = frame.payload
  if (tool === 'memory.path') {
    const parsed = GraphResult.safeParse(output)
    return parsed.success && parsed.data.nodes.length > 0 ? { kind: 'graph', title: tool, result: parsed.data } : null
  }
  if (tool === 'memory.find') {
    const parsed = Found.safeParse(output)
    return parsed.success && parsed.data.nodes.length > 0
      ? { kind: 'graph', title: tool, result: { nodes: parsed.data.nodes, edges: [], truncated: false } }
      : null
  }
  if (tool === 'memory.search') {
    const parsed = Hits.safeParse(output)
    return parsed.success
      ? lookup(
          tool,
          parsed.data.hits.map((hit) => hit.symbol ?? hit.path),
        )
      : null
  }
  if (tool === 'lsp.references' || tool === 'lsp.definition') {
    const parsed = Locations.safeParse(output)
    return parsed.success
      ? lookup(
          tool,
          parsed.data.locations.map((location) => location.path),
        )
      : null
  }
  return null
}

function lookup(title: string, names: readonly string[]): FrameSymbols | null {
  const queries = [...new Set(names)].slice(0, MOST_LOOKUPS)
  return queries.length === 0 ? null : { kind: 'lookup', title, queries }
}

/** The frame whose symbols belong to the selected one: itself, or the outcome of the intent that it is. */
export function symbolFrame(frames: readonly Frame[], n: number): Frame | undefined {
  const frame = frames[n - 1]
  if (frame?.kind !== 'tool.intent') return frame
  return frames.slice(n).find((later) => later.kind === 'tool.outcome' && later.cause === n)
}

/** The two ends that a path was looked for between, as the intent of its outcome asked. Null for everything else. */
export function askedEnds(frames: readonly Frame[], outcome: Frame): { readonly from: string; readonly to: string } | null {
  const intent = outcome.cause === null ? undefined : frames[outcome.cause - 1]
  if (intent?.kind !== 'tool.intent' || intent.payload.tool !== 'memory.path') return null
  const parsed = Ends.safeParse(intent.payload.args)
  return parsed.success ? parsed.data : null
}
