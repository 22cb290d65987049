import type { RoleCapability } from '../../../../shared/policy'
import type { CommandParser } from './command-programs'
import type { PoliciesInForce } from './role-decisions'
import type { RoleDefinition } from './role-files'

export function roleCapabilities(
  _role: RoleDefinition,
  _force: PoliciesInForce,
  _files: readonly string[],
  _parse: CommandParser,
): RoleCapability[] {
  return []
}
