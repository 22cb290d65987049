import { z } from 'zod'
import { GraphNode, GraphResult, SearchHit } from '../../../../shared/graph'

export const memorySchemas = {
  'memory.find': {
    input: z.object({ query: z.string(), limit: z.number().int().min(1).max(100) }),
    output: z.object({ nodes: z.array(GraphNode) }),
  },
  'memory.path': { input: z.object({ from: z.string(), to: z.string(), maxHops: z.number().int().min(1).max(12) }), output: GraphResult },
  'memory.search': {
    input: z.object({ query: z.string(), limit: z.number().int().min(1).max(200) }),
    output: z.object({ hits: z.array(SearchHit) }),
  },
} as const
