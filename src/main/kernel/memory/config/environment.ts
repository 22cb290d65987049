import { FactsCollector, keyed } from '../data/collect-facts'
import { endingOf, isSource, sourceTokens } from '../data/source-tokens'
import { Symbols, TextPlaces } from '../data/text-place'
import { isSign, isText, isWord } from '../data/token-walk'
import type { Tokens } from '../data/token-walk'
import type { FactsSource } from '../facts-source'

/** A variable of the environment that an expression names. `at` is the offset of the name. */
interface Read {
  readonly name: string
  readonly at: number
  readonly writes: boolean
}

type Rule = (tokens: Tokens, at: number) => readonly Read[]

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
/** Of `import.meta.env` these are the bundler's own. */
const BUNDLER = new Set(['MODE', 'DEV', 'PROD', 'SSR', 'BASE_URL'])

/** `X`, `["X"]`, `.get("X")` behind something that holds the environment; `const { X, Y: y } =` before it. */
function members(tokens: Tokens, end: number, getters: readonly string[]): Read[] {
  const next = tokens[end + 1]
  const after = tokens[end + 2]
  const isWritten = (at: number): boolean => isSign(tokens[at], '=') && !isSign(tokens[at + 1], '=') && !isSign(tokens[at + 1], '~')
  const optional = isSign(next, '?') && isSign(after, '.')
  const from = optional ? end + 1 : end
  if (isSign(tokens[from + 1], '.')) {
    const word = tokens[from + 2]
    if (isWord(word) && getters.includes(word.text)) return argument(tokens, from + 2, word.text.startsWith('set') || word.text === 'pop')
    if (isWord(word) && getters.length === 0) return read(word.text, word.at, isWritten(from + 3))
  }
  const bracket = optional ? from + 2 : from + 1
  const name = tokens[bracket + 1]
  if (isSign(tokens[bracket], '[') && isText(name) && isSign(tokens[bracket + 2], ']'))
    return read(name.text, name.at + 1, isWritten(bracket + 3))
  return []
}

function argument(tokens: Tokens, call: number, writes = false): Read[] {
  const name = tokens[call + 2]
  return isSign(tokens[call + 1], '(') && isText(name) ? read(name.text, name.at + 1, writes) : []
}

function read(name: string, at: number, writes = false): Read[] {
  return NAME.test(name) ? [{ name, at, writes }] : []
}

const FARTHEST = 200

/** `const { HOST, PORT: port = 3000 } = process.env`: names before the equals sign at `equals`. */
function destructured(tokens: Tokens, equals: number): Read[] {
  if (!isSign(tokens[equals], '=') || !isSign(tokens[equals - 1], '}')) return []
  const found: Read[] = []
  for (let at = equals - 2; at > Math.max(0, equals - FARTHEST) && !isSign(tokens[at], '{'); at -= 1) {
    const word = tokens[at]
    if (isWord(word) && (isSign(tokens[at - 1], '{') || isSign(tokens[at - 1], ',')) && word.text === word.text.toUpperCase())
      found.push(...read(word.text, word.at))
  }
  return found
}

const scriptRule: Rule = (tokens, at) => {
  const word = tokens[at]
  if (!isWord(word, 'env') || !isSign(tokens[at - 1], '.')) {
    if (isWord(word, 'Deno') && isWord(tokens[at + 2], 'env')) return members(tokens, at + 2, ['get', 'has', 'set'])
    return []
  }
  const holder = tokens[at - 2]
  if (isWord(holder, 'process') || isWord(holder, 'Bun')) return [...members(tokens, at, []), ...destructured(tokens, at - 3)]
  if (isWord(holder, 'meta') && isWord(tokens[at - 4], 'import')) return members(tokens, at, []).filter((found) => !BUNDLER.has(found.name))
  return []
}

const pythonRule: Rule = (tokens, at) => {
  const word = tokens[at]
  if (isWord(word, 'environ') && (isSign(tokens[at - 1], '.') ? isWord(tokens[at - 2], 'os') : !isWord(tokens[at - 1], 'import')))
    return members(tokens, at, ['get', 'pop', 'setdefault'])
  if (isWord(word, 'getenv') || isWord(word, 'getenvb')) return argument(tokens, at)
  // `config("X")` of decouple and `env("X")`, `env.str("X")` of environs and django-environ.
  const call = isWord(word, 'env') && isSign(tokens[at + 1], '.') && isWord(tokens[at + 2]) ? at + 2 : isWord(word, 'env') ? at : -1
  if (call === -1 || isSign(tokens[at - 1], '.')) return []
  return argument(tokens, call).filter((found) => found.name === found.name.toUpperCase())
}

