import { KeyframeError } from '../../../../../shared/failure'

const KEYS: Readonly<Record<string, string>> = {
  enter: '\r',
  return: '\r',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  escape: '\x1b',
  space: ' ',
  backspace: '\x7f',
  delete: '\x1b[3~',
  insert: '\x1b[2~',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  'page-up': '\x1b[5~',
  'page-down': '\x1b[6~',
  f1: '\x1bOP',
  f2: '\x1bOQ',
  f3: '\x1bOR',
  f4: '\x1bOS',
  f5: '\x1b[15~',
  f6: '\x1b[17~',
  f7: '\x1b[18~',
  f8: '\x1b[19~',
  f9: '\x1b[20~',
  f10: '\x1b[21~',
  f11: '\x1b[23~',
  f12: '\x1b[24~',
}

/** What a terminal sends for keys by name ("ctrl-c", "up", "alt-b", "x"). Throws `shell.unknown-key`. */
export function keySequence(keys: readonly string[]): string {
  return keys.map(oneKey).join('')
}

function oneKey(key: string): string {
  const name = key.toLowerCase().replaceAll('_', '-').replaceAll('+', '-')
  const named = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined
  if (named !== undefined) return named
  const control = /^ctrl-([a-z@[\\\]^_?])$/.exec(name)?.[1]
  if (control !== undefined) return control === '?' ? '\x7f' : String.fromCharCode(control.toUpperCase().charCodeAt(0) & 0x1f)
  if (name.startsWith('alt-') && name.length > 4) return `\x1b${oneKey(key.slice(4))}`
  if ([...key].length === 1) return key
  throw new KeyframeError({
    code: 'shell.unknown-key',
    message: `There is no key "${key}".`,
    action: `Known: one character, ctrl-LETTER, alt-KEY, ${Object.keys(KEYS).join(', ')}.`,
  })
}
