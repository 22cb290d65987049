// Runs inside the sandbox. Where paths lead, for the policy: every symbolic link resolved, also of what is not there yet.
import { readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { onDisk, textOfBytes } from './path-bytes.mjs'
import { GuestFailure, workspaceRoot } from './workspace-paths.mjs'

const MAX_LINKS = 40
const NO_LINK = new Set(['EINVAL', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG'])

function linkTarget(absolute) {
  try {
    return textOfBytes(readlinkSync(onDisk(absolute), 'buffer'))
  } catch (error) {
    if (NO_LINK.has(error.code)) return null
    throw error
  }
}

/**
 * The path with every link on the way resolved as the kernel would, also the last one and dangling ones; what does not exist is
 * taken as written. Relative to the workspace ("." is itself), absolute where it leads out of it.
 */
export function realPath(path) {
  if (path.includes('\0')) throw new GuestFailure('fs.bad-path', 'A path cannot hold a NUL character.')
  const pending = (path.startsWith('/') ? path : `${workspaceRoot}/${path}`).split('/').reverse()
  let at = ''
  let links = 0
  while (pending.length > 0) {
    const part = pending.pop()
    if (part === '' || part === '.') continue
    if (part === '..') {
      at = at === '' ? '' : dirname(at).replace(/^\/$/, '')
      continue
    }
    const target = linkTarget(`${at}/${part}`)
    if (target === null) {
      at = `${at}/${part}`
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new GuestFailure('fs.link-loop', `${path} is a link that leads in a circle.`)
    pending.push(...target.split('/').reverse())
    if (target.startsWith('/')) at = ''
  }
  if (at === workspaceRoot) return '.'
  if (at.startsWith(`${workspaceRoot}/`)) return at.slice(workspaceRoot.length + 1)
  return at === '' ? '/' : at
}
