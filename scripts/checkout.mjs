// Where things are in the checkout, and what tells whether they are up to date. Node built-ins only: runs before anything is installed.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
export const node24 = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
export const cliEntry = join(root, 'out', 'main', 'cli.js')

/** The program of an installed package, to be run with `node24`. */
export function packageProgram(name, path) {
  return join(root, 'node_modules', name, path)
}

/** The environment for programs of the checkout: the pinned Node comes first. */
export function checkoutEnvironment(extra = {}) {
  return { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`, ...extra }
}

/** True when what npm last installed is what the lock file asks for, and the pinned Node is among it. */
export function areDependenciesInstalled() {
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (installed === null || wanted === null || !existsSync(node24)) return false
  // Optional packages of other platforms are in the lock file only.
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional === true || installed[path]?.version === entry.version,
  )
}

function readPackages(path) {
  if (!existsSync(path)) return null
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? null
}

const SOURCES = {
  main: ['src/shared', 'src/main', 'electron.vite.config.ts', 'package-lock.json'],
  all: ['src/shared', 'src/main', 'src/preload', 'src/renderer', 'electron.vite.config.ts', 'package-lock.json'],
}

/** Changes whenever a source file is added, removed or written; reads no contents, so it takes milliseconds. */
export function sourceStamp(scope) {
  const hash = createHash('sha256')
  for (const source of SOURCES[scope]) addToStamp(hash, source)
  return hash.digest('hex')
}

function addToStamp(hash, path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isDirectory()) {
    if (!/\.test\.tsx?$/.test(path)) hash.update(`${path}\0${stats.size}\0${stats.mtimeMs}\n`)
    return
  }
  for (const name of readdirSync(join(root, path)).sort()) addToStamp(hash, `${path}/${name}`)
}

const stampFile = (scope) => join(root, 'out', `.built-${scope}`)

export function isBuilt(scope) {
  const file = stampFile(scope)
  return existsSync(cliEntry) && existsSync(file) && readFileSync(file, 'utf8') === sourceStamp(scope)
}

export function markBuilt(scope, stamp) {
  mkdirSync(join(root, 'out'), { recursive: true })
  writeFileSync(stampFile(scope), stamp)
}
