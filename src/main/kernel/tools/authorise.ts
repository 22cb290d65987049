import type { Denial, ToolOutcome } from '../../../shared/frames'
import type { PolicyDecision, PolicyGrant } from '../../../shared/policy'
import type { MergeGuard } from '../checkpoints/files'
import type { BranchDevice } from './branch-device'
import type { CapabilityRequest, ToolSpec } from './driver'
import type { RolePolicy } from './policy/policies'

/** Under which policies a call is decided. */
export interface Authority {
  readonly role: RolePolicy
  /** Permissions that a person gave for this run. */
  readonly grants: readonly PolicyGrant[]
  /** True for a run that was started to change nothing. */
  readonly readOnly: boolean
}

/**
 * What the policy says of a tool call: one decision for the tool and one for each thing it will touch, paths resolved inside the
 * sandbox first. Arguments that are not valid are no matter of policy: the runtime refuses them.
 */
export async function authorise(device: BranchDevice, tool: ToolSpec, args: unknown, authority: Authority): Promise<PolicyDecision[]> {
  const { role, grants, readOnly } = authority
  const use = role.decide({ action: 'tool.use', resource: tool.name }, grants)
  const parsed = tool.input.safeParse(args)
  const requests = parsed.success ? await canonical(device, tool.capabilities?.(parsed.data) ?? []) : []
  const decisions = requests.map((request) => role.decide(request, grants))
  if (!readOnly) return [use, ...decisions]
  return [use, ...decisions.map((decision) => (decision.action === 'fs.write' ? changeNothing(decision) : decision))]
}

function changeNothing(decision: PolicyDecision): PolicyDecision {
  return { ...decision, outcome: 'deny', policies: ['run:read-only'], reason: 'this run was started to change nothing' }
}

async function canonical(device: BranchDevice, requests: readonly CapabilityRequest[]): Promise<CapabilityRequest[]> {
  const paths = [...new Set(requests.flatMap((request) => (request.action.startsWith('fs.') ? [request.resource] : [])))]
  if (paths.length === 0) return [...requests]
  const real = await device.set.filesystem.realPaths(await device.sandbox(), paths)
  const resolved = new Map(paths.map((path, index) => [path, real[index] ?? path]))
  return requests.map((request) => ({ ...request, resource: resolved.get(request.resource) ?? request.resource }))
}

/** The decisions that stand in the way of a call, as what is recorded of them. Empty when it may go on. */
export function denialsOf(decisions: readonly PolicyDecision[]): Denial[] {
  return decisions.flatMap(({ action, resource, outcome, reason, enforcedBy }) =>
    outcome === 'allow' ? [] : [{ by: 'policy', action, resource, reason, enforcedBy }],
  )
}

/** Whether a role may read a file of its branch, as it is asked. */
export function mayRead(role: RolePolicy, grants: () => readonly PolicyGrant[]): (path: string) => boolean {
  return (path) => role.decide({ action: 'fs.read', resource: path }, grants()).outcome === 'allow'
}

/** What a role may not write is merged only when a person approves it by name. */
export function mergeGuard(role: RolePolicy, grants: readonly PolicyGrant[]): MergeGuard {
  return (path) => {
    const { outcome } = role.decide({ action: 'fs.write', resource: path }, grants)
    return outcome === 'allow' ? null : `the role ${role.id} may not write it and it was not approved`
  }
}

/** The outcome of a call that was not permitted: nothing was done, and the agent is told why. */
export function refused(tool: string, role: string, denials: readonly Denial[]): ToolOutcome {
  const reasons = denials.map((denial) => `${denial.action ?? ''} ${denial.resource}: ${denial.reason}`).join('; ')
  const error = {
    code: 'policy.denied',
    message: `${tool} is not allowed for the role ${role}: ${reasons}.`,
    action: 'Do without it, or ask a person to permit it.',
    retryable: false,
  }
  const nothing = { output: null, text: '', sideEffects: { files: [], processes: [] }, isolation: 'none' as const, durationMs: 0 }
  return { tool, ok: false, error, ...nothing, denials: [...denials] }
}
