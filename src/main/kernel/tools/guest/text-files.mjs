// Runs inside the sandbox. Files as text: versions, encoding, line endings, atomic replacement.
import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { GuestFailure, lstatOrNull } from './workspace-paths.mjs'

export const MAX_TEXT_BYTES = 8 * 1024 * 1024
/** Beyond it nothing is read at all, not even a range: the whole file is in memory while its version is computed. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024

const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

export function versionOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Runs `use` with a descriptor of a regular file; FIFOs, devices and sockets are refused without waiting for them. */
export function withRegularFile(absolute, path, use) {
  const stat = lstatOrNull(absolute)
  if (stat?.isDirectory()) throw new GuestFailure('fs.is-directory', `${path} is a directory.`)
  if (stat !== null && !stat.isFile()) throw new GuestFailure('fs.not-a-file', `${path} is no regular file.`)
  const fd = openSync(absolute, READ_FLAGS)
  try {
    const opened = fstatSync(fd)
    if (!opened.isFile()) throw new GuestFailure('fs.not-a-file', `${path} is no regular file.`)
    return use(fd, opened)
  } finally {
    closeSync(fd)
  }
}

/** Version of a file of any size, in constant memory. */
export function hashFile(absolute, path) {
  return withRegularFile(absolute, path, (fd) => {
    const hash = createHash('sha256')
    const block = Buffer.alloc(1024 * 1024)
    for (let read = readSync(fd, block); read > 0; read = readSync(fd, block)) hash.update(block.subarray(0, read))
    return hash.digest('hex')
  })
}

/** The file's bytes and text. Fails for what is not UTF-8 text; a byte order mark is taken off and remembered. */
export function readText(absolute, path, maxBytes = MAX_TEXT_BYTES) {
  return withRegularFile(absolute, path, (fd, stat) => {
    if (stat.size > maxBytes) throw tooLarge(path, stat.size, maxBytes)
    const bytes = readFileSync(fd)
    if (bytes.length > maxBytes) throw tooLarge(path, bytes.length, maxBytes)
    const bom = bytes.subarray(0, 3).equals(BOM)
    const text = decode(bom ? bytes.subarray(3) : bytes, path)
    return { bytes, text, bom, eol: lineEnding(text), version: versionOf(bytes), mode: stat.mode & 0o7777 }
  })
}

function tooLarge(path, sizeBytes, maxBytes) {
  const advice = maxBytes === MAX_TEXT_BYTES ? 'Read a range of lines instead.' : 'Use the shell for it.'
  return new GuestFailure('fs.too-large', `${path} has ${sizeBytes} bytes, more than ${maxBytes}. ${advice}`, { sizeBytes, maxBytes })
}

function decode(bytes, path) {
  const utf16 = bytes.length >= 2 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
  if (utf16) throw new GuestFailure('fs.encoding', `${path} is UTF-16, not UTF-8.`, { encoding: 'utf-16' })
  if (bytes.includes(0)) throw new GuestFailure('fs.binary', `${path} is binary (${bytes.length} bytes).`, { sizeBytes: bytes.length })
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new GuestFailure('fs.encoding', `${path} is text, but not UTF-8.`, { encoding: 'unknown-8bit' })
  }
}

/** The one line ending of a text, `mixed` or `none`. */
export function lineEnding(text) {
  const all = (text.match(/\n/g) ?? []).length
  if (all === 0) return 'none'
  const crlf = (text.match(/\r\n/g) ?? []).length
  return crlf === 0 ? 'lf' : crlf === all ? 'crlf' : 'mixed'
}

/** Text that goes into a file, with the line ending that the file uses throughout. */
export function inLineEnding(text, eol) {
  if (eol === 'crlf') return text.replace(/\r?\n/g, '\r\n')
  return eol === 'lf' ? text.replace(/\r\n/g, '\n') : text
}

/** Half a character (a lone surrogate) has no bytes in UTF-8 and is refused. */
export function encodeText(text, bom) {
  if (!text.isWellFormed()) throw new GuestFailure('fs.encoding', 'The new text holds half a character, which UTF-8 cannot carry.')
  const bytes = Buffer.from(text, 'utf8')
  return bom ? Buffer.concat([BOM, bytes]) : bytes
}

/** Offsets at which lines start. A line ends with LF, CRLF or CR, as in the language server protocol. */
export function lineStarts(text) {
  const starts = [0]
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length)
  return starts
}

/** Lines as an editor numbers them, without an empty one after the last line ending. */
export function countLines(text, starts) {
  return starts[starts.length - 1] === text.length ? starts.length - 1 : starts.length
}

/** Puts bytes in a temporary file beside `absolute`; `commit` makes them the file in one step, `discard` forgets them. */
export function stage(absolute, path, bytes, mode) {
  const directory = dirname(absolute)
  mkdirSync(directory, { recursive: true })
  if (mode !== null) accessSync(absolute, constants.W_OK)
  const temporary = join(directory, temporaryName(basename(absolute)))
  try {
    writeNew(temporary, bytes, mode)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  return {
    commit: () => renameSync(temporary, absolute),
    discard: () => rmSync(temporary, { force: true }),
  }
}

function writeNew(temporary, bytes, mode) {
  const fd = openSync(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o666)
  try {
    writeFileSync(fd, bytes)
    if (mode !== null) fchmodSync(fd, mode & 0o777)
  } finally {
    closeSync(fd)
  }
}

export function temporaryName(name) {
  return `.keyframe-${randomBytes(6).toString('hex')}-${name.slice(0, 100)}`
}

/** Replaces or makes a file in one step. `mode` null: a new file with the usual mode. */
export function writeAtomically(absolute, path, bytes, mode) {
  const staged = stage(absolute, path, bytes, mode)
  try {
    staged.commit()
  } catch (error) {
    staged.discard()
    throw error
  }
}
