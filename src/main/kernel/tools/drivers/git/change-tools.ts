import { z } from 'zod'
import { KeyframeError } from '../../../../../shared/failure'
import { defineTool, type ToolCallContext, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { GitFileChange, gitSchemas } from '../../schemas/git'
import { reads } from '../filesystem/file-capabilities'
import { type BranchHistory, pathArguments, pathspecs } from './branch-history'
import { readChanges, textOf } from './git-output'

export const GIT_TIMEOUT_MS = 60_000
const DEFAULT_MAX_BYTES = 256 * 1024
const DEFAULT_STATUS_LIMIT = 500
const MAX_LISTED_BYTES = 16 * 1024 * 1024
const MAX_FILES = 5000
const MAX_WITHHELD = 1000
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
        const [ofUser, ofBranch] = [await listChanges(history, head, base, call), await listChanges(history, base, branch, call)]
        const [before, changes] = [ofUser.files, ofBranch.files]
        const withheld = ofUser.withheld.length + ofBranch.withheld.length
        const output = {
          head: StatusHead.parse(head),
          branch: name,
          changes: changes.slice(0, limit),
          before: before.slice(0, limit),
          truncated: truncated || changes.length > limit || before.length > limit,
          notices: withheld === 0 ? [...notices] : [...notices, `${withheld} files are not shown: this role may not read them.`],
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
        const { files, withheld } = await listChanges(history, from, to, call, paths, options)
        const shown = { files: files.slice(0, MAX_FILES), withheld: withheld.length, truncated: files.length > MAX_FILES }
        if (args.summary === true)
          return { output: { ...shown, patch: '' }, text: files.length === 0 ? 'No difference' : section('', files).join('\n') }
        const unified = `-U${args.contextLines ?? 3}`
        const command = ['diff', ...DIFF_OPTIONS, ...options, unified, from, to, '--', ...pathspecs(paths, withheld)]
        const { bytes, truncated } = await history.run(command, { signal: call.signal, maxBytes: args.maxBytes ?? DEFAULT_MAX_BYTES })
        const output = { ...shown, patch: wholeLines(textOf(bytes), truncated), truncated: truncated || shown.truncated }
        return { output, text: patchText(output.patch, truncated) }
      },
    }),
  ]
}

export interface ListedChanges {
  readonly files: GitFileChange[]
  /** Paths that the role may not read: neither listed nor shown. */
  readonly withheld: readonly string[]
}

/** Files that differ, with renames found and lines counted. */
export async function listChanges(
  history: BranchHistory,
  from: string | null,
  to: string | null,
  call: ToolCallContext,
  paths: readonly string[] = [],
  options: readonly string[] = [],
): Promise<ListedChanges> {
  if (from === to || to === null) return { files: [], withheld: [] }
  // Before the first commit everything is new.
  const sides = from === null ? ['--root', to] : [from, to]
  const listed = ['--raw', '--numstat', '--no-abbrev', ...DIFF_OPTIONS, ...options]
  const compare = async (specs: readonly string[]): Promise<GitFileChange[]> => {
    const args = ['diff-tree', '-r', '-z', '--no-commit-id', ...listed, ...sides, '--', ...specs]
    const { bytes } = await history.run(args, { signal: call.signal, maxBytes: MAX_LISTED_BYTES })
    return z.array(GitFileChange).parse(readChanges(bytes))
  }
  const files = await compare(pathspecs(paths))
  const names = new Set(files.flatMap(({ path, from: old }) => (old === undefined ? [path] : [old, path])))
  const withheld = await history.unreadable(names, call.signal)
  if (withheld.length === 0) return { files, withheld }
  if (withheld.length > MAX_WITHHELD) {
    const message = `This role may not read ${withheld.length} of the files that differ.`
    throw new KeyframeError({ code: 'git.unreadable-files', message, action: 'Name the paths to look at.' })
  }
  // A rename from a file that may not be read is a new file.
  return { files: await compare(pathspecs(paths, withheld)), withheld }
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
