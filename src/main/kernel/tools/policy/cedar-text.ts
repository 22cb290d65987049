import {
  type DetailedError,
  type Expr,
  type PolicyJson,
  type Schema,
  policySetTextToParts,
  policyToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import { PolicyAction } from '../../../../shared/policy'

/** One policy of a Cedar text, read and checked against the schema. */
export interface ReadPolicy {
  /** Unique among all policies of a role: `role/annotation`, `every-role/annotation` or the id of a grant. */
  readonly id: string
  readonly effect: 'permit' | 'forbid'
  readonly text: string
  /** The `@reason` annotation; empty when there is none. */
  readonly note: string
  /** Actions that its scope admits. */
  readonly actions: ReadonlySet<PolicyAction>
  /** The one role that its head names; null when it holds for whichever role its file is of. */
  readonly principal: string | null
  /** It names one resource in its head, not by a condition. */
  readonly namesResource: boolean
  /** It holds for every resource of these actions. */
  readonly unconditional: boolean
  readonly conditions: readonly { readonly kind: 'when' | 'unless'; readonly body: Expr }[]
}

/** What is wrong with a text, and where: lines and columns count from 1. */
export interface TextProblem {
  readonly message: string
  readonly line: number
  readonly column: number
}

export class PolicyTextError extends Error {
  override readonly name = 'PolicyTextError'
  readonly problem: TextProblem

  constructor(problem: TextProblem) {
    super(`${problem.message} (line ${problem.line}, column ${problem.column})`)
    this.problem = problem
  }
}

/**
 * Every policy of a text, in its order. `idOf` names a policy by its `@id`, or by its number when it has none. Throws
 * PolicyTextError for the first mistake: of syntax, of names and types that the schema does not know, or an id used twice.
 * A null schema reads a text that is known to fit it, which is much faster.
 */
export function readPolicies(
  text: string,
  schema: Schema | null,
  idOf: (annotation: string | null, number: number) => string,
): ReadPolicy[] {
  const parts = policySetTextToParts(text)
  if (parts.type === 'failure') throw new PolicyTextError(placed(text, parts.errors[0]))
  const [template] = parts.policy_templates
  if (template !== undefined) {
    throw new PolicyTextError({ message: 'Templates (?principal, ?resource) are not supported.', ...placeOf(text, text.indexOf(template)) })
  }
  const offsets = new Map<string, number>()
  const policies = inOrder(text, parts.policies).map(({ part, offset }, index) => {
    const policy = readPolicy(part, (annotation) => idOf(annotation, index + 1))
    const at = placeOf(text, offset)
    if (typeof policy === 'string') throw new PolicyTextError({ message: policy, ...at })
    if (offsets.has(policy.id)) throw new PolicyTextError({ message: `The id ${policy.id} is used twice.`, ...at })
    offsets.set(policy.id, offset)
    return policy
  })
  const [problem] = schema === null ? [] : validationProblems(policies, schema, offsets)
  if (problem !== undefined) throw new PolicyTextError({ message: problem.message, ...placeOf(text, problem.offset) })
  return policies
}

function readPolicy(text: string, idOf: (annotation: string | null) => string): ReadPolicy | string {
  const answer = policyToJson(text)
  if (answer.type === 'failure') return answer.errors[0]?.message ?? 'This policy cannot be read.'
  const { json } = answer
  const annotations = json.annotations ?? {}
  return {
    id: idOf(annotations['id'] ?? null),
    effect: json.effect,
    text,
    note: annotations['reason'] ?? '',
    actions: actionsOf(json),
    principal: principalOf(json.principal),
    namesResource: !isOpen(json.resource),
    unconditional: json.conditions.length === 0 && isOpen(json.resource),
    conditions: json.conditions,
  }
}

function isOpen(constraint: PolicyJson['principal']): boolean {
  return constraint.op === 'All' || (constraint.op === 'is' && constraint.in === undefined)
}

function principalOf(constraint: PolicyJson['principal']): string | null {
  if ((constraint.op !== '==' && constraint.op !== 'in') || !('entity' in constraint)) return null
  const { entity } = constraint
  return '__entity' in entity ? entity.__entity.id : entity.id
}

function actionsOf(json: PolicyJson): ReadonlySet<PolicyAction> {
  const { action } = json
  if (action.op === 'All') return new Set(PolicyAction.options)
  const named = 'entities' in action ? action.entities : 'entity' in action ? [action.entity] : []
  const ids = new Set(named.map((entity) => ('__entity' in entity ? entity.__entity.id : entity.id)))
  return new Set(PolicyAction.options.filter((known) => ids.has(known)))
}

/** In the order of the text. A warning tells of a policy that can never hold, which nobody means to write. */
function validationProblems(
  policies: readonly ReadPolicy[],
  schema: Schema,
  offsets: ReadonlyMap<string, number>,
): { readonly message: string; readonly offset: number }[] {
  const staticPolicies = Object.fromEntries(policies.map(({ id, text }) => [id, text]))
  const answer = validate({ validationSettings: { mode: 'strict' }, schema, policies: { staticPolicies } })
  if (answer.type === 'failure') return answer.errors.map((error) => ({ message: sentence(error), offset: 0 }))
  const found = answer.validationErrors.length > 0 ? answer.validationErrors : answer.validationWarnings
  return found
    .map(({ policyId, error }) => {
      const text = policies.find(({ id }) => id === policyId)?.text ?? ''
      return { message: sentence(error), offset: (offsets.get(policyId) ?? 0) + characters(text, error.sourceLocations?.[0]?.start ?? 0) }
    })
    .sort((a, b) => a.offset - b.offset)
}

/** Cedar counts bytes. */
function characters(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length
}

/** Cedar answers parts sorted by an id of its own, so their places are found again. */
function inOrder(text: string, parts: readonly string[]): { part: string; offset: number }[] {
  const taken = new Set<number>()
  const placedParts = parts.map((part) => {
    let offset = text.indexOf(part)
    while (taken.has(offset)) offset = text.indexOf(part, offset + 1)
    taken.add(offset)
    return { part, offset: Math.max(0, offset) }
  })
  return placedParts.sort((a, b) => a.offset - b.offset)
}

function placed(text: string, error: DetailedError | undefined): TextProblem {
  if (error === undefined) return { message: 'The text cannot be read.', line: 1, column: 1 }
  return { message: sentence(error), ...placeOf(text, characters(text, error.sourceLocations?.[0]?.start ?? 0)) }
}

function sentence(error: DetailedError): string {
  const label = error.sourceLocations?.[0]?.label ?? null
  return [error.message, label, error.help].filter((part) => part !== null).join('; ')
}

function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, Math.max(0, offset))
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') }
}
