import { parse as parseToml } from 'smol-toml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Node, ParsedNode } from 'yaml'
import type { Attributes } from '../code/file-facts'
import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { FactsSource } from '../facts-source'
import { LineFinder } from './find-lines'
import { harmlessValue, isSensitiveName, looksMadeByMachine } from './harmless-values'
import { isRecord, parsed } from './unreadable'

type Format = 'yaml' | 'json' | 'toml'
const FORMATS: Readonly<Record<string, Format>> = {
  yaml: 'yaml',
  yml: 'yaml',
  json: 'json',
  jsonc: 'json',
  json5: 'json',
  webmanifest: 'json',
  toml: 'toml',
}
const LOCK =
  /(?:^|\/)(?:package-lock\.json|composer\.lock|poetry\.lock|Cargo\.lock|pnpm-lock\.yaml|[\w.-]+\.lock\.json|npm-shrinkwrap\.json)$/
/** Beyond this it is data: its kind is known, its content is not looked at. */
const LARGEST_CHARACTERS = 400_000
const MOST_KEYS = 40
/** The parser of YAML takes about 1 ms for 1,000 characters: of what is longer (translations, fixtures) only the top-level keys are read. */
const LARGEST_YAML_CHARACTERS = 40_000
const MOST_VALUES = 3_000
const DEEPEST = 12
/** A path of a file: has an ending or a folder, no scheme, no pattern, no space. */
const PATH = /^(?:\.{1,2}\/)?[A-Za-z0-9_@.-]{1,80}(?:\/[A-Za-z0-9_@.-]{1,80}){0,12}$/
const ENDING =
  /\.(?:[cm]?[jt]sx?|py|go|rs|java|kts?|rb|php|cs|c|cc|cpp|h|hpp|sh|bash|sql|prisma|proto|graphql|ya?ml|jsonc?|toml|ini|cfg|conf|env|xml|html?|s?css|less|vue|svelte|md|mdx|rst|txt|tf|lock|gradle|properties|pem|crt|csv|svg|png|ico|wasm|tmpl|tpl|j2|ejs|hbs)$/i
const FLAG_FILE =
  /(?:^|\/)(?:[\w.-]{0,40}[-_.])?(?:feature[-_.]?)?(?:flags|features|feature[-_.]flags|toggles|flipper)(?:[-_.][\w.-]{0,40})?\.(?:json|ya?ml|toml)$/i
const FLAG_KEY = /^(?:feature[-_]?flags|featureflags|flags|features|toggles)$/i
const FLAG_NAME = /^[A-Za-z][\w.:/-]{1,99}$/

interface Value {
  /** Keys from the top; places in lists are left out. */
  readonly keys: readonly string[]
  readonly value: unknown
  readonly line: number
  /** It stands in a list: one of many, not the value of its key. */
  readonly listed: boolean
}

/** Configuration in YAML, JSON and TOML: its top-level keys, the files that it names, and the feature flags that it declares. */
export const yamlFiles = settingsIn('yaml')
export const jsonFiles = settingsIn('json')
export const tomlFiles = settingsIn('toml')

function settingsIn(format: Format): FactsSource {
  return {
    id: format,
    claims: (path) => formatOf(path) === format && !LOCK.test(path),
    read({ path, text }) {
      const facts = new FactsCollector()
      if (text.length > LARGEST_CHARACTERS) return facts.facts({ fileKind: format })
      const values = parsed(path, format.toUpperCase(), () => valuesOf(format, path, text))
      for (const { keys, value, line } of values) {
        if (typeof value !== 'string' || keys.some(isSensitiveName)) continue
        for (const target of targetsOf(path, value))
          facts.relate(THE_FILE, 'references', { is: 'path', path: target }, line, 0.85, 'path in configuration')
      }
      flags(path, values, facts)
      return facts.facts({ fileKind: format, fileAttributes: attributesOf(values) })
    },
  }
}

