import { isIP } from 'node:net'
import { KeyframeError } from '../../../../shared/failure'
import type { PolicyAction } from '../../../../shared/policy'
import { canonicalHost } from './reserved-addresses'

/** The Cedar condition under which a resource fits a pattern; null when every resource does. Throws `policy.invalid` for a pattern that names nothing. */
export function patternCondition(action: PolicyAction, pattern: string): string | null {
  switch (action) {
    case 'fs.read':
    case 'fs.write':
    case 'fs.exec':
      return pathCondition(pattern)
    case 'process.spawn':
      return commandCondition(pattern)
    case 'net.egress':
      return endpointCondition(pattern)
    case 'net.ingress':
      return portCondition(pattern)
    case 'tool.use':
      return pattern === '*' ? null : `resource.name like ${likePattern(pattern)}`
    case 'process.trace':
      return null
  }
}

/**
 * `*` is anything within a part, `**` any parts; both are literal after a backslash. `*` only in the last part and `**` only
 * before it, so that a condition says exactly what the pattern says.
 */
function pathCondition(pattern: string): string | null {
  const parts = pattern.split('/')
  const last = parts.pop() ?? ''
  if (pattern.startsWith('/') || parts.includes('..') || last === '..')
    throw invalid(pattern, 'It has to name something inside of the workspace.')
  if (last === '**' && parts.length === 0) return null
  const deep = last === '**' || parts.at(-1) === '**'
  const before = parts.at(-1) === '**' ? parts.slice(0, -1) : parts
  if (before.some((part) => part === '' || hasStar(part)) || last === '') {
    throw invalid(
      pattern,
      'Stars are understood in the last part and as "**" before it: src/**, src/**/*.ts, docs/*.md. Anything else can be written in Cedar.',
    )
  }
  const folder = before.map((part) => `${part}/`).join('')
  if (!deep && !hasStar(last)) return `resource.path == ${cedarText(unescaped(pattern))}`
  const conditions: string[] = []
  if (folder !== '') conditions.push(`resource.path like ${likePattern(`${folder}*`)}`)
  if (!deep) conditions.push(`resource.depth == ${parts.length + 1}`)
  if (last !== '**' && last !== '*') {
    conditions.push(hasStar(last) ? `resource.name like ${likePattern(last)}` : `resource.name == ${cedarText(unescaped(last))}`)
  }
  return conditions.length === 0 ? null : conditions.join(' && ')
}

/** `npm`: the program. `npm test*`: lines that begin so. `npm test`: exactly this line. */
function commandCondition(pattern: string): string {
  const known = 'resource.known'
  if (pattern === '*') return known
  if (!/[\s/]/u.test(pattern) && !hasStar(pattern))
    return `${known} && !resource.byPath && resource.program == ${cedarText(unescaped(pattern))}`
  if (pattern.startsWith('*')) throw invalid(pattern, 'It has to begin with a program.')
  // A program named by a path is named so in the pattern too: `./gradlew build*`.
  const found = /^\S*\//u.test(pattern) ? known : `${known} && !resource.byPath`
  return hasStar(pattern)
    ? `${found} && resource.line like ${likePattern(pattern)}`
    : `${found} && resource.line == ${cedarText(unescaped(pattern))}`
}

/** `host`, `host:port`, `*.example.org`, `*.example.org:443`, `10.0.0.0/8:443`. */
function endpointCondition(pattern: string): string | null {
  if (pattern === '*') return null
  const split = /^(.*?)(?::(\d{1,5}|\*))?$/u.exec(isIP(pattern) === 6 ? `[${pattern}]` : pattern)
  const host = split?.[1] ?? ''
  const port = split?.[2]
  const conditions = [hostCondition(pattern, host)]
  if (port !== undefined && port !== '*') {
    if (Number(port) < 1 || Number(port) > 65_535) throw invalid(pattern, 'A port is a number from 1 to 65535.')
    conditions.push(`resource.port == ${Number(port)}`)
  }
  return conditions.join(' && ')
}

function hostCondition(pattern: string, host: string): string {
  const subdomains = host.startsWith('*.')
  const range = /^\[?([0-9a-f.:]+)\]?\/(\d{1,3})$/iu.exec(host)
  if (range !== null) {
    const [, base = '', bits = ''] = range
    const family = isIP(base)
    if (family === 0 || Number(bits) > (family === 6 ? 128 : 32)) throw invalid(pattern, 'This is no range of addresses.')
    return `resource has address && resource.address.isInRange(ip("${base.toLowerCase()}/${Number(bits)}"))`
  }
  const canonical = canonicalHost(subdomains ? host.slice(2) : host)
  if (canonical === null || canonical.host.includes('*'))
    throw invalid(pattern, 'A host is a name, *.name, an address or a range of addresses.')
  if (subdomains && canonical.address === null) return `resource.host like ${likePattern(`*.${canonical.host}`)}`
  if (subdomains) throw invalid(pattern, 'An address has no subdomains.')
  return `resource.host == ${cedarText(canonical.host)}`
}

function portCondition(pattern: string): string | null {
  if (pattern === '*') return null
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/u.exec(pattern)
  const first = Number(range?.[1])
  const last = Number(range?.[2] ?? range?.[1])
  if (range === null || first > last || last > 65_535)
    throw invalid(pattern, 'A port is a number up to 65535, or two with a hyphen between.')
  return first === last ? `resource.number == ${first}` : `resource.number >= ${first} && resource.number <= ${last}`
}

function hasStar(part: string): boolean {
  return /(?<!\\)(?:\\\\)*\*/u.test(part)
}

function unescaped(part: string): string {
  return part.replace(/\\(.)/gu, '$1')
}

/** Escapes what a pattern would understand: used where a pattern is offered for something that exists. */
export function literalPattern(text: string): string {
  return text.replace(/[\\*]/gu, '\\$&')
}

/** A Cedar pattern of the same meaning: a bare star is any text, one after a backslash itself. */
function likePattern(pattern: string): string {
  const parts = pattern.matchAll(/\\(.)|(\*)|([^\\*]+|\\$)/gsu)
  let text = ''
  for (const [, escaped, star, plain] of parts) {
    if (star !== undefined) text += '*'
    else text += quoted(escaped ?? plain ?? '').replaceAll('*', '\\*')
  }
  return `"${text}"`
}

function cedarText(text: string): string {
  return `"${quoted(text)}"`
}

function quoted(text: string): string {
  return text.replace(/[\\"\p{Cc}\p{Cf}]/gu, (found) =>
    found === '"' || found === '\\' ? `\\${found}` : `\\u{${found.codePointAt(0)?.toString(16)}}`,
  )
}

function invalid(pattern: string, why: string): KeyframeError {
  return new KeyframeError({ code: 'policy.invalid', message: `The pattern ${JSON.stringify(pattern)} cannot be used. ${why}` })
}
