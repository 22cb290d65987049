import { BlockList, isIP } from 'node:net'

/**
 * Addresses that are not the public internet, from IANA's special-purpose registries: what a name from outside must never lead
 * to. Forms that carry an IPv4 address inside an IPv6 one are among them, since they reach the former's ranges.
 */
const RESERVED = [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared by carriers'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local, where metadata services are'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'for protocols'],
  ['192.0.2.0/24', 'for documentation'],
  ['192.88.99.0/24', 'a relay'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'for benchmarks'],
  ['198.51.100.0/24', 'for documentation'],
  ['203.0.113.0/24', 'for documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::ffff:0:0/96', 'an IPv4 address inside an IPv6 one'],
  ['::/96', 'unspecified, loopback or an IPv4 address inside an IPv6 one'],
  ['64:ff9b::/96', 'an IPv4 address inside an IPv6 one'],
  ['64:ff9b:1::/48', 'an IPv4 address inside an IPv6 one'],
  ['100::/64', 'for discarding'],
  ['2001::/23', 'for protocols and tunnels'],
  ['2001:db8::/32', 'for documentation'],
  ['2002::/16', 'an IPv4 address inside an IPv6 one'],
  ['3fff::/20', 'for documentation'],
  ['5f00::/16', 'for segment routing'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
] as const

const LISTS = RESERVED.map(([range, kind]) => ({ range, kind, list: listOf(range) }))

/** What kind of reserved address it is; null for a public one. Whatever is no address is reserved too. */
export function reservedKind(address: string): { readonly range: string; readonly kind: string } | null {
  const family = isIP(address)
  if (family === 0 || address.includes('%')) return { range: address, kind: 'no plain address' }
  const found = LISTS.find(({ range, list }) => range.includes(':') === (family === 6) && list.check(address, familyName(address)))
  return found ?? null
}

/**
 * Whether a range that a policy names (`10.1.0.0/16`, `10.1.2.3`) opens a reserved address: it holds the address, and lies
 * itself wholly in the reserved range, so that `0.0.0.0/0` names nothing in particular.
 */
export function namesReserved(range: string, address: string): boolean {
  const reserved = reservedKind(address)
  const [base = '', bits] = range.split('/')
  if (reserved === null || isIP(base) !== isIP(address)) return false
  const prefix = bits === undefined ? fullPrefix(base) : Number(bits)
  const reservedPrefix = Number(reserved.range.split('/')[1])
  return prefix >= reservedPrefix && listOf(`${base}/${prefix}`).check(address, familyName(address))
}

/**
 * The address that a host as a program may write it stands for: `2130706433`, `0x7f.1`, `0177.0.0.1`, `[::1]`; null for a
 * name. `host` is what programs that read it as URLs do would connect to: lower case, punycode, no trailing dot.
 */
export function canonicalHost(written: string): { readonly host: string; readonly address: string | null } | null {
  const bare = written.startsWith('[') && written.endsWith(']') ? written.slice(1, -1) : written
  if (isIP(bare) === 6) {
    const url = bare.includes('%') ? null : URL.parse(`http://[${bare}]/`)
    return url === null ? null : { host: url.hostname.slice(1, -1), address: url.hostname.slice(1, -1) }
  }
  if (bare === '' || /[\s/?#@\\:%]/.test(bare)) return null
  const url = URL.parse(`http://${bare}/`)
  if (url === null) return null
  const host = url.hostname.replace(/\.$/, '')
  if (host === '') return null
  return { host, address: isIP(host) === 0 ? null : host }
}

function listOf(range: string): BlockList {
  const [base = '', bits = ''] = range.split('/')
  const list = new BlockList()
  list.addSubnet(base, Number(bits), familyName(base))
  return list
}

function fullPrefix(address: string): number {
  return isIP(address) === 6 ? 128 : 32
}

function familyName(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
