import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { OpenPort } from '../../../../shared/frames'
import { commandLine, hasGone } from './process-tree'

/** State of a socket that waits for connections, as /proc/net/tcp writes it. */
const LISTEN = '0A'
const MAX_PROGRAM_CHARACTERS = 200

interface Listener {
  readonly port: number
  readonly address: string
  readonly inode: string
}

function readNet(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/net/${name}`, 'utf8')
  } catch (thrown) {
    // The process has ended, or the machine has no IPv6.
    if (hasGone(thrown) || (thrown as NodeJS.ErrnoException).code === 'EINVAL') return ''
    throw thrown
  }
}

/** How often something in the network of this process had no route to where it wanted, since the network was made. */
export function packetsWithoutRoute(pid: number): number {
  const ip = readNet(pid, 'snmp')
    .split('\n')
    .filter((line) => line.startsWith('Ip: '))
  const column = ip[0]?.split(' ').indexOf('OutNoRoutes') ?? -1
  const four = column < 0 ? 0 : Number(ip[1]?.split(' ')[column] ?? 0)
  const six = /^Ip6OutNoRoutes\s+(\d+)/m.exec(readNet(pid, 'snmp6'))?.[1] ?? '0'
  return four + Number(six)
}

/**
 * Ports that are listened on in the network of `pid`, each with the command line of the first of `candidates` that holds it.
 * The ports of the programs in `except` are left out.
 */
export function listeningPorts(pid: number, candidates: readonly number[], except: readonly number[]): OpenPort[] {
  const listeners = [...listenersOf(readNet(pid, 'tcp')), ...listenersOf(readNet(pid, 'tcp6'))]
  if (listeners.length === 0) return []
  const wanted = new Set(listeners.map((listener) => listener.inode))
  const own = socketsOf(except, wanted)
  const holders = socketsOf(candidates, wanted)
  return listeners
    .filter((listener) => !own.has(listener.inode))
    .map(({ port, address, inode }) => {
      const holder = holders.get(inode)
      const program = holder === undefined ? null : commandLine(holder)
      return { port, address, program: program?.slice(0, MAX_PROGRAM_CHARACTERS) ?? null }
    })
    .sort((a, b) => a.port - b.port || (a.address < b.address ? -1 : 1))
}

function listenersOf(table: string): Listener[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [address = '', port = ''] = fields[1]?.split(':') ?? []
    if (fields[3] !== LISTEN) return []
    return [{ port: Number.parseInt(port, 16), address: addressText(address), inode: fields[9] ?? '' }]
  })
}

/** The table has the words of an address in the order of the machine, which is little-endian wherever the filter is. */
function addressText(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse())
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => (((bytes[2 * index] ?? 0) << 8) | (bytes[2 * index + 1] ?? 0)).toString(16))
  // The URL parser writes the shortest form.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

/** Which process holds each of the wanted sockets. Processes that may not be looked into hold none that is known. */
function socketsOf(pids: readonly number[], wanted: ReadonlySet<string>): Map<string, number> {
  const found = new Map<string, number>()
  for (const pid of pids) {
    for (const target of descriptorsOf(pid)) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
      if (inode !== undefined && wanted.has(inode) && !found.has(inode)) found.set(inode, pid)
    }
  }
  return found
}

function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).flatMap((name) => {
      try {
        return [readlinkSync(`${folder}/${name}`)]
      } catch (thrown) {
        if (hasGone(thrown)) return []
        throw thrown
      }
    })
  } catch (thrown) {
    if (hasGone(thrown) || (thrown as NodeJS.ErrnoException).code === 'EACCES') return []
    throw thrown
  }
}
