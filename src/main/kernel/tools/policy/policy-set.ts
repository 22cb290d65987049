import { type EntityJson, type EntityUid, preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicyAction, PolicyOutcome } from '../../../../shared/policy'
import type { ReadPolicy } from './cedar-text'

/** What a set of policies says of one resource. */
export interface Verdict {
  readonly outcome: PolicyOutcome
  /** Those that made it: permits or forbids. Empty for `ask`, and for a deny that `fault` explains. */
  readonly determining: readonly ReadPolicy[]
  /** Why a decision could not be made as the policies say; such a decision is a deny. */
  readonly fault: string | null
}

export const SILENT: Verdict = { outcome: 'ask', determining: [], fault: null }

const CACHED_VERDICTS = 20_000
let sets = 0

/**
 * Policies of one role, parsed once into Cedar's own cache, one part for each action so that a decision costs only what
 * speaks of its action.
 */
export class PolicySet {
  readonly policies: readonly ReadPolicy[]
  readonly #principal: EntityUid
  readonly #byAction = new Map<PolicyAction, ReadonlyMap<string, ReadPolicy>>()
  readonly #verdicts = new Map<string, Verdict>()
  readonly #name: string

  constructor(role: string, policies: readonly ReadPolicy[]) {
    // Those that name another role can never hold here.
    this.policies = policies.filter(({ principal }) => principal === null || principal === role)
    this.#principal = { type: 'Role', id: role }
    this.#name = `${role}#${(sets += 1)}`
  }

  permitsOf(action: PolicyAction): readonly ReadPolicy[] {
    return this.policies.filter((policy) => policy.effect === 'permit' && policy.actions.has(action))
  }

  /** False when no resource of this action could ever be permitted. */
  canPermit(action: PolicyAction): boolean {
    const closed = this.policies.some((policy) => policy.effect === 'forbid' && policy.unconditional && policy.actions.has(action))
    return !closed && this.permitsOf(action).length > 0
  }

  decide(action: PolicyAction, resource: EntityJson): Verdict {
    const key = `${action} ${JSON.stringify(resource)}`
    const known = this.#verdicts.get(key)
    if (known !== undefined) return known
    const verdict = this.#evaluate(action, resource)
    if (this.#verdicts.size >= CACHED_VERDICTS) this.#verdicts.clear()
    this.#verdicts.set(key, verdict)
    return verdict
  }

  #evaluate(action: PolicyAction, resource: EntityJson): Verdict {
    const policies = this.#prepared(action)
    if (policies.size === 0) return SILENT
    const answer = statefulIsAuthorized({
      principal: this.#principal,
      action: { type: 'Action', id: action },
      resource: resource.uid,
      context: {},
      preparsedPolicySetId: this.#nameOf(action),
      validateRequest: false,
      entities: [resource],
    })
    if (answer.type === 'failure') return { outcome: 'deny', determining: [], fault: answer.errors[0]?.message ?? 'Cedar gave no answer.' }
    const { decision, diagnostics } = answer.response
    // Cedar leaves out a policy that it cannot evaluate. A prohibition that is left out must not open anything.
    const broken = diagnostics.errors.find(({ policyId }) => policies.get(policyId)?.effect === 'forbid')
    if (broken !== undefined) return { outcome: 'deny', determining: named(policies, [broken.policyId]), fault: broken.error.message }
    const determining = named(policies, diagnostics.reason)
    if (decision === 'allow') return { outcome: 'allow', determining, fault: null }
    return determining.length === 0 ? SILENT : { outcome: 'deny', determining, fault: null }
  }

  #nameOf(action: PolicyAction): string {
    return `${this.#name} ${action}`
  }

  #prepared(action: PolicyAction): ReadonlyMap<string, ReadPolicy> {
    const known = this.#byAction.get(action)
    if (known !== undefined) return known
    const policies = new Map(this.policies.filter((policy) => policy.actions.has(action)).map((policy) => [policy.id, policy]))
    const staticPolicies = Object.fromEntries([...policies].map(([id, { text }]) => [id, text]))
    const answer = preparsePolicySet(this.#nameOf(action), { staticPolicies })
    if (answer.type === 'failure') throw new Error(`policies that were read before cannot be read: ${answer.errors[0]?.message ?? ''}`)
    this.#byAction.set(action, policies)
    return policies
  }

  /** Frees what Cedar keeps of it. */
  dispose(): void {
    for (const action of this.#byAction.keys()) preparsePolicySet(this.#nameOf(action), { staticPolicies: {} })
    this.#byAction.clear()
    this.#verdicts.clear()
  }
}

function named(policies: ReadonlyMap<string, ReadPolicy>, ids: readonly string[]): ReadPolicy[] {
  return ids.flatMap((id) => policies.get(id) ?? []).sort((a, b) => (a.id < b.id ? -1 : 1))
}
