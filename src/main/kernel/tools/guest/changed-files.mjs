// Runs inside the sandbox. Which files are other ones than somebody remembers.
import { hashFile } from './text-files.mjs'
import { ignoreRules, walk } from './tree-walk.mjs'
import { lstatOrNull, resolvePath, workspaceRoot } from './workspace-paths.mjs'

/** Times of files are taken from a clock that may be this far behind. */
const CLOCK_GRAIN_MS = 20

/** Now, for a later `changedSince`: no change from now on has an earlier time. */
function now() {
  return Date.now() - CLOCK_GRAIN_MS
}

/** {path, type, version} of each path as it is now; what cannot be looked at is as good as absent. */
export function fileVersions({ paths }) {
  return { versions: paths.map(versionOfPath), nowMs: now() }
}

function versionOfPath(path) {
  try {
    const { absolute } = resolvePath(path, { follow: false })
    const stat = lstatOrNull(absolute)
    if (stat === null) return { path, exists: false, version: null }
    return { path, exists: true, version: stat.isFile() ? hashFile(absolute, path) : null }
  } catch (error) {
    if (typeof error.code !== 'string') throw error
    return { path, exists: false, version: null }
  }
}

/** Unignored files whose content, mode or name changed at or after a moment, at most `limit`. Does not tell what was removed. */
export function changedSince({ sinceMs, limit, ignoreModule }) {
  const nowMs = now()
  const paths = []
  for (const { path, absolute, entry } of walk(workspaceRoot, '', { rules: ignoreRules(ignoreModule) })) {
    if (entry.isDirectory()) continue
    const stat = lstatOrNull(absolute)
    if (stat === null || stat.ctimeMs < sinceMs) continue
    if (paths.length === limit) return { paths, truncated: true, nowMs }
    paths.push(path)
  }
  return { paths, truncated: false, nowMs }
}
