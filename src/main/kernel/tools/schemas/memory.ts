import { z } from 'zod'
import {
  Episode,
  FlowResult,
  GraphNode,
  GraphResult,
  GraphTable,
  HybridResult,
  SearchFilters,
  SearchHit,
  StoredValue,
} from '../../../../shared/graph'

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
  'memory.retrieve': {
    input: z.object({ query: z.string().min(1), limit: z.number().int().min(1).max(100), filters: SearchFilters.default({}) }),
    output: HybridResult,
  },
  'memory.query': {
    input: z.object({ cypher: z.string().min(1).max(20_000), limit: z.number().int().min(1).max(1000).default(100) }),
    output: GraphTable,
  },
  'memory.flow': {
    input: z.object({
      name: z.string().min(1),
      from: z.string().nullable().default(null),
      to: z.string().nullable().default(null),
      maxHops: z.number().int().min(1).max(40).default(20),
    }),
    output: FlowResult,
  },
  'memory.remember': {
    input: z.object({ key: z.string().min(1).max(256), value: z.string().max(65_536) }),
    output: z.object({ key: z.string(), replaced: z.boolean() }),
  },
  'memory.recall': {
    input: z.object({ prefix: z.string().max(256) }),
    output: z.object({ values: z.array(StoredValue) }),
  },
  'memory.examples': {
    input: z.object({
      query: z.string(),
      sign: z.enum(['positive', 'negative', 'any']).default('any'),
      limit: z.number().int().min(1).max(50).default(10),
    }),
    output: z.object({ episodes: z.array(Episode) }),
  },
} as const
