import { exactWord, UNKNOWN_PIECE, type Word } from './shell-words'

/** What a program that was named starts because of its arguments. */
export type Started =
  | { readonly type: 'argv'; readonly words: readonly Word[] }
  | { readonly type: 'script'; readonly text: string }
  | { readonly type: 'assignment'; readonly name: string; readonly value: Word }
  | { readonly type: 'unknown' }

export interface Wrapped {
  /** The program does nothing but start others, so only those count. */
  readonly transparent: boolean
  readonly starts: readonly Started[]
}

interface Options {
  /** Letters and long names of options without a value. */
  readonly flags?: string
  readonly longFlags?: readonly string[]
  /** Those with one. */
  readonly valued?: string
  readonly longValued?: readonly string[]
  /** `-5` is an option. */
  readonly numbers?: boolean
  /** `NAME=value` before the program. */
  readonly assignments?: boolean
  /** Arguments before the program that are none. */
  readonly operands?: number
}

const UNKNOWN: Started = { type: 'unknown' }

const TRANSPARENT: Readonly<Record<string, Options>> = {
  timeout: {
    flags: 'fpv',
    longFlags: ['foreground', 'preserve-status', 'verbose'],
    valued: 'ks',
    longValued: ['kill-after', 'signal'],
    operands: 1,
  },
  nice: { valued: 'n', longValued: ['adjustment'], numbers: true },
  nohup: {},
  setsid: { flags: 'cfw', longFlags: ['ctty', 'fork', 'wait'] },
  stdbuf: { valued: 'ioe', longValued: ['input', 'output', 'error'] },
  ionice: { flags: 't', longFlags: ['ignore'], valued: 'cn', longValued: ['class', 'classdata'] },
  time: { flags: 'pvqa', longFlags: ['portability', 'verbose', 'quiet', 'append'], valued: 'fo', longValued: ['format', 'output'] },
  command: { flags: 'p' },
  builtin: {},
  exec: { flags: 'cl', valued: 'a' },
  coproc: {},
}

const COUNTED: Readonly<Record<string, Options>> = {
  sudo: { flags: 'AbBEeHiKklnPSsVv', valued: 'CDghpRrTtUu', assignments: true },
  doas: { flags: 'Lns', valued: 'aCu' },
  chrt: { flags: 'abdfiopRrv', valued: 'TPD', operands: 1 },
  taskset: { flags: 'ac', longFlags: ['all-tasks', 'cpu-list'], operands: 1 },
  strace: { flags: 'cCdfFhikqrtTvVwxyYz', valued: 'abeEIoOpPsSuUX' },
  ltrace: { flags: 'bcCfhiLrStTV', valued: 'aAeFlnopsuwx' },
  prlimit: { flags: 'n', longFlags: ['noheadings', 'raw', 'verbose'] },
  flock: { flags: 'Feinosux', valued: 'Ew', operands: 1 },
  unbuffer: { flags: 'p' },
  rlwrap: {},
  ccache: {},
  fakeroot: {},
  'xvfb-run': { flags: 'ahl', valued: 'efnpsw' },
  'dbus-run-session': { longFlags: ['help', 'version'] },
  busybox: {},
  toybox: {},
}

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'ash', 'rbash', 'mksh'])

/** Null for a program that starts nothing that its arguments name. `stdin`: what it reads, when the line holds it. */
export function wrappedBy(name: string, rest: readonly Word[], stdin: string | null): Wrapped | null {
  if (SHELLS.has(name)) return { transparent: false, starts: shellStarts(rest, stdin) }
  if (/^ld(?:-linux.*|-musl.*)?\.so(?:\.\d+)?$/u.test(name)) return counted(rest, { longFlags: ['list', 'verify'] })
  if (Object.hasOwn(TRANSPARENT, name)) return transparent(name, rest, TRANSPARENT[name] ?? {})
  if (Object.hasOwn(COUNTED, name)) return counted(rest, COUNTED[name] ?? {})
  switch (name) {
    case 'env':
      return envStarts(rest)
    case 'xargs':
      return { transparent: false, starts: xargsStarts(rest) }
    case 'find':
      return { transparent: false, starts: findStarts(rest) }
    case 'watch':
    case 'parallel':
    case 'entr':
    case 'script':
    case 'expect':
    case 'fd':
    case 'fdfind':
    case 'rg':
    case 'git':
      return { transparent: false, starts: namedInArguments(name, rest) }
    default:
      return null
  }
}

function counted(rest: readonly Word[], options: Options): Wrapped {
  const { starts, inner } = afterOptions(rest, options)
  return { transparent: false, starts: inner.length === 0 ? starts : [...starts, { type: 'argv', words: inner }] }
}

function transparent(name: string, rest: readonly Word[], options: Options): Wrapped | null {
  // `command -v x` only tells where x is.
  if (name === 'command' && /^-[pvV]*[vV][pvV]*$/u.test(rest[0]?.text ?? '')) return { transparent: true, starts: [] }
  const { starts, inner } = afterOptions(rest, options)
  if (inner.length > 0) return { transparent: true, starts: [...starts, { type: 'argv', words: inner }] }
  const isShellWord = name === 'exec' || name === 'command' || name === 'builtin' || name === 'time' || name === 'coproc'
  return starts.length === 0 && !isShellWord ? null : { transparent: isShellWord, starts }
}

