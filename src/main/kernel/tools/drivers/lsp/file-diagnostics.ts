import type { Diagnostic } from '../../schemas/lsp'
import { readAnswer, TsDiagnostics } from './answers'
import { inOrder, rangeOfTs } from './source-lines'
import type { Asking } from './tool-host'
import { guestPath } from './workspace-paths'

const SEVERITIES: Readonly<Record<string, Diagnostic['severity']>> = {
  error: 'error',
  warning: 'warning',
  suggestion: 'hint',
  message: 'information',
}

/** What the compiler says about an open file as it now stands: asked for, not waited for, so that it is never of an older text. */
export async function diagnosticsOf(asking: Asking, path: string): Promise<Diagnostic[]> {
  const found: Diagnostic[] = []
  // Of the nearest configuration that includes it: a file may be in several projects with other options.
  const projectFileName = asking.cover.projectsOf(path)[0]
  for (const command of ['syntacticDiagnosticsSync', 'semanticDiagnosticsSync', 'suggestionDiagnosticsSync']) {
    const body = await asking.connection.tsserver(command, { file: guestPath(path), projectFileName }, asking.request)
    for (const one of readAnswer(TsDiagnostics, body ?? [], command)) {
      const range = one.start === undefined ? { startLine: 1, startColumn: 0, endLine: 1, endColumn: 0 } : rangeOfTs(one)
      const severity = SEVERITIES[one.category] ?? 'information'
      found.push({
        path,
        ...range,
        severity,
        code: one.code === undefined ? '' : String(one.code),
        message: one.text,
        source: one.source ?? 'typescript',
      })
    }
  }
  return inOrder(found)
}
