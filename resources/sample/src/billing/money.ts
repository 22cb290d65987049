export type Currency = 'EUR' | 'USD'

/** An amount in minor units (cents): never a fraction. */
export interface Money {
  readonly cents: number
  readonly currency: Currency
}

export function money(cents: number, currency: Currency = 'EUR'): Money {
  if (!Number.isSafeInteger(cents)) throw new RangeError(`${cents} is no whole number of cents`)
  return { cents, currency }
}

/** Throws RangeError when the currencies differ: there is no exchange rate here. */
export function addMoney(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new RangeError(`cannot add ${b.currency} to ${a.currency}`)
  return money(a.cents + b.cents, a.currency)
}

/** Rounds half away from zero, as the tax office does. */
export function scaleMoney(amount: Money, factor: number): Money {
  const exact = amount.cents * factor
  return money(Math.sign(exact) * Math.round(Math.abs(exact)), amount.currency)
}

export function formatMoney(amount: Money): string {
  const sign = amount.cents < 0 ? '-' : ''
  const cents = Math.abs(amount.cents)
  return `${sign}${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')} ${amount.currency}`
}
