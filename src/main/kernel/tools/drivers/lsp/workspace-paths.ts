import { posix } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'

export const WORKSPACE_DIR = '/workspace'
export const WORKSPACE_URI = 'file:///workspace'
const MAX_PATH = 4096

const LANGUAGE_IDS: Readonly<Record<string, string>> = {
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.cts': 'typescript',
  '.tsx': 'typescriptreact',
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.jsx': 'javascriptreact',
}

export const SOURCE_EXTENSIONS = Object.keys(LANGUAGE_IDS)

export function isSource(path: string): boolean {
  return posix.extname(path) in LANGUAGE_IDS
}

/** Throws `lsp.unsupported-file` for what the TypeScript server does not read. */
export function languageIdOf(path: string): string {
  const id = LANGUAGE_IDS[posix.extname(path)]
  if (id) return id
  throw new KeyframeError({
    code: 'lsp.unsupported-file',
    message: `No language server here reads ${path}.`,
    action: `TypeScript and JavaScript files are understood (${SOURCE_EXTENSIONS.join(', ')}).`,
  })
}

/** Throws `lsp.bad-path` for a path that is not a plain one inside the workspace. */
export function guestPath(path: string): string {
  const clean = posix.normalize(path)
  if (path.length === 0 || path.length > MAX_PATH || posix.isAbsolute(path) || clean.startsWith('..') || path.includes('\0')) {
    throw new KeyframeError({ code: 'lsp.bad-path', message: `${JSON.stringify(path)} is not a path inside the workspace.` })
  }
  return `${WORKSPACE_DIR}/${clean}`
}

export function uriOf(path: string): string {
  return `file://${guestPath(path).split('/').map(encodeURIComponent).join('/')}`
}

/** The workspace's path for a file name that a server gave, null when it lies outside or is malformed. */
export function pathOfGuest(file: string): string | null {
  if (file.length > MAX_PATH + WORKSPACE_DIR.length || file.includes('\0') || !file.startsWith(`${WORKSPACE_DIR}/`)) return null
  const clean = posix.normalize(file)
  return clean.startsWith(`${WORKSPACE_DIR}/`) ? clean.slice(WORKSPACE_DIR.length + 1) : null
}

export function pathOfUri(uri: string): string | null {
  if (!uri.startsWith('file:///')) return null
  try {
    return pathOfGuest(decodeURIComponent(uri.slice('file://'.length)))
  } catch (error) {
    if (error instanceof URIError) return null
    throw error
  }
}
