import type { Failure } from '../../../shared/failure'
import type { ToolSpec } from './driver'

export type ToolDecision =
  { readonly allowed: true; readonly by: readonly string[] } | { readonly allowed: false; readonly failure: Failure }

/**
 * Decides whether a role may make a tool call. This is what the broker checks; the sandbox enforces its own boundary
 * whatever is decided here. Roles are those of the built-in agents: an analyst reads and runs checks, a refactorer also
 * changes files.
 */
export function authoriseTool(role: string, tool: ToolSpec, readOnly: boolean): ToolDecision {
  const mutates = tool.effect === 'workspace' && tool.name !== 'shell.run'
  if (tool.effect === 'irreversible') return denied(tool, 'no role may use irreversible tools')
  if (mutates && readOnly) return denied(tool, 'this run was started to change nothing')
  if (mutates && role !== 'refactorer') return denied(tool, `the role ${role} only reads`)
  return { allowed: true, by: [mutates ? `builtin:${role}:write` : `builtin:${role}:read`] }
}

function denied(tool: ToolSpec, reason: string): ToolDecision {
  return { allowed: false, failure: { code: 'policy.denied', message: `${tool.name} is not allowed: ${reason}.`, retryable: false } }
}
