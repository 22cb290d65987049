import { z } from 'zod'

export const shellSchemas = {
  'shell.run': {
    input: z.object({
      command: z.string().min(1),
      timeoutMs: z.number().int().min(100).max(3_600_000).optional(),
      session: z.string().optional(),
    }),
    output: z.object({
      session: z.string(),
      exitCode: z.number().int(),
      output: z.string(),
      truncated: z.boolean(),
      cwd: z.string(),
      timedOut: z.boolean(),
    }),
  },
} as const
