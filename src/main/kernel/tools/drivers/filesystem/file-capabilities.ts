import { KeyframeError } from '../../../../../shared/failure'
import type { CapabilityRequest } from '../../driver'
import type { WorkspaceEdit } from '../../schemas/text'
import { parsePatch } from './parse-patch'

export function reads(path: string): CapabilityRequest {
  return { action: 'fs.read', resource: path === '' ? '.' : path }
}

export function writes(path: string): CapabilityRequest {
  return { action: 'fs.write', resource: path === '' ? '.' : path }
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

/** A patch that cannot be read touches nothing: the call itself then says what is wrong with it. */
export function patchCapabilities(patch: string, strip?: number): CapabilityRequest[] {
  try {
    return parsePatch(patch, strip).flatMap(({ from, to }) => [
      ...(from === null ? [] : [reads(from), writes(from)]),
      ...(to === null || to === from ? [] : [writes(to)]),
    ])
  } catch (error) {
    if (error instanceof KeyframeError) return []
    throw error
  }
}
