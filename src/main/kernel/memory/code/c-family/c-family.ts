import type { Language } from '../language'
import { extractC } from './extract-c'
import { IncludePaths } from './include-paths'

const imports = { resolver: (repository) => new IncludePaths(repository) } satisfies Language['imports']

export const c: Language = {
  id: 'c',
  grammar: 'tree-sitter-c/tree-sitter-c.wasm',
  claims: (path) => path.endsWith('.c'),
  extract: extractC,
  imports,
}

/** Headers with them: the grammar of C++ reads those of C as well. */
export const cpp: Language = {
  id: 'cpp',
  grammar: 'tree-sitter-cpp/tree-sitter-cpp.wasm',
  claims: (path) => /\.(?:cc|cpp|cxx|c\+\+|C|h|hh|hpp|hxx|h\+\+|inl|ipp|tpp|cu|cuh)$/.test(path),
  extract: extractC,
  imports,
}
