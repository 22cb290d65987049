import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Replaces a file's whole text; readers see the old one or the new one. Readable by its owner alone. */
export function writeFileAtomically(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const next = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = openSync(next, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    renameSync(next, path)
  } catch (thrown) {
    rmSync(next, { force: true })
    throw thrown
  }
}
