// Runs inside the sandbox. Reading whole files and ranges; files of any size in constant memory.
import { createHash } from 'node:crypto'
import { fstatSync, readSync } from 'node:fs'
import { rememberText } from './remembered-texts.mjs'
import { bomOf, decodeText, encodingOf } from './text-encodings.mjs'
import {
  MAX_TEXT_BYTES,
  MAX_WHOLE_BYTES,
  countLines,
  isBinary,
  lineEnding,
  lineStarts,
  readText,
  tooLarge,
  withRegularFile,
} from './text-files.mjs'
import { existing } from './workspace-edit.mjs'
import { GuestFailure } from './workspace-paths.mjs'

const BLOCK_BYTES = 1024 * 1024
const SAMPLE_BYTES = 64 * 1024
const MAX_KNOWN = 64
/** A change within this time of the last one may not show in a file's times. */
const CLOCK_GRAIN_MS = 100
const [LF, CR] = [10, 13]

export function read({ path, startLine, endLine, startByte, byteLength, as = 'text', follow = true }) {
  const { relative, absolute } = existing(path, { links: follow })
  const byLines = startLine !== undefined || endLine !== undefined
  const byBytes = startByte !== undefined || byteLength !== undefined
  if (byLines && (byBytes || as === 'base64')) throw new GuestFailure('fs.bad-range', 'Name either lines of the text or bytes.')
  if (byBytes || as === 'base64') return { path: relative, ...readBytes(absolute, path, { startByte, byteLength, as }) }
  return { path: relative, ...readLines(absolute, path, { startLine, endLine }) }
}

/** The next lines of a file; none when it has no more. */
export function readFrom({ path, startLine, lines }) {
  const { relative, absolute } = existing(path)
  const { totalLines, ...facts } = withRegularFile(absolute, path, (fd) => factsOf(fd))
  if (startLine <= totalLines) return { path: relative, ...readLines(absolute, path, { startLine, endLine: startLine + lines - 1 }) }
  const { version, sizeBytes } = facts
  return { path: relative, text: '', version, totalLines, sizeBytes, startLine, endLine: startLine - 1 }
}

function readLines(absolute, path, { startLine, endLine }) {
  const whole = startLine === undefined && endLine === undefined
  const huge = withRegularFile(absolute, path, (fd, stat) => {
    if (stat.size <= (whole ? MAX_TEXT_BYTES : MAX_WHOLE_BYTES)) return null
    const sample = bytesAt(fd, 0, SAMPLE_BYTES)
    if (encodingOf(wholeCharacters(sample)) === null) throw isBinary(path, sample, stat.size)
    if (whole) throw tooLarge(path, stat.size, MAX_TEXT_BYTES)
    return readHugeLines(fd, path, { startLine, endLine })
  })
  if (huge !== null) return huge
  const file = readText(absolute, path, MAX_WHOLE_BYTES)
  const starts = lineStarts(file.text)
  const totalLines = countLines(file.text, starts)
  const [first, last] = lineRange(path, startLine, endLine, totalLines)
  const text = file.text.slice(starts[first - 1], starts[last] ?? file.text.length)
  if (text.length > MAX_TEXT_BYTES) throw new GuestFailure('fs.too-large', `Lines ${first} to ${last} of ${path} are more than 8 MiB.`)
  const { version, encoding, eol } = file
  rememberText(version, file.text)
  return { text, version, totalLines, sizeBytes: file.bytes.length, startLine: first, endLine: last, encoding, eol }
}

function lineRange(path, startLine, endLine, totalLines) {
  const first = startLine ?? 1
  const last = Math.min(endLine ?? totalLines, totalLines)
  if (first <= Math.max(totalLines, 1) && (last >= first || totalLines === 0)) return [first, last]
  const asked = `lines ${first} to ${endLine ?? totalLines}`
  throw new GuestFailure('fs.bad-range', `${path} has ${totalLines} lines: there are no ${asked}.`, { totalLines })
}

