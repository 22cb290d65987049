import type { Schema } from '@cedar-policy/cedar-wasm/nodejs'
import { createHash } from 'node:crypto'
import { canonicalJson } from '../../../../shared/canonical-json'
import { KeyframeError } from '../../../../shared/failure'
import type { GrantPattern, GrantScope, PolicyGrant } from '../../../../shared/policy'
import { PolicyTextError, type ReadPolicy, readPolicies } from './cedar-text'
import { patternCondition } from './grant-patterns'

/** The policy that a person's permission is. Its id follows from role, pattern and scope. Throws `policy.invalid` for a pattern that names nothing. */
export function makeGrant(role: string, pattern: GrantPattern, scope: GrantScope, atMs: number, schema: Schema): PolicyGrant {
  const { action, pattern: text } = pattern
  const hash = createHash('sha256').update(canonicalJson({ role, action, pattern: text, scope }))
  const id = `grant-${hash.digest('hex').slice(0, 16)}`
  const when = new Date(atMs).toISOString()
  const lasting = scope === 'always' ? 'always' : scope === 'run' ? 'for one run' : 'once'
  const condition = patternCondition(action, text)
  const policy = `@id(${cedarString(id)})
@reason(${cedarString(`Permitted ${lasting} by a person for ${role}: ${text}`)})
@grantedBy("person")
@grantedAt(${cedarString(when)})
permit (principal == Role::${cedarString(role)}, action == Action::${cedarString(action)}, resource)${condition === null ? '' : `\nwhen { ${condition} }`};`
  const grant: PolicyGrant = { id, role, action, pattern: text, scope, createdAtMs: atMs, text: policy }
  readGrant(grant, schema)
  return grant
}

/** Grants that were read before, so that a change of one does not make all be read again. */
const known = new Map<string, ReadPolicy>()
const MOST_KNOWN = 1024

/** Reads a grant's text. Throws `policy.invalid` unless it is one permit of the grant's own action. */
export function readGrant(grant: PolicyGrant, schema: Schema): ReadPolicy {
  const key = `${grant.id}\0${grant.action}\0${grant.text}`
  const before = known.get(key)
  if (before !== undefined) return before
  const invalid = (message: string): KeyframeError =>
    new KeyframeError({
      code: 'policy.invalid',
      message: `The permission ${grant.id} (${grant.pattern}): ${message}`,
      action: 'Mend its text, or revoke it.',
    })
  try {
    const policies = readPolicies(grant.text, schema, () => grant.id)
    const [policy] = policies
    if (policy === undefined || policies.length > 1) throw invalid('It has to be exactly one policy.')
    if (policy.effect !== 'permit') throw invalid('It can only permit. What is forbidden belongs into a role.')
    if (policy.actions.size !== 1 || !policy.actions.has(grant.action)) throw invalid(`It can only permit ${grant.action}.`)
    if (known.size >= MOST_KNOWN) known.clear()
    known.set(key, policy)
    return policy
  } catch (thrown) {
    if (thrown instanceof PolicyTextError) throw invalid(thrown.message)
    throw thrown
  }
}

function cedarString(text: string): string {
  return `"${text.replace(/[\\"\p{Cc}\p{Cf}]/gu, (found) => (found === '"' || found === '\\' ? `\\${found}` : `\\u{${found.codePointAt(0)?.toString(16)}}`))}"`
}
