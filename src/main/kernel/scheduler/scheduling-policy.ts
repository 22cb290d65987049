import type { DecisionOutcome, SchedulerInputs } from '../../../shared/frames'

/** Name and version of the policy below: part of every decision. Change the number with the behaviour. */
export const SCHEDULING_POLICY = 'default@1'

/** The source article's hard stop: at this share of the token limit a run is checkpointed and paused. */
const TOKEN_STOP = 0.9

export interface SchedulingDecision {
  readonly outcome: DecisionOutcome
  readonly reasons: readonly string[]
  readonly limits: readonly string[]
}

/**
 * Decides one tick. Pure: the same inputs give the same decision, so a recorded one can be taken again under another
 * policy. Order matters: hard stops, then completion, then stale context, then the request itself.
 */
export function decideTick(inputs: SchedulerInputs): SchedulingDecision {
  const stop = hardStop(inputs)
  if (stop !== null) return stop
  if (inputs.request === 'complete') return { outcome: 'complete', reasons: ['the agent reported its result'], limits: [] }
  if (inputs.staleItems > inputs.maxStaleItems) {
    return {
      outcome: 'refresh-context',
      reasons: [`${inputs.staleItems} context items are older than their files, at most ${inputs.maxStaleItems} may be`],
      limits: [],
    }
  }
  const room = `context ${inputs.contextTokens} of ${inputs.maxTokens} tokens, ${inputs.errorCount} of ${inputs.maxErrors} errors`
  if (inputs.requestClass === 'pure' && !inputs.request.includes('.'))
    return { outcome: 'continue', reasons: [`${inputs.request} needs no tool`, room], limits: [] }
  return { outcome: 'use-tool', reasons: [`${inputs.request} is ${inputs.requestClass}`, room], limits: [] }
}

function hardStop(inputs: SchedulerInputs): SchedulingDecision | null {
  if (inputs.tokensUsed > inputs.maxTokens * TOKEN_STOP && !inputs.waived.includes('tokens')) {
    return {
      outcome: 'checkpoint-and-pause',
      reasons: [`${inputs.tokensUsed} tokens used, more than ${TOKEN_STOP * 100} % of ${inputs.maxTokens}`],
      limits: ['tokens'],
    }
  }
  if (inputs.errorCount > inputs.maxErrors && !inputs.waived.includes('errors')) {
    return { outcome: 'escalate', reasons: [`${inputs.errorCount} errors, at most ${inputs.maxErrors} are allowed`], limits: ['errors'] }
  }
  if (inputs.wallTimeMs > inputs.maxWallTimeMs && !inputs.waived.includes('wall-time')) {
    return {
      outcome: 'checkpoint-and-pause',
      reasons: [
        `${Math.round(inputs.wallTimeMs / 1000)} s since the start, at most ${Math.round(inputs.maxWallTimeMs / 1000)} s are allowed`,
      ],
      limits: ['wall-time'],
    }
  }
  return null
}
