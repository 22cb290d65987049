import { createHash } from 'node:crypto'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { ContentHash } from '../../../../../shared/ids'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { FileGuestChannel } from '../filesystem/file-guest-channel'
import type { ReadText } from './open-documents'
import { WorkspacePaths } from './workspace-paths'

const MAX_TEXT_BYTES = 16 * 1024 * 1024
const READ_TIMEOUT_MS = 30_000
const BYTE_ORDER_MARK = '\uFEFF'

/** Reads texts by one command each: for a sandbox without the file guest, and slower. */
export function commandTexts(sandbox: Sandbox): ReadText {
  const paths = new WorkspacePaths(sandbox.guest.workspace)
  return async (path) => {
    const file = paths.inside(path)
    const read = await sandbox.run({ argv: ['cat', '--', file] }, { timeoutMs: READ_TIMEOUT_MS, maxOutputBytes: MAX_TEXT_BYTES })
    if (read.exitCode !== 0) throw unreadable(path, /No such file/i.test(read.stderr), read.stderr)
    if (read.truncated) throw new KeyframeError({ code: 'files.too-large', message: `${path} is larger than ${MAX_TEXT_BYTES} bytes.` })
    const version = ContentHash.parse(createHash('sha256').update(read.stdout).digest('hex'))
    // As the filesystem driver: the mark is not part of the text that edits count columns in.
    return { text: read.stdout.startsWith(BYTE_ORDER_MARK) ? read.stdout.slice(1) : read.stdout, version }
  }
}

const GuestText = z.object({ text: z.string(), version: ContentHash })

/** Reads texts through the branch's file guest: a request of a millisecond instead of a process for each file. */
export function guestTexts(sandbox: Sandbox, channel: FileGuestChannel): ReadText {
  const paths = new WorkspacePaths(sandbox.guest.workspace)
  return async (path) => {
    paths.inside(path)
    try {
      return await channel.call(sandbox, {
        op: 'read',
        args: { path },
        result: GuestText,
        timeoutMs: READ_TIMEOUT_MS,
        signal: AbortSignal.timeout(READ_TIMEOUT_MS),
        pure: true,
      })
    } catch (error) {
      if (!(error instanceof KeyframeError) || !error.code.startsWith('fs.') || error.failure.retryable) throw error
      throw unreadable(path, error.code === 'fs.not-found', error.message)
    }
  }
}

function unreadable(path: string, isMissing: boolean, why: string): KeyframeError {
  return new KeyframeError({
    code: isMissing ? 'files.not-found' : 'files.unreadable',
    message: isMissing ? `There is no file ${path}.` : `${path} cannot be read: ${why.trim().slice(0, 200)}`,
  })
}
