// Runs inside the sandbox. Bytes and the text that they carry; pure.
import { isUtf8 } from 'node:buffer'
import { GuestFailure } from './workspace-paths.mjs'

const BOMS = { 'utf-8-bom': Buffer.from([0xef, 0xbb, 0xbf]), 'utf-16le': Buffer.from([0xff, 0xfe]), 'utf-16be': Buffer.from([0xfe, 0xff]) }
const NO_BOM = Buffer.alloc(0)

const SIGNATURES = [
  ['89504e470d0a1a0a', 'PNG image'],
  ['ffd8ff', 'JPEG image'],
  ['474946383', 'GIF image'],
  ['52494646', 'RIFF (WebP image, audio or video)'],
  ['25504446', 'PDF document'],
  ['504b0304', 'ZIP archive (also office documents, jar, wheel)'],
  ['1f8b', 'gzip archive'],
  ['28b52ffd', 'zstd archive'],
  ['fd377a585a00', 'xz archive'],
  ['7f454c46', 'ELF program or library'],
  ['4d5a', 'Windows program or library'],
  ['cafebabe', 'Java class'],
  ['0061736d', 'WebAssembly module'],
  ['53514c69746520666f726d6174', 'SQLite database'],
  ['774f4632', 'WOFF2 font'],
  ['774f4646', 'WOFF font'],
  ['4f676753', 'Ogg audio or video'],
  ['494433', 'MP3 audio'],
]

/** The byte order mark decides; else UTF-8 when it is valid, else Latin-1 when it looks like text, else null: binary. */
export function encodingOf(bytes) {
  for (const [encoding, bom] of Object.entries(BOMS)) if (bytes.subarray(0, bom.length).equals(bom)) return encoding
  if (bytes.includes(0)) return null
  if (isUtf8(bytes)) return 'utf-8'
  return looksLikeText(bytes) ? 'latin1' : null
}

/** Text has hardly any control characters but tab, line ends, form feed and escape. */
export function looksLikeText(bytes) {
  const sample = bytes.subarray(0, 64 * 1024)
  let odd = 0
  for (const byte of sample) if ((byte < 32 && ![9, 10, 12, 13, 27].includes(byte)) || byte === 127) odd += 1
  return odd * 100 <= sample.length
}

/** What a binary file is, from its first bytes. */
export function kindOfBinary(bytes) {
  const start = bytes.subarray(0, 16).toString('hex')
  const known = SIGNATURES.find(([signature]) => start.startsWith(signature))
  if (known) return known[1]
  if (bytes.subarray(4, 8).toString('latin1') === 'ftyp') return 'MP4 video or audio, or HEIF image'
  const sample = bytes.subarray(0, 256)
  if (sample.length >= 4 && sample.every((byte, at) => (at % 2 === 1 ? byte === 0 : byte !== 0)))
    return 'UTF-16 text without a mark, or binary data'
  return 'binary data'
}

export function bomOf(encoding) {
  return BOMS[encoding] ?? NO_BOM
}

/** Text of bytes without the mark. Throws TypeError for bytes that are not of the encoding. */
export function decodeText(bytes, encoding) {
  const body = bytes.subarray(bomOf(encoding).length)
  if (encoding === 'latin1') return body.toString('latin1')
  const label = encoding === 'utf-8-bom' ? 'utf-8' : encoding
  return new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(body)
}

/** Bytes with the mark. Fails with `fs.encoding` for what the encoding cannot carry. */
export function encodeText(text, encoding = 'utf-8') {
  if (encoding === 'latin1') {
    const odd = [...text].find((character) => character.codePointAt(0) > 0xff)
    if (odd) throw new GuestFailure('fs.encoding', `The file is Latin-1, which cannot carry ${JSON.stringify(odd)}.`, { encoding })
    return Buffer.from(text, 'latin1')
  }
  if (!text.isWellFormed()) throw new GuestFailure('fs.encoding', 'The new text holds half a character, which no encoding can carry.')
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8')
  if (encoding === 'utf-8-bom') return Buffer.concat([BOMS['utf-8-bom'], Buffer.from(text, 'utf8')])
  const units = Buffer.from(text, 'utf16le')
  return Buffer.concat([BOMS[encoding], encoding === 'utf-16be' ? units.swap16() : units])
}
