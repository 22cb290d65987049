import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isIP } from 'node:net'
import type { PolicyAction, PolicyDecision, PolicyOutcome } from '../../../../shared/policy'
import type { CapabilityRequest } from '../driver'
import type { CommandParser, StartedProgram } from './command-programs'
import { namedRanges } from './named-ranges'
import {
  commandEntity,
  type Endpoint,
  endpointEntity,
  endpointResource,
  endpointText,
  LONE_SURROGATE,
  pathResource,
  portResource,
  processesResource,
  type Resource,
  toolResource,
} from './policy-resources'
import { type PolicySet, SILENT, type Verdict } from './policy-set'
import { namesReserved, reservedKind } from './reserved-addresses'

/** Policies of a role and what persons permitted beside them. */
export interface PoliciesInForce {
  readonly role: string
  readonly title: string
  readonly own: PolicySet
  /** Permits only: they are asked where the role itself is silent, so that they can never open what it forbids. */
  readonly granted: PolicySet | null
  readonly enforcedBy: (action: PolicyAction) => PolicyDecision['enforcedBy']
}

/** Some address of the internet, to find out whether a permit depends on the address. Nothing connects to it. */
const PUBLIC_ADDRESS = { 4: '8.8.8.8', 6: '2606:4700::1111' } as const

/** Programs of a decided command line that nobody has permitted yet: what a prompt has to offer patterns for. */
const undecidedPrograms = new WeakMap<PolicyDecision, readonly StartedProgram[]>()

export function programsToPermit(decision: PolicyDecision): readonly StartedProgram[] | undefined {
  return undecidedPrograms.get(decision)
}

export function decideRequest(request: CapabilityRequest, force: PoliciesInForce, parse: CommandParser): PolicyDecision {
  const { action, resource } = request
  if (action === 'process.spawn') return decideCommand(resource, force, parse)
  if (action === 'net.egress') {
    const endpoint = endpointResource(resource)
    return endpoint.ok ? decideEndpoint(endpoint.entity, force) : refused(request, endpoint.reason, force)
  }
  const found = entityOf(action, resource)
  if (!found.ok) return refused(request, found.reason, force)
  return explained({ action, resource: found.canonical }, verdictOn(action, found.entity, force), force)
}

function entityOf(action: Exclude<PolicyAction, 'process.spawn' | 'net.egress'>, resource: string): Resource {
  switch (action) {
    case 'fs.read':
    case 'fs.write':
    case 'fs.exec':
      return pathResource(resource)
    case 'net.ingress':
      return portResource(resource)
    case 'tool.use':
      return toolResource(resource)
    case 'process.trace':
      return processesResource()
  }
}

export function verdictOn(action: PolicyAction, entity: EntityJson, { own, granted }: PoliciesInForce): Verdict {
  const verdict = own.decide(action, entity)
  return verdict.outcome === 'ask' && granted !== null ? granted.decide(action, entity) : verdict
}

/**
 * A reserved address is open only where a policy of the role itself permits this connection and names the address's range: a
 * permission for a name must not follow the name to wherever somebody lets it point.
 */
export function decideEndpoint(endpoint: Endpoint, force: PoliciesInForce): PolicyDecision {
  const action = 'net.egress'
  const { address } = endpoint
  let verdict: Verdict
  if (address === null || reservedKind(address) === null) verdict = verdictOn(action, endpointEntity(endpoint, false), force)
  else {
    const permits = force.own.decide(action, endpointEntity(endpoint, true))
    const elsewhere = force.own.decide(action, endpointEntity({ ...endpoint, address: PUBLIC_ADDRESS[isIP(address) === 6 ? 6 : 4] }, true))
    // A permit that holds for a public address as well does not hold because of the range that it names.
    const because = permits.outcome === 'allow' ? permits.determining.filter((policy) => !elsewhere.determining.includes(policy)) : []
    const named = because.some((policy) => namedRanges(policy).some((range) => namesReserved(range, address)))
    verdict = named ? permits : force.own.decide(action, endpointEntity(endpoint, false))
  }
  const decision = explained({ action, resource: endpointText(endpoint.host, endpoint.port) }, verdict, force)
  if (verdict.outcome !== 'deny' || address === null) return decision
  const kind = reservedKind(address)
  return kind === null ? decision : { ...decision, reason: `${decision.reason} ${address} is ${kind.kind} (${kind.range}).` }
}

