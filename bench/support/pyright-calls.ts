import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'
import { Parsers } from '../../src/main/kernel/memory/code/grammar'
import { python } from '../../src/main/kernel/memory/code/python/python'
import { type Syntax, syntaxTree } from '../../src/main/kernel/memory/code/syntax-tree'
import type { CallSite } from './call-sites'

interface Position {
  readonly line: number
  readonly character: number
}

type Definition = { readonly uri: string; readonly range: { readonly start: Position; readonly end: Position } }

/** What Pyright's language server says is called at every call of some files: the definition of the name before the parenthesis. */
export async function pyrightCalls(root: string, paths: readonly string[]): Promise<CallSite[]> {
  const server = createRequire(import.meta.url).resolve('pyright/langserver.index.js')
  const child = spawn(process.execPath, [server, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin))
  connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) => items.map(() => ({})))
  connection.onRequest('client/registerCapability', () => null)
  connection.onRequest('window/workDoneProgress/create', () => null)
  connection.listen()
  const rootUri = pathToFileURL(root).href
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri,
    capabilities: { workspace: { configuration: true } },
    workspaceFolders: [{ uri: rootUri, name: 'repository' }],
  })
  await connection.sendNotification('initialized', {})
  const parsers = new Parsers()
  await parsers.load([python])
  const sites: CallSite[] = []
  try {
    for (const path of paths) {
      const text = readFileSync(join(root, path), 'utf8')
      const uri = pathToFileURL(join(root, path)).href
      await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'python', version: 1, text } })
      const tree = parsers.of(python).parse(text)
      if (tree === null) continue
      const names = calledNames(syntaxTree(tree.rootNode))
      tree.delete()
      for (const { name, line } of names) {
        const position = { line: name.line - 1, character: name.column }
        const answer = await connection.sendRequest<Definition[] | Definition | null>('textDocument/definition', {
          textDocument: { uri },
          position,
        })
        const declared = [answer ?? []].flat().map((definition) => declarationAt(root, definition))
        sites.push({ path, line, name: name.text, declared })
      }
    }
    await connection.sendRequest('shutdown')
    await connection.sendNotification('exit')
  } finally {
    connection.dispose()
    child.kill()
  }
  return sites
}

function declarationAt(root: string, { uri, range }: Definition): CallSite['declared'][number] {
  const file = fileURLToPath(uri)
  const path = relative(root, file)
  const isOwn = !path.startsWith('..') && !path.includes('node_modules/')
  const line = readFileSync(file, 'utf8').split('\n')[range.start.line] ?? ''
  return { path: isOwn ? path : null, line: range.start.line + 1, name: line.slice(range.start.character, range.end.character) }
}

function calledNames(root: Syntax): { name: Syntax; line: number }[] {
  const found: { name: Syntax; line: number }[] = []
  const visit = (node: Syntax): void => {
    const callee = node.type === 'call' ? node.childForFieldName('function') : null
    const name = callee?.type === 'attribute' ? callee.childForFieldName('attribute') : callee
    if (name?.type === 'identifier' && name.text !== 'super') found.push({ name, line: node.line })
    for (const child of node.namedChildren) visit(child)
  }
  visit(root)
  return found
}
