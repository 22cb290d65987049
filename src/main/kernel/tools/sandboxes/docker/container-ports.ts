import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import type { OpenPort } from '../../../../../shared/frames'
import { commandLine } from '../process-tree'

const LISTEN = '0A'

/** Ports that processes of `pid`'s network listen on, with the program where it can be told. */
export function listeningPorts(pid: number, processes: readonly number[]): OpenPort[] {
  const found = new Map<string, { port: number; address: string; inode: string }>()
  for (const [file, isSix] of [
    ['tcp', false],
    ['tcp6', true],
  ] as const) {
    for (const line of read(`/proc/${pid}/net/${file}`).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const [local = '', inode = ''] = [fields[1], fields[9]]
      if (fields[3] !== LISTEN) continue
      const [address = '', port = ''] = local.split(':')
      found.set(`${file} ${local}`, { port: Number.parseInt(port, 16), address: isSix ? address6(address) : address4(address), inode })
    }
  }
  const programs = found.size === 0 ? new Map<string, string>() : programsOf(processes)
  return [...found.values()]
    .map(({ port, address, inode }) => ({ port, address, program: programs.get(inode) ?? null }))
    .sort((a, b) => a.port - b.port || a.address.localeCompare(b.address))
}

function programsOf(processes: readonly number[]): Map<string, string> {
  const programs = new Map<string, string>()
  for (const pid of processes) {
    for (const link of descriptorsOf(pid)) {
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      const line = inode === undefined ? null : commandLine(pid)
      if (inode !== undefined && line !== null) programs.set(inode, line)
    }
  }
  return programs
}

const UNREADABLE = ['ENOENT', 'ESRCH', 'EACCES', 'EPERM']

/** Nothing for a process that has ended, or that made itself unreadable: its port is listed without a program. */
function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch (thrown) {
        if (UNREADABLE.includes((thrown as NodeJS.ErrnoException).code ?? '')) return ''
        throw thrown
      }
    })
  } catch (thrown) {
    if (UNREADABLE.includes((thrown as NodeJS.ErrnoException).code ?? '')) return []
    throw thrown
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (thrown) {
    if (['ENOENT', 'ESRCH', 'EINVAL'].includes((thrown as NodeJS.ErrnoException).code ?? '')) return ''
    throw thrown
  }
}

/** The kernel prints each word of an address in its own byte order, which is little-endian on what is supported. */
function address4(hex: string): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.')
}

function address6(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse()).join('')
  const groups = (bytes.match(/.{4}/g) ?? []).map((group) => group.replace(/^0+(?=.)/, ''))
  const text = groups.join(':')
  if (text === '0:0:0:0:0:0:0:0') return '::'
  return text === '0:0:0:0:0:0:0:1' ? '::1' : text
}
