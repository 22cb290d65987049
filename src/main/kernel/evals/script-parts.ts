import type { Check } from './judge'

const LINTERS = new Set(
  'eslint oxlint stylelint prettier oxfmt dprint xo standard tslint jshint knip cspell markdownlint markdownlint-cli2 editorconfig-checker sherif'.split(
    ' ',
  ),
)
const TYPE_CHECKERS = new Set(['tsc', 'vue-tsc', 'tsgo'])
const TEST_RUNNERS = new Set(['vitest', 'jest', 'mocha', 'ava', 'tap', 'c8', 'nyc', 'playwright', 'cypress', 'uvu', 'jasmine'])
/** Changes what the commands after it see, so a group with one of these stays one. */
const CHANGES_SHELL = /^(?:cd|export|set|source|\.|pushd)\s/

/**
 * The parts of a script that is a plain chain of `&&`, groups opened where nothing is lost. A script with other operators
 * (`||`, `;`, `&`) is one part.
 */
export function scriptParts(script: string): string[] {
  const parts = splitChain(script)
  if (parts === null) return [script.trim()]
  return parts.flatMap((part) => {
    const inner = insideGroup(part)
    if (inner === null || splitChain(inner) === null) return [part]
    const opened = scriptParts(inner)
    return opened.some((one) => CHANGES_SHELL.test(one)) ? [part] : opened
  })
}

/** Null when it is not a plain chain. Quotes and brackets are respected. */
function splitChain(script: string): string[] | null {
  const parts: string[] = []
  let depth = 0
  let quote = ''
  let from = 0
  for (let at = 0; at < script.length; at += 1) {
    const character = script[at] ?? ''
    if (quote !== '') {
      if (character === '\\' && quote === '"') at += 1
      else if (character === quote) quote = ''
    } else if (character === '\\') at += 1
    else if (character === '"' || character === "'" || character === '`') quote = character
    else if (character === '(') depth += 1
    else if (character === ')') depth -= 1
    else if (depth === 0 && script.startsWith('&&', at)) {
      parts.push(script.slice(from, at))
      from = at + 2
      at += 1
    } else if (depth === 0 && (character === ';' || script.startsWith('||', at) || isBackground(script, at))) return null
  }
  if (depth !== 0 || quote !== '') return null
  return [...parts, script.slice(from)].map((part) => part.trim()).filter((part) => part !== '')
}

/** `a & b`, not `2>&1` or `&>file`. */
function isBackground(script: string, at: number): boolean {
  return script[at] === '&' && script[at - 1] !== '>' && script[at + 1] !== '>'
}

function insideGroup(part: string): string | null {
  if (!part.startsWith('(') || !part.endsWith(')')) return null
  let depth = 0
  for (let at = 0; at < part.length; at += 1) {
    if (part[at] === '(') depth += 1
    if (part[at] === ')') depth -= 1
    if (depth === 0 && at < part.length - 1) return null
  }
  return part.slice(1, -1)
}

/**
 * What a part of a script checks, by its program; null for everything else (builds, preparations). A compiler counts only when it
 * writes nothing, since what it writes may be what the tests run: `writesNothing` answers that for the part's words.
 */
export async function kindOfPart(
  part: string,
  writesNothing: (words: readonly string[]) => Promise<boolean>,
): Promise<Check['check'] | null> {
  const words = programWords(part)
  const [program = '', second = ''] = words
  if (LINTERS.has(program)) return 'lint'
  if (program === 'biome') return /^(?:check|ci|lint|format)$/.test(second) ? 'lint' : null
  if (program === 'svelte-check' || (program === 'astro' && second === 'check')) return 'types'
  if (TYPE_CHECKERS.has(program)) return (await writesNothing(words)) ? 'types' : null
  if (TEST_RUNNERS.has(program)) return 'tests'
  if (program === 'bun' && second === 'test') return 'tests'
  if (program === 'node' && words.some((word) => /^--test(?:$|-|=)/.test(word))) return 'tests'
  return null
}

/** The words of a command from its program on, without settings of the environment in front of it. */
export function programWords(part: string): string[] {
  const words = part.split(/\s+/).filter((word) => word !== '')
  while (/^(?:\w+=\S*|cross-env|env|npx)$/.test(words[0] ?? '')) words.shift()
  return [(words[0] ?? '').replace(/^(?:\.\/)?node_modules\/\.bin\//, ''), ...words.slice(1)]
}

/** The program that a chain ends with: what is before it prepares. */
export function lastProgram(command: string): string {
  return programWords(scriptParts(command).at(-1) ?? command)[0] ?? command
}
