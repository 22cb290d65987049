import type { Room } from './select-lines'

/** From much to little: entries of a list, characters of a text, depth, keys of an object. */
const STEPS = [
  { entries: 30, chars: 400, depth: 10, keys: 200 },
  { entries: 12, chars: 200, depth: 8, keys: 120 },
  { entries: 6, chars: 120, depth: 6, keys: 60 },
  { entries: 3, chars: 80, depth: 5, keys: 40 },
  { entries: 2, chars: 40, depth: 4, keys: 24 },
  { entries: 1, chars: 24, depth: 3, keys: 12 },
  { entries: 1, chars: 12, depth: 2, keys: 8 },
] as const
type Step = (typeof STEPS)[number]

/** Parsing blocks: larger texts are condensed as lines. */
const MAX_CHARS = 2_000_000

/** The structure: every key, the first entries of lists, the beginnings of long texts, with the amount that is missing. Null: no JSON, or too deep to fit. */
export function condenseJson(text: string, room: Room): { text: string; tokens: number } | null {
  const parsed = parse(text)
  if (parsed === undefined) return null
  for (const step of STEPS) {
    const shown = JSON.stringify(shape(parsed.value, step, 0), null, 1)
    // What is far beyond is not worth counting.
    if (shown.length > room.maxTokens * 16) continue
    const whole = `[structure of ${text.length} characters of JSON; whole text: ${room.whole}]\n${shown}`
    const tokens = room.countTokens(whole)
    if (tokens <= room.maxTokens) return { text: whole, tokens }
  }
  return null
}

export function looksLikeJson(text: string): boolean {
  if (text.length > MAX_CHARS) return false
  return /^\s{0,20}[[{]/.test(text) && /[\]}]\s{0,20}$/.test(text.slice(-40))
}

function parse(text: string): { value: unknown } | undefined {
  if (!looksLikeJson(text)) return undefined
  try {
    return { value: JSON.parse(text) as unknown }
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

function shape(value: unknown, step: Step, depth: number): unknown {
  if (typeof value === 'string') return value.length <= step.chars ? value : `${value.slice(0, step.chars)}... (${value.length} characters)`
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    if (depth >= step.depth) return `[${value.length} entries]`
    const shown = value.slice(0, step.entries).map((entry: unknown) => shape(entry, step, depth + 1))
    return value.length <= step.entries ? shown : [...shown, `... ${value.length - step.entries} more of ${value.length}`]
  }
  const entries = Object.entries(value)
  if (depth >= step.depth) return `{${entries.length} keys}`
  const shown = entries.slice(0, step.keys).map(([key, entry]): [string, unknown] => [key, shape(entry, step, depth + 1)])
  if (entries.length > step.keys) shown.push(['...', `${entries.length - step.keys} more of ${entries.length} keys`])
  return Object.fromEntries(shown)
}
