import type { ContentHash } from '../../../shared/ids'

/**
 * Content by its SHA-256. Writing the same bytes twice stores them once. Small content lies in SQLite, large content in
 * files; both zstd-compressed where it helps. Content is durable when a frame that names it is.
 */
export interface ContentStore {
  put(bytes: Uint8Array | string, kind: ContentKind): ContentHash
  /** Many at once, for captures: each with its hash, none of them there yet. */
  addAll(entries: readonly { readonly hash: ContentHash; readonly bytes: Uint8Array; readonly kind: ContentKind }[]): void
  has(hash: ContentHash): boolean
  /** Not to be written into: others get the same bytes. Throws KeyframeError `content.missing` or `content.corrupt` (the bytes do not have this hash). */
  get(hash: ContentHash): Buffer
}

export type ContentKind = 'file' | 'tree' | 'context' | 'payload' | 'state' | 'shell' | 'terminal' | 'policy'
