import { z } from 'zod'
import { GraphNode, GraphResult, SearchHit } from '../../../shared/graph'
import { ContentHash } from '../../../shared/ids'

/**
 * Inputs and outputs of the tools, by name: drivers implement them, agents call them, both import them from here.
 * Paths are relative to the workspace, `/`-separated, without `..`. Lines count from 1, columns from 0 in UTF-16 units.
 */
const path = z.string().min(1).max(4096)
const line = z.number().int().min(1)
const column = z.number().int().min(0)
const position = z.object({ path, line, column })

export const TextRange = z.object({ startLine: line, startColumn: column, endLine: line, endColumn: column })
export const TextEdit = TextRange.extend({ newText: z.string() })
export type TextEdit = z.infer<typeof TextEdit>

/** Edits of several files that belong together: applied all or none. */
export const WorkspaceEdit = z.object({
  files: z.array(
    z.object({
      path,
      /** Version the edits were made against; null when not known. */ version: ContentHash.nullable(),
      edits: z.array(TextEdit),
    }),
  ),
  create: z.array(z.object({ path, text: z.string() })),
  move: z.array(z.object({ from: path, to: path })),
  remove: z.array(path),
})
export type WorkspaceEdit = z.infer<typeof WorkspaceEdit>

export const Location = TextRange.extend({ path, /** The source line it starts on, trimmed to 400 characters. */ context: z.string() })
export type Location = z.infer<typeof Location>

export const SymbolInfo = TextRange.extend({
  name: z.string(),
  kind: z.string(),
  path,
  container: z.string().nullable(),
  nameLine: line,
  nameColumn: column,
})
export type SymbolInfo = z.infer<typeof SymbolInfo>

export const Diagnostic = TextRange.extend({
  path,
  severity: z.enum(['error', 'warning', 'information', 'hint']),
  code: z.string(),
  message: z.string(),
  source: z.string(),
})
export type Diagnostic = z.infer<typeof Diagnostic>

export const ToolSchemas = {
  'fs.read': {
    input: z.object({ path, startLine: line.optional(), endLine: line.optional() }),
    output: z.object({
      path,
      text: z.string(),
      version: ContentHash,
      totalLines: z.number().int(),
      sizeBytes: z.number().int(),
      startLine: z.number().int(),
      endLine: z.number().int(),
    }),
  },
  'fs.stat': {
    input: z.object({ path }),
    output: z.object({
      path,
      type: z.enum(['file', 'directory', 'symlink', 'other', 'absent']),
      sizeBytes: z.number().int(),
      mode: z.number().int(),
      mtimeMs: z.number(),
      version: ContentHash.nullable(),
    }),
  },
  'fs.list': {
    input: z.object({ path: z.string(), depth: z.number().int().min(1).max(32).optional() }),
    output: z.object({ entries: z.array(z.object({ path, type: z.string(), sizeBytes: z.number().int() })), truncated: z.boolean() }),
  },
  'fs.glob': {
    input: z.object({ pattern: z.string(), limit: z.number().int().min(1).max(50_000).optional() }),
    output: z.object({ paths: z.array(path), truncated: z.boolean() }),
  },
  'fs.write': {
    input: z.object({ path, text: z.string(), expectedVersion: ContentHash.optional() }),
    output: z.object({ path, version: ContentHash, created: z.boolean() }),
  },
  'fs.replace': {
    input: z.object({ path, oldText: z.string().min(1), newText: z.string(), expectedVersion: ContentHash.optional() }),
    output: z.object({ path, version: ContentHash }),
  },
  'fs.applyEdit': { input: WorkspaceEdit, output: z.object({ versions: z.array(z.object({ path, version: ContentHash.nullable() })) }) },
  'fs.move': { input: z.object({ from: path, to: path }), output: z.object({ moved: z.number().int() }) },
  'fs.remove': { input: z.object({ path }), output: z.object({ removed: z.number().int() }) },
  'code.search': {
    input: z.object({
      query: z.string().min(1),
      regex: z.boolean().optional(),
      wholeWord: z.boolean().optional(),
      glob: z.string().optional(),
      limit: z.number().int().min(1).max(5000),
    }),
    output: z.object({ hits: z.array(z.object({ path, line, column, text: z.string() })), truncated: z.boolean() }),
  },
  'shell.run': {
    input: z.object({
      command: z.string().min(1),
      timeoutMs: z.number().int().min(100).max(3_600_000).optional(),
      session: z.string().optional(),
    }),
    output: z.object({
      session: z.string(),
      exitCode: z.number().int(),
      output: z.string(),
      truncated: z.boolean(),
      cwd: z.string(),
      timedOut: z.boolean(),
    }),
  },
  'lsp.definition': { input: position, output: z.object({ locations: z.array(Location) }) },
  'lsp.references': {
    input: position.extend({ includeDeclaration: z.boolean().optional() }),
    output: z.object({ locations: z.array(Location) }),
  },
  'lsp.hover': { input: position, output: z.object({ text: z.string().nullable() }) },
  'lsp.documentSymbols': { input: z.object({ path }), output: z.object({ symbols: z.array(SymbolInfo) }) },
  'lsp.workspaceSymbols': { input: z.object({ query: z.string() }), output: z.object({ symbols: z.array(SymbolInfo) }) },
  /** Computed, not applied: pass the edit to fs.applyEdit. */
  'lsp.rename': { input: position.extend({ newName: z.string().min(1) }), output: z.object({ edit: WorkspaceEdit }) },
  'lsp.organiseImports': { input: z.object({ path }), output: z.object({ edit: WorkspaceEdit }) },
  'lsp.moveSymbol': { input: position.extend({ toPath: path }), output: z.object({ edit: WorkspaceEdit }) },
  /** `code` is a diagnostic's code; a code action that fixes it everywhere in the file is preferred. */
  'lsp.fix': { input: z.object({ path, code: z.string() }), output: z.object({ edit: WorkspaceEdit, titles: z.array(z.string()) }) },
  'lsp.diagnostics': { input: z.object({ paths: z.array(path).min(1).max(500) }), output: z.object({ diagnostics: z.array(Diagnostic) }) },
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

export type ToolName = keyof typeof ToolSchemas
