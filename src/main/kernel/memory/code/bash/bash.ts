import type { Language } from '../language'
import { extractFacts } from './extract-facts'
import { ScriptPaths } from './script-paths'

export const bash: Language = {
  id: 'bash',
  grammar: 'tree-sitter-bash/tree-sitter-bash.wasm',
  claims: (path, firstLine) =>
    /\.(?:sh|bash|bats|ksh)$|(?:^|\/)\.?(?:bashrc|bash_profile|profile)$/.test(path) ||
    (/^#!.*\b(?:ba|da|k|a)?sh\b/.test(firstLine) && !/\.[^/]*$/.test(path)),
  extract: extractFacts,
  imports: { resolver: (repository) => new ScriptPaths(repository) },
}
