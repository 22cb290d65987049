import { z } from 'zod'
import { ContentHash } from '../../../../../shared/ids'
import type { ToolCallContext } from '../../driver'
import type { FileAccess } from './guest-calls'

const MAX_PENDING = 20_000
const MAX_SCANNED = 20_000

export const CapturedChanges = z.object({
  /** Told by the kernel, not yet told to the agent. */
  pending: z.array(z.string()).max(MAX_PENDING),
  /** What the agent last heard of files that it has not open; null: that it is gone. */
  told: z.record(z.string(), z.string().nullable()),
})
export type CapturedChanges = z.infer<typeof CapturedChanges>

const Versions = z.object({
  versions: z.array(z.object({ path: z.string(), exists: z.boolean(), version: ContentHash.nullable() })),
  nowMs: z.number(),
})
const Scanned = z.object({ paths: z.array(z.string()), truncated: z.boolean(), nowMs: z.number() })

export interface ChangeByOthers {
  readonly path: string
  readonly change: 'created' | 'changed' | 'deleted'
  readonly version: ContentHash | null
  readonly known: ContentHash | null
}

/**
 * What others did to a branch's files, from three sources that cost little: what the kernel announces (it compares captures), what the
 * files' own times say since the last look, and the versions of the files that the agent has open. Each is looked at before it is told.
 */
export class ChangesByOthers {
  readonly #pending = new Set<string>()
  readonly #told = new Map<string, string | null>()
  readonly #moved = new Set<string>()
  /** Time of the sandbox from which on files' times tell something new; null until it was looked at once. */
  #sinceMs: number | null = null

  /** What the agent moved has new times, but nobody else changed it. */
  movedByAgent(path: string): void {
    this.#moved.add(path)
  }

  announced(paths: readonly string[]): void {
    for (const path of paths) if (this.#pending.size < MAX_PENDING) this.#pending.add(path)
  }

  async since(files: FileAccess, call: ToolCallContext, limit: number): Promise<{ changes: ChangeByOthers[]; truncated: boolean }> {
    const { paths: recent, nowMs } = await this.#recent(files, call)
    const open = files.handles.all()
    const candidates = [...new Set([...this.#pending, ...recent, ...open.map(({ path }) => path)])].sort()
    const { versions } =
      candidates.length === 0 ? { versions: [] } : await files.ask(call, 'versions', { paths: candidates }, Versions, 'pure')
    const changes: ChangeByOthers[] = []
    let truncated = false
    for (const { path, exists, version } of versions) {
      if (!this.#pending.has(path) && this.#wasMoved(path)) {
        this.#tell(path, version)
        continue
      }
      const change = this.#changeOf(files, path, exists, version)
      if (change !== null && changes.length === limit) {
        truncated = true
        this.announced([path])
        continue
      }
      this.#pending.delete(path)
      if (change === null) continue
      changes.push(change)
      this.#tell(path, version)
    }
    this.#moved.clear()
    this.#sinceMs = nowMs
    return { changes, truncated }
  }

  #wasMoved(path: string): boolean {
    return [...this.#moved].some((moved) => path === moved || path.startsWith(`${moved}/`))
  }

  #tell(path: string, version: string | null): void {
    this.#told.delete(path)
    this.#told.set(path, version)
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= MAX_PENDING) break
      this.#told.delete(oldest)
    }
  }

  capture(): CapturedChanges | null {
    if (this.#pending.size === 0 && this.#told.size === 0) return null
    return { pending: [...this.#pending].sort(), told: Object.fromEntries([...this.#told].sort(([a], [b]) => (a < b ? -1 : 1))) }
  }

  restore(captured: CapturedChanges | null): void {
    this.#pending.clear()
    this.#told.clear()
    this.#moved.clear()
    this.#sinceMs = null
    for (const path of captured?.pending ?? []) this.#pending.add(path)
    for (const [path, version] of Object.entries(captured?.told ?? {})) this.#told.set(path, version)
  }

  /** Files with new times; the first time none, since all files of a sandbox that was just made may be new. */
  async #recent(files: FileAccess, call: ToolCallContext): Promise<{ paths: readonly string[]; nowMs: number }> {
    if (this.#sinceMs === null) return { paths: [], nowMs: (await files.ask(call, 'versions', { paths: [] }, Versions, 'pure')).nowMs }
    return files.ask(call, 'changedSince', { sinceMs: this.#sinceMs, limit: MAX_SCANNED }, Scanned, 'pure')
  }

  #changeOf(files: FileAccess, path: string, exists: boolean, version: ContentHash | null): ChangeByOthers | null {
    const handle = files.handles.get(path)
    const known = handle === null ? null : ContentHash.parse(handle.version)
    const told = this.#told.get(path)
    if (told !== undefined && told === version && (version !== null || !exists)) return null
    if (known !== null && known === version) return null
    if (known === null && told === undefined && !this.#pending.has(path) && !exists) return null
    const change = exists ? (known === null && told !== undefined && told === null ? 'created' : 'changed') : 'deleted'
    return { path, change, version, known }
  }
}
