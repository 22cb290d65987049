import { z } from 'zod'
import { defineTool, type ToolCallContext, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { GitFileChange, gitSchemas } from '../../schemas/git'
import { reads } from '../filesystem/file-capabilities'
import { type BranchHistory, pathArguments } from './branch-history'
import { readChanges, textOf } from './git-output'

export const GIT_TIMEOUT_MS = 60_000
const DEFAULT_MAX_BYTES = 256 * 1024
const DEFAULT_STATUS_LIMIT = 500
const MAX_LISTED_BYTES = 16 * 1024 * 1024
const MAX_FILES = 5000
/** Never a program of the repository's, and the same output whatever the user configured. */
export const DIFF_OPTIONS = ['--no-ext-diff', '--no-textconv', '--no-color', '-M', '--no-relative', '--ignore-submodules=all']

const StatusHead = gitSchemas['git.status'].output.shape.head

export function changeTools(history: BranchHistory): ToolSpec[] {
  return [
    defineTool({
      name: 'git.status',
      description:
        'What this branch of the run changed since it started, and apart from that what the user had not committed then. Compared with ' +
        'the commit that was checked out.',
      ...ToolSchemas['git.status'],
      effect: 'pure',
      timeoutMs: GIT_TIMEOUT_MS,
      capabilities: () => [reads('.')],
      async execute({ limit = DEFAULT_STATUS_LIMIT }, call) {
        const { branch: name, notices } = await history.refresh()
        const { head, base, branch, truncated } = await history.snapshots(call)
        const before = await listChanges(history, head, base, call)
        const changes = await listChanges(history, base, branch, call)
        const output = {
          head: StatusHead.parse(head),
          branch: name,
          changes: changes.slice(0, limit),
          before: before.slice(0, limit),
          truncated: truncated || changes.length > limit || before.length > limit,
          notices: [...notices],
        }
        const text = [
          `On ${name ?? 'a detached head'}${head === null ? ', without any commit' : ` at ${head.slice(0, 12)}`}`,
          ...section('Changed by this branch:', output.changes),
          ...section('Not committed by the user when the run started:', output.before),
          ...(output.truncated ? ['[more were found]'] : []),
        ].join('\n')
        return { output, text }
      },
    }),
    defineTool({
      name: 'git.diff',
      description:
        'The difference of two states as a unified diff: commits, "@base" (the files that the run started from) or "@branch" (the files ' +
        'now). By default what this branch changed.',
      ...ToolSchemas['git.diff'],
      effect: 'pure',
      timeoutMs: GIT_TIMEOUT_MS,
      capabilities: ({ paths = [] }) => [reads('.'), ...paths.map(reads)],
      async execute(args, call) {
        await history.refresh()
        const [from, to] = [await history.commit(args.from ?? '@base', call), await history.commit(args.to ?? '@branch', call)]
        const paths = pathArguments(args.paths ?? [])
        const options = args.ignoreWhitespace === true ? ['-w'] : []
        const files = await listChanges(history, from, to, call, paths, options)
        const shown = { files: files.slice(0, MAX_FILES), truncated: files.length > MAX_FILES }
        if (args.summary === true)
          return { output: { ...shown, patch: '' }, text: files.length === 0 ? 'No difference' : section('', files).join('\n') }
        const unified = `-U${args.contextLines ?? 3}`
        const command = ['diff', ...DIFF_OPTIONS, ...options, unified, from, to, '--', ...paths]
        const { bytes, truncated } = await history.run(command, { signal: call.signal, maxBytes: args.maxBytes ?? DEFAULT_MAX_BYTES })
        const output = { files: shown.files, patch: wholeLines(textOf(bytes), truncated), truncated: truncated || shown.truncated }
        return { output, text: patchText(output.patch, truncated) }
      },
    }),
  ]
}

/** Files that differ, with renames found and lines counted. */
export async function listChanges(
  history: BranchHistory,
  from: string | null,
  to: string | null,
  call: ToolCallContext,
  paths: readonly string[] = [],
  options: readonly string[] = [],
): Promise<GitFileChange[]> {
  if (from === to || to === null) return []
  // Before the first commit everything is new.
  const sides = from === null ? ['--root', to] : [from, to]
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--no-commit-id',
    '--raw',
    '--numstat',
    '--no-abbrev',
    ...DIFF_OPTIONS,
    ...options,
    ...sides,
    '--',
    ...paths,
  ]
  const { bytes } = await history.run(args, { signal: call.signal, maxBytes: MAX_LISTED_BYTES })
  return z.array(GitFileChange).parse(readChanges(bytes))
}

export function section(title: string, files: readonly GitFileChange[]): string[] {
  if (files.length === 0) return []
  const lines = files.map(({ path, change, from, added, removed }) => {
    const counted = added === null ? '' : ` (+${added} -${removed ?? 0})`
    return `${change} ${from === undefined ? '' : `${from} to `}${path}${counted}`
  })
  return title === '' ? lines : ['', title, ...lines]
}

/** A patch that was cut ends with a whole line. */
export function wholeLines(text: string, truncated: boolean): string {
  return truncated ? text.slice(0, text.lastIndexOf('\n') + 1) : text
}

export function patchText(patch: string, truncated: boolean): string {
  if (patch === '') return 'No difference'
  return truncated ? `${patch}[the rest was cut off: name paths or ask for a summary]` : patch
}
