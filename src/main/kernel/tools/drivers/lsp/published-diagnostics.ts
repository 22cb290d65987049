import { z } from 'zod'

const MAX_FILES = 5_000
const MAX_PER_FILE = 2_000

const position = z.object({ line: z.number().int().min(0).max(1e8), character: z.number().int().min(0).max(1e8) })
export const LspDiagnostic = z.object({
  range: z.object({ start: position, end: position }),
  severity: z.number().int().min(1).max(4).optional(),
  code: z.union([z.string().max(1_000), z.number()]).optional(),
  source: z.string().max(1_000).optional(),
  message: z.string().max(100_000),
  /** Kept for code actions: servers recognise their own diagnostics by it. */
  data: z.unknown().optional(),
})
export type LspDiagnostic = z.infer<typeof LspDiagnostic>

const Published = z.object({
  uri: z.string().max(20_000),
  version: z.number().int().nullish(),
  diagnostics: z.array(LspDiagnostic).transform((all) => all.slice(0, MAX_PER_FILE)),
})

export interface PublishedFile {
  readonly version: number | null
  readonly diagnostics: readonly LspDiagnostic[]
  /** Counts up with everything that is published, so that a reader knows what is new. */
  readonly serial: number
}

/** What a server has published by itself, the latest for each file. Old files are forgotten beyond a bound. */
export class PublishedDiagnostics {
  private readonly files = new Map<string, PublishedFile>()
  serial = 0

  publish(params: unknown): void {
    const parsed = Published.safeParse(params)
    if (!parsed.success) return
    const { uri, version, diagnostics } = parsed.data
    this.serial += 1
    const key = canonicalUri(uri)
    this.files.delete(key)
    this.files.set(key, { version: version ?? null, diagnostics, serial: this.serial })
    const [oldest] = this.files.keys()
    if (this.files.size > MAX_FILES && oldest !== undefined) this.files.delete(oldest)
  }

  of(uri: string): PublishedFile | null {
    return this.files.get(canonicalUri(uri)) ?? null
  }
}

/** Servers escape other characters than this client does. */
function canonicalUri(uri: string): string {
  try {
    return decodeURIComponent(uri)
  } catch (error) {
    if (error instanceof URIError) return uri
    throw error
  }
}
