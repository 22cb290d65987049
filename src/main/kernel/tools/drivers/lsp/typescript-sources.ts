import { posix } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'

/** Extensions that the TypeScript server reads, with the language id that it expects. */
export const TYPESCRIPT_LANGUAGE_IDS: Readonly<Record<string, string>> = {
  '.ts': 'typescript',
  '.mts': 'typescript',
  '.cts': 'typescript',
  '.tsx': 'typescriptreact',
  '.js': 'javascript',
  '.mjs': 'javascript',
  '.cjs': 'javascript',
  '.jsx': 'javascriptreact',
}

export const SOURCE_EXTENSIONS = Object.keys(TYPESCRIPT_LANGUAGE_IDS)

export function isSource(path: string): boolean {
  return posix.extname(path) in TYPESCRIPT_LANGUAGE_IDS
}

/** Throws `lsp.unsupported-file` for what the TypeScript server does not read. */
export function mustBeSource(path: string): void {
  if (isSource(path)) return
  throw new KeyframeError({
    code: 'lsp.unsupported-file',
    message: `The TypeScript server does not read ${path}.`,
    action: `TypeScript and JavaScript files: ${SOURCE_EXTENSIONS.join(', ')}.`,
  })
}
