import type { CheckResult, Plan, Verdict } from '../../../../shared/frames'
import type { AgentApi, SpeculationResult, Variant } from '../agent-api'
import { type AgentResult, AgentStop, listed, plural } from './agent-tools'

export interface PlannedVariant extends Variant {
  /** Decides between variants that are judged equal: the lower is offered first. */
  readonly preference: number
}

export interface Rehearsal {
  /** What is done, as the title of the plan and of the result: “Rename A to B”. */
  readonly title: string
  /** What the person who approves should know, in sentences. */
  readonly body: string
  readonly affectedFiles: readonly string[]
  readonly notes: readonly string[]
  readonly variants: readonly PlannedVariant[]
  /** Rehearsed only when none of the variants worked, because otherwise it would be the same as one of them. */
  readonly otherwise?: PlannedVariant
}

/**
 * The way of every task that changes files: plan, approval, each variant on a branch of its own, judges, review, merge. Nothing
 * is changed before the merge; a no at any point ends it. A read-only run ends with the plan.
 */
export async function rehearse(api: AgentApi, rehearsal: Rehearsal): Promise<AgentResult> {
  const plan = planOf(rehearsal)
  await api.setPlan(plan)
  if (api.readOnly) {
    await api.message(`Plan only, because this run may change nothing.\n\n${rehearsal.body}`)
    await api.setState('done', { result: 'plan only' })
    return { ok: true, summary: `${rehearsal.title}: plan only, nothing was changed.` }
  }
  await api.setState('reviewing-plan', { files: rehearsal.affectedFiles.length, variants: rehearsal.variants.length })
  const approval = await api.approvePlan(plan, rehearsal.body)
  if (approval.decision === 'deny') throw new AgentStop(withReason('The plan was not approved. Nothing was changed.', approval.text))

  await api.setState('rehearsing', { variants: rehearsal.variants.map((variant) => variant.label) })
  await api.setPlan(withStates(plan, { approve: 'done', rehearse: 'running' }))
  const first = await api.speculate(rehearsal.variants.map(stoppable))
  const { otherwise } = rehearsal
  const second = otherwise !== undefined && !first.some((result) => result.ok) ? await api.speculate([stoppable(otherwise)]) : []
  const ranked = rank([...first, ...second], [...rehearsal.variants, ...(otherwise === undefined ? [] : [otherwise])])
  await api.remember('rehearsal', 'Variants, best first', ranked.map(describeResult).join('\n'), 'tool-result')
  const offered = ranked.filter((result) => result.ok && result.verdict !== null)
  if (!offered.some(isMergeable)) return nothingPassed(api, plan, rehearsal, ranked)

  await api.setState('reviewing-merge', { variants: offered.map((result) => result.label) })
  await api.setPlan(withStates(plan, { approve: 'done', rehearse: 'done', review: 'running' }))
  return reviewAndMerge(api, plan, rehearsal, ranked, offered)
}

async function reviewAndMerge(
  api: AgentApi,
  plan: Plan,
  rehearsal: Rehearsal,
  ranked: readonly SpeculationResult[],
  offered: readonly SpeculationResult[],
): Promise<AgentResult> {
  if (!offered.some((result) => result.verdict?.passed === true)) {
    const why = offered[0]?.verdict?.checks.map((check) => `${check.check}: ${check.detail}`).join('\n') ?? ''
    await api.message(`No check could judge the variants, so only a person can choose one.\n${why}`, 'warning')
  }
  const answer = await api.reviewMerge(`${rehearsal.title}: which variant is merged?`, offered)
  if (answer.decision === 'deny') throw new AgentStop(withReason('No variant was merged. Nothing was changed.', answer.text))
  const chosen = answer.branchId === undefined ? offered[0] : ranked.find((result) => result.branchId === answer.branchId)
  if (chosen === undefined)
    throw new AgentStop(`The answer names ${answer.branchId ?? 'no branch'}, which is not a variant. Nothing was changed.`)

  await api.setState('merging', { variant: chosen.label, branch: chosen.branchId })
  await api.setPlan(withStates(plan, { approve: 'done', rehearse: 'done', review: 'done', merge: 'running' }))
  const merged = await api.merge(chosen.branchId, answer)
  const conflicts = merged.conflicts.map((conflict) => `${conflict.path} (${conflict.reason})`)
  const ok = merged.applied > 0 && conflicts.length === 0
  const summary = [
    `${rehearsal.title}: merged “${chosen.label}”, ${plural(merged.applied, 'file')}.`,
    ...(merged.applied === 0 ? ['Nothing of it was kept.'] : []),
    ...(conflicts.length > 0 ? [`Left out because of conflicts: ${listed(conflicts, 10)}.`] : []),
  ].join(' ')
  const lines = [summary, '', chosen.summary, '', ...ranked.map((result) => `- ${describeResult(result)}`)]
  await api.setPlan(withStates(plan, { approve: 'done', rehearse: 'done', review: 'done', merge: ok ? 'done' : 'failed' }))
  await api.remember('result', rehearsal.title, lines.join('\n'), 'note')
  await api.message(lines.join('\n'), ok ? 'success' : 'warning')
  await api.setState('done', { merged: merged.applied, conflicts: conflicts.length, variant: chosen.label })
  return { ok, summary }
}

