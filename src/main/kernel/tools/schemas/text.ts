import { z } from 'zod'
import { ContentHash } from '../../../../shared/ids'

/** What the tools' schemas share. Paths are relative to the workspace, `/`-separated, without `..`. Lines count from 1, columns from 0 in UTF-16 units. */
export const path = z.string().min(1).max(4096)
export const line = z.number().int().min(1)
export const column = z.number().int().min(0)
export const position = z.object({ path, line, column })

export const TextRange = z.object({ startLine: line, startColumn: column, endLine: line, endColumn: column })
export const TextEdit = TextRange.extend({ newText: z.string() })
export type TextEdit = z.infer<typeof TextEdit>

/** Edits of several files that belong together: applied all or none. */
export const WorkspaceEdit = z.object({
  files: z.array(
    z.object({
      path,
      /** Version the edits were made against; null when not known. */ version: ContentHash.nullable(),
      edits: z.array(TextEdit),
    }),
  ),
  create: z.array(z.object({ path, text: z.string() })),
  move: z.array(z.object({ from: path, to: path })),
  remove: z.array(path),
})
export type WorkspaceEdit = z.infer<typeof WorkspaceEdit>
