import type { Denial, FileChange, ResourceUsage, SideEffects, ToolOutcome } from '../../../shared/frames'
import type { PolicyGrant } from '../../../shared/policy'
import { Slices } from '../workspace/slices'
import type { BranchDevice } from './branch-device'
import type { ToolSpec } from './driver'
import type { RolePolicy } from './policy/policies'

/** More are not listed on one frame; the merge looks at every one again. */
const MAX_LISTED = 50

export interface ObservedEffects {
  readonly sideEffects: Pick<SideEffects, 'ports' | 'network'>
  readonly denials: readonly Denial[]
  readonly usage: ResourceUsage
}

/** Everything that was observed of one tool call, as its outcome carries it. Reading calls start nothing, so only files are looked at. */
export async function observedCall(
  device: BranchDevice,
  role: RolePolicy,
  grants: readonly PolicyGrant[],
  tool: ToolSpec,
  changes: readonly FileChange[],
): Promise<Pick<ToolOutcome, 'sideEffects' | 'denials' | 'usage'>> {
  const files = [...changes]
  const beyond = await writesBeyondRole(role, grants, changes)
  const isShell = device.driverOf(tool.name) === 'shell'
  if (!isShell && tool.effect !== 'workspace')
    return { sideEffects: { files, processes: [] }, ...(beyond.length === 0 ? {} : { denials: beyond }) }
  const { sideEffects, denials, usage } = await observedEffects(device)
  const processes = isShell ? await device.processes() : []
  const all = [...denials, ...beyond]
  return { sideEffects: { files, processes, ...sideEffects }, usage, ...(all.length === 0 ? {} : { denials: all }) }
}

/** What the sandbox saw since it was last asked. */
export async function observedEffects(device: BranchDevice): Promise<ObservedEffects> {
  const { network, unroutable, ports, usage, limits, killedByFilter } = await (await device.sandbox()).activity()
  const denials: Denial[] = network.flatMap(({ host, port, allowed, reason }) =>
    allowed ? [] : [{ by: 'network', action: 'net.egress', resource: `${host}:${port}`, reason, enforcedBy: 'system' }],
  )
  if (unroutable > 0) {
    const reason = `${unroutable} packets past the branch's proxy had no route`
    denials.push({ by: 'network', action: 'net.egress', resource: 'direct', reason, enforcedBy: 'system' })
  }
  for (const limit of limits) {
    denials.push({ by: 'limit', action: null, resource: limit, reason: `the limit of ${limit} was reached`, enforcedBy: 'system' })
  }
  if (killedByFilter > 0) {
    const reason = 'they made a system call that is not let through'
    denials.push({ by: 'system-call-filter', action: null, resource: `${killedByFilter} processes`, reason, enforcedBy: 'system' })
  }
  return { sideEffects: { ports: [...ports], network: [...network] }, denials, usage }
}

/** Changed files that the role's policies do not let it write: programs that it may run wrote them. They stay out of merges. */
export async function writesBeyondRole(
  role: RolePolicy,
  grants: readonly PolicyGrant[],
  changes: readonly FileChange[],
): Promise<Denial[]> {
  const slices = new Slices()
  const denials: Denial[] = []
  for (const { path } of changes) {
    if (slices.due()) await slices.rest()
    const decision = role.decide({ action: 'fs.write', resource: path }, grants)
    if (decision.outcome === 'allow') continue
    const reason = `${decision.reason}: a program changed it all the same, so it is merged only when a person approves it by name`
    denials.push({ by: 'files', action: 'fs.write', resource: path, reason, enforcedBy: 'broker' })
    if (denials.length === MAX_LISTED) break
  }
  return denials
}
