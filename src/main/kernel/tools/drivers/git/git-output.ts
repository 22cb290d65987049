import { nameFromBytes } from '../../../workspace/path-bytes'
import type { GitFileChange } from '../../schemas/git'

const CHANGES: Readonly<Record<string, GitFileChange['change']>> = {
  A: 'added',
  D: 'deleted',
  R: 'renamed',
  T: 'type',
  M: 'changed',
  C: 'added',
}

/** Reads `--raw --numstat -z`: first a record for each file, then its lines in the same order. */
export function readChanges(bytes: Buffer): GitFileChange[] {
  const fields = bytes.toString('latin1').split('\0')
  const changes: GitFileChange[] = []
  let at = 0
  for (; fields[at]?.startsWith(':') === true;) {
    const [oldMode = '', newMode = '', oldOid = '', newOid = '', status = ''] = (fields[at] ?? '').slice(1).split(' ')
    const two = /^[RC]/.test(status)
    const names = fields.slice(at + 1, at + (two ? 3 : 2)).map(nameFromBytes)
    const [first = '', second = first] = names
    const modeOnly = status === 'M' && oldOid === newOid && oldMode !== newMode
    const change = modeOnly ? 'mode' : (CHANGES[status[0] ?? ''] ?? 'changed')
    changes.push({ path: second, change, ...(status.startsWith('R') ? { from: first } : {}), added: null, removed: null })
    at += two ? 3 : 2
  }
  for (let index = 0; at < fields.length && index < changes.length; index += 1) {
    const [added = '-', removed = '-', name = ''] = (fields[at] ?? '').split('\t')
    const change = changes[index]
    if (change !== undefined) changes[index] = { ...change, added: lines(added), removed: lines(removed) }
    at += name === '' ? 3 : 1
  }
  return changes
}

function lines(count: string): number | null {
  return /^\d+$/.test(count) ? Number(count) : null
}

/** Fields of `COMMIT_FORMAT`, each ended by NUL. */
export const COMMIT_FORMAT = ['%H', '%P', '%an', '%ae', '%aI', '%cn', '%ce', '%cI', '%s', '%b'].join('%x00') + '%x00'
const COMMIT_FIELDS = 10

export interface CommitFields {
  readonly commit: string
  readonly parents: string[]
  readonly author: { readonly name: string; readonly email: string }
  readonly authoredAt: string
  readonly committer: { readonly name: string; readonly email: string }
  readonly committedAt: string
  readonly subject: string
  readonly body: string
}

const MAX_BODY_CHARACTERS = 16 * 1024

export function readCommits(bytes: Buffer): CommitFields[] {
  const fields = bytes.toString('utf8').split('\0')
  const commits: CommitFields[] = []
  for (let at = 0; at + COMMIT_FIELDS < fields.length; at += COMMIT_FIELDS) {
    const [commit = '', parents = '', author = '', authorEmail = '', authoredAt = '', ...rest] = fields.slice(at, at + COMMIT_FIELDS)
    const [committer = '', committerEmail = '', committedAt = '', subject = '', body = ''] = rest
    commits.push({
      commit: commit.trim(),
      parents: parents.split(' ').filter((parent) => parent !== ''),
      author: { name: author, email: authorEmail },
      authoredAt,
      committer: { name: committer, email: committerEmail },
      committedAt,
      subject,
      body: body.trimEnd().slice(0, MAX_BODY_CHARACTERS),
    })
  }
  return commits
}

export interface BlamedLine {
  readonly line: number
  readonly text: string
  readonly commit: string
  readonly author: { readonly name: string; readonly email: string }
  readonly at: string
  readonly summary: string
  readonly originalPath: string
  readonly originalLine: number
}

/** Reads `blame --porcelain`: what is known of a commit is said once, at its first line. */
export function readBlame(bytes: Buffer): BlamedLine[] {
  const known = new Map<string, Map<string, string>>()
  const blamed: BlamedLine[] = []
  let current: { commit: string; originalLine: number; line: number } | null = null
  for (const row of rowsOf(bytes)) {
    if (row[0] === 9 && current !== null) {
      const facts = known.get(current.commit) ?? new Map<string, string>()
      blamed.push({
        ...current,
        text: textOf(row.subarray(1)),
        author: { name: facts.get('author') ?? '', email: (facts.get('author-mail') ?? '').replace(/^<|>$/g, '') },
        at: new Date(Number(facts.get('author-time') ?? 0) * 1000).toISOString(),
        summary: facts.get('summary') ?? '',
        originalPath: unquoted(facts.get('filename') ?? ''),
      })
      continue
    }
    const text = row.toString('utf8')
    const head = /^([0-9a-f]{40}|[0-9a-f]{64}) (\d+) (\d+)(?: \d+)?$/.exec(text)
    if (head !== null) {
      current = { commit: head[1] ?? '', originalLine: Number(head[2]), line: Number(head[3]) }
      if (!known.has(current.commit)) known.set(current.commit, new Map())
    } else if (current !== null) {
      const blank = text.indexOf(' ')
      known.get(current.commit)?.set(blank === -1 ? text : text.slice(0, blank), blank === -1 ? '' : text.slice(blank + 1))
    }
  }
  return blamed
}

function* rowsOf(bytes: Buffer): Generator<Buffer> {
  let from = 0
  for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
    yield bytes.subarray(from, end)
    from = end + 1
  }
}

/** UTF-8, else Latin-1: every byte is shown as something. */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') ? bytes.toString('latin1') : text
}

/** git quotes names with control characters in porcelain output; others are as they are. */
function unquoted(name: string): string {
  if (!name.startsWith('"')) return name
  const bytes: number[] = []
  const escapes: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, a: 7, b: 8, f: 12, v: 11 }
  for (const [, octal, escaped, plain] of name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8))
    else if (escaped !== undefined) bytes.push(escapes[escaped] ?? escaped.charCodeAt(0))
    else bytes.push(...Buffer.from(plain ?? '', 'utf8'))
  }
  return nameFromBytes(Buffer.from(bytes).toString('latin1'))
}
