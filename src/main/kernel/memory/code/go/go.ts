import type { Language } from '../language'
import { extractFacts } from './extract-facts'
import { ModuleResolution } from './module-resolution'

export const go: Language = {
  id: 'go',
  grammar: 'tree-sitter-go/tree-sitter-go.wasm',
  claims: (path) => path.endsWith('.go'),
  extract: extractFacts,
  imports: { resolver: (repository) => new ModuleResolution(repository), peered: true, structural: true },
}
