import { z } from 'zod'

/**
 * What the model of the codebase is made of. Code, data, infrastructure, configuration, documents, people, and what was decided or
 * went wrong; the words are those of the source article, with `package`, `image`, `resource`, `pipeline`, `doc` and `test` beside them.
 */
export const NodeKind = z.enum([
  ...(['file', 'module', 'function', 'class', 'method', 'variable', 'type', 'interface', 'enum', 'property', 'test'] as const),
  ...(['table', 'column', 'index', 'migration', 'schema'] as const),
  ...(['service', 'deployment', 'configmap', 'secret', 'ingress', 'cronjob', 'image', 'resource', 'pipeline'] as const),
  ...(['env_var', 'feature_flag', 'yaml', 'json', 'toml', 'package'] as const),
  ...(['adr', 'rfc', 'runbook', 'readme', 'changelog', 'doc'] as const),
  ...(['owner', 'reviewer', 'oncall', 'author'] as const),
  ...(['decision', 'incident'] as const),
])
export type NodeKind = z.infer<typeof NodeKind>

/**
 * `maybe_calls` is all that a bare name gives. `flows_to` is data: argument to parameter, return to assignment, property written to property read.
 * `documents` goes from a document to what it names, `tests` from a test to what it exercises, `co_changed` between files of the same commits.
 */
export const EdgeKind = z.enum([
  ...(['contains', 'imports', 'calls', 'maybe_calls', 'inherits', 'references', 'reads', 'writes', 'depends_on'] as const),
  ...(['owned_by', 'decided_by', 'caused_by', 'authored_by', 'flows_to', 'tests', 'documents', 'co_changed'] as const),
])
export type EdgeKind = z.infer<typeof EdgeKind>

export const NodeAttribute = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])

export const GraphNode = z.object({
  /** Stable key: `src/billing/invoice.ts#Invoice.total`. Files: `src/billing/invoice.ts`. Others: `table:users`, `env_var:PORT`, `author:ann@example.org`. */
  id: z.string(),
  kind: NodeKind,
  name: z.string(),
  /** The file that declares it, or the first that names it. */
  path: z.string(),
  /** Lines from 1, inclusive. */
  startLine: z.number().int(),
  endLine: z.number().int(),
  /** Position of the name, line from 1, column from 0 in UTF-16 units: where a language server is asked. */
  nameLine: z.number().int(),
  nameColumn: z.number().int(),
  exported: z.boolean(),
  signature: z.string(),
  /** First line of its comment or text; absent when there is none. */
  doc: z.string().optional(),
  /** `typescript`, `python`, `sql`, `markdown`, ...; absent for what is in no file. */
  language: z.string().optional(),
  /** What a kind has beyond its name: the status of an ADR, the type of a column, the ports of a service. Never the value of a secret. */
  attributes: z.record(z.string(), NodeAttribute).optional(),
})
export type GraphNode = z.infer<typeof GraphNode>

export const GraphEdge = z.object({
  from: z.string(),
  to: z.string(),
  kind: EdgeKind,
  /** 0 to 1, by the rule that found it. */
  confidence: z.number().min(0).max(1),
  /** How it was found: "same file", "import", "declared type", "language server", "name only". */
  method: z.string(),
  line: z.number().int(),
})
export type GraphEdge = z.infer<typeof GraphEdge>

export const GraphResult = z.object({ nodes: z.array(GraphNode), edges: z.array(GraphEdge), truncated: z.boolean() })
export type GraphResult = z.infer<typeof GraphResult>

/** A value of a query's answer. Nodes and relationships are named, and given in full in `nodes` and `edges` of the answer. */
export type GraphValue =
  | null
  | boolean
  | number
  | string
  | { readonly is: 'node'; readonly id: string }
  | { readonly is: 'edge'; readonly edge: GraphEdge }
  | { readonly is: 'path'; readonly nodes: readonly string[]; readonly edges: readonly GraphEdge[] }
  | { readonly is: 'list'; readonly items: readonly GraphValue[] }
export const GraphValue: z.ZodType<GraphValue> = z.lazy(() =>
  z.union([
    z.null(),
    z.boolean(),
    z.number(),
    z.string(),
    z.object({ is: z.literal('node'), id: z.string() }),
    z.object({ is: z.literal('edge'), edge: GraphEdge }),
    z.object({ is: z.literal('path'), nodes: z.array(z.string()), edges: z.array(GraphEdge) }),
    z.object({ is: z.literal('list'), items: z.array(GraphValue) }),
  ]),
)