/** What stops a variant cleanly is its result: the other variants go on. */
function stoppable(variant: PlannedVariant): Variant {
  return {
    label: variant.label,
    detail: variant.detail,
    run: async (branch) => {
      try {
        return await variant.run(branch)
      } catch (error) {
        if (error instanceof AgentStop) return { ok: false, summary: error.message }
        throw error
      }
    },
  }
}

/** The checks may have failed before: then the variants are not to blame, and whoever reads this should know. */
async function nothingPassed(api: AgentApi, plan: Plan, rehearsal: Rehearsal, ranked: readonly SpeculationResult[]): Promise<AgentResult> {
  await api.setPlan(withStates(plan, { approve: 'done', rehearse: 'failed', review: 'skipped', merge: 'skipped' }))
  const judged = ranked.some((result) => result.verdict !== null && result.verdict.checks.some((check) => check.state === 'failed'))
  const before = judged ? await api.judge() : null
  const failedBefore = before?.checks.filter((check) => check.state === 'failed') ?? []
  const summary = `${rehearsal.title}: no variant passed, so nothing was merged.`
  const lines = [
    summary,
    '',
    ...ranked.map((result) => `- ${describeResult(result)}`),
    ...(failedBefore.length > 0
      ? [
          '',
          `Before the change these failed too: ${failedBefore.map(describeCheck).join('; ')}. Put them right first, or merge a branch by hand.`,
        ]
      : []),
  ]
  await api.remember('result', rehearsal.title, lines.join('\n'), 'error')
  await api.message(lines.join('\n'), 'error')
  await api.setState('done', { merged: 0, result: 'no variant passed' })
  return { ok: false, summary }
}

/** Passed first, then by score, then by preference. A score of null means that there was no check to run. */
export function rank(results: readonly SpeculationResult[], variants: readonly PlannedVariant[]): SpeculationResult[] {
  const preference = new Map(variants.map((variant) => [variant.label, variant.preference]))
  const key = (result: SpeculationResult): readonly number[] => [
    isMergeable(result) ? 0 : 1,
    result.ok ? 0 : 1,
    -(result.verdict?.score ?? 0),
    preference.get(result.label) ?? Number.MAX_SAFE_INTEGER,
  ]
  return [...results].sort((a, b) => {
    const [left, right] = [key(a), key(b)]
    for (const [index, value] of left.entries()) if (value !== right[index]) return value - (right[index] ?? 0)
    return 0
  })
}

/** Passed, or there was nothing that could have failed. */
export function isMergeable(result: SpeculationResult): boolean {
  return result.ok && result.verdict !== null && (result.verdict.passed || result.verdict.score === null)
}

function describeResult(result: SpeculationResult): string {
  const failed = result.ok ? '' : 'failed: '
  return `${result.label}: ${failed}${result.summary} ${describeVerdict(result.verdict)}`
}

export function describeVerdict(verdict: Verdict | null): string {
  if (verdict === null) return 'Not judged.'
  const score =
    verdict.score === null ? 'No check was available' : `${verdict.passed ? 'Passed' : 'Did not pass'}, score ${verdict.score.toFixed(2)}`
  return `${score} (${verdict.checks.map(describeCheck).join(', ')}).`
}

function describeCheck(check: CheckResult): string {
  return `${check.check} ${check.state === 'not-available' ? 'not available' : check.state}`
}

function planOf(rehearsal: Rehearsal): Plan {
  const { otherwise } = rehearsal
  const rehearsed =
    rehearsal.variants.map((variant) => `“${variant.label}”`).join(', ') +
    (otherwise === undefined ? '' : `; if that leaves new errors, “${otherwise.label}”`)
  return {
    title: rehearsal.title,
    steps: [
      { id: 'analyse', title: 'Find what is affected', state: 'done' },
      { id: 'approve', title: 'Approve the plan', state: 'pending' },
      { id: 'rehearse', title: `Rehearse ${plural(rehearsal.variants.length, 'variant')} on branches: ${rehearsed}`, state: 'pending' },
      { id: 'review', title: 'Review what passed, hunk by hunk', state: 'pending' },
      { id: 'merge', title: 'Merge the chosen one', state: 'pending' },
    ],
    affectedFiles: [...rehearsal.affectedFiles],
    notes: [...rehearsal.notes],
  }
}

function withStates(plan: Plan, states: Readonly<Record<string, PlanStep['state']>>): Plan {
  return { ...plan, steps: plan.steps.map((step) => ({ ...step, state: states[step.id] ?? step.state })) }
}

type PlanStep = Plan['steps'][number]

function withReason(text: string, reason: string | undefined): string {
  return reason === undefined || reason === '' ? text : `${text} Reason given: ${reason}`
}
