import picomatch from 'picomatch'
import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import type { EffectClass } from '../../../../../shared/frames'
import { type ToolCallContext, type ToolSpec, defineTool } from '../../driver'
import { ToolSchemas } from '../../schemas'
import type { FileGuestChannel } from './file-guest-channel'
import { editCapabilities, globFolder, reads, writes } from './file-capabilities'
import type { FileHandles } from './file-handles'

const TIMEOUT_MS = 30_000
const SEARCH_TIMEOUT_MS = 10_000
const MAX_LISTED = 10_000
const DEFAULT_GLOB_LIMIT = 10_000

const Written = ToolSchemas['fs.replace'].output.extend({ line: z.number().int().min(1) })
const StaleDetails = z.object({ path: z.string(), expected: z.string(), actual: z.string(), text: z.string().nullable() })

/** The tools of one branch. Descriptions are read by models: they say what fails and what to do then. */
export function filesystemTools(channel: FileGuestChannel, handles: FileHandles): ToolSpec[] {
  async function ask<Result>(
    call: ToolCallContext,
    op: string,
    args: Record<string, unknown>,
    result: z.ZodType<Result>,
    effect: EffectClass,
  ) {
    const request = { op, args, result, timeoutMs: TIMEOUT_MS, signal: call.signal, pure: effect === 'pure' }
    try {
      return await channel.call(call.sandbox, request)
    } catch (error) {
      throw error instanceof KeyframeError && error.code === 'fs.stale-version' ? withDiff(error, handles) : error
    }
  }

  return [
    defineTool({
      name: 'fs.read',
      description: 'Reads a UTF-8 text file or a range of its lines. Files over 8 MiB need a range. The version is for expectedVersion.',
      ...ToolSchemas['fs.read'],
      capabilities: ({ path }) => [reads(path)],
      effect: 'pure',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const output = await ask(call, 'read', args, ToolSchemas['fs.read'].output, 'pure')
        handles.opened(output.path, output.version, output.startLine)
        if (output.startLine === 1 && output.endLine === output.totalLines) handles.rememberText(output.version, output.text)
        return { output, text: output.text }
      },
    }),
    defineTool({
      name: 'fs.stat',
      description: 'Type, size, mode, time and version of a path; type "absent" when there is nothing. Does not follow a link.',
      ...ToolSchemas['fs.stat'],
      capabilities: ({ path }) => [reads(path)],
      effect: 'pure',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const output = await ask(call, 'stat', args, ToolSchemas['fs.stat'].output, 'pure')
        return { output, text: `${output.path}: ${output.type}, ${output.sizeBytes} bytes, mode ${output.mode.toString(8)}` }
      },
    }),
    defineTool({
      name: 'fs.list',
      description: 'Entries of a directory ("" is the workspace) down to a depth, sorted by path. Does not look into node_modules.',
      ...ToolSchemas['fs.list'],
      capabilities: ({ path }) => [reads(path)],
      effect: 'pure',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const request = { path: args.path, depth: args.depth ?? 1, limit: MAX_LISTED }
        const output = await ask(call, 'list', request, ToolSchemas['fs.list'].output, 'pure')
        const lines = output.entries.map(({ path, type }) => (type === 'directory' ? `${path}/` : path))
        return { output, text: listing(lines, output.truncated) }
      },
    }),
    defineTool({
      name: 'fs.glob',
      description: 'Files whose path matches a pattern such as src/**/*.{ts,tsx}, sorted; dot files too; not in node_modules or .git.',
      ...ToolSchemas['fs.glob'],
      capabilities: ({ pattern }) => [reads(globFolder(pattern))],
      effect: 'pure',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const request = { source: globSource(args.pattern), limit: args.limit ?? DEFAULT_GLOB_LIMIT }
        const output = await ask(call, 'glob', request, ToolSchemas['fs.glob'].output, 'pure')
        return { output, text: listing(output.paths, output.truncated) }
      },
    }),
    defineTool({
      name: 'fs.write',
      description:
        'Writes a whole file in one step, making its directories. Keeps mode, byte order mark and CRLF of a file that it replaces. ' +
        'With expectedVersion it fails with fs.stale-version when somebody changed the file.',
      ...ToolSchemas['fs.write'],
      capabilities: ({ path }) => [writes(path)],
      effect: 'workspace',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const output = await ask(call, 'write', args, ToolSchemas['fs.write'].output, 'workspace')
        handles.written(output.path, output.version, 1)
        return { output, text: `${output.created ? 'Created' : 'Wrote'} ${output.path}` }
      },
    }),
    defineTool({
      name: 'fs.replace',
      description: 'Replaces a text that occurs exactly once in a file; fails with fs.no-match or fs.ambiguous-match (with the lines).',
      ...ToolSchemas['fs.replace'],
      capabilities: ({ path }) => [reads(path), writes(path)],
      effect: 'workspace',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const { line, ...output } = await ask(call, 'replace', args, Written, 'workspace')
        handles.written(output.path, output.version, line)
        return { output, text: `Changed ${output.path} at line ${line}` }
      },
    }),
    defineTool({
      name: 'fs.applyEdit',
      description: 'Applies edits, creations, moves and removals of many files, all or none. Edits refer to the files as they are before.',
      ...ToolSchemas['fs.applyEdit'],
      capabilities: editCapabilities,
      effect: 'workspace',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const output = await ask(call, 'applyEdit', args, ToolSchemas['fs.applyEdit'].output, 'workspace')
        for (const { from, to } of args.move) handles.moved(from, to)
        const firstLines = new Map(args.files.map(({ path, edits }) => [path, Math.min(...edits.map(({ startLine }) => startLine))]))
        for (const { path, version } of output.versions) {
          if (version === null) handles.closed(path)
          else handles.written(path, version, finiteOr(firstLines.get(path)))
        }
        const count = (n: number, what: string): string[] => (n === 0 ? [] : [`${n} ${what}`])
        const parts = [
          ...count(args.files.length, 'changed'),
          ...count(args.create.length, 'created'),
          ...count(args.move.length, 'moved'),
          ...count(args.remove.length, 'removed'),
        ]
        return { output, text: parts.length === 0 ? 'Nothing to change' : `Files: ${parts.join(', ')}` }
      },
    }),
    defineTool({
      name: 'fs.move',
      description: 'Moves a file, link or directory to a path where nothing is yet.',
      ...ToolSchemas['fs.move'],
      capabilities: ({ from, to }) => [reads(from), writes(from), writes(to)],
      effect: 'workspace',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const output = await ask(call, 'move', args, ToolSchemas['fs.move'].output, 'workspace')
        handles.moved(args.from, args.to)
        return { output, text: `Moved ${args.from} to ${args.to} (${output.moved} files)` }
      },
    }),
    defineTool({
      name: 'fs.remove',
      description: 'Removes a file, a link or a directory with everything in it.',
      ...ToolSchemas['fs.remove'],
      capabilities: ({ path }) => [writes(path)],
      effect: 'workspace',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const output = await ask(call, 'remove', args, ToolSchemas['fs.remove'].output, 'workspace')
        handles.closed(args.path)
        return { output, text: `Removed ${args.path} (${output.removed} files)` }
      },
    }),
    defineTool({
      name: 'code.search',
      description:
        'Finds a text or, with regex, a JavaScript pattern within lines of the files that .gitignore does not exclude, sorted by path. ' +
        'Files over 2 MiB and binary files are left out.',
      ...ToolSchemas['code.search'],
      capabilities: ({ glob }) => [reads(glob === undefined ? '.' : globFolder(glob))],
      effect: 'pure',
      timeoutMs: TIMEOUT_MS,
      async execute(args, call) {
        const request = {
          query: args.query,
          regex: args.regex ?? false,
          wholeWord: args.wholeWord ?? false,
          globSource: args.glob === undefined ? null : globSource(args.glob),
          limit: args.limit,
          timeoutMs: SEARCH_TIMEOUT_MS,
        }
        if (request.regex) checkPattern(args.query)
        const output = await ask(call, 'search', request, ToolSchemas['code.search'].output, 'pure')
        const lines = output.hits.map(({ path, line, text }) => `${path}:${line}: ${text}`)
        return { output, text: listing(lines, output.truncated) }
      },
    }),
  ]
}

