import type { Language } from '../language'
import { extractFacts } from './extract-facts'
import { ModuleResolution } from './module-resolution'

export const python: Language = {
  id: 'python',
  grammar: 'tree-sitter-python/tree-sitter-python.wasm',
  claims: (path, firstLine) => /\.pyi?$/.test(path) || (/^#!.*\bpython[\d.]*\b/.test(firstLine) && !/\.[^/]*$/.test(path)),
  extract: extractFacts,
  imports: { resolver: (repository) => new ModuleResolution(repository) },
}
