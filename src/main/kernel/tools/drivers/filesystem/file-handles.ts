import { createTwoFilesPatch } from 'diff'
import { z } from 'zod'

/** A file that the agent has open: the version it knows and the line where it last read or wrote. */
export const FileHandle = z.object({
  path: z.string(),
  version: z.string().regex(/^[0-9a-f]{64}$/),
  cursorLine: z.number().int().min(1),
  /** Where reading in parts goes on. */
  nextLine: z.number().int().min(1).default(1),
  /** Changed by somebody else since. */
  stale: z.boolean(),
})
export type FileHandle = z.infer<typeof FileHandle>

const MAX_HANDLES = 1000
const MAX_REMEMBERED_CHARACTERS = 16 * 1024 * 1024
const MAX_DIFF_CHARACTERS = 64 * 1024
/** The diff is made on the kernel's event loop, so it has a bound; without it the failure carries no diff. */
const DIFF_TIMEOUT_MS = 15

/** Handles of one branch, least recently used first, and the texts behind them as far as they fit, for diffs. */
export class FileHandles {
  readonly #handles = new Map<string, FileHandle>()
  readonly #texts = new Map<string, string>()
  #rememberedCharacters = 0

  get(path: string): FileHandle | null {
    return this.#handles.get(path) ?? null
  }

  opened(path: string, version: string, cursorLine: number, nextLine = this.#handles.get(path)?.nextLine ?? 1): void {
    this.#handles.delete(path)
    this.#handles.set(path, { path, version, cursorLine, nextLine, stale: false })
    for (const oldest of this.#handles.keys()) {
      if (this.#handles.size <= MAX_HANDLES) break
      this.#handles.delete(oldest)
    }
  }

  /** A write by the agent: its cursor stays unless a line is named. */
  written(path: string, version: string, cursorLine?: number): void {
    this.opened(path, version, cursorLine ?? this.#handles.get(path)?.cursorLine ?? 1)
  }

  /** Forgets a path and everything below it. */
  closed(path: string): void {
    for (const known of [...this.#handles.keys()]) if (known === path || known.startsWith(`${path}/`)) this.#handles.delete(known)
  }

  moved(from: string, to: string): void {
    for (const handle of [...this.#handles.values()]) {
      if (handle.path !== from && !handle.path.startsWith(`${from}/`)) continue
      this.#handles.delete(handle.path)
      const path = to + handle.path.slice(from.length)
      this.#handles.set(path, { ...handle, path })
    }
  }

  markStale(paths: readonly string[]): void {
    for (const path of paths) {
      const handle = this.#handles.get(path)
      if (handle !== undefined) this.#handles.set(path, { ...handle, stale: true })
    }
  }

  movedTo(path: string, nextLine: number): FileHandle | null {
    const handle = this.#handles.get(path)
    if (handle === undefined) return null
    const moved = { ...handle, nextLine, cursorLine: nextLine }
    this.#handles.set(path, moved)
    return moved
  }

  rememberText(version: string, text: string): void {
    if (this.#texts.has(version) || text.length > MAX_REMEMBERED_CHARACTERS) return
    this.#texts.set(version, text)
    this.#rememberedCharacters += text.length
    for (const [oldest, oldText] of this.#texts) {
      if (this.#rememberedCharacters <= MAX_REMEMBERED_CHARACTERS) break
      this.#texts.delete(oldest)
      this.#rememberedCharacters -= oldText.length
    }
  }

  /** Unified diff from a remembered version to the text that is there now; null when it is not known or too costly. */
  diffSince(path: string, version: string, text: string): string | null {
    const known = this.#texts.get(version)
    if (known === undefined) return null
    const patch = createTwoFilesPatch(path, path, known, text, version.slice(0, 12), 'now', { timeout: DIFF_TIMEOUT_MS })
    if (patch === undefined) return null
    return patch.length > MAX_DIFF_CHARACTERS ? `${patch.slice(0, MAX_DIFF_CHARACTERS)}\n[diff cut]\n` : patch
  }

  all(): FileHandle[] {
    return [...this.#handles.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  replaceAll(handles: readonly FileHandle[]): void {
    this.#handles.clear()
    for (const handle of handles) this.#handles.set(handle.path, handle)
  }
}
