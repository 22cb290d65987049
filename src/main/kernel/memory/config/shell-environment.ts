import { FactsCollector, keyed } from '../data/collect-facts'
import { Symbols } from '../data/text-place'
import type { FactsSource } from '../facts-source'

const SHELL = /\.(?:sh|bash|zsh|ksh)$|(?:^|\/)\.(?:bashrc|bash_profile|profile|zshrc)$/
const USE = /\$(?:\{[#!]?)?([A-Z_][A-Z0-9_]{1,80})\b/g
const ASSIGNED =
  /(?:^|[\s;&|(])(?:(export|readonly|local|declare|typeset)\s{1,10}(?:-[a-zA-Z]{1,4}\s{1,10})?)?([A-Z_][A-Z0-9_]{1,80})(\+?=|(?=\s|;|$))/g
const LOOP = /\b(?:for|read(?:\s{1,4}-[a-zA-Z]{1,4}){0,3}|getopts\s{1,4}\S{1,60})\s{1,10}([A-Z_][A-Z0-9_]{1,80})\b/g
/** Set by the shell itself. */
const OWN = new Set([
  ...['BASH', 'BASH_SOURCE', 'BASH_VERSION', 'BASH_REMATCH', 'BASH_LINENO', 'BASH_COMMAND', 'BASHPID', 'BASH_VERSINFO', 'DIRSTACK', 'EUID'],
  ...[
    'FUNCNAME',
    'GROUPS',
    'HOSTNAME',
    'HOSTTYPE',
    'IFS',
    'LINENO',
    'MACHTYPE',
    'OLDPWD',
    'OPTARG',
    'OPTIND',
    'OPTERR',
    'OSTYPE',
    'PIPESTATUS',
  ],
  ...[
    'PPID',
    'PS1',
    'PS2',
    'PS4',
    'PWD',
    'RANDOM',
    'REPLY',
    'SECONDS',
    'SHELLOPTS',
    'SHLVL',
    'UID',
    'COMP_WORDS',
    'COMP_CWORD',
    'COMPREPLY',
  ],
])
const LONGEST_LINE = 20_000

/** Variables of the environment that a shell script takes (used and never set by it) and those that it hands on (`export`). */
export const shellEnvironment: FactsSource = {
  id: 'shell-environment',
  claims: (path) => SHELL.test(path),
  read({ text, code }) {
    const facts = new FactsCollector()
    const symbols = new Symbols(code)
    const set = new Set<string>()
    const used: { readonly name: string; readonly line: number }[] = []
    for (const [index, whole] of text.split('\n').entries()) {
      if (whole.length > LONGEST_LINE) continue
      const source = withoutComment(whole)
      const line = index + 1
      for (const [, keyword, name = '', equals = ''] of source.matchAll(ASSIGNED)) {
        if (keyword === undefined && equals === '') continue
        if (keyword === 'export') {
          const key = `env_var:${name}`
          facts.mention(key, 'env_var', name, { line, column: Math.max(0, source.indexOf(name)) })
          facts.relate({ is: 'symbol', symbol: symbols.at(line) }, 'writes', keyed(key), line, 0.95, 'exported by a shell script')
        }
        // `: ${PORT:=80}` and `PORT=${PORT:-80}` take a value from outside first.
        if (equals !== '' && !new RegExp(`\\$\\{${name}:?[-=+?]`).test(source)) set.add(name)
      }
      for (const [, name = ''] of source.matchAll(LOOP)) set.add(name)
      for (const [, name = ''] of source.matchAll(USE)) if (!OWN.has(name)) used.push({ name, line })
    }
    for (const { name, line } of used) {
      if (set.has(name)) continue
      const key = `env_var:${name}`
      facts.mention(key, 'env_var', name, { line })
      facts.relate({ is: 'symbol', symbol: symbols.at(line) }, 'reads', keyed(key), line, 0.75, 'used and never set by a shell script')
    }
    return facts.facts()
  },
}

function withoutComment(line: string): string {
  const at = line.startsWith('#') ? 0 : line.search(/\s#/)
  return at === -1 ? line : line.slice(0, at)
}
