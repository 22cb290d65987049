import { money, type Money } from './money.ts'

export type PlanName = 'starter' | 'scale'

export interface BillingPlan {
  readonly name: PlanName
  readonly monthly: Money
  /** Fraction taken off every invoice. */
  readonly discount: number
}

const PLANS: Readonly<Record<PlanName, BillingPlan>> = {
  starter: { name: 'starter', monthly: money(900), discount: 0 },
  scale: { name: 'scale', monthly: money(9900), discount: 0.1 },
}

export function planNamed(name: PlanName): BillingPlan {
  return PLANS[name]
}
