import { lstatSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expectFsError } from './fs-errors'

export interface GitFolder {
  /** HEAD and index of this work tree. */
  readonly gitDir: string
  /** Objects, refs and info/exclude; differs from `gitDir` in linked work trees. */
  readonly commonDir: string
  readonly objectFormat: 'sha1' | 'sha256'
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
    const commonDir = readCommonDir(gitDir)
    return { gitDir, commonDir, objectFormat: readObjectFormat(commonDir) }
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

function readObjectFormat(commonDir: string): GitFolder['objectFormat'] {
  try {
    return /^\s*objectformat\s*=\s*sha256\s*$/im.test(readFileSync(join(commonDir, 'config'), 'utf8')) ? 'sha256' : 'sha1'
  } catch (thrown) {
    expectFsError(thrown, 'ENOENT', 'EACCES')
    return 'sha1'
  }
}
