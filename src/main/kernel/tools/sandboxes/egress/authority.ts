import { isIPv4, isIPv6 } from 'node:net'

/** Whom a client wants to reach, in the one form that is decided, logged, dialled and sent on as Host. */
export interface Authority {
  /** Lower case, without a trailing dot, punycode for international names; an address literal in its canonical form, unbracketed. */
  readonly host: string
  readonly port: number
  /** The address when the host is a literal, which needs no name service. */
  readonly literal: string | null
}

/** RFC 3986's characters of host and port. No user information: a name before an `@` only deceives readers. */
const AUTHORITY = /^(?<host>\[[0-9a-f:.]+\]|[^[\]:@/?#\\\s]+)(?::(?<port>\d{1,5}))?$/i

/** Null for what is none. `defaultPort` null: the port must be named, as in CONNECT. */
export function parseAuthority(text: string, defaultPort: number | null): Authority | null {
  const match = AUTHORITY.exec(text)
  const port = Number(match?.groups?.['port'] ?? defaultPort ?? 0)
  if (match?.groups === undefined || port < 1 || port > 65_535) return null
  const host = canonicalHost(match.groups['host'] ?? '')
  if (host === null) return null
  const literal = canonicalAddress(host.replace(/^\[|\]$/g, ''))
  return { host: literal ?? host, port, literal }
}

export function formatAuthority(authority: Authority, defaultPort: number): string {
  const host = isIPv6(authority.host) ? `[${authority.host}]` : authority.host
  return authority.port === defaultPort ? host : `${host}:${authority.port}`
}

/** As browsers read it: percent codes decoded, names mapped to ASCII, `0x7f.1` and `2130706433` become 127.0.0.1. */
function canonicalHost(text: string): string | null {
  if (!URL.canParse(`http://${text}/`)) return null
  const name = new URL(`http://${text}/`).hostname.replace(/\.$/, '')
  return name === '' || name.endsWith('.') || name.length > 253 ? null : name
}

/**
 * One text for each address that the system would dial: IPv6 compressed, IPv4 in IPv6 as IPv4, and the unspecified address as the
 * loopback, to which the system connects for it. Null for what is no address or belongs to one link only (`fe80::1%eth0`).
 */
export function canonicalAddress(text: string): string | null {
  if (isIPv4(text)) return text === '0.0.0.0' ? '127.0.0.1' : text
  if (!isIPv6(text) || text.includes('%')) return null
  const address = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  if (address === '::') return '::1'
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address)
  if (mapped === null) return address
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)]
  return canonicalAddress([high >> 8, high & 255, low >> 8, low & 255].join('.'))
}
