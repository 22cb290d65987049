import { z } from 'zod'

const name = z.string().min(1).max(200)
const argument = z.string().max(4096)

/**
 * Language servers that a user adds or puts in the place of a shipped one, from a settings file outside of every workspace: what
 * a workspace says about servers is never followed, since it would choose the program that runs.
 */
export const LspServerSettings = z.object({
  /** LSP language id, such as `lua`; also how the server is named in `lsp.servers`. */
  language: z.string().regex(/^[a-z][a-z0-9+#.-]{0,63}$/, 'a language id in lower case'),
  /** Globs of file names (`*.lua`) or of paths in the workspace (`config/**\/*.conf`). */
  patterns: z.array(name).min(1).max(100),
  /** Found on the PATH inside the sandbox, or an absolute path there. */
  command: name,
  args: z.array(argument).max(100).default([]),
  env: z.record(name, argument).default({}),
  /** Names of files that mark a project's root; the nearest folder above a file that has one. Default: the workspace. */
  roots: z.array(name).max(20).default([]),
  initializationOptions: z.json().optional(),
  /** What is answered to `workspace/configuration`, by section. */
  settings: z.record(z.string().max(200), z.json()).default({}),
})
export type LspServerSettings = z.infer<typeof LspServerSettings>

export const LspSettings = z.object({ servers: z.array(LspServerSettings).max(50).default([]) })
export type LspSettings = z.infer<typeof LspSettings>
