import type { PolicyAction } from '../../../../shared/policy'
import { termsOf } from './condition-terms'
import { pathResource, type Resource } from './policy-resources'
import type { Verdict } from './policy-set'
import { type PoliciesInForce, verdictOn } from './role-decisions'

/** The same list of files is decided for several actions. */
const resources = new WeakMap<readonly string[], readonly Resource[]>()

function resourcesOf(paths: readonly string[]): readonly Resource[] {
  const known = resources.get(paths) ?? paths.map(pathResource)
  resources.set(paths, known)
  return known
}

/**
 * One verdict for each path, in their order: that of Cedar for the first path of each kind. Paths are of one kind when every
 * condition of every policy of the action gets the same answers for them, so that none could tell them apart.
 */
export function decidePaths(action: Extract<PolicyAction, `fs.${string}`>, paths: readonly string[], force: PoliciesInForce): Verdict[] {
  const policies = [...force.own.policies, ...(force.granted?.policies ?? [])].filter((policy) => policy.actions.has(action))
  const terms = termsOf(policies)
  const kinds = new Map<string, Verdict>()
  return resourcesOf(paths).map((resource) => {
    if (!resource.ok) return { outcome: 'deny', determining: [], fault: resource.reason }
    const { attrs } = resource.entity
    const kind = terms.map((term) => term.answer(attrs[term.attribute])).join('\n')
    const known = kinds.get(kind)
    if (known !== undefined) return known
    const verdict = verdictOn(action, resource.entity, force)
    kinds.set(kind, verdict)
    return verdict
  })
}
