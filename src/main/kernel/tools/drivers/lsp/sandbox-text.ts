import { createHash } from 'node:crypto'
import { KeyframeError } from '../../../../../shared/failure'
import { ContentHash } from '../../../../../shared/ids'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { ReadText } from './open-documents'
import { guestPath } from './workspace-paths'

const MAX_TEXT_BYTES = 16 * 1024 * 1024
const READ_TIMEOUT_MS = 30_000

/** Reads texts by a command inside: for a driver that was given no reader of its own. */
export function sandboxText(sandbox: Sandbox): ReadText {
  return async (path) => {
    const read = await sandbox.run({ argv: ['cat', '--', guestPath(path)] }, { timeoutMs: READ_TIMEOUT_MS, maxOutputBytes: MAX_TEXT_BYTES })
    if (read.exitCode !== 0) {
      const missing = /No such file/i.test(read.stderr)
      throw new KeyframeError({
        code: missing ? 'files.not-found' : 'files.unreadable',
        message: missing ? `There is no file ${path}.` : `${path} cannot be read: ${read.stderr.trim().slice(0, 200)}`,
      })
    }
    if (read.truncated) throw new KeyframeError({ code: 'files.too-large', message: `${path} is larger than ${MAX_TEXT_BYTES} bytes.` })
    return { text: read.stdout, version: ContentHash.parse(createHash('sha256').update(read.stdout).digest('hex')) }
  }
}
