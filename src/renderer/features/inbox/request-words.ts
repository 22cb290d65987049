import type { HumanRequest } from '../../../shared/frames'
import type { PendingRequest } from '../../app/inbox-store'

export const TYPE_NAME: Readonly<Record<HumanRequest['type'], string>> = {
  'approve-plan': 'Approve plan',
  'choose-option': 'Choose',
  'provide-context': 'Answer',
  'authorize-action': 'Authorise',
  'review-merge': 'Review merge',
  'label-outcome': 'Label outcome',
}

/** Ids of requests are unique in their run only. */
export function keyOf(request: PendingRequest): string {
  return `${request.runId} ${request.requestId}`
}

/** What the question panel is opened with. */
export function paramsOf(request: PendingRequest): { runId: string; requestId: string } {
  return { runId: request.runId, requestId: request.requestId }
}
