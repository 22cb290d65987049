import { KeyframeError } from '../../../../shared/failure'
import { nameFromBytes } from '../../workspace/path-bytes'
import { smallFile } from '../../tools/drivers/git/find-repository'
import type { RepositoryView } from '../../tools/drivers/git/repository-view'
import { runGit } from '../../tools/drivers/git/run-git'

/** Files of one commit that are kept; the rest is only counted. */
export const FILES_KEPT = 1_000
const MAX_SHALLOW_BYTES = 1024 * 1024
const MAX_SUBJECT_CHARACTERS = 500
const MAX_BODY_CHARACTERS = 8 * 1024
/** How many renamed files git compares with each other in one commit. */
const RENAME_LIMIT = 200
/** Mail and name as .mailmap has them. */
const FORMAT = ['%H', '%P', '%aN', '%aE', '%ct', '%s', '%b'].join('%x00') + '%x00'
const FIELDS = 7

export interface ReadCommit {
  readonly oid: string
  readonly parents: string
  readonly author: string
  readonly email: string
  readonly atMs: number
  readonly subject: string
  readonly body: string
  readonly files: readonly ReadChange[]
  readonly fileCount: number
}

export interface ReadChange {
  readonly path: string
  readonly change: 'added' | 'changed' | 'deleted' | 'renamed'
  readonly from: string | null
}

/** Where a shallow clone ends: commits that stand for all before them, and seem to have added every file. Empty for other repositories. */
export function shallowEnds(view: RepositoryView): ReadonlySet<string> {
  const text = smallFile(`${view.dir}/shallow`, MAX_SHALLOW_BYTES)?.trim() ?? ''
  return new Set(text === '' ? [] : text.split('\n'))
}

/** Object names of the commits that `head` has behind it, the newest first, children before their parents; at most `limit`. */
export async function listCommits(view: RepositoryView, head: string, limit: number, signal: AbortSignal): Promise<string[]> {
  const args = ['rev-list', '--topo-order', `--max-count=${limit}`, '--end-of-options', head]
  const { bytes } = await runGit(view, args, { signal })
  return bytes.toString('latin1').split('\n').filter(Boolean)
}

/** One commit that cannot be read (its objects are damaged or elsewhere) does not take others with it: `failed` is told why. */
export async function readCommits(
  view: RepositoryView,
  oids: readonly string[],
  signal: AbortSignal,
  failed: (why: string) => void,
): Promise<ReadCommit[]> {
  signal.throwIfAborted()
  try {
    return await readTogether(view, oids, signal)
  } catch (thrown) {
    if (!(thrown instanceof KeyframeError) || !(thrown.code === 'git.failed' || thrown.code === 'git.timed-out')) throw thrown
    if (oids.length === 1) {
      failed(thrown.message)
      return []
    }
    const half = oids.length >> 1
    const first = await readCommits(view, oids.slice(0, half), signal, failed)
    return [...first, ...(await readCommits(view, oids.slice(half), signal, failed))]
  }
}

/**
 * Commits with the files that they changed. Merges have none: what they bring is in the commits that they merge. Where the contents that
 * renames are found by are not there (a partial clone), a rename is a deletion and an addition.
 */
async function readTogether(view: RepositoryView, oids: readonly string[], signal: AbortSignal): Promise<ReadCommit[]> {
  const stdin = Buffer.from(oids.map((oid) => `${oid}\n`).join(''))
  const log = await runGit(view, ['log', '--no-walk=unsorted', '--stdin', '--no-patch', '--no-show-signature', `--format=${FORMAT}`], {
    signal,
    stdin,
  })
  const tree = ['diff-tree', '--stdin', '--root', '-r', '-z', '--raw', '--no-abbrev', '--no-ext-diff', '--no-textconv']
  let diffs = await runGit(view, [...tree, '-M', `-l${RENAME_LIMIT}`], { signal, stdin, expected: [128] })
  if (diffs.exitCode !== 0) diffs = await runGit(view, [...tree, '--no-renames'], { signal, stdin })
  const changes = readChanges(diffs.bytes)
  return readMessages(log.bytes).map((commit) => {
    const files = changes.get(commit.oid) ?? []
    return { ...commit, files: files.slice(0, FILES_KEPT), fileCount: files.length }
  })
}

function readMessages(bytes: Buffer): Omit<ReadCommit, 'files' | 'fileCount'>[] {
  const fields = bytes.toString('utf8').split('\0')
  const commits: Omit<ReadCommit, 'files' | 'fileCount'>[] = []
  for (let at = 0; at + FIELDS < fields.length; at += FIELDS) {
    const [oid = '', parents = '', author = '', email = '', seconds = '', subject = '', body = ''] = fields.slice(at, at + FIELDS)
    const atMs = Number(seconds) * 1000
    commits.push({
      oid: oid.trim(),
      parents,
      author: author.slice(0, MAX_SUBJECT_CHARACTERS),
      email: email.trim().toLowerCase().slice(0, MAX_SUBJECT_CHARACTERS),
      atMs: Number.isSafeInteger(atMs) ? atMs : 0,
      subject: subject.slice(0, MAX_SUBJECT_CHARACTERS),
      body: body.trim().slice(0, MAX_BODY_CHARACTERS),
    })
  }
  return commits
}

/** Reads `diff-tree --stdin -z --raw`: the name of a commit, then a record and one or two paths for each file. */
function readChanges(bytes: Buffer): Map<string, ReadChange[]> {
  const fields = bytes.toString('latin1').split('\0')
  const changes = new Map<string, ReadChange[]>()
  let current: ReadChange[] = []
  for (let at = 0; at < fields.length; at += 1) {
    const field = fields[at] ?? ''
    if (!field.startsWith(':')) {
      if (field === '') continue
      current = []
      changes.set(field.trim(), current)
      continue
    }
    const status = field.slice(field.lastIndexOf(' ') + 1, field.lastIndexOf(' ') + 2)
    const first = nameFromBytes(fields[(at += 1)] ?? '')
    if (status === 'R' || status === 'C') {
      const path = nameFromBytes(fields[(at += 1)] ?? '')
      current.push(status === 'R' ? { path, change: 'renamed', from: first } : { path, change: 'added', from: null })
    } else current.push({ path: first, change: status === 'A' ? 'added' : status === 'D' ? 'deleted' : 'changed', from: null })
  }
  return changes
}
