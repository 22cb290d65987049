import type { FactsSource } from '../facts-source'
import { FactsCollector } from './collect-facts'
import type { ModelFile } from './model-facts'
import { migrationOf } from './migration-path'
import { pythonModels } from './python-models'
import { scriptModels } from './script-models'
import { endingOf, sourceTokens } from './source-tokens'
import { goModels, javaModels, rustModels } from './struct-models'
import { TextPlaces } from './text-place'

const READERS: Readonly<Record<string, (file: ModelFile) => void>> = {
  ...Object.fromEntries(['ts', 'tsx', 'mts', 'cts', 'js', 'jsx', 'mjs', 'cjs'].map((ending) => [ending, scriptModels])),
  py: pythonModels,
  go: goModels,
  rs: rustModels,
  java: javaModels,
  kt: javaModels,
}

/** Tables that classes, structs and builders of object-relational mappers declare. */
export const models: FactsSource = {
  id: 'models',
  claims: (path) => Object.hasOwn(READERS, endingOf(path)) && migrationOf(path) === null,
  read({ path, text, code }) {
    const facts = new FactsCollector()
    READERS[endingOf(path)]?.({
      path,
      text,
      code,
      facts,
      places: new TextPlaces(text),
      tokens: () => sourceTokens(path, text),
    })
    return facts.facts()
  },
}
