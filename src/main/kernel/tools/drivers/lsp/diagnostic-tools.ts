import { defineTool, type ToolSpec } from '../../driver'
import type { Diagnostic } from '../../schemas/lsp'
import { ToolSchemas } from '../../schemas'
import { diagnosticsOf } from './file-diagnostics'
import { readsFiles } from './requested-paths'
import { inOrder } from './source-lines'
import { DEFAULT_TIMEOUT_MS, type LspToolHost } from './tool-host'

const MAX_SHOWN = 50

export function diagnosticTools(host: LspToolHost): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.diagnostics',
      description: 'Errors, warnings and hints of files, as they stand now.',
      ...ToolSchemas['lsp.diagnostics'],
      capabilities: readsFiles,
      effect: 'pure',
      timeoutMs: DEFAULT_TIMEOUT_MS,
      execute: async (args, call) => {
        const all: Diagnostic[] = []
        const pending: string[] = []
        for (const path of new Set(args.paths)) {
          const found = await host.ask(call, path, (asking) => diagnosticsOf(asking, path))
          all.push(...found.diagnostics)
          if (found.pending) pending.push(path)
        }
        const diagnostics = inOrder(all)
        const late = pending.map((path) => `${path}: the language server has not spoken of its present text yet.`)
        return {
          output: { diagnostics, ...(pending.length === 0 ? {} : { pending }) },
          text: [describe(diagnostics), ...late].join('\n'),
        }
      },
    }),
  ]
}

function describe(diagnostics: readonly Diagnostic[]): string {
  const real = diagnostics.filter((diagnostic) => diagnostic.severity !== 'hint')
  if (real.length === 0) return 'No problems.'
  const lines = real
    .slice(0, MAX_SHOWN)
    .map((one) => `${one.path}:${one.startLine}:${one.startColumn} ${one.severity} ${codeOf(one)}${one.message}`)
  if (real.length > MAX_SHOWN) lines.push(`... and ${real.length - MAX_SHOWN} more`)
  return lines.join('\n')
}

function codeOf(one: Diagnostic): string {
  if (one.code === '') return ''
  return one.source === 'typescript' ? `TS${one.code} ` : `${one.code} `
}
