import { z } from 'zod'
import { FrameWire } from '../../../shared/frames'
import { ContentHash, RunId } from '../../../shared/ids'

/**
 * One run as a file: gzip over lines of JSON. First the header, then the tree of the base, the frames in order, what they name, and last
 * the end with a count: a file without it was cut off.
 */
export const FORMAT = 'keyframe-run'
export const FORMAT_VERSION = 1

export const LeftOut = z.object({ what: z.string(), why: z.string(), count: z.number().int() })
export type LeftOut = z.infer<typeof LeftOut>

export const Header = z.object({
  is: z.literal('header'),
  format: z.literal(FORMAT),
  version: z.number().int(),
  exportedAtMs: z.number(),
  runId: RunId,
  workspace: z.string(),
  task: z.string(),
  /** Hash of the last frame in the journal that it comes from: what an import ends in unless secrets were taken out of frames. */
  lastFrame: ContentHash,
  frames: z.number().int().min(1),
  base: ContentHash,
})

const BaseEntry = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file'), path: z.string(), mode: z.number().int(), sizeBytes: z.number().int(), hash: ContentHash }),
  z.object({ type: z.literal('symlink'), path: z.string(), target: z.string(), hash: ContentHash }),
  z.object({ type: z.literal('directory'), path: z.string(), mode: z.number().int() }),
])

export const Line = z.discriminatedUnion('is', [
  Header,
  z.object({ is: z.literal('base'), entry: BaseEntry }),
  z.object({ is: z.literal('frame'), frame: FrameWire }),
  /** `place`: in the content store, or a file of the base that has this content. */
  z.object({ is: z.literal('content'), place: z.enum(['store', 'base']), hash: ContentHash, base64: z.string() }),
  z.object({ is: z.literal('end'), lines: z.number().int(), leftOut: z.array(LeftOut), isRedacted: z.boolean() }),
])
export type Line = z.infer<typeof Line>
