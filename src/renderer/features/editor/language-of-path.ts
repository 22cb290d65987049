/** Language ids of the editor by file extension, and by whole name for files without one. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'typescriptreact',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascriptreact',
  json: 'json',
  jsonc: 'json',
  yaml: 'yaml',
  yml: 'yaml',
  sql: 'sql',
  md: 'markdown',
  css: 'css',
  scss: 'scss',
  less: 'less',
  html: 'html',
  htm: 'html',
  xml: 'xml',
  svg: 'xml',
  py: 'python',
  go: 'go',
  rs: 'rust',
  c: 'c',
  h: 'c',
  cc: 'cpp',
  cpp: 'cpp',
  hpp: 'cpp',
  java: 'java',
  sh: 'shell',
  bash: 'shell',
  tf: 'hcl',
  hcl: 'hcl',
  ini: 'ini',
  toml: 'ini',
  proto: 'proto',
  graphql: 'graphql',
  gql: 'graphql',
  rb: 'ruby',
  php: 'php',
  cs: 'csharp',
  kt: 'kotlin',
  swift: 'swift',
}

const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: 'dockerfile',
  containerfile: 'dockerfile',
  codeowners: 'shell',
  makefile: 'shell',
  '.env': 'shell',
  '.gitignore': 'shell',
  '.dockerignore': 'shell',
  '.npmrc': 'ini',
  '.editorconfig': 'ini',
}

/** `plaintext` for what is not known. */
export function languageOfPath(path: string): string {
  const name = (path.split('/').at(-1) ?? '').toLowerCase()
  const named = BY_NAME[name] ?? (name.startsWith('dockerfile') ? 'dockerfile' : undefined)
  if (named !== undefined) return named
  const dot = name.lastIndexOf('.')
  return (dot < 0 ? undefined : BY_EXTENSION[name.slice(dot + 1)]) ?? 'plaintext'
}

/** Languages that a language server of the branch reads. */
export const SERVED_LANGUAGES: readonly string[] = ['typescript', 'typescriptreact', 'javascript', 'javascriptreact']

export function hasLanguageServer(path: string): boolean {
  return SERVED_LANGUAGES.includes(languageOfPath(path))
}
