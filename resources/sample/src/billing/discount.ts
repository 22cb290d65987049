import { scaleMoney, type Money } from './money.ts'

/** What remains after the discount. `fraction` is 0 for none, 1 for everything. */
export function applyDiscount(amount: Money, fraction: number): Money {
  if (fraction < 0 || fraction > 1) throw new RangeError(`a discount of ${fraction} is not between 0 and 1`)
  return scaleMoney(amount, 1 - fraction)
}
