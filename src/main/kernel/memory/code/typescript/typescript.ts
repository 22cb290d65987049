import type { Language } from '../language'
import { extractFacts } from './extract-facts'
import { ModuleResolution } from './module-resolution'

const shared = {
  claims: (path: string, firstLine: string) => /^#!.*\b(?:node|deno|bun)\b/.test(firstLine) && !/\.[^/]*$/.test(path),
  extract: extractFacts,
  imports: { resolver: (repository) => new ModuleResolution(repository) },
} satisfies Partial<Language>

export const typescript: Language = {
  ...shared,
  id: 'typescript',
  grammar: 'tree-sitter-typescript/tree-sitter-typescript.wasm',
  claims: (path) => /\.[cm]?ts$/.test(path),
}

export const tsx: Language = {
  ...shared,
  id: 'tsx',
  grammar: 'tree-sitter-typescript/tree-sitter-tsx.wasm',
  claims: (path) => path.endsWith('.tsx'),
}

export const javascript: Language = {
  ...shared,
  id: 'javascript',
  grammar: 'tree-sitter-javascript/tree-sitter-javascript.wasm',
  claims: (path, firstLine) => /\.[cm]?jsx?$/.test(path) || shared.claims(path, firstLine),
}
