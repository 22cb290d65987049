import { STATE_FIELDS, stateFields } from './shell-state'

/**
 * What a restored shell reports of itself against what it was made from, in words for a person. Both are whole state files; what
 * neither tells (older captures) is not compared.
 */
export function stateDifferences(wanted: Buffer, found: Buffer): string[] {
  const before = stateFields(wanted)
  const after = stateFields(found)
  if (before === null || after === null) return ['the state as a whole: the shell did not report it again']
  const field = (fields: readonly string[], name: keyof typeof STATE_FIELDS): string => fields[STATE_FIELDS[name]] ?? ''
  const differences: string[] = []
  if (field(before, 'cwd') !== field(after, 'cwd')) differences.push(`directory ${field(before, 'cwd')}: it is not there any more`)
  if (field(before, 'umask') !== field(after, 'umask')) differences.push(`umask ${field(before, 'umask').trim()}`)
  const compare = (what: string, name: keyof typeof STATE_FIELDS, entries: (text: string) => Map<string, string>): void => {
    const now = entries(field(after, name))
    for (const [key, value] of entries(field(before, name))) if (now.get(key) !== value) differences.push(`${what} ${key}`)
  }
  compare('option', 'shopt', (text) => byKey(text, (line) => line.split(' ').at(-1) ?? line))
  compare('option', 'options', (text) => byKey(text, (line) => line.split(' ').at(-1) ?? line))
  compare('variable', 'variables', variables)
  compare('function', 'functions', functions)
  compare('alias', 'aliases', (text) => byKey(text, (line) => /^alias (.*?)=/.exec(line)?.[1] ?? line))
  compare('trap', 'traps', (text) => byKey(text, (line) => line.split(' ').at(-1) ?? line))
  const second = before[0] === 'keyframe-shell-2' && after[0] === 'keyframe-shell-2'
  if (second && field(before, 'directories') !== field(after, 'directories')) {
    const kept = new Set(field(after, 'directories').split('\n'))
    for (const line of field(before, 'directories').split('\n'))
      if (line !== '' && !kept.has(line)) differences.push(`directory ${line} of the stack`)
  }
  if (second) compare('limit', 'limits', (text) => byKey(text, (line) => line.replace(/\s+/g, ' ').trim()))
  return differences
}

function byKey(text: string, keyOf: (line: string) => string): Map<string, string> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => [keyOf(line), line]),
  )
}

/** `declare -ATTRIBUTES NAME=VALUE` and the like; further lines belong to the value. */
function variables(text: string): Map<string, string> {
  return entries(text, /^(?:declare -\S+ (?!-)([A-Za-z_]\w*)|unset -v (\w+)$|(PS1|PS0|PROMPT_COMMAND)=)/)
}

/** `NAME () ` alone on a line begins one. */
function functions(text: string): Map<string, string> {
  return entries(text, /^(\S+) \(\) $/)
}

function entries(text: string, begin: RegExp): Map<string, string> {
  const found = new Map<string, string>()
  let name = ''
  for (const line of text.split('\n')) {
    const match = begin.exec(line)
    if (match !== null) name = match.slice(1).find((group) => group !== undefined) ?? ''
    const kept = found.get(name)
    found.set(name, match !== null || kept === undefined ? line : `${kept}\n${line}`)
  }
  found.delete('')
  return found
}
