import type { HumanAnswer, HumanRequest, RunOptions } from '../../../shared/frames'

/**
 * What `--yes` and `--deny` answer in a person's place; null when the question needs one all the same. `yes` takes the
 * recommended option and the best passing branch and never guesses between equals.
 */
export function automaticAnswer(request: HumanRequest, approval: RunOptions['approval']): HumanAnswer | null {
  const given = { requestId: request.requestId, shown: request.shown }
  if (approval === 'deny') return { ...given, decision: 'deny' }
  if (approval === 'ask') return null
  switch (request.type) {
    case 'approve-plan':
      return { ...given, decision: 'approve' }
    case 'choose-option': {
      const recommended = request.options?.filter((option) => option.recommended === true) ?? []
      const [only] = recommended
      return recommended.length === 1 && only !== undefined ? { ...given, decision: 'choose', optionId: only.id } : null
    }
    case 'review-merge': {
      const best = request.branches?.find((branch) => branch.verdict.passed)
      return best === undefined ? { ...given, decision: 'deny' } : { ...given, decision: 'approve', branchId: best.branchId }
    }
    case 'authorize-action':
      // Nobody hands out permissions that the policies do not give: the agent has to do without.
      if (request.authorize === undefined) return null
      return { ...given, decision: 'deny', text: 'the run was started with --yes, which permits nothing beyond the policies' }
    case 'provide-context':
    case 'label-outcome':
      return null
  }
}
