import type { Language } from '../language'
import { extractJava } from './extract-java'
import { JavaPackages } from './java-packages'

export const java: Language = {
  id: 'java',
  grammar: 'tree-sitter-java/tree-sitter-java.wasm',
  claims: (path) => path.endsWith('.java'),
  extract: extractJava,
  imports: { peered: true, resolver: (repository) => new JavaPackages(repository) },
}
