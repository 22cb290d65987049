// The editor's own worker (diffs, links, word lists), bundled as a file so that the content security policy lets it run.
import '@codingame/monaco-vscode-api/workers/editor.worker'
