import { defineTool, type ToolSpec } from '../../driver'
import type { Diagnostic } from '../../schemas/lsp'
import { ToolSchemas } from '../../schemas'
import { diagnosticsOf } from './file-diagnostics'
import { inOrder } from './source-lines'
import { readsFiles } from './requested-paths'
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
      execute: (args, call) =>
        host.ask(call, async (asking) => {
          const all: Diagnostic[] = []
          for (const path of new Set(args.paths)) {
            await asking.documents.ensure(path)
            all.push(...(await diagnosticsOf(asking, path)))
          }
          const diagnostics = inOrder(all)
          return { output: { diagnostics }, text: describe(diagnostics) }
        }),
    }),
  ]
}

function describe(diagnostics: readonly Diagnostic[]): string {
  const real = diagnostics.filter((diagnostic) => diagnostic.severity !== 'hint')
  if (real.length === 0) return 'No problems.'
  const lines = real
    .slice(0, MAX_SHOWN)
    .map((one) => `${one.path}:${one.startLine}:${one.startColumn} ${one.severity} TS${one.code} ${one.message}`)
  if (real.length > MAX_SHOWN) lines.push(`... and ${real.length - MAX_SHOWN} more`)
  return lines.join('\n')
}
