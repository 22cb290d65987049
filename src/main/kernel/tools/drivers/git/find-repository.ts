import { lstatSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import { expectFsError } from '../../../workspace/fs-errors'
import { findGitFolder, type GitFolder } from '../../../workspace/git-folder'

const MAX_SMALL_FILE_BYTES = 64 * 1024

/**
 * The git folder of a work tree, if it is this work tree's own: a `.git` folder, or a `.git` file whose folder names this work tree in
 * turn (linked work trees, submodules). One that points at somebody else's repository would show that one's history to an agent.
 * Throws `git.no-repository`, `git.elsewhere`.
 */
export function findRepository(root: string): GitFolder {
  const folder = findGitFolder(root)
  if (folder === null) throw new KeyframeError({ code: 'git.no-repository', message: 'This workspace is not a git repository.' })
  const dotGit = join(root, '.git')
  const stat = lstatSync(dotGit)
  if (stat.isSymbolicLink()) throw elsewhere('.git is a symbolic link')
  if (stat.isDirectory()) {
    if (folder.commonDir !== folder.gitDir) throw elsewhere('.git names the folder of another repository')
  } else if (folder.commonDir === folder.gitDir) {
    const worktree = /^\s*worktree\s*=\s*(.+?)\s*$/im.exec(smallFile(join(folder.gitDir, 'config')) ?? '')?.[1]
    if (worktree === undefined || !isSame(resolve(folder.gitDir, worktree.replace(/^"(.*)"$/, '$1')), root))
      throw elsewhere('.git points there')
  } else {
    const back = smallFile(join(folder.gitDir, 'gitdir'))?.trim()
    const inside = isSame(dirname(dirname(folder.gitDir)), folder.commonDir)
    if (back === undefined || !inside || !isSame(resolve(folder.gitDir, back), dotGit)) throw elsewhere('.git points there')
  }
  if (!lstatSync(join(folder.commonDir, 'objects')).isDirectory()) throw elsewhere('its objects lie elsewhere')
  return folder
}

function elsewhere(why: string): KeyframeError {
  return new KeyframeError({
    code: 'git.elsewhere',
    message: `The history of this workspace is not read, since it belongs to another repository: ${why}.`,
    action: 'Open the repository that it belongs to.',
  })
}

/** Text of a small regular file, null when there is none. */
export function smallFile(path: string, maxBytes = MAX_SMALL_FILE_BYTES): string | null {
  try {
    const stat = lstatSync(path)
    return stat.isFile() && stat.size <= maxBytes ? readFileSync(path, 'utf8') : null
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTDIR')
    return null
  }
}

function isSame(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b)
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTDIR')
    return false
  }
}
