// Runs inside the sandbox. File names are bytes; paths of tools are text. A name that is UTF-8 stays as it is; each byte of one that is
// not, and the backslash of a literal `\xNN`, is written `\xNN`, as in frames: odd names are said and can be named, not mangled.
import { isUtf8 } from 'node:buffer'

const ESCAPE = /\\x([0-9a-f]{2})/g

/** From the bytes of a name or link target to the text of a path. */
export function textOfBytes(bytes) {
  if (isUtf8(bytes)) return bytes.toString('utf8').replaceAll(ESCAPE, '\\x5cx$1')
  let text = ''
  for (const byte of bytes) text += byte > 127 || byte === 92 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte)
  return text
}

/** What to hand to `fs`: the path itself where it is plain text, its bytes where it was escaped. */
export function onDisk(path) {
  if (!path.includes('\\x')) return path
  const parts = []
  let last = 0
  for (const match of path.matchAll(ESCAPE)) {
    parts.push(Buffer.from(path.slice(last, match.index), 'utf8'), Buffer.from([Number.parseInt(match[1], 16)]))
    last = match.index + match[0].length
  }
  parts.push(Buffer.from(path.slice(last), 'utf8'))
  return Buffer.concat(parts)
}
