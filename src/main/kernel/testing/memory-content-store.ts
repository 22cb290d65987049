import { hash } from 'node:crypto'
import { KeyframeError } from '../../../shared/failure'
import { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'

/** A content store in memory that counts what was written, for tests of what stands on one. */
export class MemoryContentStore implements ContentStore {
  readonly contents = new Map<string, Buffer>()
  bytesWritten = 0

  put(bytes: Uint8Array | string): ContentHash {
    const copy = Buffer.from(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes)
    const id = ContentHash.parse(hash('sha256', copy))
    if (!this.contents.has(id)) {
      this.contents.set(id, copy)
      this.bytesWritten += copy.length
    }
    return id
  }

  addAll(entries: readonly { readonly bytes: Uint8Array }[]): void {
    for (const { bytes } of entries) this.put(bytes)
  }

  has(id: ContentHash): boolean {
    return this.contents.has(id)
  }

  get(id: ContentHash): Buffer {
    const found = this.contents.get(id)
    if (found === undefined) throw new KeyframeError({ code: 'content.missing', message: `No content ${id}.` })
    return found
  }
}