function readHugeLines(fd, path, { startLine, endLine }) {
  const facts = factsOf(fd)
  if (facts.encoding?.startsWith('utf-16'))
    throw new GuestFailure('fs.too-large', `${path} is UTF-16 and too large for lines: read a range of bytes.`)
  const [first, last] = lineRange(path, startLine, endLine, facts.totalLines)
  const from = startOfLine(fd, facts, first)
  const to = last === facts.totalLines ? facts.sizeBytes : startOfLine(fd, facts, last + 1)
  if (to - from > MAX_TEXT_BYTES) throw new GuestFailure('fs.too-large', `Lines ${first} to ${last} of ${path} are more than 8 MiB.`)
  const { text, encoding } = textOfRange(bytesAt(fd, from, to - from), from, facts, path)
  return { text, ...factsShown(facts), startLine: first, endLine: last, encoding, eol: lineEnding(text), startByte: from, endByte: to }
}

function readBytes(absolute, path, { startByte = 0, byteLength, as }) {
  return withRegularFile(absolute, path, (fd, stat) => {
    const facts = factsOf(fd)
    if (startByte > facts.sizeBytes)
      throw new GuestFailure('fs.bad-range', `${path} has ${facts.sizeBytes} bytes.`, { sizeBytes: facts.sizeBytes })
    const length = Math.min(byteLength ?? facts.sizeBytes - startByte, facts.sizeBytes - startByte)
    if (length > MAX_TEXT_BYTES) throw tooLarge(path, stat.size, MAX_TEXT_BYTES)
    const bytes = bytesAt(fd, startByte, length)
    if (as === 'base64') {
      const shown = { encoding: facts.encoding, base64: bytes.toString('base64'), startByte, endByte: startByte + bytes.length }
      return { text: '', ...factsShown(facts), startLine: 1, endLine: facts.totalLines, ...shown }
    }
    if (facts.encoding === null) throw isBinary(path, bytesAt(fd, 0, 512), facts.sizeBytes)
    const { text, encoding, skipped, taken } = textOfRange(bytes, startByte, facts, path)
    const [from, to] = [startByte + skipped, startByte + skipped + taken]
    const startLine = endsBefore(fd, facts, from) + 1
    const endLine = Math.max(startLine, Math.min(endsBefore(fd, facts, to) + (/[\r\n]$/.test(text) ? 0 : 1), facts.totalLines))
    return { text, ...factsShown(facts), startLine, endLine, encoding, eol: lineEnding(text), startByte: from, endByte: to }
  })
}

function factsShown({ version, totalLines, sizeBytes }) {
  return { version, totalLines, sizeBytes }
}

function bytesAt(fd, from, length) {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const read = readSync(fd, bytes, done, length - done, from + done)
    if (read === 0) break
    done += read
  }
  return bytes.subarray(0, done)
}

/** UTF-8 bytes without the parts of characters at either end. */
function wholeCharacters(bytes) {
  let from = 0
  while (from < Math.min(3, bytes.length) && (bytes[from] & 0xc0) === 0x80) from += 1
  let to = bytes.length
  for (let back = 1; back <= Math.min(3, to - from); back += 1) {
    const byte = bytes[to - back]
    if ((byte & 0xc0) === 0x80) continue
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    if (needed > back) to -= back
    break
  }
  return bytes.subarray(from, to)
}

/** `skipped` and `taken`: which bytes the text is made of; fewer than asked where a character is cut at the ends. */
function textOfRange(bytes, at, facts, path) {
  const bom = at === 0 ? bomOf(facts.encoding).length : 0
  if (facts.encoding.startsWith('utf-16')) {
    const from = at % 2
    const even = bytes.subarray(from, bytes.length - ((bytes.length - from) % 2))
    const text = decodeUtf16(even.subarray(bom), facts.encoding)
    return { text, encoding: facts.encoding, skipped: from, taken: even.length }
  }
  const whole = facts.encoding === 'latin1' ? bytes : wholeCharacters(bytes)
  const skipped = whole.byteOffset - bytes.byteOffset
  try {
    const text = decodeText(whole.subarray(bom), facts.encoding === 'latin1' ? 'latin1' : 'utf-8')
    return { text, encoding: facts.encoding, skipped, taken: whole.length }
  } catch (error) {
    // Only the first part of a huge file was looked at to tell its encoding.
    if (!(error instanceof TypeError)) throw error
    if (encodingOf(bytes) === null) throw isBinary(path, bytes, facts.sizeBytes)
    return { text: bytes.toString('latin1'), encoding: 'latin1', skipped: 0, taken: bytes.length }
  }
}

