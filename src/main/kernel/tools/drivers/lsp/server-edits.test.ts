import { expect, test } from 'vitest'
import { KeyframeError } from '../../../../../shared/failure'
import type { LspWorkspaceEdit } from './answers'
import type { ReadText } from './open-documents'
import { textEditsOf, workspaceEditOfLsp } from './server-edits'
import { versionOf } from './text-edits'
import { WorkspacePaths } from './workspace-paths'

const PATHS = new WorkspacePaths('/workspace')
const NO_CHANGE = { files: [], create: [], move: [], remove: [] }
const range = (line: number, from: number, to: number) => ({ start: { line, character: from }, end: { line, character: to } })

function reader(files: Readonly<Record<string, string>>): ReadText {
  return async (path) => {
    const text = files[path]
    if (text === undefined) throw new KeyframeError({ code: 'files.not-found', message: path })
    return { text, version: versionOf(text) }
  }
}

async function edited(answer: LspWorkspaceEdit, files: Readonly<Record<string, string>> = { 'a.py': 'one two\n' }) {
  return workspaceEditOfLsp(PATHS, reader(files), [answer])
}

test('both forms of edits, with the version that they were made against', async () => {
  const edits = [{ range: range(0, 4, 7), newText: 'TWO' }]
  const expected = {
    ...NO_CHANGE,
    files: [
      {
        path: 'a.py',
        version: versionOf('one two\n'),
        edits: [{ startLine: 1, startColumn: 4, endLine: 1, endColumn: 7, newText: 'TWO' }],
      },
    ],
  }
  expect(await edited({ changes: { 'file:///workspace/a.py': edits } })).toEqual(expected)
  expect(await edited({ documentChanges: [{ textDocument: { uri: 'file:///workspace/a.py' }, edits }] })).toEqual(expected)
})

test('a file that is edited twice and moved', async () => {
  const uri = 'file:///workspace/a.py'
  const answer = {
    documentChanges: [
      { textDocument: { uri }, edits: [{ range: range(0, 0, 3), newText: 'three' }] },
      { kind: 'rename' as const, oldUri: uri, newUri: 'file:///workspace/b.py' },
      { textDocument: { uri: 'file:///workspace/b.py' }, edits: [{ range: range(0, 6, 9), newText: '2' }] },
    ],
  }
  expect(await edited(answer)).toEqual({
    ...NO_CHANGE,
    files: [
      {
        path: 'a.py',
        version: versionOf('one two\n'),
        edits: [{ startLine: 1, startColumn: 0, endLine: 2, endColumn: 0, newText: 'three 2\n' }],
      },
    ],
    move: [{ from: 'a.py', to: 'b.py' }],
  })
})

test.each([
  'file:///etc/passwd',
  'file:///workspace/../etc/passwd',
  'file:///workspace%2F..%2Fetc/passwd',
  'file:///workspace/.git/config',
  'file:///workspace/node_modules/x.py',
  'untitled:a.py',
])('an edit of %s is refused', async (uri) => {
  await expect(edited({ changes: { [uri]: [{ range: range(0, 0, 0), newText: 'x' }] } })).rejects.toThrow('not part of the workspace')
  await expect(edited({ documentChanges: [{ kind: 'delete', uri }] })).rejects.toThrow('not part of the workspace')
  const moved = { kind: 'rename' as const, oldUri: 'file:///workspace/a.py', newUri: uri }
  await expect(edited({ documentChanges: [moved] })).rejects.toThrow('not part of the workspace')
})

test('positions beyond the end mean the end; edits that overlap are no answer', () => {
  const all = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } }
  expect(textEditsOf('a\nbc', [{ range: all, newText: 'x' }], 'a.py')).toEqual([
    { startLine: 1, startColumn: 0, endLine: 2, endColumn: 2, newText: 'x' },
  ])
  const overlapping = [
    { range: range(0, 0, 2), newText: 'x' },
    { range: range(0, 1, 3), newText: 'y' },
  ]
  expect(() => textEditsOf('abc', overlapping, 'a.py')).toThrow('overlap')
})
