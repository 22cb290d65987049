import { KeyframeError } from '../../../../shared/failure'
import type { Policies } from './policies'

export interface PoliciesOptions {
  /** Folder of package.json and `resources/policies`. */
  readonly appRoot: string
  /** `<home>/policies`: the user's roles and grants. */
  readonly folder: string
  readonly now: () => number
  log(line: string): void
}

export function createPolicies(options: PoliciesOptions): Policies {
  const missing = (): never => {
    throw new KeyframeError({ code: 'policy.unavailable', message: `No policies were read from ${options.folder}.` })
  }
  return {
    roleIds: () => [],
    role: missing,
    overview: missing,
    check: missing,
    capabilities: missing,
    suggest: missing,
    grant: missing,
    saveRole: missing,
    removeRole: missing,
    saveGrant: missing,
    revoke: missing,
    onChange: () => () => undefined,
    dispose: () => Promise.resolve(),
  }
}
