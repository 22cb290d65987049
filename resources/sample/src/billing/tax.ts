export type CountryCode = 'DE' | 'FR' | 'GB' | 'US'

const RATES: Readonly<Record<CountryCode, number>> = { DE: 0.19, FR: 0.2, GB: 0.2, US: 0 }

/** Standard rate of value added tax, as a fraction. Reviewed every January: docs/runbooks/billing-outage.md. */
export function taxRateFor(country: CountryCode): number {
  return RATES[country]
}
