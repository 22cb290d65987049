import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import type { Readable } from 'node:stream'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

export interface StaticFile {
  readonly path: string
  readonly type: string
  readonly sizeBytes: number
  /** Files under assets/ carry a hash of their content in their name. */
  readonly cacheControl: string
  open(): Readable
}

/**
 * The file of the built window that a request path names, or null. `/` is the window's page. Names that are not plain
 * (`..`, empty parts, NUL, backslashes, dot files) and files whose real path lies outside the folder are not found.
 */
export async function findStaticFile(root: string, requestPath: string): Promise<StaticFile | null> {
  let decoded: string
  try {
    decoded = decodeURIComponent(requestPath)
  } catch (thrown) {
    if (thrown instanceof URIError) return null
    throw thrown
  }
  if (decoded === '/') decoded = '/index.html'
  const parts = decoded.slice(1).split('/')
  if (!decoded.startsWith('/') || parts.some((part) => part === '' || part.startsWith('.') || /[\\\0]/.test(part))) return null
  const type = TYPES[extname(decoded)]
  if (type === undefined) return null
  try {
    const rootPath = await realpath(root)
    const path = await realpath(join(rootPath, ...parts))
    if (!path.startsWith(rootPath + sep)) return null
    const { size, ...found } = await stat(path).then((stats) => ({ size: stats.size, isFile: stats.isFile() }))
    if (!found.isFile) return null
    const cacheControl = parts[0] === 'assets' ? 'private, max-age=31536000, immutable' : 'no-store'
    return { path, type, sizeBytes: size, cacheControl, open: () => createReadStream(path) }
  } catch (thrown) {
    if (isMissing(thrown)) return null
    throw thrown
  }
}

function isMissing(thrown: unknown): boolean {
  return (
    thrown instanceof Error && 'code' in thrown && ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', 'ELOOP'].includes(String(thrown.code))
  )
}
