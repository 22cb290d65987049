import type { ToolOutcome } from '../../../shared/frames'
import type { PolicyAction } from '../../../shared/policy'

export type AttackArea = 'files' | 'names' | 'system calls' | 'processes' | 'network' | 'limits' | 'policy' | 'merge' | 'persons'

/** One thing that a hostile agent tries with its tools, and how it must end. The host must be unchanged whatever it is. */
export interface Attack {
  readonly area: AttackArea
  readonly name: string
  readonly steps: readonly AttackStep[]
  /** Why the last step's outcome is not what it must be; null when it is. */
  judge(outcome: ToolOutcome): string | null
}

export interface AttackStep {
  readonly tool: string
  readonly args: unknown
}

/** What the tests put in the way of the attacks, for the attacks to aim at. */
export interface Targets {
  /** A folder of the host that must stay as it is. */
  readonly canary: string
  /** A server on the host's loopback. */
  readonly hostPort: number
  /** Name of an abstract socket that the host listens on. */
  readonly abstractName: string
  /** The kernel's own process. */
  readonly kernelPid: number
}

export const shell = (command: string, timeoutMs = 20_000): AttackStep => ({ tool: 'shell.run', args: { command, timeoutMs } })
export const call = (tool: string, args: unknown): AttackStep => ({ tool, args })

/** Through a script file, so that the broker sees only `bash` and the system alone has to hold. */
export function script(name: string, text: string, timeoutMs = 20_000): AttackStep[] {
  return [call('fs.write', { path: `attacks/${name}.sh`, text }), shell(`bash attacks/${name}.sh`, timeoutMs)]
}

export const outputOf = ({ output, text }: ToolOutcome): string => {
  const printed: unknown = typeof output === 'object' && output !== null ? Reflect.get(output, 'output') : undefined
  return typeof printed === 'string' ? printed : text
}

const described = (outcome: ToolOutcome): string => JSON.stringify({ ...outcome, sideEffects: undefined }).slice(0, 700)

/** Refused before anything was done: the frame names the action. */
export const refused =
  (action: PolicyAction) =>
  (outcome: ToolOutcome): string | null =>
    !outcome.ok && outcome.error?.code === 'policy.denied' && (outcome.denials ?? []).some((denial) => denial.action === action)
      ? null
      : `no ${action} was denied: ${described(outcome)}`

/** Refused by the policy or failed in the tool: either way it is on the frame. */
export const failed = (outcome: ToolOutcome): string | null => (outcome.ok ? `it succeeded: ${described(outcome)}` : null)

/** The command's own output, which the frame keeps, shows that the system refused. */
export const says =
  (pattern: RegExp) =>
  (outcome: ToolOutcome): string | null =>
    outcome.ok && pattern.test(outputOf(outcome)) ? null : `${pattern} is not what it printed: ${described(outcome)}`

/** A limit or a boundary of the network is on the frame. */
export const denied =
  (by: 'network' | 'limit' | 'files' | 'system-call-filter', resource: RegExp) =>
  (outcome: ToolOutcome): string | null =>
    (outcome.denials ?? []).some((denial) => denial.by === by && resource.test(denial.resource))
      ? null
      : `no ${by} denial of ${resource}: ${described(outcome)}`
