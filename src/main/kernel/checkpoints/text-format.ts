import { isUtf8 } from 'node:buffer'
import type { FileVersion } from '../../../shared/files'

type Encoding = FileVersion['encoding']
type Eol = FileVersion['eol']

/** Larger files are shown and merged as a whole, like binary ones. */
export const MAX_TEXT_BYTES = 8 * 1024 * 1024
const SNIFF_BYTES = 8192

/** Like git, a NUL near the start means binary; bytes that are no UTF-8 are latin1 unless control characters say otherwise. */
export function detectEncoding(bytes: Buffer): Encoding {
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf && isUtf8(bytes)) return 'utf-8-bom'
  if (bytes.length >= 2 && bytes.length % 2 === 0 && bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  const head = bytes.subarray(0, SNIFF_BYTES)
  if (head.includes(0)) return 'binary'
  if (isUtf8(bytes)) return 'utf-8'
  let control = 0
  for (const byte of head) if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) control++
  return control > 0 ? 'binary' : 'latin1'
}

/** Without the byte order mark. Null for binary and very large content. */
export function decodeText(bytes: Buffer, encoding: Encoding): string | null {
  if (bytes.length > MAX_TEXT_BYTES) return null
  switch (encoding) {
    case 'binary':
      return null
    case 'utf-8':
      return bytes.toString('utf8')
    case 'utf-8-bom':
      return bytes.toString('utf8', 3)
    case 'utf-16le':
      return bytes.toString('utf16le', 2)
    case 'latin1':
      return bytes.toString('latin1')
  }
}

/** Null when the encoding cannot carry the text. */
export function encodeText(text: string, encoding: Encoding): Buffer | null {
  switch (encoding) {
    case 'binary':
      return null
    case 'utf-8':
      return Buffer.from(text, 'utf8')
    case 'utf-8-bom':
      return Buffer.from(`\ufeff${text}`, 'utf8')
    case 'utf-16le':
      return Buffer.from(`\ufeff${text}`, 'utf16le')
    case 'latin1': {
      const bytes = Buffer.from(text, 'latin1')
      return bytes.toString('latin1') === text ? bytes : null
    }
  }
}

export function detectEol(text: string): Eol {
  let crlf = 0
  let lf = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (text.charCodeAt(at - 1) === 13) crlf++
    else lf++
  }
  if (crlf > 0) return lf > 0 ? 'mixed' : 'crlf'
  return lf > 0 ? 'lf' : 'none'
}
