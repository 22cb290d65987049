import { hash } from 'node:crypto'
import { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'
import { ContentHash } from '../../../shared/ids'
import type { ContentStore } from '../journal/content-store'

/**
 * A manifest is a Merkle tree of what differs from the base: one `tree` blob for each directory that holds a difference. A name
 * that is absent is as in the base. Times of directories are left out: they follow from what was done in them.
 */
export const ManifestEntry = z.discriminatedUnion('t', [
  /** A file: permission bits, modification time in microseconds, size, SHA-256 of the whole, and of its parts when it is large. */
  z.object({
    t: z.literal('f'),
    m: z.number().int(),
    u: z.number().int(),
    s: z.number().int(),
    h: ContentHash,
    c: z.array(ContentHash).optional(),
  }),
  z.object({ t: z.literal('l'), to: z.string() }),
  /** A directory; `h` is its own tree, null when nothing differs below. One that replaced a base's deletes each name of it. */
  z.object({ t: z.literal('d'), m: z.number().int(), h: ContentHash.nullable() }),
  /** Deleted. */
  z.object({ t: z.literal('w') }),
  /** Something that is not kept: it hides the base's entry, and a restore shows nothing there. */
  z.object({ t: z.literal('x'), why: z.enum(['pipe', 'socket', 'device', 'oversize', 'unreadable']), s: z.number().int() }),
])
export type ManifestEntry = z.infer<typeof ManifestEntry>
export type Tree = ReadonlyMap<string, ManifestEntry>

const TreeBlob = z.object({ v: z.literal(1), e: z.array(z.tuple([z.string(), ManifestEntry])) })
export const EMPTY_TREE: Tree = new Map()

/** One text for one tree: names in code unit order. */
export function encodeTree(tree: Tree): { bytes: Buffer; hash: ContentHash } {
  const names = [...tree.keys()].sort()
  const bytes = Buffer.from(JSON.stringify({ v: 1, e: names.map((name) => [name, tree.get(name)]) }), 'utf8')
  return { bytes, hash: ContentHash.parse(hash('sha256', bytes)) }
}

/** What is kept of parsed trees: some ten megabytes, enough for the folders of a large repository's changes. */
const MAX_KEPT_ENTRIES = 50_000

/** Reads trees, keeping the last ones parsed: captures and diffs visit the same ones again and again. */
export class TreeReader {
  readonly #parsed = new Map<ContentHash, Tree>()
  #entries = 0

  constructor(private readonly content: ContentStore) {}

  /** Throws `content.missing`, `content.corrupt`, or `content.corrupt` when the bytes are no tree. */
  read(id: ContentHash | null): Tree {
    if (id === null) return EMPTY_TREE
    const known = this.#parsed.get(id)
    if (known !== undefined) return known
    const blob = TreeBlob.safeParse(JSON.parse(this.content.get(id).toString('utf8')))
    if (!blob.success) {
      throw new KeyframeError({ code: 'content.corrupt', message: `Content ${id.slice(0, 12)} is no directory of a checkpoint.` })
    }
    const tree: Tree = new Map(blob.data.e)
    this.remember(id, tree)
    return tree
  }

  remember(id: ContentHash, tree: Tree): void {
    if (this.#parsed.has(id)) return
    if (this.#entries + tree.size > MAX_KEPT_ENTRIES) {
      this.#parsed.clear()
      this.#entries = 0
    }
    this.#parsed.set(id, tree)
    this.#entries += tree.size
  }
}
