import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { IGNORE_MODULE } from '../../guest/guest-binds'
import type { Driver } from '../../driver'
import type { Sandbox } from '../../sandboxes/sandbox'
import { CapturedChanges, ChangesByOthers } from './changes-by-others'
import { FileGuestChannel } from './file-guest-channel'
import { FileHandle, FileHandles } from './file-handles'
import { FileAccess } from './guest-calls'
import { handleTools } from './handle-tools'
import { readTools } from './read-tools'
import { writeTools } from './write-tools'

export interface FilesystemDriverOptions {
  /** Path of Node inside the sandbox. */
  readonly guestNode: string
  /** Path of file-guest.mjs inside the sandbox, see `fileGuestBinds`. */
  readonly guestScript: string
  /** Path of the `ignore` package's file inside the sandbox; default where `fileGuestBinds` puts it. */
  readonly ignoreModule?: string
}

export interface FilesystemDriver extends Driver {
  /** The branch's process inside the sandbox, for other drivers; ends with this one. */
  readonly channel: FileGuestChannel
  /**
   * Where paths lead inside the sandbox, every symbolic link resolved, in the order given: relative to the workspace ("." is the
   * workspace itself), or absolute where one leads out of it. What does not exist is its deepest existing ancestor resolved and the
   * rest as written. Throws `fs.link-loop` for links that lead in a circle.
   */
  realPaths(sandbox: Sandbox, paths: readonly string[]): Promise<string[]>
}

const REAL_PATHS_TIMEOUT_MS = 10_000
const CapturedFilesystem = z.object({ handles: z.array(FileHandle).max(1000), changes: CapturedChanges.nullable().default(null) })

/**
 * Files of one branch. All access happens in a process inside the sandbox, since a branch's files are untrusted. Handles (path,
 * version, cursor) follow reads and writes and are captured, as is what others changed and the agent was not told yet.
 */
export function createFilesystemDriver(options: FilesystemDriverOptions): FilesystemDriver {
  const channel = new FileGuestChannel({ ignoreModule: IGNORE_MODULE, ...options })
  const handles = new FileHandles()
  const changes = new ChangesByOthers()
  const files = new FileAccess(channel, handles)
  return {
    name: 'filesystem',
    channel,
    tools: [...readTools(files), ...writeTools(files, changes), ...handleTools(files, changes)],
    async realPaths(sandbox, paths) {
      if (paths.length === 0) return []
      const result = z.object({ paths: z.array(z.string()).length(paths.length) })
      const signal = new AbortController().signal
      const call = { op: 'realPaths', args: { paths }, result, timeoutMs: REAL_PATHS_TIMEOUT_MS, signal, pure: true }
      return (await channel.call(sandbox, call)).paths
    },
    capture: async () => {
      const open = handles.all()
      const told = changes.capture()
      if (open.length === 0 && told === null) return null
      return told === null ? { handles: open } : { handles: open, changes: told }
    },
    restore: async (captured) => {
      if (captured === null) {
        handles.replaceAll([])
        changes.restore(null)
        return { notRestored: [] }
      }
      const parsed = CapturedFilesystem.safeParse(captured)
      if (!parsed.success)
        throw new KeyframeError({ code: 'fs.bad-capture', message: `Captured file handles are damaged: ${parsed.error.message}` })
      handles.replaceAll(parsed.data.handles)
      changes.restore(parsed.data.changes)
      return { notRestored: [] }
    },
    filesChanged: async (paths) => {
      handles.markStale(paths)
      changes.announced(paths)
    },
    dispose: () => channel.dispose(),
  }
}
