import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { IGNORE_MODULE } from '../../guest/guest-binds'
import type { Driver } from '../../driver'
import { FileGuestChannel } from './file-guest-channel'
import { FileHandle, FileHandles } from './file-handles'
import { filesystemTools } from './filesystem-tools'

export interface FilesystemDriverOptions {
  /** Path of Node inside the sandbox. */
  readonly guestNode: string
  /** Path of file-guest.mjs inside the sandbox, see `fileGuestBinds`. */
  readonly guestScript: string
  /** Path of the `ignore` package's file inside the sandbox; default where `fileGuestBinds` puts it. */
  readonly ignoreModule?: string
}

const CapturedFilesystem = z.object({ handles: z.array(FileHandle).max(1000) })

/**
 * Files of one branch. All access happens in a process inside the sandbox, since a branch's files are untrusted. Handles (path,
 * version, cursor) follow reads and writes and are captured; what a restored branch's files look like is not the driver's affair.
 */
export function createFilesystemDriver(options: FilesystemDriverOptions): Driver {
  const channel = new FileGuestChannel({ ignoreModule: IGNORE_MODULE, ...options })
  const handles = new FileHandles()
  return {
    name: 'filesystem',
    tools: filesystemTools(channel, handles),
    capture: async () => {
      const open = handles.all()
      return open.length === 0 ? null : { handles: open }
    },
    restore: async (captured) => {
      if (captured === null) {
        handles.replaceAll([])
        return { notRestored: [] }
      }
      const parsed = CapturedFilesystem.safeParse(captured)
      if (!parsed.success)
        throw new KeyframeError({ code: 'fs.bad-capture', message: `Captured file handles are damaged: ${parsed.error.message}` })
      handles.replaceAll(parsed.data.handles)
      return { notRestored: [] }
    },
    filesChanged: async (paths) => handles.markStale(paths),
    dispose: () => channel.dispose(),
  }
}
