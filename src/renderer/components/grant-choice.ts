import type { HumanAnswer, HumanRequest } from '../../shared/frames'
import type { GrantPattern, PolicyAction } from '../../shared/policy'
import { visibleText } from './visible-text'

export type AuthorizeView = NonNullable<HumanRequest['authorize']>
/** What a person decided at a permission prompt; the request's own fields are added when it is sent. */
export type PermissionDecision = Pick<HumanAnswer, 'decision' | 'scope' | 'patterns' | 'text'>

/** One pattern by action: what is permitted beyond this once. */
export type ChosenPatterns = ReadonlyMap<PolicyAction, string>

/** The patterns that a person can read: one with characters that cannot be seen, taken from what an agent wrote, is not offered. */
export function readablePatterns(authorize: AuthorizeView): GrantPattern[] {
  return authorize.patterns.filter(({ pattern }) => visibleText(pattern) === pattern)
}

/** The narrowest pattern that is offered for each action that needs permission. */
export function offeredFirst(authorize: AuthorizeView): ChosenPatterns {
  const chosen = new Map<PolicyAction, string>()
  for (const { action, pattern } of readablePatterns(authorize)) if (!chosen.has(action)) chosen.set(action, pattern)
  return chosen
}

export function patternsOf(chosen: ChosenPatterns): GrantPattern[] {
  return [...chosen].map(([action, pattern]) => ({ action, pattern: pattern.trim() })).filter(({ pattern }) => pattern !== '')
}

/** True for patterns that leave nothing to be asked about. */
export function permitsEverything(pattern: string): boolean {
  return /^[*/\s]+$/.test(pattern) || pattern.trim() === '*:*'
}

export function once(): PermissionDecision {
  return { decision: 'approve', scope: 'once' }
}

export function beyondOnce(scope: 'run' | 'always', chosen: ChosenPatterns): PermissionDecision {
  return { decision: 'approve', scope, patterns: patternsOf(chosen) }
}

export function deny(message: string): PermissionDecision {
  return message.trim() === '' ? { decision: 'deny' } : { decision: 'deny', text: message.trim() }
}
