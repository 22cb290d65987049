import { z } from 'zod'
import { ContentHash } from './ids'

export const TreeEntry = z.object({
  /** Relative to the workspace, `/` between parts, never starting with one. Bytes that are no UTF-8 are escaped as \xNN. */
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  sizeBytes: z.number().int().min(0),
  /** Against the base of the run. */
  status: z.enum(['same', 'created', 'changed', 'deleted']),
})
export type TreeEntry = z.infer<typeof TreeEntry>

export const FileVersion = z.object({
  path: z.string(),
  version: ContentHash,
  sizeBytes: z.number().int(),
  mode: z.number().int(),
  encoding: z.enum(['utf-8', 'utf-8-bom', 'utf-16le', 'latin1', 'binary']),
  eol: z.enum(['lf', 'crlf', 'mixed', 'none']),
  /** Null for binary files and files over 8 MiB. */
  text: z.string().nullable(),
})
export type FileVersion = z.infer<typeof FileVersion>

export const Hunk = z.object({
  /** Stable for the same change of the same file: SHA-256 of path, old lines and new lines, 16 hex digits. */
  id: z.string(),
  oldStart: z.number().int(),
  oldLines: z.number().int(),
  newStart: z.number().int(),
  newLines: z.number().int(),
  /** Unified diff lines with their sign: ' ', '-', '+'. */
  lines: z.array(z.string()),
})
export type Hunk = z.infer<typeof Hunk>

export const FileDiff = z.object({
  path: z.string(),
  change: z.enum(['created', 'changed', 'deleted', 'mode']),
  binary: z.boolean(),
  oldVersion: ContentHash.nullable(),
  newVersion: ContentHash.nullable(),
  oldMode: z.number().int().nullable(),
  newMode: z.number().int().nullable(),
  hunks: z.array(Hunk),
  /** True for paths that run code on the user's machine when merged (.git, hooks, editor tasks, agent configuration). */
  dangerous: z.boolean(),
})
export type FileDiff = z.infer<typeof FileDiff>
