import type { Denial, EffectClass, FileChange, FramePayload, HumanAnswer, HumanRequest, ToolOutcome } from '../../../shared/frames'
import type { ContentHash } from '../../../shared/ids'
import type { GrantPattern, PolicyDecision, PolicyGrant } from '../../../shared/policy'
import type { ContextEvent } from '../context/context-policy'
import { authorise, denialsOf, refused } from '../tools/authorise'
import type { BranchDevice, DeviceCapture } from '../tools/branch-device'
import type { ToolSpec } from '../tools/driver'
import type { RolePolicy } from '../tools/policy/policies'
import { observedCall } from '../tools/observed-effects'
import { runTool, unknownTool } from '../tools/tool-runtime'
import type { BranchRecorder, CheckpointParts } from './branch-recorder'
import type { RunParts } from './run-parts'

/** What the calls of one branch need of its engine. */
export interface ToolCallHost {
  readonly parts: RunParts
  readonly recorder: BranchRecorder
  readonly device: BranchDevice
  readonly role: RolePolicy
  readonly readOnly: boolean
  /** False where a rule answers in a person's place. */
  readonly asksPerson: boolean
  ask(request: Omit<HumanRequest, 'requestId' | 'shown'>): Promise<HumanAnswer>
  changeContext(event: ContextEvent): void
  capture(reason: string): Promise<CheckpointParts>
  captureFiles(): Promise<DeviceCapture>
  checkpointOf(capture: { manifest: ContentHash | null; shell: ContentHash | null }, reason: string): CheckpointParts
  stopIfSuspended(): void
  flushTerminal(): void
}

interface Permission {
  readonly decisions: readonly PolicyDecision[]
  /** Absent for calls that were recorded before decisions were. */
  readonly isRecorded: boolean
  readonly denials: readonly Denial[]
}

/** Tool calls of one branch: permission by policy or person, intent, effect in the sandbox, outcome with everything that was observed. */
export class ToolCalls {
  readonly #host: ToolCallHost

  constructor(host: ToolCallHost) {
    this.#host = host
  }

