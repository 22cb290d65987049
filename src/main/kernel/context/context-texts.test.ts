import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ContentHash } from '../../../shared/ids'
import { ContextTexts } from './context-texts'

/** A store that tells what was asked of it. */
function recordingStore() {
  const kept = new Map<ContentHash, string>()
  const calls: string[] = []
  return {
    calls,
    put(text: string): ContentHash {
      const hash = createHash('sha256').update(text).digest('hex') as ContentHash
      calls.push(`put ${text.slice(0, 8)}`)
      kept.set(hash, text)
      return hash
    },
    get(hash: ContentHash): string {
      const text = kept.get(hash)
      if (text === undefined) throw new Error(`no content ${hash}`)
      calls.push(`get ${text.slice(0, 8)}`)
      return text
    },
  }
}

const redact = (text: string): string => text.replaceAll('hunter2', '[redacted]')

describe('texts at hand', () => {
  it('reach the store with the frame, once, without their secrets, and are read from memory', () => {
    const store = recordingStore()
    const texts = new ContextTexts(store, redact)
    const hash = texts.put('one hunter2')
    expect(texts.textOf(hash)).toBe('one [redacted]')
    expect(store.calls).toEqual([])
    texts.flush()
    texts.put('one hunter2')
    texts.flush()
    expect(store.calls).toEqual(['put one [red'])
    expect(store.get(hash)).toBe('one [redacted]')
  })

  it('go nowhere when what they were put for was refused', () => {
    const store = recordingStore()
    const texts = new ContextTexts(store, redact)
    texts.put('refused')
    texts.drop()
    texts.flush()
    expect(store.calls).toEqual([])
    // The same text is stored when it comes again with a frame.
    texts.put('refused')
    texts.flush()
    expect(store.calls).toEqual(['put refused'])
  })

  it('come from the store again when others took their place', () => {
    const store = recordingStore()
    const texts = new ContextTexts(store, redact)
    const first = texts.put('first')
    const large = texts.put('x'.repeat(5_000_000))
    texts.flush()
    store.calls.length = 0
    expect(texts.textOf(large)).toHaveLength(5_000_000)
    expect(texts.textOf(first)).toBe('first')
    expect(store.calls).toEqual(['get first'])
  })
})
