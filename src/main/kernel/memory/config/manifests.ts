import { FactsCollector } from '../data/collect-facts'
import type { FactsSource } from '../facts-source'
import { addManifest } from './manifest-facts'
import type { ManifestReader } from './read-manifests'
import { MANIFESTS } from './read-manifests'

function readerOf(path: string): ManifestReader | undefined {
  const fileName = path.slice(path.lastIndexOf('/') + 1)
  return MANIFESTS.find((reader) => reader.claims(fileName, path))
}

/** Packages that manifests declare and need. */
export const manifests: FactsSource = {
  id: 'manifest',
  claims: (path) => readerOf(path) !== undefined,
  read({ path, text }) {
    const facts = new FactsCollector()
    const reader = readerOf(path)
    return reader === undefined ? facts.facts() : addManifest(facts, reader.read(path, text.replaceAll('\r\n', '\n')))
  },
}
