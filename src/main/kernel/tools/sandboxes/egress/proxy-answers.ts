import { STATUS_CODES } from 'node:http'
import { formatAuthority, type Authority } from './authority'

/** An answer of the proxy's own. */
export interface PlainAnswer {
  readonly status: number
  readonly phrase: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function plainAnswer(status: number, text: string, phrase: string = STATUS_CODES[status] ?? ''): PlainAnswer {
  const body = `Keyframe: ${printable(text)}\n`
  return {
    status,
    phrase,
    body,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': `${Buffer.byteLength(body)}`,
      'Cache-Control': 'no-store',
      ...(status === 407 ? { 'Proxy-Authenticate': 'Basic realm="keyframe"' } : {}),
      'X-Keyframe-Proxy': status === 403 ? 'denied' : 'failed',
    },
  }
}

/** For a connection that has no response of Node's: it ends with this answer. */
export function rawAnswer(answer: PlainAnswer): string {
  const headers = Object.entries({ ...answer.headers, Connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${answer.status} ${answer.phrase}\r\n${headers.join('')}\r\n${answer.body}`
}

export function refusalText(authority: Authority, reason: string): string {
  const target = formatAuthority(authority, 0)
  return [
    `the connection to ${target} was refused. ${reason}`,
    `A person can permit it: with a permission for net.egress on "${target}" in the window's policy view, or with a policy of the role.`,
  ].join('\n')
}

/** Texts of policies and names may come from anywhere, and end up on terminals. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]|\p{Cf}/gu, '?')
}
