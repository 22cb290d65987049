import { isUtf8 } from 'node:buffer'

/**
 * File names are bytes; paths in frames are text. A name that is UTF-8 stays as it is; each byte of one that is not, and the
 * backslash of a literal `\xNN`, is written `\xNN`. The mapping is one to one, so odd names survive a capture and a restore.
 */
const ESCAPE = /\\x([0-9a-f]{2})/g

/** From what `readdir` gives with encoding `latin1` (one character a byte) to the text of a path. */
export function nameFromBytes(latin1: string): string {
  let plain = true
  for (let i = 0; i < latin1.length; i++) {
    const code = latin1.charCodeAt(i)
    if (code > 127 || code === 92) {
      plain = false
      break
    }
  }
  if (plain) return latin1
  const bytes = Buffer.from(latin1, 'latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8').replaceAll(ESCAPE, '\\x5cx$1')
  let text = ''
  for (const byte of bytes) text += byte > 127 || byte === 92 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte)
  return text
}

/** What to hand to `fs`: the path itself where it is plain text, its bytes where it was escaped. */
export function fsPath(path: string): string | Buffer {
  return path.includes('\\x') ? bytesOfPath(path) : path
}

export function bytesOfPath(path: string): Buffer {
  const parts: Buffer[] = []
  let last = 0
  for (const match of path.matchAll(ESCAPE)) {
    parts.push(Buffer.from(path.slice(last, match.index), 'utf8'), Buffer.from([Number.parseInt(match[1] ?? '0', 16)]))
    last = match.index + match[0].length
  }
  parts.push(Buffer.from(path.slice(last), 'utf8'))
  return Buffer.concat(parts)
}

/** Target of a symbolic link, escaped the same way. */
export function textOfBytes(bytes: Uint8Array): string {
  return nameFromBytes(Buffer.from(bytes).toString('latin1'))
}

/**
 * Longest path below a workspace that is kept: with the folder that it lies in, Linux takes no more than 4,096 bytes at once. Programs
 * can make longer ones step by step.
 */
const MAX_PATH_BYTES = 3_000

/** False for a path that nothing could read or write by its name once it lies somewhere else. */
export function isKeptPath(path: string): boolean {
  return Buffer.byteLength(path) <= MAX_PATH_BYTES
}
