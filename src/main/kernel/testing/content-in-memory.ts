import { createHash } from 'node:crypto'
import type { ContentHash } from '../../../shared/ids'

/** Content by hash for tests of what only needs `put` and `textOf`. */
export function contentInMemory(): { put(text: string): ContentHash; textOf(hash: ContentHash): string } {
  const texts = new Map<ContentHash, string>()
  return {
    put(text) {
      const hash = createHash('sha256').update(text).digest('hex') as ContentHash
      texts.set(hash, text)
      return hash
    },
    textOf(hash) {
      const text = texts.get(hash)
      if (text === undefined) throw new Error(`no content ${hash}`)
      return text
    },
  }
}
