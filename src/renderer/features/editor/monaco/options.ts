import type { editor } from 'monaco-editor'

const MONO = "'JetBrains Mono Variable', ui-monospace, monospace"

/** What every editor of the window shares: a reader's view, nothing that writes, nothing that moves by itself. */
export const READER_OPTIONS: editor.IEditorOptions & editor.IGlobalEditorOptions = {
  readOnly: true,
  readOnlyMessage: { value: 'Files change through runs. Fork from a frame to continue differently.' },
  domReadOnly: true,
  fontFamily: MONO,
  fontSize: 12,
  lineHeight: 18,
  fontLigatures: false,
  automaticLayout: true,
  contextmenu: true,
  cursorBlinking: 'solid',
  smoothScrolling: false,
  scrollBeyondLastLine: false,
  renderLineHighlight: 'line',
  renderLineHighlightOnlyWhenFocus: true,
  renderWhitespace: 'selection',
  occurrencesHighlight: 'singleFile',
  minimap: { enabled: false },
  overviewRulerBorder: false,
  guides: { indentation: true, bracketPairs: false },
  bracketPairColorization: { enabled: false },
  stickyScroll: { enabled: true, maxLineCount: 3 },
  padding: { top: 4, bottom: 12 },
  scrollbar: { verticalScrollbarSize: 10, horizontalScrollbarSize: 10, useShadows: false },
  lineNumbersMinChars: 4,
  glyphMargin: false,
  folding: true,
  links: true,
  unicodeHighlight: { ambiguousCharacters: false, invisibleCharacters: true },
  fixedOverflowWidgets: true,
  'semanticHighlighting.enabled': true,
}
