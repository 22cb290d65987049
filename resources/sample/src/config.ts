export interface Config {
  readonly port: number
  /** Signs tokens. From the secret `brightmeter-auth`. */
  readonly secret: string
  readonly chargeLimitCents: number
}

/** Throws with the name of the variable that is missing or no number. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const secret = env['AUTH_SECRET']
  if (secret === undefined || secret === '') throw new Error('AUTH_SECRET is not set')
  return { secret, port: numberFrom(env, 'PORT', 8080), chargeLimitCents: numberFrom(env, 'CHARGE_LIMIT_CENTS', 500_000) }
}

function numberFrom(env: Readonly<Record<string, string | undefined>>, name: string, fallback: number): number {
  const text = env[name]
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is no number: ${text}`)
  return value
}