/** What follows the options. An option that is not known may take a value or not, so what follows it is not known either. */
function afterOptions(words: readonly Word[], options: Options): { starts: Started[]; inner: readonly Word[] } {
  const starts: Started[] = []
  const unknown = { starts: [UNKNOWN], inner: [] }
  let at = 0
  for (; at < words.length; at += 1) {
    const word = words[at]
    if (word === undefined) break
    const { text, kind } = word
    if (kind === 'open' || text.startsWith(UNKNOWN_PIECE)) return unknown
    if (text === '--') {
      at += 1
      break
    }
    const option = optionOf(text, options)
    if (option === 'unknown') return unknown
    if (option === 'valued') at += 1
    else if (option === 'none') {
      const equals = text.indexOf('=')
      if (options.assignments !== true || equals < 1) break
      starts.push({ type: 'assignment', name: text.slice(0, equals), value: { ...word, text: text.slice(equals + 1) } })
    }
  }
  const operands = options.operands ?? 0
  if (words.slice(at, at + operands).some(({ kind }) => kind === 'open')) return unknown
  return { starts, inner: words.slice(at + operands) }
}

function optionOf(text: string, options: Options): 'none' | 'flag' | 'valued' | 'unknown' {
  if (!text.startsWith('-') || text === '-') return 'none'
  if (text.startsWith('--')) {
    const [name = ''] = text.slice(2).split('=')
    if (options.longFlags?.includes(name) === true) return 'flag'
    if (options.longValued?.includes(name) !== true) return 'unknown'
    return text.includes('=') ? 'flag' : 'valued'
  }
  if (options.numbers === true && /^-\d+$/u.test(text)) return 'flag'
  for (let at = 1; at < text.length; at += 1) {
    const letter = text[at] ?? ''
    if (options.valued?.includes(letter) === true) return at === text.length - 1 ? 'valued' : 'flag'
    if (options.flags?.includes(letter) !== true) return 'unknown'
  }
  return 'flag'
}

function envStarts(rest: readonly Word[]): Wrapped | null {
  const split = rest.findIndex(({ text }) => /^(?:-[iv0]*S|--split-string)/u.test(text))
  const before = split === -1 ? rest : rest.slice(0, split)
  const { starts, inner } = afterOptions(before, {
    flags: 'iv0',
    longFlags: ['ignore-environment', 'debug', 'null', 'block-signal', 'default-signal', 'ignore-signal', 'list-signal-handling'],
    valued: 'uC',
    longValued: ['unset', 'chdir'],
    assignments: true,
  })
  if (inner.length > 0) return { transparent: true, starts: [...starts, { type: 'argv', words: inner }] }
  if (split !== -1) return { transparent: true, starts: [...starts, UNKNOWN] }
  return starts.includes(UNKNOWN) ? { transparent: true, starts } : null
}

/** What it reads becomes more arguments, or takes the place of the text that `-I` names. */
function xargsStarts(rest: readonly Word[]): Started[] {
  const { starts, inner } = afterOptions(rest, {
    flags: '0optrx',
    longFlags: ['null', 'open-tty', 'interactive', 'no-run-if-empty', 'verbose', 'exit'],
    valued: 'adEILnPs',
    longValued: ['arg-file', 'delimiter', 'max-lines', 'max-args', 'max-procs', 'max-chars', 'replace', 'process-slot-var'],
  })
  if (inner.length === 0) return starts
  const replaced = rest.map(
    ({ text }, at) => /^-[0optrx]*I(.*)$/u.exec(text)?.[1] || (/^-[0optrx]*I$/u.test(text) ? rest[at + 1]?.text : undefined),
  )
  const marker =
    replaced.find((text) => text !== undefined) ??
    rest.map(({ text }) => /^--replace(?:=(.+))?$/u.exec(text)).find((found) => found !== null)?.[1]
  const words =
    marker === undefined
      ? [...inner, { text: UNKNOWN_PIECE, kind: 'open', raw: '' } as const]
      : inner.map((word) => withUnknown(word, marker))
  return [...starts, { type: 'argv', words }]
}

function findStarts(rest: readonly Word[]): Started[] {
  const starts: Started[] = []
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at]
    if (word?.kind === 'open' && word.text.includes(UNKNOWN_PIECE)) starts.push(UNKNOWN)
    if (!/^-(?:exec|execdir|ok|okdir)$/u.test(word?.text ?? '')) continue
    const end = rest.findIndex(({ text }, index) => index > at && (text === ';' || text === '+'))
    const words = rest.slice(at + 1, end === -1 ? undefined : end).map((inner) => withUnknown(inner, '{}'))
    starts.push(words.length === 0 ? UNKNOWN : { type: 'argv', words })
    at += words.length
  }
  return starts
}

