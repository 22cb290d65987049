import { z } from 'zod'
import { ContentHash } from '../../../../shared/ids'
import { line, path, WorkspaceEdit } from './text'

/** How the bytes of a file carry its text. Kept when it is changed. `latin1`: no other encoding fits, every byte is taken as a character. */
export const TextEncoding = z.enum(['utf-8', 'utf-8-bom', 'utf-16le', 'utf-16be', 'latin1'])
const LineEnding = z.enum(['lf', 'crlf', 'mixed', 'none'])
const offset = z.number().int().min(0)
const count = z.number().int().min(0)

/**
 * False: no part of the path may be a symbolic link (`fs.is-link` otherwise), for callers that decided on a path without links.
 * Default: links are followed to anywhere inside the workspace.
 */
const follow = z.boolean().optional()
/** The version that the caller knows; the call fails with `fs.stale-version` and the difference when the file is another one now. */
const expectedVersion = ContentHash.optional()

const ExactEdit = z.object({
  oldText: z.string().min(1),
  newText: z.string(),
  /** Every occurrence; default: there must be exactly one. */
  replaceAll: z.boolean().optional(),
})

const HandleState = z.object({
  path,
  version: ContentHash,
  cursorLine: line,
  /** Where fs.readNext goes on. */
  nextLine: line,
  /** Changed by somebody else since. */
  stale: z.boolean(),
})

export const filesystemSchemas = {
  'fs.read': {
    input: z.object({
      path,
      startLine: line.optional(),
      endLine: line.optional(),
      /** A range of bytes instead of lines. As text it is narrowed to whole characters; `startByte` and `endByte` tell to which. */
      startByte: offset.optional(),
      byteLength: z
        .number()
        .int()
        .min(1)
        .max(8 * 1024 * 1024)
        .optional(),
      /** `base64`: the bytes as they are, also of binary files. Default `text`. */
      as: z.enum(['text', 'base64']).optional(),
      follow,
    }),
    output: z.object({
      path,
      text: z.string(),
      version: ContentHash,
      totalLines: z.number().int(),
      sizeBytes: z.number().int(),
      startLine: z.number().int(),
      endLine: z.number().int(),
      encoding: TextEncoding.nullable().optional(),
      eol: LineEnding.optional(),
      startByte: offset.optional(),
      /** Exclusive. */
      endByte: offset.optional(),
      base64: z.string().optional(),
    }),
  },
  'fs.open': {
    input: z.object({ path, /** Where to begin; default 1. */ line: line.optional(), follow }),
    output: HandleState.extend({ totalLines: count, sizeBytes: count, encoding: TextEncoding }),
  },
  'fs.readNext': {
    input: z.object({ path, /** At most; default 200. */ lines: z.number().int().min(1).max(20_000).optional() }),
    output: z.object({
      path,
      text: z.string(),
      version: ContentHash,
      startLine: line,
      /** startLine - 1 when nothing is left. */
      endLine: count,
      totalLines: count,
      atEnd: z.boolean(),
      /** The file is not the one that the earlier parts were read from. */
      changed: z.boolean(),
    }),
  },
  'fs.seek': { input: z.object({ path, line }), output: HandleState },
  'fs.close': { input: z.object({ path }), output: z.object({ closed: z.boolean() }) },
  'fs.handles': { input: z.object({}), output: z.object({ handles: z.array(HandleState) }) },
  /** What others changed since this was last asked, or since the branch was opened. */
  'fs.changes': {
    input: z.object({ limit: z.number().int().min(1).max(2000).optional() }),
    output: z.object({
      changes: z.array(
        z.object({
          path,
          change: z.enum(['created', 'changed', 'deleted']),
          /** Version now; null when it is deleted or no regular file. */
          version: ContentHash.nullable(),
          /** The version that the agent knows, when it has read or written the file. */
          known: ContentHash.nullable(),
        }),
      ),
      /** The rest is reported at the next call. */
      truncated: z.boolean(),
    }),
  },
  'fs.stat': {
    input: z.object({ path }),
    output: z.object({
      path,
      type: z.enum(['file', 'directory', 'symlink', 'other', 'absent']),
      sizeBytes: z.number().int(),
      mode: z.number().int(),
      mtimeMs: z.number(),
      version: ContentHash.nullable(),
      /** Hard links to the same file. */
      links: count.optional(),
      linkTarget: z.string().optional(),
      /** "PNG image", for files that are not text. */
      binary: z.string().optional(),
    }),
  },
  'fs.list': {
    input: z.object({ path: z.string(), depth: z.number().int().min(1).max(32).optional() }),
    output: z.object({ entries: z.array(z.object({ path, type: z.string(), sizeBytes: z.number().int() })), truncated: z.boolean() }),
  },
  'fs.glob': {
    input: z.object({ pattern: z.string(), limit: z.number().int().min(1).max(50_000).optional() }),
    output: z.object({ paths: z.array(path), truncated: z.boolean() }),
  },
  'fs.write': {
    input: z.object({ path, text: z.string(), expectedVersion, follow }),
    output: z.object({ path, version: ContentHash, created: z.boolean() }),
  },
  'fs.create': {
    input: z.object({ path, text: z.string(), encoding: TextEncoding.optional(), executable: z.boolean().optional(), follow }),
    output: z.object({ path, version: ContentHash }),
  },
  'fs.replace': {
    input: ExactEdit.extend({ path, expectedVersion, follow }),
    output: z.object({ path, version: ContentHash, replaced: count.optional() }),
  },
  'fs.edit': {
    input: z.object({ path, edits: z.array(ExactEdit).min(1).max(500), expectedVersion, follow }),
    output: z.object({
      path,
      version: ContentHash,
      /** For each edit, the lines of the text before it on which it replaced something. */
      edits: z.array(z.object({ lines: z.array(line), replaced: count })),
    }),
  },
  'fs.applyEdit': { input: WorkspaceEdit, output: z.object({ versions: z.array(z.object({ path, version: ContentHash.nullable() })) }) },
  'fs.applyPatch': {
    input: z.object({
      patch: z
        .string()
        .min(1)
        .max(4 * 1024 * 1024),
      /** Context lines at either end of a hunk that need not be there; default 0. */
      fuzz: z.number().int().min(0).max(3).optional(),
      /** Leading parts to take off names; default: `a/` and `b/` where all names have them. */
      strip: z.number().int().min(0).max(8).optional(),
      /** Say what would happen and write nothing. */
      dryRun: z.boolean().optional(),
    }),
    output: z.object({
      files: z.array(
        z.object({
          path,
          change: z.enum(['created', 'changed', 'deleted', 'renamed', 'mode']),
          from: path.optional(),
          version: ContentHash.nullable(),
          /** Lines of the result on which hunks were applied, and how far from where the patch says. */
          hunks: z.array(z.object({ line: count, offset: z.number().int(), fuzz: count })),
        }),
      ),
    }),
  },
  'fs.move': { input: z.object({ from: path, to: path }), output: z.object({ moved: z.number().int() }) },
  'fs.remove': { input: z.object({ path }), output: z.object({ removed: z.number().int() }) },
} as const