/** The strictest decision over all programs that the line starts. */
function decideCommand(line: string, force: PoliciesInForce, parse: CommandParser): PolicyDecision {
  const action = 'process.spawn'
  const request = { action, resource: line.trim() } as const
  if (line.trim() === '') return refused(request, 'An empty command starts nothing.', force)
  if (line.includes('\0') || LONE_SURROGATE.test(line)) return refused(request, 'This command is no valid text.', force)
  const decided = parse(line).map((program) => ({ program, verdict: verdictOn(action, commandEntity(program), force) }))
  if (decided.length === 0) {
    return {
      ...request,
      outcome: 'allow',
      policies: [],
      reason: 'It starts no program: the shell does it by itself.',
      enforcedBy: 'broker',
    }
  }
  const outcome = strictest(decided.map(({ verdict }) => verdict.outcome))
  const those = decided.filter(({ verdict }) => verdict.outcome === outcome)
  const policies = [...new Set(those.flatMap(({ verdict }) => verdict.determining.map(({ id }) => id)))]
  const reasons = [
    ...new Set(those.map(({ program, verdict }) => `${programName(program)}: ${reasonOf(request, verdict, force, program)}`)),
  ]
  const reason = reasons.length > 3 ? `${reasons.slice(0, 3).join(' ')} And ${reasons.length - 3} more.` : reasons.join(' ')
  const decision: PolicyDecision = { ...request, outcome, policies, reason, enforcedBy: force.enforcedBy(action) }
  if (outcome === 'ask')
    undecidedPrograms.set(
      decision,
      those.map(({ program }) => program),
    )
  return decision
}

function strictest(outcomes: readonly PolicyOutcome[]): PolicyOutcome {
  if (outcomes.includes('deny')) return 'deny'
  return outcomes.includes('ask') ? 'ask' : 'allow'
}

function programName(program: StartedProgram): string {
  return program.known ? program.name : `"${program.line}"`
}

function explained(request: CapabilityRequest, verdict: Verdict, force: PoliciesInForce): PolicyDecision {
  return {
    ...request,
    outcome: verdict.outcome,
    policies: verdict.determining.map(({ id }) => id),
    reason: reasonOf(request, verdict, force),
    enforcedBy: force.enforcedBy(request.action),
  }
}

const WHAT: Record<PolicyAction, string> = {
  'fs.read': 'reading',
  'fs.write': 'writing',
  'fs.exec': 'executing',
  'process.spawn': 'starting',
  'process.trace': 'tracing',
  'net.egress': 'connecting to',
  'net.ingress': 'listening on port',
  'tool.use': 'the tool',
}

function reasonOf(request: CapabilityRequest, verdict: Verdict, force: PoliciesInForce, program?: StartedProgram): string {
  if (verdict.fault !== null) {
    const [policy] = verdict.determining
    return `${policy === undefined ? 'It cannot be decided' : `${policy.id} cannot be decided`}, so it is refused: ${verdict.fault}`
  }
  if (verdict === SILENT || verdict.determining.length === 0) {
    if (program?.known === false) return `What this starts is only known when it runs, and no policy of ${force.role} permits that.`
    const what = program?.name ?? request.resource
    return `No policy of ${force.role} speaks of ${WHAT[request.action]} ${what}.`
  }
  const notes = verdict.determining.map(({ note, id }) =>
    note === '' ? `${verdict.outcome === 'allow' ? 'Permitted' : 'Forbidden'} by ${id}.` : note,
  )
  return [...new Set(notes)].join(' ')
}

/** What is no resource at all is refused whatever policies say. */
function refused(request: CapabilityRequest, reason: string, force: PoliciesInForce): PolicyDecision {
  return { ...request, outcome: 'deny', policies: [], reason, enforcedBy: force.enforcedBy(request.action) }
}
