import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { opendir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Written by every build and dev server, installed by none. */
const CACHES = new Set(['.cache', '.vite', '.vite-temp', '.turbo', '.parcel-cache', '.rspack', '__pycache__'])

const LOCK_FILES = [
  ...['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'Cargo.lock', 'go.sum'],
  ...['poetry.lock', 'uv.lock', 'Pipfile.lock', 'requirements.txt', 'composer.lock', 'Gemfile.lock', 'gradle.lockfile'],
]

/**
 * Changes when something is installed into a live dependency folder or removed from it: names and times of its first two levels,
 * and the lock files beside and in it. Costs one look at each entry of the first level.
 */
export async function dependencyFingerprint(liveDir: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of await folderNames(liveDir)) {
    if (CACHES.has(name)) continue
    const found = await stat(join(liveDir, name))
    hash.update(`${name}\0${found.mtimeMs}\0`)
  }
  for (const path of [...LOCK_FILES.map((name) => join(dirname(liveDir), name)), join(liveDir, '.package-lock.json')]) {
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined) hash.update(`${path}\0${found.mtimeMs}\0${found.size}\0`)
  }
  return hash.digest('hex').slice(0, 32)
}

/** Names of the folders in a folder, sorted. */
export async function folderNames(path: string): Promise<string[]> {
  const names: string[] = []
  // Links are left out: a link in the live folder stays one.
  for await (const entry of await opendir(path)) if (entry.isDirectory()) names.push(entry.name)
  return names.sort()
}

/**
 * Compares a live folder with what it was when the first sandbox over this base was opened, which is recorded in `cacheDir`.
 * Returns whether it has changed since.
 */
export async function hasChangedSinceBase(liveDir: string, baseDir: string, cacheDir: string): Promise<boolean> {
  const now = await dependencyFingerprint(liveDir)
  const record = join(cacheDir, createHash('sha256').update(`${baseDir}\0${liveDir}`).digest('hex').slice(0, 32))
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(record, now, { flag: 'wx', mode: 0o600 })
    return false
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
    return readFileSync(record, 'utf8') !== now
  }
}
