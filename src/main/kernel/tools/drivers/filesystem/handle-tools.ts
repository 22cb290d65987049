import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { ContentHash } from '../../../../../shared/ids'
import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import type { ChangesByOthers } from './changes-by-others'
import { reads } from './file-capabilities'
import type { FileHandle, FileHandles } from './file-handles'
import { FILE_TIMEOUT_MS, type FileAccess, plainPath } from './guest-calls'

const DEFAULT_LINES = 200
const DEFAULT_CHANGES = 500
const Read = ToolSchemas['fs.read'].output

/** Files that the agent has open: where it is in them, and what others did to them meanwhile. */
export function handleTools(files: FileAccess, changes: ChangesByOthers): ToolSpec[] {
  const { handles } = files
  return [
    defineTool({
      name: 'fs.open',
      description: 'Opens a text file for fs.readNext, which reads it in parts from the line that is named, or the first.',
      ...ToolSchemas['fs.open'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      async execute({ path, line = 1, follow }, call) {
        const request = { path, startLine: 1, endLine: 1, ...(follow === undefined ? {} : { follow }) }
        const { version, totalLines, sizeBytes, encoding, path: opened } = await files.ask(call, 'read', request, Read, 'pure')
        handles.opened(opened, version, line, line)
        const handle = required(handles, opened)
        const output = { ...shown(handle), totalLines, sizeBytes, encoding: encoding ?? ('utf-8' as const) }
        return { output, text: `Opened ${opened}: ${totalLines} lines, ${sizeBytes} bytes, next is line ${line}` }
      },
    }),
    defineTool({
      name: 'fs.readNext',
      description: 'Reads on in a file that was opened or read, from where the last part ended. Says when the file was changed meanwhile.',
      ...ToolSchemas['fs.readNext'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      async execute({ path, lines = DEFAULT_LINES }, call) {
        const before = required(handles, path)
        const read = await files.ask(call, 'readFrom', { path, startLine: before.nextLine, lines }, Read, 'pure')
        const nextLine = read.endLine + 1
        const changed = read.version !== before.version
        handles.opened(read.path, read.version, before.nextLine, nextLine)
        const { version, text, startLine, endLine, totalLines } = read
        const output = { path: read.path, text, version, startLine, endLine, totalLines, atEnd: endLine >= totalLines, changed }
        const notes = [...(changed ? ['[the file was changed since the last part]'] : []), ...(text === '' ? ['[the end]'] : [])]
        return { output, text: [...notes, text].join('\n') }
      },
    }),
    defineTool({
      name: 'fs.seek',
      description: 'Sets the line from which fs.readNext reads on.',
      ...ToolSchemas['fs.seek'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      execute: async ({ path, line }) => {
        required(handles, path)
        const handle = handles.movedTo(plainPath(path), line) ?? required(handles, path)
        return { output: shown(handle), text: `${handle.path}: next is line ${line}` }
      },
    }),
    defineTool({
      name: 'fs.close',
      description: 'Forgets a file that was opened or read: later changes of it are not told.',
      ...ToolSchemas['fs.close'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      execute: async ({ path }) => {
        const closed = handles.get(plainPath(path)) !== null
        handles.closed(plainPath(path))
        return { output: { closed }, text: closed ? `Closed ${path}` : `${path} was not open` }
      },
    }),
    defineTool({
      name: 'fs.handles',
      description: 'Files that were read or written, with the version that is known, the cursor, and whether somebody else changed them.',
      ...ToolSchemas['fs.handles'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: () => [],
      execute: async () => {
        const open = handles.all().map(shown)
        const lines = open.map(({ path, cursorLine, stale }) => `${path}:${cursorLine}${stale ? ' (changed by somebody else)' : ''}`)
        return { output: { handles: open }, text: lines.length === 0 ? 'No file is open' : lines.join('\n') }
      },
    }),
    defineTool({
      name: 'fs.changes',
      description: 'Files that others (commands, language servers, people) created, changed or deleted since this was last asked.',
      ...ToolSchemas['fs.changes'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: () => [reads('.')],
      async execute({ limit = DEFAULT_CHANGES }, call) {
        const output = await changes.since(files, call, limit)
        const lines = output.changes.map(({ path, change }) => `${change} ${path}`)
        const more = output.truncated ? ['[more at the next call]'] : []
        return { output, text: lines.length === 0 ? 'Nothing was changed by others' : [...lines, ...more].join('\n') }
      },
    }),
  ]
}

const HandleVersion = z.object({ version: ContentHash })

function shown({ path, version, cursorLine, nextLine, stale }: FileHandle) {
  return { path, ...HandleVersion.parse({ version }), cursorLine, nextLine, stale }
}

function required(handles: FileHandles, path: string): FileHandle {
  const handle = handles.get(plainPath(path))
  if (handle !== null) return handle
  throw new KeyframeError({
    code: 'fs.not-open',
    message: `${path} is not open.`,
    action: 'Open it with fs.open, or read it with fs.read.',
  })
}
