import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'

const MAX_TASKS = 1_000
const POLL_MS = 20
/** Servers go from one task to the next with short breaks. */
const BREAK_MS = 150

const Progress = z.object({
  token: z.union([z.string().max(500), z.number()]),
  value: z.object({ kind: z.enum(['begin', 'report', 'end']), title: z.string().optional() }),
})
const Status = z.object({ quiescent: z.boolean(), health: z.string().max(20).optional(), message: z.string().nullable().optional() })

/** What a server does in the background, by its own words: loading, indexing. */
export class ServerActivity {
  private readonly tasks = new Map<string, string>()
  private quiescent: boolean | null = null
  /** Null while it is busy or has not begun anything. */
  private idleSince: number | null = null
  private begun = false
  /** It was waited for once, and nothing began. */
  private isQuiet = false
  /** What it says about its own health, shortened: shown as the server's words only. */
  trouble: string | null = null

  progress(params: unknown): void {
    const parsed = Progress.safeParse(params)
    if (!parsed.success) return
    const { token, value } = parsed.data
    if (value.kind === 'end') this.tasks.delete(String(token))
    else if (value.kind === 'begin' && this.tasks.size < MAX_TASKS) this.tasks.set(String(token), (value.title ?? 'working').slice(0, 100))
    this.changed()
  }

  status(params: unknown): void {
    const parsed = Status.safeParse(params)
    if (!parsed.success) return
    this.quiescent = parsed.data.quiescent
    this.trouble = parsed.data.health === 'ok' ? null : (parsed.data.message?.slice(0, 500) ?? null)
    this.changed()
  }

  get busyWith(): string | null {
    return [...this.tasks.values()][0] ?? (this.quiescent === false ? 'loading' : null)
  }

  /** Resolves when nothing is done any more. Throws `lsp.indexing` after `timeoutMs`, the signal's reason when it is aborted. */
  async ended(options: { beginsWithinMs: number; timeoutMs: number; signal: AbortSignal; alive: () => boolean }): Promise<void> {
    const startedAt = performance.now()
    for (;;) {
      const now = performance.now()
      if (!options.alive()) return
      if (!this.begun && (this.isQuiet || now - startedAt >= options.beginsWithinMs)) {
        this.isQuiet = true
        return
      }
      if (this.idleSince !== null && now - this.idleSince >= BREAK_MS) return
      if (now - startedAt > options.timeoutMs) throw stillIndexing(this.busyWith ?? 'loading')
      await wait(POLL_MS, undefined, { signal: options.signal })
    }
  }

  private changed(): void {
    this.begun = true
    this.idleSince = this.busyWith === null ? (this.idleSince ?? performance.now()) : null
  }
}

function stillIndexing(what: string): KeyframeError {
  return new KeyframeError({
    code: 'lsp.indexing',
    message: `The language server is still busy (${what}): its answer would not be whole.`,
    action: 'Ask again in a while; it goes on meanwhile.',
    retryable: true,
  })
}
