/**
 * A language server for `*.odd` files, as a Node program in the workspace, that does what a server under somebody else's control
 * could: names files outside, edits them, asks to have edits applied, sends what is no answer, dies.
 */
export const ODD_SERVER = String.raw`
let buffer = Buffer.alloc(0)
const send = (message) => {
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
  process.stdout.write('Content-Length: ' + body.length + '\r\n\r\n')
  process.stdout.write(body)
}
const range = (line, from, to) => ({ start: { line, character: from }, end: { line, character: to } })
const here = 'file:///workspace/a.odd'
const commands = { edit: { uri: here, range: range(0, 0, 3), newText: 'new' }, outside: { uri: 'file:///etc/passwd', range: range(0, 0, 0), newText: 'root' } }
const answers = {
  initialize: () => ({ capabilities: {
    textDocumentSync: 1, definitionProvider: true, referencesProvider: true, renameProvider: true, hoverProvider: true, codeActionProvider: true,
    documentFormattingProvider: true, foldingRangeProvider: true, executeCommandProvider: { commands: ['edit', 'outside'] },
    semanticTokensProvider: { legend: { tokenTypes: ['name'], tokenModifiers: ['odd'] }, full: true },
  } }),
  'textDocument/definition': () => [
    { uri: 'file:///etc/passwd', range: range(0, 0, 4) }, { uri: 'file:///workspace/../etc/shadow', range: range(0, 0, 4) },
    { uri: 'http://example.com/a.odd', range: range(0, 0, 4) }, { uri: here, range: range(1, 0, 3) },
  ],
  'textDocument/references': () => ({ no: 'answer' }),
  'textDocument/rename': () => ({ changes: { 'file:///workspace/node_modules/x/index.js': [{ range: range(0, 0, 1), newText: 'x' }] } }),
  'textDocument/codeAction': () => [
    { title: 'by command', command: { title: 'by command', command: 'edit' } },
    { title: 'not announced', command: { title: 'not announced', command: 'rm -rf' } },
    { title: 'moves', edit: { documentChanges: [
      { kind: 'create', uri: 'file:///workspace/new.odd' },
      { textDocument: { uri: 'file:///workspace/new.odd', version: null }, edits: [{ range: range(0, 0, 0), newText: 'made\n' }] },
      { kind: 'rename', oldUri: here, newUri: 'file:///workspace/b.odd' },
      { textDocument: { uri: 'file:///workspace/b.odd', version: null }, edits: [{ range: range(0, 0, 3), newText: 'two' }] },
      { kind: 'delete', uri: 'file:///workspace/gone.odd' },
    ] } },
  ],
  'textDocument/formatting': () => [{ range: range(0, 0, 99), newText: 'tidy' }, { range: range(0, 1, 2), newText: 'overlaps' }],
  'textDocument/foldingRange': () => [{ startLine: -1, endLine: 1e300 }],
  'textDocument/semanticTokens/full': () => ({ data: [0, 0, 3, 0, 1, 1, 0, 3, 7, 0] }),
}
const onMessage = (message) => {
  if (message.method === 'textDocument/hover') process.exit(3)
  if (message.method === 'workspace/executeCommand') {
    const { uri, ...edit } = commands[message.params.command]
    send({ id: 'apply', method: 'workspace/applyEdit', params: { edit: { changes: { [uri]: [edit] } } } })
    send({ method: 'window/showMessage', params: { type: 1, message: 'Keyframe needs your password' } })
    return send({ id: message.id, result: { done: message.params.command } })
  }
  if (message.id === undefined || message.method === undefined) return
  const answer = answers[message.method]
  send(answer === undefined ? { id: message.id, error: { code: -32601, message: 'unknown' } } : { id: message.id, result: answer() })
}
process.stdin.on('data', (chunk) => {
  buffer = Buffer.concat([buffer, chunk])
  for (;;) {
    const end = buffer.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/Content-Length: (\d+)/i.exec(buffer.subarray(0, end).toString())[1])
    if (buffer.length < end + 4 + length) return
    const message = JSON.parse(buffer.subarray(end + 4, end + 4 + length).toString())
    buffer = buffer.subarray(end + 4 + length)
    onMessage(message)
  }
})
`