function formatOf(path: string): Format | null {
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  return Object.hasOwn(FORMATS, ending) ? (FORMATS[ending] ?? null) : null
}

function attributesOf(values: readonly Value[]): Attributes {
  const keys = [...new Set(values.flatMap((entry) => entry.keys.slice(0, 1)))].slice(0, MOST_KEYS)
  const attributes: Record<string, string | number | boolean | readonly string[]> = { keys }
  for (const { keys: path, value, listed } of values) {
    const [key] = path
    if (
      listed ||
      path.length !== 1 ||
      key === undefined ||
      key === 'keys' ||
      Object.keys(attributes).length > MOST_KEYS ||
      Object.hasOwn(attributes, key)
    )
      continue
    const shown = harmlessValue(key, value)
    if (shown !== null && key !== '__proto__') attributes[key] = shown
  }
  return attributes
}

/** Against the folder of the file, and against the root: a file that is not there makes no relation. */
function targetsOf(path: string, value: string): string[] {
  const trimmed = value.trim()
  if (
    trimmed.length < 3 ||
    trimmed.length > 300 ||
    !PATH.test(trimmed) ||
    looksMadeByMachine(trimmed) ||
    (!ENDING.test(trimmed) && !trimmed.startsWith('.')) ||
    /^[\d.]+$/.test(trimmed)
  )
    return []
  const folder = path.split('/').slice(0, -1)
  const own = joined(folder, trimmed)
  const root = trimmed.startsWith('.') ? null : joined([], trimmed)
  return [...new Set([own, root])]
    .filter((target) => target !== null && target !== path && target !== '')
    .filter((target) => target !== null)
}

function joined(folder: readonly string[], path: string): string | null {
  const parts = [...folder]
  for (const part of path.split('/')) {
    if (part === '.' || part === '') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) return null
  }
  return parts.join('/')
}

/** A file named after flags declares its first keys (below `flags`, when there is that); elsewhere only what stands below `featureFlags`. */
function flags(path: string, values: readonly Value[], facts: FactsCollector): void {
  const own = FLAG_FILE.test(path)
  for (const { keys, value, line } of values) {
    const holder = keys.findIndex((key) => FLAG_KEY.test(key))
    const explicit = holder !== -1 && /flag/i.test(keys[holder] ?? '')
    if (!own && !explicit) continue
    const name = keys[holder === -1 ? 0 : holder + 1]
    if (name === undefined || !FLAG_NAME.test(name) || name.startsWith('$')) continue
    const standard = keys.length === (holder === -1 ? 1 : holder + 2) && typeof value === 'boolean' ? { default: value } : {}
    facts.declare(`feature_flag:${name}`, 'feature_flag', name, { line }, `feature flag ${name}`, standard)
    facts.relate(THE_FILE, 'contains', keyed(`feature_flag:${name}`), line, 0.9, 'declaration')
  }
}

function valuesOf(format: Format, path: string, text: string): Value[] {
  const values: Value[] = []
  if (format === 'yaml' && text.length > LARGEST_YAML_CHARACTERS) topLevelKeys(text, values)
  else if (format === 'yaml') yamlValues(text, values)
  else if (format === 'toml') plainValues(parseToml(text), new LineFinder(text), '', values)
  else plainValues(parseJson(path, text), new LineFinder(text), '"', values)
  return values
}

/** Comments and commas at the end are allowed in many configuration files whatever their ending. */
function parseJson(path: string, text: string): unknown {
  const source = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(source)
  } catch (thrown) {
    if (
      !(thrown instanceof SyntaxError) ||
      !(
        /\.(?:jsonc|json5)$|(?:^|\/)(?:tsconfig|jsconfig|\.?eslintrc|\.babelrc|\.swcrc|devcontainer|settings|launch|tasks)[\w.-]*\.json$/i.test(
          path,
        ) || /^\s*(?:\/\/|\/\*)/m.test(source)
      )
    )
      throw thrown
    return JSON.parse(withoutComments(source))
  }
}