function finiteOr(line: number | undefined): number | undefined {
  return line !== undefined && Number.isFinite(line) ? line : undefined
}

function listing(lines: readonly string[], truncated: boolean): string {
  if (lines.length === 0) return 'Nothing found'
  return truncated ? `${lines.join('\n')}\n[more were found]` : lines.join('\n')
}

/** Globs are compiled here, so that the process inside needs no library for them. */
function globSource(pattern: string): string {
  return picomatch.makeRe(pattern.replace(/^\.\//, ''), { dot: true, nonegate: true }).source
}

function checkPattern(pattern: string): void {
  try {
    void new RegExp(pattern)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new KeyframeError({ code: 'search.bad-pattern', message: error.message, action: 'Correct the pattern or search without regex.' })
  }
}

/** The guest sends the text that is there; the reader gets what changed since the version that it expected. */
function withDiff(error: KeyframeError, handles: FileHandles): KeyframeError {
  const details = StaleDetails.safeParse(error.failure.details)
  if (!details.success) return error
  const { path, expected, actual, text } = details.data
  const diff = text === null ? null : handles.diffSince(path, expected, text)
  return new KeyframeError({
    code: 'fs.stale-version',
    message: error.message,
    action: 'Read the file again and make the change against its present version.',
    details: { path, expected, actual, diff },
  })
}
