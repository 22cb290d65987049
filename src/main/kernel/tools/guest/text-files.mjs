// Runs inside the sandbox. Files as text: versions, encoding, line endings, atomic replacement.
import { createHash, randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { onDisk } from './path-bytes.mjs'
import { noteStaged, noteSettled } from './staging-journal.mjs'
import { decodeText, encodingOf, kindOfBinary } from './text-encodings.mjs'
import { GuestFailure, lstatOrNull } from './workspace-paths.mjs'

export const MAX_TEXT_BYTES = 8 * 1024 * 1024
/** Above it nothing is ever read whole: ranges are streamed, and what changes the text is refused. */
export const MAX_WHOLE_BYTES = 16 * 1024 * 1024

const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

export function versionOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Runs `use` with a descriptor of a regular file; FIFOs, devices and sockets are refused without waiting for them. */
export function withRegularFile(absolute, path, use) {
  const stat = lstatOrNull(absolute)
  if (stat?.isDirectory()) throw new GuestFailure('fs.is-directory', `${path} is a directory.`)
  if (stat !== null && !stat.isFile()) throw new GuestFailure('fs.not-a-file', `${path} is no regular file.`)
  const fd = openSync(onDisk(absolute), READ_FLAGS)
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

/** The file's bytes and text, with what has to be kept when it is changed. Fails for binary files. */
export function readText(absolute, path, maxBytes = MAX_TEXT_BYTES) {
  return withRegularFile(absolute, path, (fd, stat) => {
    if (stat.size > maxBytes) throw tooLarge(path, stat.size, maxBytes)
    const bytes = readFileSync(fd)
    if (bytes.length > maxBytes) throw tooLarge(path, bytes.length, maxBytes)
    const { text, encoding } = textOf(bytes, path)
    return { bytes, text, encoding, eol: lineEnding(text), version: versionOf(bytes), mode: stat.mode & 0o7777 }
  })
}

export function tooLarge(path, sizeBytes, maxBytes = MAX_WHOLE_BYTES) {
  const advice = 'Read a range of its lines or bytes; change it with the shell.'
  return new GuestFailure('fs.too-large', `${path} has ${sizeBytes} bytes, more than ${maxBytes}. ${advice}`, { sizeBytes, maxBytes })
}

export function textOf(bytes, path) {
  const encoding = encodingOf(bytes)
  if (encoding === null) throw isBinary(path, bytes, bytes.length)
  try {
    return { text: decodeText(bytes, encoding), encoding }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new GuestFailure('fs.encoding', `${path} has the mark of ${encoding}, but its bytes are not of that encoding.`, { encoding })
  }
}

export function isBinary(path, start, sizeBytes) {
  const kind = kindOfBinary(start)
  return new GuestFailure('fs.binary', `${path} is no text: ${kind}, ${sizeBytes} bytes. Read it as base64 if its bytes are needed.`, {
    kind,
    sizeBytes,
  })
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

/**
 * Puts bytes in a temporary file beside `absolute`; `commit` makes them the file in one step, `commitNew` only where nothing is yet,
 * `discard` forgets them. A file with several hard links is separated from the others, which keep the old content.
 */
export function stage(absolute, path, bytes, mode) {
  const directory = dirname(absolute)
  mkdirSync(onDisk(directory), { recursive: true })
  if (mode !== null && lstatOrNull(absolute) !== null) accessSync(onDisk(absolute), constants.W_OK)
  const temporary = join(directory, temporaryName(basename(absolute)))
  noteStaged(temporary)
  const drop = () => {
    rmSync(onDisk(temporary), { force: true })
    noteSettled(temporary)
  }
  try {
    writeNew(temporary, bytes, mode)
  } catch (error) {
    drop()
    throw error
  }
  return {
    commit: () => {
      renameSync(onDisk(temporary), onDisk(absolute))
      noteSettled(temporary)
    },
    commitNew: () => {
      try {
        linkSync(onDisk(temporary), onDisk(absolute))
        drop()
      } catch (error) {
        // A file system without hard links: there is no way to do it in one step.
        if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(error.code) || lstatOrNull(absolute) !== null) throw error
        renameSync(onDisk(temporary), onDisk(absolute))
        noteSettled(temporary)
      }
    },
    discard: drop,
  }
}

function writeNew(temporary, bytes, mode) {
  const fd = openSync(onDisk(temporary), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o666)
  try {
    writeFileSync(fd, bytes)
    if (mode !== null) fchmodSync(fd, mode & 0o777)
  } finally {
    closeSync(fd)
  }
}

/** Recognised by `recoverStaged`: nothing else may have such a name. */
export function temporaryName(name) {
  const tail = name.replaceAll('\\', '_').slice(0, 60)
  return `.keyframe-${randomBytes(6).toString('hex')}-${tail}`
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

/** Makes a file that must not be there yet. */
export function createAtomically(absolute, path, bytes, mode) {
  const staged = stage(absolute, path, bytes, mode)
  try {
    staged.commitNew()
  } catch (error) {
    staged.discard()
    throw error
  }
}
