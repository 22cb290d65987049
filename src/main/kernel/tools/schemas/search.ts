import { z } from 'zod'
import { column, line, path } from './text'

export const searchSchemas = {
  'code.search': {
    input: z.object({
      query: z.string().min(1),
      regex: z.boolean().optional(),
      wholeWord: z.boolean().optional(),
      glob: z.string().optional(),
      limit: z.number().int().min(1).max(5000),
    }),
    output: z.object({ hits: z.array(z.object({ path, line, column, text: z.string() })), truncated: z.boolean() }),
  },
} as const
