/** Names of what must never be shown: passwords, tokens, keys and the like, in whatever way their words are joined. */
const SENSITIVE =
  /pass|pwd|secret|token|key|credential|auth|private|cert|signature|salt|seed|dsn|conn(?:ection)?[-_. ]?str|database[-_.]?ur[il]|webhook|cookie|session|bearer|license|pin$/i
const WORD = /^(?:[A-Za-z]?[a-z]{1,20}|[a-z]{1,12}[A-Z][a-z]{1,12}|[A-Z]{1,12})$/
const NUMBERED = /^(?:\d{1,4}|(?:v|utf|es|http|node|python|py|go|java|base|h|x|ipv)\d{1,4})$/i
const VERSION = /^[~^v=<> ]{0,3}\d{1,5}(?:\.\d{1,5}){0,3}$/
const LONGEST = 48

/** Long runs of letters and digits, as keys and checksums are: no part of a path that a person wrote. */
export function looksMadeByMachine(text: string): boolean {
  return text.split(/[-._/]/).some((part) => part.length >= 16 && (/\d/.test(part) || part === part.toUpperCase()))
}

export function isSensitiveName(name: string): boolean {
  return SENSITIVE.test(name)
}

/**
 * The value as it may be shown, or null. Only what plainly is no secret: truth values, short numbers, versions, and ordinary words joined
 * by dots, dashes, slashes or spaces. Everything that looks as if it were made by a machine stays out.
 */
export function harmlessValue(name: string, value: unknown): string | number | boolean | null {
  if (isSensitiveName(name)) return null
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) && Math.abs(value) < 1e9 ? value : null
  if (typeof value !== 'string' || value.length === 0 || value.length > LONGEST) return null
  if (VERSION.test(value)) return value
  const parts = value.split(/[-_./ @]/)
  return parts.every((part) => part === '' || WORD.test(part) || NUMBERED.test(part)) ? value : null
}
