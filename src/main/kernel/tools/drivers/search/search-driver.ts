import { defineTool, type Driver } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { reads } from '../filesystem/file-capabilities'
import type { FileGuestChannel } from '../filesystem/file-guest-channel'
import { globFolder, globSource } from '../filesystem/glob-pattern'

const TIMEOUT_MS = 30_000
/** The search's own limit, which leaves the process inside alive: other tools need it. */
const SEARCH_TIMEOUT_MS = 10_000
const DEFAULT_MAX_FILE_BYTES = 2 * 1024 * 1024
const DEFAULT_FILES_LIMIT = 100

export interface SearchDriverOptions {
  /** The branch's process inside the sandbox, shared with the filesystem driver, which ends it. */
  readonly channel: FileGuestChannel
}

/** Search in the files of one branch, inside its sandbox. Keeps nothing, so there is nothing to restore. */
export function createSearchDriver({ channel }: SearchDriverOptions): Driver {
  return {
    name: 'search',
    tools: [
      defineTool({
        name: 'code.search',
        description:
          'Finds a text or, with regex, a pattern in the files that .gitignore (or .rgignore) does not exclude, sorted by path. Files over 2 MiB and ' +
          'binary files are left out. Options: globs, types, case, context lines, several lines, ignored files.',
        ...ToolSchemas['code.search'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        capabilities: ({ path, glob }) => [reads(path ?? (glob === undefined ? '.' : globFolder(glob)))],
        async execute(args, call) {
          const globs = [...(args.glob === undefined ? [] : [args.glob]), ...(args.globs ?? [])]
          const request = {
            query: args.query,
            regex: args.regex ?? false,
            wholeWord: args.wholeWord ?? false,
            caseMode: args.case ?? 'sensitive',
            multiline: args.multiline ?? false,
            contextLines: args.contextLines ?? 0,
            limit: args.limit,
            maxPerFile: args.maxPerFile ?? args.limit,
            globSources: globs.map(globSource),
            excludeSources: (args.exclude ?? []).map(globSource),
            types: args.types ?? [],
            excludedTypes: args.excludeTypes ?? [],
            includeIgnored: args.includeIgnored ?? false,
            hidden: args.hidden ?? true,
            maxFileBytes: args.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
            folder: args.path ?? '.',
            globFolder: globs.length === 1 ? globFolderOf(globs[0] ?? '') : '.',
            timeoutMs: SEARCH_TIMEOUT_MS,
          }
          const result = ToolSchemas['code.search'].output
          const output = await channel.call(call.sandbox, {
            op: 'search',
            args: request,
            result,
            timeoutMs: TIMEOUT_MS,
            signal: call.signal,
            pure: true,
          })
          return { output, text: describe(output.hits, output) }
        },
      }),
      defineTool({
        name: 'search.files',
        description:
          'Files by part of their name or path, or by some of its letters in their order; best first. Ignored files are left out.',
        ...ToolSchemas['search.files'],
        effect: 'pure',
        timeoutMs: TIMEOUT_MS,
        capabilities: ({ path }) => [reads(path ?? '.')],
        async execute(args, call) {
          const request = {
            query: args.query,
            limit: args.limit ?? DEFAULT_FILES_LIMIT,
            folder: args.path ?? '.',
            includeIgnored: args.includeIgnored ?? false,
            timeoutMs: SEARCH_TIMEOUT_MS,
          }
          const result = ToolSchemas['search.files'].output
          const output = await channel.call(call.sandbox, {
            op: 'findFiles',
            args: request,
            result,
            timeoutMs: TIMEOUT_MS,
            signal: call.signal,
            pure: true,
          })
          const lines = output.files.map(({ path }) => path)
          const more = output.truncated ? `\n[${output.total - output.files.length} more]` : ''
          return { output, text: lines.length === 0 ? 'Nothing found' : lines.join('\n') + more }
        },
      }),
    ],
    capture: () => Promise.resolve(null),
    restore: () => Promise.resolve({ notRestored: [] }),
    filesChanged: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  }
}

interface Described {
  readonly truncated: boolean
  readonly note?: string | undefined
  readonly skipped?: { readonly binary: number; readonly tooLarge: number } | undefined
}

interface DescribedHit {
  readonly path: string
  readonly line: number
  readonly text: string
  readonly before?: readonly string[] | undefined
  readonly after?: readonly string[] | undefined
}

function describe(hits: readonly DescribedHit[], { truncated, note, skipped }: Described): string {
  const notes = [
    ...(truncated ? ['[more were found]'] : []),
    ...(skipped !== undefined && skipped.tooLarge > 0 ? [`[${skipped.tooLarge} files are too large and were left out]`] : []),
    ...(skipped !== undefined && skipped.binary > 0 ? [`[${skipped.binary} binary files match]`] : []),
    ...(note === undefined ? [] : [`[${note}]`]),
  ]
  const lines = hits.flatMap(({ path, line, text, before = [], after = [] }) => [
    ...before.map((context, index) => `${path}-${line - before.length + index}- ${context}`),
    `${path}:${line}: ${text}`,
    ...after.map((context, index) => `${path}-${line + 1 + index}- ${context}`),
  ])
  return [...(lines.length === 0 ? ['Nothing found'] : lines), ...notes].join('\n')
}

/** A glob may name one file: then its folder is where to look. */
function globFolderOf(glob: string): string {
  const folder = globFolder(glob)
  if (folder.startsWith('/') || folder.split('/').includes('..')) return '.'
  return folder === glob.replace(/^\.\//, '') ? folder.split('/').slice(0, -1).join('/') || '.' : folder
}