/** Answer to a Cypher query. */
export const GraphTable = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(GraphValue)),
  /** Every node and relationship that the rows name, each once. */
  nodes: z.array(GraphNode),
  edges: z.array(GraphEdge),
  /** A limit on rows or on work ended the query: there may be more. */
  truncated: z.boolean(),
  /** Which limit, in words; null when the answer is whole. */
  limit: z.string().nullable(),
  durationMs: z.number(),
})
export type GraphTable = z.infer<typeof GraphTable>

/** What the graph holds: for completion and for the index's status. */
export const GraphSummary = z.object({
  nodes: z.array(z.object({ kind: NodeKind, count: z.number().int() })),
  edges: z.array(z.object({ kind: EdgeKind, count: z.number().int() })),
})
export type GraphSummary = z.infer<typeof GraphSummary>

/** One step of a value on its way. */
export const FlowHop = z.object({
  from: z.string(),
  to: z.string(),
  /** "argument to parameter", "return to assignment", "property", "same name in a request", ... */
  how: z.string(),
  path: z.string(),
  line: z.number().int(),
  text: z.string(),
  confidence: z.number().min(0).max(1),
  method: z.string(),
})
export const FlowResult = z.object({
  /** Ways, best first; each a chain of hops. */
  ways: z.array(z.object({ hops: z.array(FlowHop), confidence: z.number() })),
  nodes: z.array(GraphNode),
  edges: z.array(GraphEdge),
  truncated: z.boolean(),
})
export type FlowResult = z.infer<typeof FlowResult>

export const SearchHit = z.object({
  path: z.string(),
  line: z.number().int(),
  text: z.string(),
  symbol: z.string().nullable(),
  score: z.number(),
})
export type SearchHit = z.infer<typeof SearchHit>

export const SearchFilters = z.object({
  /** Globs of paths; a hit matches one of them. */
  paths: z.array(z.string()).optional(),
  kinds: z.array(NodeKind).optional(),
  languages: z.array(z.string()).optional(),
  /** As CODEOWNERS names them. */
  owners: z.array(z.string()).optional(),
})
export type SearchFilters = z.infer<typeof SearchFilters>

/** Lists that are fused: words (BM25), names of symbols, embeddings, commit messages, neighbours in the graph, earlier experience. */
export const SearchList = z.enum(['words', 'symbols', 'vectors', 'history', 'graph', 'episodes'])
export type SearchList = z.infer<typeof SearchList>

export const HybridHit = SearchHit.extend({
  kind: NodeKind.nullable(),
  endLine: z.number().int(),
  /** Why it stands where it stands: its rank in each list and the rules that moved it. */
  reasons: z.array(
    z.object({
      list: SearchList.nullable(),
      /** From 1; null for a rule. */
      rank: z.number().int().nullable(),
      /** What it added to the score; for a rule, the factor. */
      weight: z.number(),
      detail: z.string(),
    }),
  ),
})
export type HybridHit = z.infer<typeof HybridHit>

export const HybridResult = z.object({
  hits: z.array(HybridHit),
  /** What each list gave: a list that is not ready says so and the others answer. */
  lists: z.array(z.object({ list: SearchList, found: z.number().int(), durationMs: z.number(), problem: z.string().nullable() })),
  truncated: z.boolean(),
  durationMs: z.number(),
})
export type HybridResult = z.infer<typeof HybridResult>

/** What was learnt from a run: retrieved later as an example, to be followed or to be avoided. */
export const Episode = z.object({
  id: z.string(),
  runId: z.string(),
  branchId: z.string(),
  frame: z.number().int(),
  atMs: z.number(),
  kind: z.enum(['tool-result', 'error', 'decision', 'outcome', 'human-label']),
  /** Positive: it worked or was approved. Negative: it failed, was denied or discarded. */
  sign: z.enum(['positive', 'negative', 'neutral']),
  title: z.string(),
  text: z.string(),
  task: z.string(),
  paths: z.array(z.string()),
})
export type Episode = z.infer<typeof Episode>

export const StoredValue = z.object({
  key: z.string(),
  value: z.string(),
  updatedAtMs: z.number(),
  by: z.enum(['human', 'agent', 'kernel']),
  /** The run that set it; null when a person did outside of any. */
  runId: z.string().nullable(),
})
export type StoredValue = z.infer<typeof StoredValue>
