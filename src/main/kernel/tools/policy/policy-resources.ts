import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import { posix } from 'node:path'
import type { StartedProgram } from './command-programs'
import { canonicalHost, reservedKind } from './reserved-addresses'

/** A resource as Cedar sees it, or why there is no such resource: that is a deny. */
export type Resource<T = EntityJson> =
  { readonly ok: true; readonly canonical: string; readonly entity: T } | { readonly ok: false; readonly reason: string }

/** Where sandboxes with a mount namespace have the workspace. */
const GUEST_WORKSPACE = '/workspace'

/** Half of a character: text that Cedar would be given changed. */
export const LONE_SURROGATE = /\p{Surrogate}/u

/** Characters that some file systems ignore in names (as Git's protection of `.git` lists them). */
const IGNORED = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff\u00ad]/gu

/** A path relative to the workspace. A slash at its end says that it is a folder. Nothing outside of the workspace is one. */
export function pathResource(written: string): Resource {
  if (written === '') return { ok: false, reason: 'An empty path names nothing.' }
  if (written.includes('\0')) return { ok: false, reason: 'A path cannot hold a NUL character.' }
  if (LONE_SURROGATE.test(written)) return { ok: false, reason: 'This path is no valid text.' }
  const inside = written === GUEST_WORKSPACE || written.startsWith(`${GUEST_WORKSPACE}/`)
  const relative = inside ? `.${written.slice(GUEST_WORKSPACE.length)}` : written
  if (relative.startsWith('/')) return { ok: false, reason: `${written} lies outside of the workspace.` }
  if (relative.split('/').includes('..')) return { ok: false, reason: `${written} leads upwards, which may lie outside of the workspace.` }
  const normal = posix.normalize(relative)
  const path = normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal === './' ? '.' : normal
  return { ok: true, canonical: path, entity: pathEntity(path, path === '.' || normal.endsWith('/')) }
}

/** `path` is normal already. */
export function pathEntity(path: string, isFolder: boolean): EntityJson {
  const name = path === '.' ? '.' : posix.basename(path)
  return {
    uid: { type: 'Path', id: path },
    attrs: {
      path,
      folded: foldedPath(path),
      name,
      extension: name.includes('.') ? name.slice(name.lastIndexOf('.') + 1) : '',
      depth: path === '.' ? 0 : path.split('/').length,
      isFolder,
    },
    parents: [],
  }
}

function foldedPath(path: string): string {
  if (/^[\w/-][\w/.-]*$/u.test(path) && !path.includes('./') && !path.endsWith('.')) return path.toLowerCase()
  const folded = path.normalize('NFKC').replace(IGNORED, '').toLowerCase()
  // Windows ignores dots and blanks at the end, and reads `git~1` as the short name of `.git`.
  return folded
    .split('/')
    .map((part) => (part === '.' ? part : part.replace(/[. ]+$/u, '').replace(/^git~\d+$/u, '.git')))
    .join('/')
}

export function commandEntity(program: StartedProgram): EntityJson {
  return {
    uid: { type: 'Command', id: program.line },
    attrs: { program: program.name, line: program.line, known: program.known, byPath: program.byPath },
    parents: [],
  }
}

export interface Endpoint {
  readonly host: string
  readonly port: number
  /** What will be dialled; null while a name is not resolved. */
  readonly address: string | null
}

/** `host:port`, `[address]:port`. */
export function endpointResource(written: string): Resource<Endpoint> {
  const split = /^(.+):(\d{1,5})$/u.exec(written)
  const host = canonicalHost(split?.[1] ?? '')
  const port = Number(split?.[2])
  if (split === null || host === null || port > 65_535 || port === 0) {
    return { ok: false, reason: `${written} is not a host and a port, like registry.example.org:443.` }
  }
  return { ok: true, canonical: endpointText(host.host, port), entity: { host: host.host, port, address: host.address } }
}

export function endpointText(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** `named`: a policy that permits the connection names the reserved range that the address lies in. */
export function endpointEntity({ host, port, address }: Endpoint, named: boolean): EntityJson {
  const reserved = address !== null && reservedKind(address) !== null && !named
  const dialled = address === null ? {} : { address: { __extn: { fn: 'ip', arg: address } } }
  return { uid: { type: 'Endpoint', id: endpointText(host, port) }, attrs: { host, port, reserved, ...dialled }, parents: [] }
}

export function portResource(written: string): Resource {
  const number = Number(written)
  if (!/^\d{1,5}$/u.test(written) || number > 65_535) return { ok: false, reason: `${written} is not a port.` }
  return { ok: true, canonical: String(number), entity: { uid: { type: 'Port', id: String(number) }, attrs: { number }, parents: [] } }
}

export function toolResource(name: string): Resource {
  return { ok: true, canonical: name, entity: { uid: { type: 'Tool', id: name }, attrs: { name }, parents: [] } }
}

export function processesResource(): Resource {
  return { ok: true, canonical: 'processes', entity: { uid: { type: 'Processes', id: 'processes' }, attrs: {}, parents: [] } }
}
