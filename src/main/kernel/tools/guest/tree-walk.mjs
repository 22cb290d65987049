// Runs inside the sandbox. Walks the workspace in the order of paths.
import { createRequire } from 'node:module'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { onDisk, textOfBytes } from './path-bytes.mjs'
import { lstatOrNull } from './workspace-paths.mjs'

const require = createRequire(import.meta.url)
const SKIPPED = new Set(['.git', 'node_modules'])
const MAX_IGNORE_BYTES = 1024 * 1024

function children(absolute) {
  const entries = readdirSync(onDisk(absolute), { withFileTypes: true, encoding: 'buffer' })
  for (const entry of entries) entry.name = textOfBytes(entry.name)
  const key = (entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)
  return entries.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Rules of .gitignore files, the nearest one deciding. `modulePath` is the bound copy of the `ignore` package. */
export function ignoreRules(modulePath) {
  const ignore = require(modulePath)
  const rules = []
  return {
    enter(absolute, relative) {
      const file = join(absolute, '.gitignore')
      const stat = lstatOrNull(file)
      if (!stat?.isFile() || stat.size > MAX_IGNORE_BYTES) return () => undefined
      rules.push({ prefix: relative === '' ? '' : `${relative}/`, matcher: ignore().add(readFileSync(onDisk(file), 'utf8')) })
      return () => rules.pop()
    },
    ignores(relative, isDirectory) {
      for (const { prefix, matcher } of rules.toReversed()) {
        const verdict = matcher.test(relative.slice(prefix.length) + (isDirectory ? '/' : ''))
        if (verdict.ignored) return true
        if (verdict.unignored) return false
      }
      return false
    },
  }
}

const NO_RULES = { enter: () => () => undefined, ignores: () => false }

/**
 * Files, links and other entries below a directory, with directories announced before their contents. Depth first with siblings in
 * the order of `name/` for directories, so files come out sorted by path. Unreadable directories are left out. `.git` and what is
 * in `node_modules` is skipped, unless the walk starts in the latter.
 */
export function* walk(absolute, relative, { depth = Infinity, rules = NO_RULES } = {}) {
  let entries
  try {
    entries = children(absolute)
  } catch (error) {
    if (relative !== '' && (error.code === 'EACCES' || error.code === 'ENOENT')) return
    throw error
  }
  const leave = rules.enter(absolute, relative)
  for (const entry of entries) {
    if (entry.name.toLowerCase() === '.git') continue
    const path = relative === '' ? entry.name : `${relative}/${entry.name}`
    const isDirectory = entry.isDirectory()
    if (rules.ignores(path, isDirectory)) continue
    yield { path, absolute: join(absolute, entry.name), entry }
    if (isDirectory && depth > 1 && !SKIPPED.has(entry.name)) yield* walk(join(absolute, entry.name), path, { depth: depth - 1, rules })
  }
  leave()
}
