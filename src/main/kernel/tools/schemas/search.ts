import { z } from 'zod'
import { column, line, path } from './text'

const glob = z.string().min(1).max(1000)

export const searchSchemas = {
  'code.search': {
    input: z.object({
      query: z.string().min(1).max(100_000),
      /** A pattern instead of a text. */
      regex: z.boolean().optional(),
      wholeWord: z.boolean().optional(),
      glob: glob.optional(),
      limit: z.number().int().min(1).max(5000),
      /** Further patterns of paths, any of which may fit. */
      globs: z.array(glob).max(50).optional(),
      exclude: z.array(glob).max(50).optional(),
      /** Folder to look in; default the workspace. */
      path: z.string().max(4096).optional(),
      /** `smart`: sensitive when the query has a capital. Default `sensitive`. */
      case: z.enum(['sensitive', 'insensitive', 'smart']).optional(),
      /** Matches may span lines, and `^` and `$` mean lines. */
      multiline: z.boolean().optional(),
      contextLines: z.number().int().min(0).max(20).optional(),
      maxPerFile: z.number().int().min(1).max(5000).optional(),
      /** ripgrep's names of file types: ts, py, rust, ... */
      types: z
        .array(z.string().regex(/^[a-z0-9_+-]{1,40}$/))
        .max(50)
        .optional(),
      excludeTypes: z
        .array(z.string().regex(/^[a-z0-9_+-]{1,40}$/))
        .max(50)
        .optional(),
      /** Also files that .gitignore excludes, and node_modules. */
      includeIgnored: z.boolean().optional(),
      /** Files and folders whose name begins with a dot. Default true. */
      hidden: z.boolean().optional(),
      /** Larger files are left out. Default 2 MiB. */
      maxFileBytes: z
        .number()
        .int()
        .min(1)
        .max(256 * 1024 * 1024)
        .optional(),
    }),
    output: z.object({
      hits: z.array(
        z.object({
          path,
          line,
          column,
          text: z.string(),
          endLine: line.optional(),
          endColumn: column.optional(),
          before: z.array(z.string()).optional(),
          after: z.array(z.string()).optional(),
        }),
      ),
      truncated: z.boolean(),
      /** Files with a match, also beyond the limit; with wholeWord, files where the text is at all. */
      files: z.number().int().optional(),
      /** `binary`: files that match but are no text. */
      skipped: z.object({ binary: z.number().int(), tooLarge: z.number().int() }).optional(),
      /** Files with a match whose names are no text, so that they could not be looked into. */
      unsearched: z.array(z.string()).optional(),
      engine: z.enum(['ripgrep', 'built-in']).optional(),
      note: z.string().optional(),
    }),
  },
  'search.files': {
    input: z.object({
      /** Part of a name or path, or some letters of it in their order; parts divided by blanks must all fit. */
      query: z.string().min(1).max(1000),
      limit: z.number().int().min(1).max(1000).optional(),
      path: z.string().max(4096).optional(),
      includeIgnored: z.boolean().optional(),
    }),
    output: z.object({
      files: z.array(z.object({ path, /** 1000: the name itself. */ score: z.number().int() })),
      total: z.number().int(),
      truncated: z.boolean(),
    }),
  },
} as const
