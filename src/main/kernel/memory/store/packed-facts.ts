import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { FileFacts } from '../code/file-facts'

/** Of a file that says nothing beside its text. */
export const NO_FACTS: FileFacts = { symbols: [], imports: [], exports: [], uses: [], inherits: [], lines: 1, errorLine: null }

export function packFacts(facts: FileFacts): Uint8Array {
  return new Uint8Array(deflateRawSync(JSON.stringify(facts), { level: 1 }))
}

export function unpackFacts(packed: Uint8Array): FileFacts {
  // Written by this program into its own database; the schema version says which shape it has.
  return JSON.parse(inflateRawSync(packed).toString()) as FileFacts
}
