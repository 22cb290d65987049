import { applyDiscount } from './discount.ts'
import { addMoney, money, scaleMoney, type Money } from './money.ts'
import { planNamed, type PlanName } from './plan.ts'
import { taxRateFor, type CountryCode } from './tax.ts'

export interface PricedLine {
  readonly quantity: number
  readonly unitPrice: Money
}

export interface InvoiceTotal {
  readonly net: Money
  readonly tax: Money
  readonly gross: Money
}

/**
 * What an invoice comes to. The discount is taken before tax (ADR 0003); calculateInvoiceTotal is the only place that
 * adds tax, so that it is never added twice.
 */
export function calculateInvoiceTotal(lines: readonly PricedLine[], plan: PlanName, country: CountryCode): InvoiceTotal {
  const sum = lines.reduce((total, line) => addMoney(total, scaleMoney(line.unitPrice, line.quantity)), money(0))
  const net = applyDiscount(sum, planNamed(plan).discount)
  const tax = scaleMoney(net, taxRateFor(country))
  return { net, tax, gross: addMoney(net, tax) }
}
