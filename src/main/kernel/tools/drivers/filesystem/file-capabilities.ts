import picomatch from 'picomatch'
import type { CapabilityRequest } from '../../driver'
import type { WorkspaceEdit } from '../../schemas/text'

export function reads(path: string): CapabilityRequest {
  return { action: 'fs.read', resource: path === '' ? '.' : path }
}

export function writes(path: string): CapabilityRequest {
  return { action: 'fs.write', resource: path === '' ? '.' : path }
}

/** The folder that a pattern looks into: all of it before the first part with a wildcard. */
export function globFolder(pattern: string): string {
  const { base } = picomatch.scan(pattern.replace(/^\.\//, ''))
  return base === '' ? '.' : base
}

/** An edit shows what it changes when it is refused, so editing is reading too; a move takes the content along. */
export function editCapabilities({ files, create, move, remove }: WorkspaceEdit): CapabilityRequest[] {
  return [
    ...files.flatMap(({ path }) => [reads(path), writes(path)]),
    ...create.map(({ path }) => writes(path)),
    ...move.flatMap(({ from, to }) => [reads(from), writes(from), writes(to)]),
    ...remove.map((path) => writes(path)),
  ]
}