  async call(name: string, args: unknown): Promise<ToolOutcome> {
    const { recorder, device, role } = this.#host
    const tool = device.tools.get(name) ?? unknownTool(device, name)
    const permission = await this.#permission(tool, args)
    const outcome = await recorder.effect(
      { intent: 'tool.intent', request: this.#request(tool, args, permission), outcome: 'tool.outcome', effectClass: tool.effect },
      async () => {
        if (permission.denials.length === 0) return this.#perform(tool, args)
        const payload = refused(name, role.id, permission.denials)
        return { payload, checkpoint: await this.#host.capture('refused') }
      },
      { recover: (intent) => redo(intent.n, tool.effect) },
    )
    this.#host.changeContext({ type: 'tool-outcome', frame: outcome.n, outcome: outcome.payload, args })
    const changed = outcome.payload.sideEffects.files.map((file) => file.path)
    if (changed.length > 0) this.#host.changeContext({ type: 'files-changed', paths: changed, frame: outcome.n })
    return outcome.payload
  }

  /** On tape the recorded request is repeated, so that runs of before decisions were recorded replay too. */
  #request(tool: ToolSpec, args: unknown, { decisions, isRecorded, denials }: Permission): FramePayload<'tool.intent'> {
    const request = { tool: tool.name, args, effect: tool.effect }
    const recorded = this.#host.recorder.peek()
    if (!isRecorded && recorded?.kind === 'tool.intent') return { ...request, allowedBy: recorded.payload.allowedBy }
    const allowedBy = denials.length > 0 ? [] : [...new Set(decisions.flatMap((decision) => decision.policies))]
    return { ...request, allowedBy, role: this.#host.role.id, decisions: [...decisions] }
  }

  /**
   * Decisions are facts about the moment of the call (policies and links change), so a tape is believed for them. What follows
   * from them (who is asked, what is refused) is computed again.
   */
  async #permission(tool: ToolSpec, args: unknown): Promise<Permission> {
    const { recorder, device, role, readOnly } = this.#host
    recorder.foldAmbient()
    const recorded = recorder.peek()
    if (recorded === undefined) {
      // Throws where a replay ends before the run did.
      recorder.now()
      const decisions = await authorise(device, tool, args, { role, grants: this.#grants(), readOnly })
      return this.#settle(tool, args, decisions)
    }
    if (recorded.kind === 'human.request' && recorded.payload.authorize !== undefined)
      return this.#settle(tool, args, recorded.payload.authorize.decisions)
    const decisions = recorded.kind === 'tool.intent' ? recorded.payload.decisions : []
    return { decisions: decisions ?? [], isRecorded: decisions !== undefined, denials: denialsOf(decisions ?? []) }
  }

  async #settle(tool: ToolSpec, args: unknown, decisions: readonly PolicyDecision[]): Promise<Permission> {
    const isForbidden = decisions.some((decision) => decision.outcome === 'deny')
    const open = decisions.filter((decision) => decision.outcome === 'ask')
    if (isForbidden || open.length === 0) return { decisions, isRecorded: true, denials: denialsOf(decisions) }
    const { role } = this.#host
    const answer = await this.#host.ask({
      type: 'authorize-action',
      title: `Allow ${tool.name} for the role ${role.id}?`,
      // One line for each, whatever an agent put into a command.
      body: open.map((decision) => `${decision.action} ${decision.resource.replaceAll(/\s+/g, ' ')}: ${decision.reason}`).join('\n'),
      authorize: { role: role.id, tool: tool.name, args, decisions: [...decisions], patterns: this.#patterns(open) },
    })
    if (answer.decision !== 'approve') {
      const denials = denialsOf(decisions)
      if (!this.#host.asksPerson) return { decisions, isRecorded: true, denials }
      const reason = answer.text === undefined || answer.text === '' ? 'a person denied it' : `a person denied it: ${answer.text}`
      return { decisions, isRecorded: true, denials: denials.map((denial): Denial => ({ ...denial, by: 'person', reason })) }
    }
    const grants = await this.#grant(answer, open)
    const policies = grants.length === 0 ? ['person:once'] : grants.map((grant) => grant.id)
    const permitted = decisions.map((decision): PolicyDecision =>
      decision.outcome === 'ask' ? { ...decision, outcome: 'allow', policies, reason: 'a person permitted it' } : decision,
    )
    return { decisions: permitted, isRecorded: true, denials: [] }
  }

  #patterns(open: readonly PolicyDecision[]) {
    const recorded = this.#host.recorder.peek()
    if (recorded?.kind === 'human.request' && recorded.payload.authorize !== undefined) return recorded.payload.authorize.patterns
    return this.#host.parts.policies.suggest(open)
  }

  async #grant(answer: HumanAnswer, open: readonly PolicyDecision[]): Promise<readonly PolicyGrant[]> {
    const scope = answer.scope ?? 'once'
    if (scope === 'once') return []
    const { recorder, parts, role, device } = this.#host
    const recorded = recorder.peek()
    const given = answer.patterns ?? narrowest(parts.policies.suggest(open))
    const grants =
      recorded?.kind === 'policy.granted'
        ? recorded.payload.grants
        : given.map((pattern) => parts.policies.grant(role.id, pattern, scope, recorder.now()))
    recorder.note('policy.granted', { grants: [...grants] }, { cause: recorder.lastComputed })
    if (!recorder.onTape && !recorder.replaying) await device.applyPolicy()
    return grants
  }

  #grants(): readonly PolicyGrant[] {
    return this.#host.recorder.state.grants ?? []
  }

  async #perform(tool: ToolSpec, args: unknown): Promise<{ payload: ToolOutcome; checkpoint: CheckpointParts | null }> {
    const { parts, device, role } = this.#host
    const run = await runTool(device, tool, args, {
      signal: parts.control.call,
      clock: () => performance.now(),
      onOutput: () => undefined,
    })
    this.#host.stopIfSuspended()
    let files: FileChange[] = []
    let checkpoint: CheckpointParts | null = null
    if (tool.effect === 'workspace' || !run.ok) {
      const capture = await this.#host.captureFiles()
      files = [...capture.changes]
      checkpoint = this.#host.checkpointOf(capture, run.ok ? `${tool.name} changed the workspace` : `${tool.name} failed`)
      await device.announce(
        files.map((file) => file.path),
        device.driverOf(tool.name),
      )
    }
    const observed = await observedCall(device, role, this.#grants(), tool, files)
    this.#host.stopIfSuspended()
    this.#host.flushTerminal()
    const { error, ...rest } = run
    const payload = { tool: tool.name, ...rest, ...(error === null ? {} : { error }), isolation: parts.isolation, ...observed }
    return { payload, checkpoint }
  }
}

/** One pattern an action, the first that is offered: who did not choose permits as little as can be. */
function narrowest(patterns: readonly GrantPattern[]): GrantPattern[] {
  return patterns.filter((pattern, at) => patterns.findIndex((other) => other.action === pattern.action) === at)
}

function redo(intent: number, effect: EffectClass): FramePayload<'recovery'> {
  const detail = effect === 'workspace' ? 'its branch was put back to the last checkpoint' : 'it changes nothing'
  return { intent, effect, resolution: 'redo', detail }
}
