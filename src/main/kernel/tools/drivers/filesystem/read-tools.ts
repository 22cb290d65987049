import { defineTool, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { reads } from './file-capabilities'
import { globFolder, globSource } from './glob-pattern'
import { FILE_TIMEOUT_MS, type FileAccess, listing } from './guest-calls'

const MAX_LISTED = 10_000
const DEFAULT_GLOB_LIMIT = 10_000

/** Descriptions are read by models: they say what fails and what to do then. */
export function readTools(files: FileAccess): ToolSpec[] {
  return [
    defineTool({
      name: 'fs.read',
      description:
        'Reads a text file or a range of its lines or bytes, in UTF-8, UTF-16 with a mark, or Latin-1. Files over 8 MiB need a range. Binary ' +
        'files fail with fs.binary unless read as base64. The version is for expectedVersion.',
      ...ToolSchemas['fs.read'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      async execute(args, call) {
        const output = await files.ask(call, 'read', args, ToolSchemas['fs.read'].output, 'pure')
        if (output.base64 !== undefined) {
          const { path, startByte = 0, endByte = 0, sizeBytes } = output
          return { output, text: `${path}: bytes ${startByte} to ${endByte} of ${sizeBytes} as base64\n${output.base64}` }
        }
        files.handles.opened(output.path, output.version, output.startLine, output.endLine + 1)
        const whole = output.startLine === 1 && output.endLine === output.totalLines && output.startByte === undefined
        if (whole) files.handles.rememberText(output.version, output.text)
        return { output, text: output.encoding === 'latin1' ? `[not UTF-8: read as Latin-1]\n${output.text}` : output.text }
      },
    }),
    defineTool({
      name: 'fs.stat',
      description: 'Type, size, mode, time and version of a path; type "absent" when there is nothing. Does not follow a link.',
      ...ToolSchemas['fs.stat'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      async execute(args, call) {
        const output = await files.ask(call, 'stat', args, ToolSchemas['fs.stat'].output, 'pure')
        const kind = output.linkTarget === undefined ? (output.binary ?? '') : `to ${output.linkTarget}`
        return {
          output,
          text: `${output.path}: ${output.type}${kind === '' ? '' : ` (${kind})`}, ${output.sizeBytes} bytes, mode ${output.mode.toString(8)}`,
        }
      },
    }),
    defineTool({
      name: 'fs.list',
      description:
        'Entries of a directory ("" is the workspace) down to a depth, sorted by path. Does not look into node_modules. Bytes of names that ' +
        'are no text are written \\xNN, and may be given so.',
      ...ToolSchemas['fs.list'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ path }) => [reads(path)],
      async execute(args, call) {
        const request = { path: args.path, depth: args.depth ?? 1, limit: MAX_LISTED }
        const output = await files.ask(call, 'list', request, ToolSchemas['fs.list'].output, 'pure')
        const lines = output.entries.map(({ path, type }) => (type === 'directory' ? `${path}/` : path))
        return { output, text: listing(lines, output.truncated) }
      },
    }),
    defineTool({
      name: 'fs.glob',
      description: 'Files whose path matches a pattern such as src/**/*.{ts,tsx}, sorted; dot files too; not in node_modules or .git.',
      ...ToolSchemas['fs.glob'],
      effect: 'pure',
      timeoutMs: FILE_TIMEOUT_MS,
      capabilities: ({ pattern }) => [reads(globFolder(pattern))],
      async execute(args, call) {
        const request = { source: globSource(args.pattern), limit: args.limit ?? DEFAULT_GLOB_LIMIT }
        const output = await files.ask(call, 'glob', request, ToolSchemas['fs.glob'].output, 'pure')
        return { output, text: listing(output.paths, output.truncated) }
      },
    }),
  ]
}