function decodeUtf16(bytes, encoding) {
  return new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes)
}

const known = new Map()

/**
 * Version, size, lines and encoding of a file, and how many lines end before each block, by one pass over it; kept while its times stay.
 */
function factsOf(fd) {
  const before = fstatSync(fd, { bigint: true })
  const key = [before.dev, before.ino, before.size, before.mtimeNs, before.ctimeNs].join(':')
  const cached = known.get(key)
  if (cached !== undefined) return cached
  const hash = createHash('sha256')
  const endsBeforeBlock = [0]
  let [totalEnds, sizeBytes, lastEnd] = [0, 0, 0]
  let sample = Buffer.alloc(0)
  scan(
    fd,
    0,
    (block, offset) => {
      hash.update(block)
      if (offset === 0) sample = Buffer.from(block.subarray(0, SAMPLE_BYTES))
      if (offset > 0) endsBeforeBlock.push(totalEnds)
      sizeBytes = offset + block.length
    },
    (end) => {
      totalEnds += 1
      lastEnd = end
    },
  )
  const totalLines = totalEnds + (lastEnd < sizeBytes ? 1 : 0)
  const whole = sizeBytes <= SAMPLE_BYTES ? sample : wholeCharacters(sample)
  const facts = { version: hash.digest('hex'), sizeBytes, totalLines, encoding: encodingOf(whole), endsBeforeBlock }
  const after = fstatSync(fd, { bigint: true })
  const settled = after.ctimeNs === before.ctimeNs && Date.now() - Number(before.ctimeNs / 1_000_000n) > CLOCK_GRAIN_MS
  if (settled) remember(key, facts)
  return facts
}

function remember(key, facts) {
  known.set(key, facts)
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) break
    known.delete(oldest)
  }
}

/**
 * Blocks from an offset on, and the offset after each line end in them (LF, CRLF or CR) until `onEnd` returns true. The end of a CR at
 * the end of a block is told with the next one, once it is known not to be a CRLF.
 */
function scan(fd, from, onBlock, onEnd) {
  const block = Buffer.alloc(BLOCK_BYTES)
  let afterCr = from > 0 && bytesAt(fd, from - 1, 1)[0] === CR
  let offset = from
  for (;;) {
    const length = readSync(fd, block, 0, BLOCK_BYTES, offset)
    if (length === 0) break
    onBlock(length === BLOCK_BYTES ? block : block.subarray(0, length), offset)
    for (let at = 0; at < length; at += 1) {
      const byte = block[at]
      if (afterCr && byte !== LF && onEnd(offset + at) === true) return
      afterCr = byte === CR
      if (byte === LF && onEnd(offset + at + 1) === true) return
    }
    offset += length
  }
  if (afterCr) onEnd(offset)
}

/** Lines that end in the first `offset` bytes. */
function endsBefore(fd, facts, offset) {
  const block = Math.min(Math.floor(offset / BLOCK_BYTES), facts.endsBeforeBlock.length - 1)
  let ends = facts.endsBeforeBlock[block]
  scan(
    fd,
    block * BLOCK_BYTES,
    () => undefined,
    (end) => {
      if (end > offset) return true
      ends += 1
      return false
    },
  )
  return ends
}

function startOfLine(fd, facts, line) {
  if (line <= 1) return 0
  const block = Math.max(
    0,
    facts.endsBeforeBlock.findLastIndex((ends) => ends < line - 1),
  )
  let ends = facts.endsBeforeBlock[block]
  let found = facts.sizeBytes
  scan(
    fd,
    block * BLOCK_BYTES,
    () => undefined,
    (end) => {
      ends += 1
      if (ends < line - 1) return false
      found = end
      return true
    },
  )
  return found
}
