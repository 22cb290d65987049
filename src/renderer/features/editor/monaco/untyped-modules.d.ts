/** Grammars of the editor's package ship without types. */
declare module 'monaco-editor/languages/definitions/*' {
  import type { languages } from 'monaco-editor'
  export const conf: languages.LanguageConfiguration
  export const language: languages.IMonarchLanguage
}
