import type { z } from 'zod'
import type { Diagnostic as DiagnosticSchema } from '../../tools/schemas/lsp'
import type { AgentApi } from '../agent-api'
import { failureText, tryTool } from './agent-tools'
import { isCode } from './left-out-files'

type Diagnostic = z.output<typeof DiagnosticSchema>

const FILES_PER_CALL = 200
const MAX_FILES = 1000

/** Errors of files at one moment, or why they could not be had. */
export type ErrorSnapshot = { readonly ok: true; readonly errors: readonly Diagnostic[] } | { readonly ok: false; readonly why: string }

/** What the language server finds wrong in these files; files that are not code are left out. */
export async function errorsOf(api: AgentApi, paths: readonly string[]): Promise<ErrorSnapshot> {
  const code = [...new Set(paths)].filter(isCode).sort().slice(0, MAX_FILES)
  const errors: Diagnostic[] = []
  for (let at = 0; at < code.length; at += FILES_PER_CALL) {
    const reply = await tryTool(api, 'lsp.diagnostics', { paths: code.slice(at, at + FILES_PER_CALL) })
    if (!reply.ok) return { ok: false, why: failureText(reply.outcome) }
    errors.push(...reply.output.diagnostics.filter((diagnostic) => diagnostic.severity === 'error'))
  }
  return { ok: true, errors }
}

/**
 * Errors that are there after a change and were not before. Lines move with a change and names with a rename, so errors are
 * matched by code and by what their message says without quoted names; counts matter, places do not.
 */
export function newErrors(before: ErrorSnapshot, after: ErrorSnapshot): Diagnostic[] {
  if (!before.ok || !after.ok) return []
  const known = new Map<string, number>()
  for (const error of before.errors) known.set(errorKey(error), (known.get(errorKey(error)) ?? 0) + 1)
  return after.errors.filter((error) => {
    const left = known.get(errorKey(error)) ?? 0
    known.set(errorKey(error), left - 1)
    return left <= 0
  })
}

function errorKey(error: Diagnostic): string {
  return `${error.path} ${error.code} ${error.message.replace(/'[^']*'|"[^"]*"/g, '')}`
}

/** A sentence for a report. */
export function describeErrors(before: ErrorSnapshot, after: ErrorSnapshot): { readonly count: number; readonly text: string } {
  const unknown = [before, after].find((snapshot) => !snapshot.ok)
  if (unknown !== undefined && !unknown.ok) return { count: 0, text: `errors could not be compared: ${unknown.why}` }
  const found = newErrors(before, after)
  if (found.length === 0) return { count: 0, text: 'no new errors' }
  const shown = found.slice(0, 3).map((error) => `${error.path}:${error.startLine} ${error.message.replace(/\.$/, '')}`)
  return { count: found.length, text: `${found.length} new error${found.length === 1 ? '' : 's'}: ${shown.join('; ')}` }
}
