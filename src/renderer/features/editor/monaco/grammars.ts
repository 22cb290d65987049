import { languages } from 'monaco-editor'
import { jsonConfiguration, jsonGrammar } from './json-grammar'

interface Grammar {
  readonly conf: languages.LanguageConfiguration
  readonly language: languages.IMonarchLanguage
}

/** Each is its own small file of the build, fetched when the first text of its language is shown. */
const GRAMMARS: Readonly<Record<string, () => Promise<Grammar>>> = {
  typescript: () => import('monaco-editor/languages/definitions/typescript/typescript.js'),
  typescriptreact: () => import('monaco-editor/languages/definitions/typescript/typescript.js'),
  javascript: () => import('monaco-editor/languages/definitions/javascript/javascript.js'),
  javascriptreact: () => import('monaco-editor/languages/definitions/javascript/javascript.js'),
  json: () => Promise.resolve({ conf: jsonConfiguration, language: jsonGrammar }),
  yaml: () => import('monaco-editor/languages/definitions/yaml/yaml.js'),
  sql: () => import('monaco-editor/languages/definitions/sql/sql.js'),
  markdown: () => import('monaco-editor/languages/definitions/markdown/markdown.js'),
  css: () => import('monaco-editor/languages/definitions/css/css.js'),
  scss: () => import('monaco-editor/languages/definitions/scss/scss.js'),
  less: () => import('monaco-editor/languages/definitions/less/less.js'),
  html: () => import('monaco-editor/languages/definitions/html/html.js'),
  xml: () => import('monaco-editor/languages/definitions/xml/xml.js'),
  python: () => import('monaco-editor/languages/definitions/python/python.js'),
  go: () => import('monaco-editor/languages/definitions/go/go.js'),
  rust: () => import('monaco-editor/languages/definitions/rust/rust.js'),
  c: () => import('monaco-editor/languages/definitions/cpp/cpp.js'),
  cpp: () => import('monaco-editor/languages/definitions/cpp/cpp.js'),
  java: () => import('monaco-editor/languages/definitions/java/java.js'),
  shell: () => import('monaco-editor/languages/definitions/shell/shell.js'),
  dockerfile: () => import('monaco-editor/languages/definitions/dockerfile/dockerfile.js'),
  hcl: () => import('monaco-editor/languages/definitions/hcl/hcl.js'),
  ini: () => import('monaco-editor/languages/definitions/ini/ini.js'),
  proto: () => import('monaco-editor/languages/definitions/protobuf/protobuf.js'),
  graphql: () => import('monaco-editor/languages/definitions/graphql/graphql.js'),
  ruby: () => import('monaco-editor/languages/definitions/ruby/ruby.js'),
  php: () => import('monaco-editor/languages/definitions/php/php.js'),
  csharp: () => import('monaco-editor/languages/definitions/csharp/csharp.js'),
  kotlin: () => import('monaco-editor/languages/definitions/kotlin/kotlin.js'),
  swift: () => import('monaco-editor/languages/definitions/swift/swift.js'),
}

/** Makes the languages known by id; a model gets its language from `languageOfPath`, so no extensions are registered. */
export function registerLanguages(): void {
  for (const id of Object.keys(GRAMMARS)) languages.register({ id })
}

const loaded = new Map<string, Promise<void>>()

/** Resolves when texts of the language are coloured; at once for languages without a grammar. */
export function loadGrammar(id: string): Promise<void> {
  const known = loaded.get(id)
  if (known !== undefined) return known
  const load = GRAMMARS[id]
  if (load === undefined) return Promise.resolve()
  const loading = load().then(({ conf, language }) => {
    languages.setLanguageConfiguration(id, conf)
    languages.setMonarchTokensProvider(id, language)
  })
  loaded.set(id, loading)
  loading.catch(() => loaded.delete(id))
  return loading
}
