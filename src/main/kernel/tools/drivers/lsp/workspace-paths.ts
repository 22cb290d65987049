import { posix } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'

const MAX_PATH = 4096

/** Names of the workspace's files as a server inside the sandbox knows them. */
export class WorkspacePaths {
  /** `dir` is the workspace's folder inside, without a slash at its end. */
  constructor(readonly dir: string) {}

  /** Throws `lsp.bad-path` for a path that is not a plain one inside the workspace. */
  inside(path: string): string {
    const clean = posix.normalize(path)
    if (path.length === 0 || path.length > MAX_PATH || posix.isAbsolute(path) || /^\.\.(?:\/|$)/.test(clean) || path.includes('\0')) {
      throw new KeyframeError({ code: 'lsp.bad-path', message: `${JSON.stringify(path)} is not a path inside the workspace.` })
    }
    return clean === '.' ? this.dir : `${this.dir}/${clean}`
  }

  uri(path: string): string {
    return `file://${this.inside(path).split('/').map(encodeURIComponent).join('/')}`
  }

  /** The workspace's path for a file name that a server gave, null when it lies outside or is malformed. */
  ofFile(file: string): string | null {
    if (file.length > MAX_PATH + this.dir.length || file.includes('\0') || !file.startsWith(`${this.dir}/`)) return null
    const clean = posix.normalize(file)
    return clean.startsWith(`${this.dir}/`) ? clean.slice(this.dir.length + 1) : null
  }

  ofUri(uri: string): string | null {
    const file = fileOfUri(uri)
    return file === null ? null : this.ofFile(file)
  }
}

/** The absolute file name of a URI, null for one of another kind. */
export function fileOfUri(uri: string): string | null {
  if (!uri.startsWith('file:///')) return null
  try {
    return decodeURIComponent(uri.slice('file://'.length))
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
