import type { HumanAnswer } from '../../../shared/frames'
import type { PendingRequest } from '../../app/inbox-store'

/** What a person decided; the request's own fields are added when it is sent. */
export type Decision = Omit<HumanAnswer, 'requestId' | 'shown'>

export interface RequestFormProps {
  readonly request: PendingRequest
  readonly busy: boolean
  readonly onAnswer: (decision: Decision) => void
}

/** Exact optional properties: an empty message is left out. */
export function reason(text: string): { text?: string } {
  return text.trim() === '' ? {} : { text: text.trim() }
}
