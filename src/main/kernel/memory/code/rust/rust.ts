import type { Language } from '../language'
import { extractRust } from './extract-rust'
import { CrateModules } from './crate-modules'

export const rust: Language = {
  id: 'rust',
  grammar: 'tree-sitter-rust/tree-sitter-rust.wasm',
  claims: (path) => path.endsWith('.rs'),
  extract: extractRust,
  imports: { resolver: (repository) => new CrateModules(repository) },
}
