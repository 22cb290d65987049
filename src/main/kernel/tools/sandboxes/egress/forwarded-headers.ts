/** Of one connection only (RFC 9110, 7.6.1), with the unofficial ones that clients send to proxies. */
const HOP_BY_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'],
])

export function headerValues(raw: readonly string[], name: string): string[] {
  return pairsOf(raw).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []))
}

/**
 * Why the length of a message's body could be read in two ways; null when there is only one. The parser refuses most of these
 * already: this holds whatever it was built with.
 */
export function ambiguousFraming(raw: readonly string[]): string | null {
  const lengths = headerValues(raw, 'content-length')
  const encodings = headerValues(raw, 'transfer-encoding')
  if (lengths.length > 0 && encodings.length > 0) return 'It has both Content-Length and Transfer-Encoding.'
  if (lengths.length > 1 || lengths.some((length) => !/^\d{1,15}$/.test(length))) return 'Its Content-Length is not one number.'
  if (encodings.length > 1 || encodings.some((encoding) => encoding.toLowerCase() !== 'chunked')) {
    return 'Its Transfer-Encoding is not just chunked.'
  }
  return null
}

/** Names and values in turn, as they were written, without those of this connection and those in `without` (lower case). */
export function forwardedHeaders(raw: readonly string[], without: readonly string[]): string[] {
  const named = headerValues(raw, 'connection').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase()))
  // A body's length is never given up on the word of a Connection header.
  const dropped = new Set([...HOP_BY_HOP, ...without, ...named.filter((name) => name !== 'content-length')])
  return pairsOf(raw).flatMap(([name, value]) => (dropped.has(name.toLowerCase()) ? [] : [name, value]))
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? ''])
}
