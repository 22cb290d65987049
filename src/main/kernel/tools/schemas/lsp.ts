import { z } from 'zod'
import { column, line, path, position, TextRange, WorkspaceEdit } from './text'

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

export const lspSchemas = {
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
} as const
