import type { CountryCode } from '../billing/tax.ts'
import type { PlanName } from '../billing/plan.ts'

/** A row of `users`. Every other table refers to it by `user_id`. */
export interface User {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly country: CountryCode
  readonly plan: PlanName
  readonly active: boolean
}