function withUnknown(word: Word, marker: string): Word {
  return word.text.includes(marker) ? { ...word, text: word.text.replaceAll(marker, UNKNOWN_PIECE), kind: 'partly' } : word
}

/** `sh -c TEXT`, `sh FILE`, or what it reads. */
function shellStarts(rest: readonly Word[], stdin: string | null): Started[] {
  let command = false
  let reads = false
  let at = 0
  for (; at < rest.length; at += 1) {
    const word = rest[at]
    if (word === undefined || word.kind !== 'exact') break
    const { text } = word
    if (text === '--version' || text === '--help') return []
    if (text === '--' || text === '-') {
      at += 1
      break
    }
    if (/^--(?:login|norc|noprofile|posix|restricted|verbose|noediting)$/u.test(text)) continue
    if (text.startsWith('--')) return [UNKNOWN]
    if (!/^[-+]/u.test(text)) break
    if (text.startsWith('-') && text.includes('c')) command = true
    if (text.startsWith('-') && text.includes('s')) reads = true
    if (text.startsWith('-') && text.includes('i')) return [UNKNOWN]
    if (/^[-+][a-zA-Z]*[oO]$/u.test(text)) at += 1
  }
  const operand = rest[at]
  if (command) return operand?.kind === 'exact' ? [{ type: 'script', text: operand.text }] : [UNKNOWN]
  if (operand === undefined || reads) return stdin === null ? [UNKNOWN] : [{ type: 'script', text: stdin }]
  return operand.kind === 'exact' && !operand.text.startsWith('/dev/') && !operand.text.startsWith('/proc/') ? [] : [UNKNOWN]
}

/** Options of programs that are no wrappers, yet start what some arguments name. */
function namedInArguments(name: string, rest: readonly Word[]): Started[] {
  const texts = rest.map(({ text }) => text)
  switch (name) {
    case 'rg': {
      const at = texts.findIndex((text) => /^--(?:pre|hostname-bin)(?:=|$)/u.test(text))
      if (at === -1) return []
      const given =
        texts[at]?.includes('=') === true
          ? texts[at]?.split('=').slice(1).join('=')
          : rest[at + 1]?.kind === 'exact'
            ? texts[at + 1]
            : undefined
      return given === undefined ? [UNKNOWN] : given === '' ? [] : [{ type: 'argv', words: [exactWord(given)] }]
    }
    case 'fd':
    case 'fdfind': {
      const at = texts.findIndex((text) => /^(?:-[a-wyzA-WYZ]*[xX]|--exec|--exec-batch)$/u.test(text))
      if (at === -1) return texts.some((text) => /^(?:-[a-zA-Z]*[xX].|--exec)/u.test(text)) ? [UNKNOWN] : []
      const words = rest
        .slice(at + 1)
        .map((word) => (/\{[./]*\}/u.test(word.text) ? { ...word, text: UNKNOWN_PIECE, kind: 'partly' as const } : word))
      return [{ type: 'argv', words: [...words, { text: UNKNOWN_PIECE, kind: 'open', raw: '' }] }]
    }
    case 'git':
      return gitStartsUnknown(rest) ? [UNKNOWN] : []
    default:
      return [UNKNOWN]
  }
}

/** Settings and subcommands by which git starts a program. */
function gitStartsUnknown(rest: readonly Word[]): boolean {
  let subcommand = ''
  for (let at = 0; at < rest.length; at += 1) {
    const text = rest[at]?.text ?? ''
    if (subcommand === '') {
      if (rest[at]?.kind !== 'exact') return true
      if (/^--(?:exec-path=|config-env)/u.test(text)) return true
      if (text.startsWith('-c') && !text.startsWith('-c=')) {
        const [key = '', ...value] = (text === '-c' ? (rest[(at += 1)]?.text ?? '') : text.slice(2)).split('=')
        const harmless = /^(?:|cat|true|false|less|0|1|:)$/u.test(value.join('='))
        if (
          !harmless &&
          /alias\.|pager|editor|sshcommand|fsmonitor|hookspath|external|textconv|command|cmd|helper|gitproxy|askpass|\.(?:clean|smudge|process|driver|program|path)|include/iu.test(
            key,
          )
        )
          return true
        continue
      }
      if (/^(?:-C|--git-dir|--work-tree|--namespace)$/u.test(text)) at += 1
      else if (!text.startsWith('-')) subcommand = text
      continue
    }
    if (/^--(?:exec|upload-pack|receive-pack|extcmd|open-files-in-pager)\b/u.test(text) || text.startsWith('ext::')) return true
    if (subcommand === 'grep' && text.startsWith('-O')) return true
    if ((subcommand === 'rebase' || subcommand === 'difftool') && /^-[a-z]*x/u.test(text)) return true
    if (subcommand === 'bisect' && text === 'run') return true
    if (subcommand === 'submodule' && text === 'foreach') return true
  }
  return subcommand === 'filter-branch' || subcommand === 'difftool' || subcommand === 'mergetool'
}
