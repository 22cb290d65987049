import type { Frame } from '../../../shared/frames'
import { ContentHash } from '../../../shared/ids'
import { TreeReader } from '../checkpoints/manifest'
import type { ContentStore } from '../journal/content-store'

const HASH = /^[0-9a-f]{64}$/
/** How condensed context items name the text that they stand for. */
const NAMED_IN_TEXT = /whole text: ([0-9a-f]{64})/g

export interface Reachable {
  /** Folders of checkpoints: names and hashes, no text of files. */
  readonly trees: ReadonlySet<ContentHash>
  /** Files of checkpoints, or their parts. */
  readonly files: ReadonlySet<ContentHash>
  /** Everything else that frames name: context items, tool output, shell states. */
  readonly texts: ReadonlySet<ContentHash>
}

/** All contents that are needed to show every frame; what the store does not have is left out. */
export function reachableContents(frames: readonly Frame[], content: ContentStore): Reachable {
  const trees = new Set<ContentHash>()
  const files = new Set<ContentHash>()
  const texts = new Set<ContentHash>()
  const reader = new TreeReader(content)
  const addTree = (id: ContentHash): void => {
    if (trees.has(id) || !content.has(id)) return
    trees.add(id)
    for (const entry of reader.read(id).values()) {
      if (entry.t === 'd' && entry.h !== null) addTree(entry.h)
      if (entry.t === 'f') for (const part of entry.c ?? [entry.h]) if (content.has(part)) files.add(part)
    }
  }
  const addText = (id: ContentHash): void => {
    if (texts.has(id) || trees.has(id) || files.has(id) || !content.has(id)) return
    texts.add(id)
    for (const [, named] of content.get(id).toString('utf8').matchAll(NAMED_IN_TEXT)) addText(ContentHash.parse(named))
  }
  for (const { checkpoint } of frames) if (checkpoint !== null && checkpoint.manifest !== null) addTree(checkpoint.manifest)
  for (const { checkpoint, payload } of frames) {
    if (checkpoint !== null && checkpoint.shell !== null) addText(checkpoint.shell)
    for (const hash of hashesIn(payload)) addText(hash)
  }
  return { trees, files, texts }
}

function* hashesIn(value: unknown): Generator<ContentHash> {
  if (typeof value === 'string') {
    if (HASH.test(value)) yield ContentHash.parse(value)
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) yield* hashesIn(inner)
}
