// What other modules may use of billing. Everything else in this folder is private to it.
export { calculateInvoiceTotal, type InvoiceTotal, type PricedLine } from './calculate-total.ts'
export { chargeUser } from './charge.ts'
export { formatMoney, money, type Money } from './money.ts'
