import { z } from 'zod'

/** Keys by command id; null takes a command's key away. The schema of the keymap file. */
export const KeymapOverrides = z.record(
  z.string().regex(/^[a-z][A-Za-z-]*\.[A-Za-z0-9.-]+$/, 'a command id such as "run.step"'),
  z.string().nullable(),
)
export type KeymapOverrides = z.infer<typeof KeymapOverrides>

/** What of a keyboard event matters to the keymap. */
export interface KeyPress {
  readonly key: string
  readonly code: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
}

const NAMED: Readonly<Record<string, string>> = { ' ': 'Space', Esc: 'Escape', '+': 'Plus' }

/**
 * One text per chord: `Ctrl+Alt+Shift+KEY`, letters in upper case. Ctrl and Cmd are the same key here, so that one keymap
 * serves all systems. Null while only modifiers are held.
 */
export function chordOf(press: KeyPress): string | null {
  if (['Control', 'Meta', 'Alt', 'Shift', 'AltGraph', 'Dead'].includes(press.key)) return null
  const digit = /^Digit(\d)$/.exec(press.code)?.[1]
  const base =
    press.code === 'Backquote' ? '`' : (digit ?? NAMED[press.key] ?? (press.key.length === 1 ? press.key.toUpperCase() : press.key))
  const printable = base.length === 1 && !/[A-Z0-9`]/.test(base)
  const parts: string[] = []
  if (press.ctrlKey || press.metaKey) parts.push('Ctrl')
  if (press.altKey) parts.push('Alt')
  if (press.shiftKey && !printable) parts.push('Shift')
  return [...parts, base].join('+')
}

/** The chord as people write it in a keymap, brought to the form of `chordOf`. Throws RangeError when it names no key. */
export function parseChord(text: string): string {
  const parts = text.split('+').map((part) => part.trim())
  const key = parts.pop()
  if (key === undefined || key === '') throw new RangeError(`"${text}" names no key`)
  const modifiers = parts.map((part) => part.toLowerCase())
  const known = ['ctrl', 'cmd', 'mod', 'alt', 'shift']
  const odd = modifiers.find((part) => !known.includes(part))
  if (odd !== undefined) throw new RangeError(`"${odd}" is no modifier; there are Ctrl, Alt and Shift`)
  const has = (...names: string[]): boolean => modifiers.some((part) => names.includes(part))
  const base = key.length === 1 ? key.toUpperCase() : (NAMED[key] ?? key.charAt(0).toUpperCase() + key.slice(1))
  return [...(has('ctrl', 'cmd', 'mod') ? ['Ctrl'] : []), ...(has('alt') ? ['Alt'] : []), ...(has('shift') ? ['Shift'] : []), base].join(
    '+',
  )
}

export interface KeyedCommand {
  readonly id: string
  readonly key?: string
}

/** Which command a chord runs. A key that a person gave wins over the same key given by default. */
export function resolveKeymap(commands: readonly KeyedCommand[], overrides: KeymapOverrides): Map<string, string> {
  const byChord = new Map<string, string>()
  for (const command of commands)
    if (command.key !== undefined && !(command.id in overrides)) byChord.set(parseChord(command.key), command.id)
  for (const command of commands) {
    const key = overrides[command.id]
    if (key !== undefined && key !== null) byChord.set(parseChord(key), command.id)
  }
  return byChord
}

/** Errors of a keymap file as sentences; empty when it can be used. */
export function checkKeymap(text: string): { readonly overrides: KeymapOverrides | null; readonly problems: readonly string[] } {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return { overrides: null, problems: [`This is no JSON: ${thrown.message}`] }
    throw thrown
  }
  const parsed = KeymapOverrides.safeParse(json)
  if (!parsed.success) return { overrides: null, problems: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`) }
  const problems: string[] = []
  for (const [id, key] of Object.entries(parsed.data)) {
    try {
      if (key !== null) parseChord(key)
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown
      problems.push(`${id}: ${thrown.message}`)
    }
  }
  return problems.length === 0 ? { overrides: parsed.data, problems } : { overrides: null, problems }
}
