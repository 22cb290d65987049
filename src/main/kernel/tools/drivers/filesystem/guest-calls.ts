import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { EffectClass } from '../../../../../shared/frames'
import type { ToolCallContext } from '../../driver'
import type { FileGuestChannel } from './file-guest-channel'
import type { FileHandles } from './file-handles'

export const FILE_TIMEOUT_MS = 30_000

const StaleDetails = z.object({
  path: z.string(),
  expected: z.string(),
  actual: z.string(),
  text: z.string().nullable(),
  before: z.string().nullable(),
})

/** What the file tools of one branch work with. */
export class FileAccess {
  constructor(
    private readonly channel: FileGuestChannel,
    readonly handles: FileHandles,
  ) {}

  /** One request to the process inside. A stale version comes back with what changed since. */
  async ask<Result>(
    call: ToolCallContext,
    op: string,
    args: Record<string, unknown>,
    result: z.ZodType<Result>,
    effect: EffectClass,
  ): Promise<Result> {
    const request = { op, args, result, timeoutMs: FILE_TIMEOUT_MS, signal: call.signal, pure: effect === 'pure' }
    try {
      return await this.channel.call(call.sandbox, request)
    } catch (error) {
      throw error instanceof KeyframeError && error.code === 'fs.stale-version' ? withDiff(error, this.handles) : error
    }
  }

  /** The version that the agent has open, for writes that do not name one. */
  knownVersion(path: string): { readonly handleVersion?: string } {
    const version = this.handles.get(plainPath(path))?.version
    return version === undefined ? {} : { handleVersion: version }
  }
}

/** As the process inside writes it in its answers. */
export function plainPath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')
}

export function listing(lines: readonly string[], truncated: boolean): string {
  if (lines.length === 0) return 'Nothing found'
  return truncated ? `${lines.join('\n')}\n[more were found]` : lines.join('\n')
}

/** The guest sends the text that is there; the reader gets what changed since the version that it expected. */
function withDiff(error: KeyframeError, handles: FileHandles): KeyframeError {
  const details = StaleDetails.safeParse(error.failure.details)
  if (!details.success) return error
  const { path, expected, actual, text, before } = details.data
  if (before !== null) handles.rememberText(expected, before)
  const diff = text === null ? null : handles.diffSince(path, expected, text)
  return new KeyframeError({
    code: 'fs.stale-version',
    message: error.message,
    action: 'Read the file again and make the change against its present version.',
    details: { path, expected, actual, diff },
  })
}
