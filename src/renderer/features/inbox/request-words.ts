import type { HumanRequest } from '../../../shared/frames'

export const TYPE_NAME: Readonly<Record<HumanRequest['type'], string>> = {
  'approve-plan': 'Approve plan',
  'choose-option': 'Choose',
  'provide-context': 'Answer',
  'authorize-action': 'Authorise',
  'review-merge': 'Review merge',
  'label-outcome': 'Label outcome',
}
