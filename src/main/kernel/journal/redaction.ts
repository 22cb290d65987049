/**
 * Secrets are taken out of text before it reaches the journal. Two sources: values the kernel was told of (API keys), and
 * shapes of tokens that issuers document. The replacement names the kind and is stable, so that redacting twice changes
 * nothing and a replay sees what the recording saw.
 */
const SHAPES: readonly (readonly [name: string, pattern: string])[] = [
  ['private-key', '-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]{20,20000}?-----END [A-Z ]*PRIVATE KEY-----'],
  ['aws-access-key', '\\b(?:AKIA|ASIA)[0-9A-Z]{16}\\b'],
  ['github-token', '\\b(?:ghp|gho|ghu|ghs|ghr)_[0-9A-Za-z]{36,251}\\b|\\bgithub_pat_[0-9A-Za-z_]{22,255}\\b'],
  ['gitlab-token', '\\bglpat-[0-9A-Za-z_-]{20,64}'],
  ['anthropic-key', '\\bsk-ant-[0-9A-Za-z_-]{20,200}'],
  ['openai-key', '\\bsk-(?:proj-|svcacct-)?[0-9A-Za-z_-]{32,200}'],
  ['google-key', '\\bAIza[0-9A-Za-z_-]{35}'],
  ['slack-token', '\\bxox[abeoprs]-[0-9A-Za-z-]{10,200}'],
  ['npm-token', '\\bnpm_[0-9A-Za-z]{36}\\b'],
  ['stripe-key', '\\b[rs]k_live_[0-9A-Za-z]{20,200}'],
  ['jwt', '\\beyJ[0-9A-Za-z_-]{10,2000}\\.eyJ[0-9A-Za-z_-]{10,8000}\\.[0-9A-Za-z_-]{10,2000}'],
]

const SHAPE_PATTERN = new RegExp(SHAPES.map(([, pattern]) => `(${pattern})`).join('|'), 'g')

/** Short values would be found in ordinary text; nobody's key is that short. */
const MIN_SECRET_LENGTH = 8

export interface Redactor {
  /** The text without secrets; the same string object when there was none. */
  redact(text: string): string
}

/** `secrets`: values that must never be written, with the names that stand in their place. */
export function createRedactor(secrets: ReadonlyMap<string, string> = new Map()): Redactor {
  const known = [...secrets].filter(([value]) => value.length >= MIN_SECRET_LENGTH).sort((a, b) => b[0].length - a[0].length)
  return {
    redact(text) {
      let clean = text
      for (const [value, name] of known) clean = clean.replaceAll(value, `[redacted:${name}]`)
      return clean.replace(SHAPE_PATTERN, (...match: unknown[]) => {
        const kind = SHAPES.findIndex((_, index) => match[index + 1] !== undefined)
        return `[redacted:${SHAPES[kind]?.[0] ?? 'secret'}]`
      })
    },
  }
}
