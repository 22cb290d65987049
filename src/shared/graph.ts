import { z } from 'zod'

export const GraphNode = z.object({
  /** Stable key: `src/billing/invoice.ts#Invoice.total`. Files: `src/billing/invoice.ts`. */
  id: z.string(),
  kind: z.enum(['file', 'module', 'function', 'class', 'method', 'variable', 'type', 'interface', 'enum', 'property']),
  name: z.string(),
  path: z.string(),
  /** Lines from 1, inclusive. */
  startLine: z.number().int(),
  endLine: z.number().int(),
  /** Position of the name, line from 1, column from 0 in UTF-16 units: where a language server is asked. */
  nameLine: z.number().int(),
  nameColumn: z.number().int(),
  exported: z.boolean(),
  signature: z.string(),
})
export type GraphNode = z.infer<typeof GraphNode>

export const GraphEdge = z.object({
  from: z.string(),
  to: z.string(),
  kind: z.enum(['contains', 'imports', 'calls', 'maybe_calls', 'inherits', 'references']),
  /** 0 to 1, by the rule that found it. */
  confidence: z.number().min(0).max(1),
  /** How it was found: "same file", "import", "declared type", "name only". */
  method: z.string(),
  line: z.number().int(),
})
export type GraphEdge = z.infer<typeof GraphEdge>

export const GraphResult = z.object({ nodes: z.array(GraphNode), edges: z.array(GraphEdge), truncated: z.boolean() })
export type GraphResult = z.infer<typeof GraphResult>

export const SearchHit = z.object({
  path: z.string(),
  line: z.number().int(),
  text: z.string(),
  symbol: z.string().nullable(),
  score: z.number(),
})
export type SearchHit = z.infer<typeof SearchHit>