function withoutComments(text: string): string {
  let result = ''
  let at = 0
  while (at < text.length) {
    const char = text.charAt(at)
    if (char === '"') {
      let to = at + 1
      while (to < text.length && text.charAt(to) !== '"') to += text.charAt(to) === '\\' ? 2 : 1
      result += text.slice(at, to + 1)
      at = to + 1
    } else if (char === '/' && text.charAt(at + 1) === '/') {
      const to = text.indexOf('\n', at)
      at = to === -1 ? text.length : to
    } else if (char === '/' && text.charAt(at + 1) === '*') {
      const to = text.indexOf('*/', at + 2)
      at = to === -1 ? text.length : to + 2
    } else if (char === ',' && /^\s{0,2000}(?:\/\/[^\n]{0,500}\s{0,2000}){0,9}[}\]]/.test(text.slice(at + 1, at + 2_001))) at += 1
    else {
      result += char
      at += 1
    }
  }
  return result
}

function plainValues(root: unknown, lines: LineFinder, quote: string, values: Value[]): void {
  const walk = (value: unknown, keys: readonly string[], line: number, listed: boolean): void => {
    if (values.length >= MOST_VALUES || keys.length > DEEPEST) return
    if (Array.isArray(value))
      for (const entry of value) walk(entry, keys, typeof entry === 'string' ? lines.next(entry.slice(0, 60)) : line, true)
    else if (isRecord(value)) {
      if (Object.keys(value).length === 0) values.push({ keys, value: null, line, listed })
      for (const [key, entry] of Object.entries(value)) walk(entry, [...keys, key], lines.next(quote === '' ? key : `"${key}"`), false)
    } else values.push({ keys, value, line, listed })
  }
  walk(root, [], 1, false)
}

function topLevelKeys(text: string, values: Value[]): void {
  for (const [index, line] of text.split('\n').entries()) {
    const key = /^["']?([A-Za-z_][\w.-]{0,99})["']?\s{0,9}:(?:\s|$)/.exec(line)?.[1]
    if (key !== undefined && values.length < MOST_KEYS) values.push({ keys: [key], value: null, line: index + 1, listed: false })
  }
}

/** Aliases are not followed: what they stand for was seen at its anchor, and following them can take for ever. */
function yamlValues(text: string, values: Value[]): void {
  const counter = new LineCounter()
  const documents = parseAllDocuments(text, { lineCounter: counter, logLevel: 'silent', uniqueKeys: false })
  if (!Array.isArray(documents)) return
  const walk = (node: Node | ParsedNode | null | undefined, keys: readonly string[], line: number, listed: boolean): void => {
    if (values.length >= MOST_VALUES || keys.length > DEEPEST || node === null || node === undefined) return
    const own = node.range === null || node.range === undefined ? line : counter.linePos(node.range[0]).line
    if (isAlias(node)) values.push({ keys, value: null, line: own, listed })
    else if (isScalar(node)) values.push({ keys, value: node.value, line: own, listed })
    else if (isSeq<Node>(node)) for (const entry of node.items) walk(entry, keys, own, true)
    else if (isMap<Node, Node | null>(node)) {
      if (node.items.length === 0) values.push({ keys, value: null, line: own, listed })
      for (const pair of node.items) {
        const key = isScalar(pair.key) ? String(pair.key.value) : ''
        const at = pair.key.range === null || pair.key.range === undefined ? own : counter.linePos(pair.key.range[0]).line
        if (pair.value === null) values.push({ keys: [...keys, key], value: null, line: at, listed: false })
        else walk(pair.value, [...keys, key], at, false)
      }
    }
  }
  for (const document of documents) {
    // A template (Helm, Jinja) is no YAML until it was filled in; what could be read of it stays.
    const [error] = document.errors
    if (error !== undefined && !text.includes('{{') && !text.includes('{%')) throw new Error(`line ${error.linePos?.[0].line ?? 1}`)
    walk(document.contents, [], 1, false)
  }
}
