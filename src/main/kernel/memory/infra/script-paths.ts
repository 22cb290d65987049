import { posix } from 'node:path'

const MAX_CHARACTERS = 64 * 1024
/** A word that names a file: with a folder before it or an ending that scripts have. */
const WORD = /(?<![\w./@:$-])(?:\.{1,2}\/)?(?:[\w.-]+\/)*[\w.-]+(?![\w/:@])/g
const SCRIPT = /\.(?:sh|bash|mjs|cjs|js|ts|py|rb|pl|php|go|ps1|mk|sql|ya?ml|json|toml|tf)$/

/** Files that shell text runs or reads, as far as its words name them, relative to `folder`; whether they exist is not asked. */
export function scriptPaths(script: string, folder = ''): string[] {
  const found = new Set<string>()
  for (const word of script.slice(0, MAX_CHARACTERS).match(WORD) ?? []) {
    const isPath = SCRIPT.test(word) || (word.startsWith('./') && word.length > 3)
    if (!isPath) continue
    const path = repositoryPath(folder, word)
    if (path !== null) found.add(path)
  }
  return [...found].slice(0, 50)
}

/** A path relative to the root; null when it leads out of the repository or is none. */
export function repositoryPath(folder: string, written: string): string | null {
  if (written === '' || written.length > 1_000 || /[*?$\n]|^~|^[a-z]+:\/\//.test(written)) return null
  const joined = posix.normalize(written.startsWith('/') ? written.slice(1) : posix.join(folder, written)).replace(/\/$/, '')
  return joined.startsWith('..') || joined === '.' || joined === '' ? null : joined
}

export function folderOf(path: string): string {
  const folder = posix.dirname(path)
  return folder === '.' ? '' : folder
}
