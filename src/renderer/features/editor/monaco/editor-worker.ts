// The editor's own worker (diffs, links, word lists), bundled as a file so that the content security policy lets it run.
import 'monaco-editor/esm/vs/editor/editor.worker.js'