const calls =
  (...names: readonly string[]): Rule =>
  (tokens, at) => {
    const word = tokens[at]
    return isWord(word) && names.includes(word.text) ? argument(tokens, at, /^(?:put|set|unset|Set|Unset)/.test(word.text)) : []
  }

const rustRule: Rule = (tokens, at) => {
  const word = tokens[at]
  if (!isWord(word)) return []
  const inEnv = isSign(tokens[at - 1], ':') && isWord(tokens[at - 3], 'env')
  if (inEnv && /^(?:var|var_os|set_var|remove_var)$/.test(word.text))
    return argument(tokens, at, word.text !== 'var' && word.text !== 'var_os')
  return (word.text === 'env' || word.text === 'option_env') && isSign(tokens[at + 1], '!') ? argument(tokens, at + 1) : []
}

const javaRule: Rule = (tokens, at) => {
  const word = tokens[at]
  if (isWord(word, 'getenv')) return isSign(tokens[at + 2], ')') ? members(tokens, at + 2, ['get']) : argument(tokens, at)
  return []
}

const rubyRule: Rule = (tokens, at) => (isWord(tokens[at], 'ENV') ? members(tokens, at, ['fetch', 'key', 'dig']) : [])

const phpRule: Rule = (tokens, at) => {
  const word = tokens[at]
  if (isWord(word, '$_ENV') || isWord(word, '$_SERVER'))
    return members(tokens, at, ['']).filter(
      (found) => isWord(word, '$_ENV') || !/^(?:HTTP|REQUEST|SERVER|REMOTE|SCRIPT|PHP|QUERY|DOCUMENT|PATH)/.test(found.name),
    )
  return isWord(word, 'getenv') || isWord(word, 'env') ? argument(tokens, at) : []
}

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    ['js', 'jsx', 'mjs', 'cjs', 'ts', 'tsx', 'mts', 'cts', 'vue', 'svelte', 'astro'].map((ending) => [ending, scriptRule]),
  ),
  ...Object.fromEntries(['py', 'pyi', 'pyw'].map((ending) => [ending, pythonRule])),
  ...Object.fromEntries(['java', 'kt', 'kts', 'scala', 'groovy', 'gradle'].map((ending) => [ending, javaRule])),
  ...Object.fromEntries(
    ['c', 'h', 'cc', 'cpp', 'cxx', 'hpp', 'hh'].map((ending) => [ending, calls('getenv', 'secure_getenv', 'setenv', 'unsetenv')]),
  ),
  ...Object.fromEntries(['rb', 'rake', 'ru', 'gemspec'].map((ending) => [ending, rubyRule])),
  go: calls('Getenv', 'LookupEnv', 'Setenv', 'Unsetenv'),
  rs: rustRule,
  php: phpRule,
  cs: calls('GetEnvironmentVariable', 'SetEnvironmentVariable'),
  ex: calls('get_env', 'fetch_env', 'fetch_env!'),
  exs: calls('get_env', 'fetch_env', 'fetch_env!'),
}
const HINT = /env/i

/** Which function reads which variable of the environment. */
export const environment: FactsSource = {
  id: 'environment',
  claims: (path) => isSource(path) && Object.hasOwn(RULES, endingOf(path)),
  read({ path, text, code }) {
    const facts = new FactsCollector()
    const rule = RULES[endingOf(path)]
    if (rule === undefined || !HINT.test(text)) return facts.facts()
    const tokens = sourceTokens(path, text)
    const places = new TextPlaces(text)
    const symbols = new Symbols(code)
    for (let at = 0; at < tokens.length; at += 1) {
      if (tokens[at]?.kind !== 'word') continue
      for (const found of rule(tokens, at)) {
        const place = places.place(found.at)
        const key = `env_var:${found.name}`
        facts.mention(key, 'env_var', found.name, place)
        facts.relate(
          { is: 'symbol', symbol: symbols.at(place.line) },
          found.writes ? 'writes' : 'reads',
          keyed(key),
          place.line,
          0.95,
          'environment of the process',
        )
      }
    }
    return facts.facts()
  },
}
