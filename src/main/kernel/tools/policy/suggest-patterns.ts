import type { GrantPattern, PolicyDecision } from '../../../../shared/policy'
import type { CommandParser } from './command-programs'

export function suggestPatterns(_decisions: readonly PolicyDecision[], _parse: CommandParser): GrantPattern[] {
  return []
}
