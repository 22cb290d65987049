import { lstatSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expectFsError } from './fs-errors'

export interface GitFolder {
  /** HEAD and index of this work tree. */
  readonly gitDir: string
  /** Objects, refs and info/exclude; differs from `gitDir` in linked work trees. */
  readonly commonDir: string
}

/** Finds the git folder of a work tree by reading `.git` (a folder, or a file that names one). Null when there is none. */
export function findGitFolder(root: string): GitFolder | null {
  const dotGit = join(root, '.git')
  try {
    const stat = lstatSync(dotGit)
    let gitDir = dotGit
    if (stat.isFile()) {
      const target = /^gitdir: (.+)$/m.exec(readFileSync(dotGit, 'utf8'))?.[1]
      if (target === undefined) return null
      gitDir = resolve(root, target.trim())
    } else if (!stat.isDirectory() && !stat.isSymbolicLink()) {
      return null
    }
    if (!lstatSync(join(gitDir, 'HEAD')).isFile()) return null
    return { gitDir, commonDir: readCommonDir(gitDir) }
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'ENOTDIR')
    return null
  }
}

function readCommonDir(gitDir: string): string {
  try {
    return resolve(gitDir, readFileSync(join(gitDir, 'commondir'), 'utf8').trim())
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT')
    return gitDir
  }
}
