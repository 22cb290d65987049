import { KeyframeError } from '../../../../../shared/failure'
import { isUtf8 } from 'node:buffer'
import { defineTool, type ToolCallContext, type ToolSpec } from '../../driver'
import { ToolSchemas } from '../../schemas'
import { gitSchemas } from '../../schemas/git'
import { reads } from '../filesystem/file-capabilities'
import { type BranchHistory, pathArguments, pathspecs } from './branch-history'
import { DIFF_OPTIONS, GIT_TIMEOUT_MS, listChanges, patchText, section, wholeLines } from './change-tools'
import { COMMIT_FORMAT, type CommitFields, readBlame, readCommits, textOf } from './git-output'

const DEFAULT_LOG_LIMIT = 50
const MAX_WITH_FILES = 100
const DEFAULT_MAX_BYTES = 256 * 1024
const DEFAULT_REFS_LIMIT = 500
const MAX_BLAMED_LINES = 5000
const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?$/

const LogOutput = gitSchemas['git.log'].output
const ShowOutput = gitSchemas['git.show'].output
const BlameOutput = gitSchemas['git.blame'].output
const BranchesOutput = gitSchemas['git.branches'].output

export function historyTools(history: BranchHistory): ToolSpec[] {
  return [
    defineTool({
      name: 'git.log',
      description: 'Commits, newest first, of the checked out branch or another one; by paths, author, message, time or changed text.',
      ...ToolSchemas['git.log'],
      effect: 'pure',
      timeoutMs: GIT_TIMEOUT_MS,
      capabilities: ({ paths = [] }) => [reads('.'), ...paths.map(reads)],
      async execute(args, call) {
        const head = await history.refresh()
        const revision = args.revision ?? 'HEAD'
        if (revision === 'HEAD' && head.commit === null)
          return { output: { commits: [], truncated: false }, text: 'There is no commit yet' }
        const limit = Math.min(args.limit ?? DEFAULT_LOG_LIMIT, args.files === true ? MAX_WITH_FILES : Infinity)
        const paths = pathArguments(args.paths ?? [])
        const command = ['log', `--format=tformat:${COMMIT_FORMAT}`, `-n${limit + 1}`, `--skip=${args.skip ?? 0}`, ...filters(args)]
        if (args.follow === true && paths.length === 1) command.push('--follow')
        command.push(
          ...DIFF_OPTIONS,
          '--no-patch',
          await history.commit(revision, call),
          '--',
          ...(paths.length === 0 ? [] : pathspecs(paths)),
        )
        const { bytes } = await history.run(command, { signal: call.signal })
        const commits = readCommits(bytes)
        const shown = await Promise.all(
          commits
            .slice(0, limit)
            .map(async (commit) => (args.files === true ? { ...commit, files: (await filesOf(history, commit, call)).files } : commit)),
        )
        const output = LogOutput.parse({ commits: shown, truncated: commits.length > limit })
        const lines = output.commits.flatMap((commit) => [
          `${commit.commit.slice(0, 12)} ${commit.authoredAt.slice(0, 10)} ${commit.author.name}: ${commit.subject}`,
          ...section('', commit.files ?? []).map((line) => `    ${line}`),
        ])
        return {
          output,
          text: lines.length === 0 ? 'Nothing found' : [...lines, ...(output.truncated ? ['[more were found]'] : [])].join('\n'),
        }
      },
    }),
    defineTool({
      name: 'git.show',
      description: 'A commit with what it changed, or with a path the text of that file at that commit ("@base" and "@branch" too).',
      ...ToolSchemas['git.show'],
      effect: 'pure',
      timeoutMs: GIT_TIMEOUT_MS,
      capabilities: ({ path }) => [reads('.'), ...(path === undefined ? [] : [reads(path)])],
      async execute({ revision, path, maxBytes = DEFAULT_MAX_BYTES }, call) {
        await history.refresh()
        const oid = await history.commit(revision, call)
        if (path !== undefined) return showFile(history, oid, path, { maxBytes, call })
        const format = await history.run(['log', '-n1', `--format=tformat:${COMMIT_FORMAT}`, '--no-patch', oid], { signal: call.signal })
        const commit = readCommits(format.bytes)[0]
        if (commit === undefined) throw noCommit(revision)
        const { files, withheld } = await filesOf(history, commit, call)
        const sides = commit.parents[0] === undefined ? ['--root', oid] : [commit.parents[0], oid]
        const command = ['diff-tree', '-r', '-p', '--no-commit-id', ...DIFF_OPTIONS, ...sides, '--', ...pathspecs([], withheld)]
        const { bytes, truncated } = await history.run(command, { signal: call.signal, maxBytes })
        const patch = wholeLines(textOf(bytes), truncated)
        const output = ShowOutput.parse({ commit, files, patch, text: null, sizeBytes: null, withheld: withheld.length, truncated })
        const said = `commit ${commit.commit}\n${commit.author.name} <${commit.author.email}>, ${commit.authoredAt}\n\n${commit.subject}\n${commit.body}`
        return { output, text: `${said.trimEnd()}\n\n${patchText(patch, truncated)}` }
      },
    }),
    defineTool({
      name: 'git.blame',
      description:
        'Who wrote each line of a file as it is in this branch: a commit, the user without committing it ("base"), or this branch of the run.',
      ...ToolSchemas['git.blame'],
      effect: 'pure',
      timeoutMs: GIT_TIMEOUT_MS,
      capabilities: ({ path }) => [reads('.'), reads(path)],
      async execute(args, call) {
        await history.refresh()
        const { head, base, branch } = await history.snapshots(call)
        const oid = await history.commit(args.revision ?? '@branch', call)
        const [path = ''] = pathArguments([args.path])
        await requireFile(history, oid, path, call)
        const first = args.startLine ?? 1
        const last = Math.min(args.endLine ?? Infinity, first + MAX_BLAMED_LINES)
        const range =
          first === 1 && args.endLine === undefined ? [] : ['-L', `${first},${Number.isFinite(last) ? last : first + MAX_BLAMED_LINES}`]
        const options = args.ignoreWhitespace === true ? ['-w'] : []
        const command = ['blame', '--porcelain', '--root', ...options, ...range, oid, '--', path]
        const { bytes, exitCode } = await history.run(command, { signal: call.signal, expected: [128] })
        if (exitCode !== 0) throw badRange(args.path, first)
        const all = readBlame(bytes)
        const sourceOf = (commit: string) =>
          commit === branch && branch !== base ? 'branch' : commit === base && base !== head ? 'base' : 'commit'
        const lines = all.slice(0, MAX_BLAMED_LINES).map((blamed) => {
          const source = sourceOf(blamed.commit)
          return source === 'commit' ? { ...blamed, source } : { ...blamed, source, commit: null, author: null, at: null, summary: '' }
        })
        const output = BlameOutput.parse({ path: args.path, lines, truncated: all.length > lines.length })
        const who = (line: (typeof output.lines)[number]) =>
          line.author === null
            ? line.source === 'base'
              ? 'user, not committed'
              : 'this branch'
            : `${line.commit?.slice(0, 8)} ${line.author.name}`
        const text = output.lines.map((line) => `${line.line} (${who(line)}) ${line.text}`)
        return {
          output,
          text: text.length === 0 ? 'The file is empty' : [...text, ...(output.truncated ? ['[more lines]'] : [])].join('\n'),
        }
      },
    }),
    defineTool({
      name: 'git.branches',
      description: 'Branches, remote branches and tags of the repository with their last commit.',
      ...ToolSchemas['git.branches'],
      effect: 'pure',
      timeoutMs: GIT_TIMEOUT_MS,
      capabilities: () => [reads('.')],
      async execute({ kinds = ALL_KINDS, limit = DEFAULT_REFS_LIMIT }, call) {
        const head = await history.refresh()
        const folders = kinds.map((kind) => KINDS[kind])
        const format = ['%(refname)', '%(objectname)', '%(*objectname)', '%(creatordate:iso-strict)', '%(contents:subject)'].join('%00')
        const command = ['for-each-ref', `--count=${limit + 1}`, `--format=${format}%00`, '--sort=refname', ...folders]
        const { bytes } = await history.runOnRefs(command, { signal: call.signal })
        const fields = bytes.toString('utf8').split('\0')
        const found = []
        for (let at = 0; at + 5 < fields.length; at += 5) {
          const [ref = '', object = '', peeled = '', date = '', subject = ''] = fields
            .slice(at, at + 5)
            .map((field) => field.replace(/^\n/, ''))
          const kind = kindOf(ref)
          const name = ref.replace(/^refs\/(heads|remotes|tags)\//, '')
          const current = kind === 'branch' && name === head.branch
          found.push({ name, kind, commit: peeled === '' ? object : peeled, current, at: date === '' ? null : date, subject })
        }
        const output = BranchesOutput.parse({ branches: found.slice(0, limit), truncated: found.length > limit })
        const lines = output.branches.map(
          ({ name, kind, commit, current, subject }) => `${current ? '* ' : ''}${name} (${kind}) ${commit.slice(0, 12)} ${subject}`,
        )
        return { output, text: lines.length === 0 ? 'There is no branch yet' : lines.join('\n') }
      },
    }),
  ]
}

const ALL_KINDS = ['branch', 'remote', 'tag'] as const
const KINDS = { branch: 'refs/heads', remote: 'refs/remotes', tag: 'refs/tags' } as const

function kindOf(ref: string): keyof typeof KINDS {
  if (ref.startsWith('refs/tags/')) return 'tag'
  return ref.startsWith('refs/remotes/') ? 'remote' : 'branch'
}

interface Filters {
  readonly author?: string | undefined
  readonly message?: string | undefined
  readonly changing?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
}

function filters({ author, message, changing, since, until }: Filters): string[] {
  return [
    '--fixed-strings',
    '--regexp-ignore-case',
    ...(author === undefined ? [] : [`--author=${author}`]),
    ...(message === undefined ? [] : [`--grep=${message}`]),
    ...(changing === undefined ? [] : [`-S${changing}`]),
    ...(since === undefined ? [] : [`--since=${dateOf(since)}`]),
    ...(until === undefined ? [] : [`--until=${dateOf(until)}`]),
  ]
}

function dateOf(text: string): string {
  if (!DATE.test(text))
    throw new KeyframeError({
      code: 'git.bad-date',
      message: `${text} is no date.`,
      action: 'Write it as 2026-01-31 or 2026-01-31T12:00:00Z.',
    })
  // git takes the present time of day for a date alone.
  return text.includes('T') ? text : `${text}T00:00:00Z`
}

function filesOf(history: BranchHistory, commit: CommitFields, call: ToolCallContext) {
  return listChanges(history, commit.parents[0] ?? null, commit.commit, call)
}

function noCommit(revision: string): KeyframeError {
  return new KeyframeError({ code: 'git.no-commit', message: `There is no commit ${revision}.` })
}

function badRange(path: string, line: number): KeyframeError {
  return new KeyframeError({ code: 'fs.bad-range', message: `${path} has no line ${line}.` })
}

async function requireFile(
  history: BranchHistory,
  oid: string,
  path: string,
  call: ToolCallContext,
): Promise<{ mode: string; blob: string }> {
  if ((await history.unreadable([path], call.signal)).length > 0) {
    throw new KeyframeError({ code: 'policy.denied', message: `This role may not read ${path}.` })
  }
  const { bytes } = await history.run(['--literal-pathspecs', 'ls-tree', '-z', '--full-tree', oid, '--', path], { signal: call.signal })
  const [mode, type, blob] = bytes.toString('latin1').split('\t')[0]?.split(' ') ?? []
  if (mode !== undefined && type === 'blob' && blob !== undefined) return { mode, blob }
  throw new KeyframeError({ code: 'fs.not-found', message: `There is no file ${path} in that commit.` })
}

async function showFile(
  history: BranchHistory,
  oid: string,
  path: string,
  { maxBytes, call }: { maxBytes: number; call: ToolCallContext },
) {
  const { blob } = await requireFile(history, oid, pathArguments([path])[0] ?? '', call)
  const { signal } = call
  const size = Number((await history.run(['cat-file', '-s', blob], { signal })).bytes.toString('latin1').trim())
  const { bytes, truncated } = await history.run(['cat-file', 'blob', blob], { signal, maxBytes })
  const binary = bytes.includes(0) || (!truncated && !isUtf8(bytes) && bytes.subarray(0, 8000).filter((byte) => byte < 9).length > 0)
  const text = binary ? null : wholeLines(textOf(bytes), truncated)
  const output = ShowOutput.parse({ commit: null, files: [], patch: '', text, sizeBytes: size, truncated })
  const shown = text ?? `${path} is no text: ${size} bytes`
  return { output, text: truncated ? `${shown}[the rest was cut off]` : shown }
}
