import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { FileFacts } from '../code/file-facts'

/** Of a file that says nothing beside its text. */
export const NO_FACTS: FileFacts = { symbols: [], imports: [], exports: [], uses: [], inherits: [], lines: 1, errorLine: null }

/** Facts in two parts: what other files' edges are made from as well, and what only the file's own are. */
export interface PackedFacts {
  readonly outline: Uint8Array
  readonly body: Uint8Array
}

export function packFacts(facts: FileFacts): PackedFacts {
  const { uses, flows, relations, ...outline } = facts
  return { outline: pack({ ...outline, ...(flows === undefined ? {} : { flows: [] }) }), body: pack({ uses, flows, relations }) }
}

export function unpackFacts(packed: PackedFacts): FileFacts {
  // Written by this program into its own database; the schema version says which shape it has.
  return { ...(unpack(packed.outline) as FileFacts), ...(unpack(packed.body) as Pick<FileFacts, 'uses' | 'flows' | 'relations'>) }
}

/** What other files can ask of a file: as if it used nothing. */
export function unpackOutline(outline: Uint8Array): FileFacts {
  return { ...(unpack(outline) as Omit<FileFacts, 'uses'>), uses: [] }
}

/** A copy of its own: what the compressor gives may be a part of something larger. */
function pack(value: object): Uint8Array {
  return new Uint8Array(deflateRawSync(JSON.stringify(value), { level: 1 }))
}

function unpack(packed: Uint8Array): unknown {
  return JSON.parse(inflateRawSync(packed).toString())
}
