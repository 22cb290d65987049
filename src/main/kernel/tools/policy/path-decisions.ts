import type { PolicyAction } from '../../../../shared/policy'
import { pathResource } from './policy-resources'
import type { Verdict } from './policy-set'
import { type PoliciesInForce, verdictOn } from './role-decisions'

/** One verdict for each path, in their order. */
export function decidePaths(action: Extract<PolicyAction, `fs.${string}`>, paths: readonly string[], force: PoliciesInForce): Verdict[] {
  return paths.map((path) => {
    const resource = pathResource(path)
    return resource.ok ? verdictOn(action, resource.entity, force) : { outcome: 'deny', determining: [], fault: resource.reason }
  })
}
