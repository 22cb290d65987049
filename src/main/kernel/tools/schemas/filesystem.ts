import { z } from 'zod'
import { ContentHash } from '../../../../shared/ids'
import { line, path, WorkspaceEdit } from './text'

export const filesystemSchemas = {
  'fs.read': {
    input: z.object({ path, startLine: line.optional(), endLine: line.optional() }),
    output: z.object({
      path,
      text: z.string(),
      version: ContentHash,
      totalLines: z.number().int(),
      sizeBytes: z.number().int(),
      startLine: z.number().int(),
      endLine: z.number().int(),
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
    input: z.object({ path, text: z.string(), expectedVersion: ContentHash.optional() }),
    output: z.object({ path, version: ContentHash, created: z.boolean() }),
  },
  'fs.replace': {
    input: z.object({ path, oldText: z.string().min(1), newText: z.string(), expectedVersion: ContentHash.optional() }),
    output: z.object({ path, version: ContentHash }),
  },
  'fs.applyEdit': { input: WorkspaceEdit, output: z.object({ versions: z.array(z.object({ path, version: ContentHash.nullable() })) }) },
  'fs.move': { input: z.object({ from: path, to: path }), output: z.object({ moved: z.number().int() }) },
  'fs.remove': { input: z.object({ path }), output: z.object({ removed: z.number().int() }) },
} as const
