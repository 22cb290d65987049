import { KeyframeError } from '../../../../../shared/failure'

export interface PatchLine {
  readonly kind: ' ' | '-' | '+'
  /** Without its LF; a CR before that is part of it. */
  readonly text: string
  /** False: the last line of a file, which does not end. */
  readonly eol: boolean
}

export interface PatchHunk {
  readonly oldStart: number
  readonly oldLines: number
  readonly lines: readonly PatchLine[]
  /** Line of the patch that it starts on. */
  readonly at: number
}

/** `from` null: the file is made; `to` null: it is removed. Both are paths of the workspace. */
export interface FilePatch {
  readonly from: string | null
  readonly to: string | null
  readonly hunks: readonly PatchHunk[]
  readonly newMode: number | null
}

interface Draft {
  /** Undefined until a line names it. */
  from: string | null | undefined
  to: string | null | undefined
  git: readonly [string | undefined, string | undefined] | null
  hunks: PatchHunk[]
  newMode: number | null
  renamedFrom: string | undefined
  renamedTo: string | undefined
  made: boolean
  gone: boolean
}

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/

function bad(message: string, line: number | null): KeyframeError {
  return new KeyframeError({
    code: 'fs.bad-patch',
    message: `The patch cannot be read: ${message}${line === null ? '' : ` (line ${line + 1})`}.`,
    action: 'Give a unified diff: "--- a/name", "+++ b/name" and hunks that start with "@@ -line,count +line,count @@".',
    ...(line === null ? {} : { details: { line: line + 1 } }),
  })
}

/**
 * Files of a patch as `diff -u` or git write them. `strip`: leading parts of names to take off; by default `a/` and `b/` where all
 * names have them. Throws `fs.bad-patch`, also for what cannot be applied: binary changes, links, copies.
 */
export function parsePatch(patch: string, strip?: number): FilePatch[] {
  const rows = rowsOf(patch)
  const drafts: Draft[] = []
  for (let at = 0; at < rows.length;) at = readRow(rows, at, drafts)
  const named = drafts.map(settleNames)
  const short = stripper(named, strip)
  const files = named
    .filter(
      ({ draft, from, to }) =>
        draft.hunks.length > 0 || draft.newMode !== null || from === null || to === null || draft.renamedTo !== undefined,
    )
    .map(({ draft, from, to }) => ({ from: short(from, draft), to: short(to, draft), hunks: draft.hunks, newMode: draft.newMode }))
  if (files.length === 0) throw bad('it holds no change', null)
  refuseTwice(files)
  return files
}

function rowsOf(patch: string): string[] {
  const rows = patch.split('\n')
  if (rows.at(-1) === '') rows.pop()
  // A patch that was itself turned into CRLF says nothing about line ends.
  return rows.every((row) => row.endsWith('\r')) ? rows.map((row) => row.slice(0, -1)) : rows
}

function readRow(rows: readonly string[], at: number, drafts: Draft[]): number {
  const row = (rows[at] ?? '').replace(/\r$/, '')
  const next = rows[at + 1]
  const draft = drafts.at(-1)
  if (row.startsWith('diff --git ')) {
    drafts.push(newDraft(gitNames(row.slice('diff --git '.length))))
    return at + 1
  }
  if (row.startsWith('--- ') && next?.startsWith('+++ ')) {
    const file = draft === undefined || draft.from !== undefined || draft.hunks.length > 0 ? newDraft(null) : draft
    if (file !== draft) drafts.push(file)
    file.from = nameOf(row.slice(4))
    file.to = nameOf(next.replace(/\r$/, '').slice(4))
    return at + 2
  }
  const hunk = HUNK.exec(row)
  if (hunk !== null) {
    if (draft === undefined || draft.from === undefined) throw bad('a hunk without the names of its file', at)
    return readHunk(rows, at, hunk, draft)
  }
  if (draft?.git) readExtended(row, draft, at)
  return at + 1
}

function newDraft(git: Draft['git']): Draft {
  const nothing = { from: undefined, to: undefined, newMode: null, renamedFrom: undefined, renamedTo: undefined, made: false, gone: false }
  return { ...nothing, git, hunks: [] }
}

function readExtended(row: string, draft: Draft, at: number): void {
  const mode = /^(?:new mode|new file mode|deleted file mode) (\d{6})$/.exec(row)?.[1]
  if (mode !== undefined && !mode.startsWith('100'))
    throw bad(`mode ${mode} is no regular file: links and submodules cannot be patched`, at)
  if (row.startsWith('deleted file mode ')) draft.gone = true
  else if (mode !== undefined) draft.newMode = Number.parseInt(mode.slice(3), 8)
  if (row.startsWith('new file mode ')) draft.made = true
  const rename = /^rename (from|to) (.+)$/.exec(row)
  if (rename?.[1] === 'from') draft.renamedFrom = unquoted(rename[2] ?? '')
  if (rename?.[1] === 'to') draft.renamedTo = unquoted(rename[2] ?? '')
  if (/^copy (from|to) /.test(row)) throw bad('copies are not supported', at)
  if (row.startsWith('GIT binary patch') || row.startsWith('Binary files ')) throw bad('it changes a binary file', at)
}

function readHunk(rows: readonly string[], at: number, header: RegExpExecArray, draft: Draft): number {
  const [, oldStart = '0', oldCount = '1', , newCount = '1'] = header
  const lines: PatchLine[] = []
  let [oldLeft, newLeft] = [Number(oldCount), Number(newCount)]
  let next = at + 1
  for (; oldLeft > 0 || newLeft > 0; next += 1) {
    const row = rows[next]
    if (row === undefined) throw bad('the last hunk is cut off', at)
    if (row.startsWith('\\')) {
      endWithout(lines)
      continue
    }
    // Editors and models take trailing blanks off: an empty row is an empty line that stays.
    const kind = row === '' ? ' ' : row[0]
    if (kind !== ' ' && kind !== '-' && kind !== '+') throw bad(`the hunk that starts on line ${at + 1} ends before it should`, next)
    lines.push({ kind, text: row.slice(1), eol: true })
    if (kind !== '+') oldLeft -= 1
    if (kind !== '-') newLeft -= 1
    if (oldLeft < 0 || newLeft < 0) throw bad(`the hunk that starts on line ${at + 1} has more lines than it says`, next)
  }
  if (rows[next]?.startsWith('\\') === true) {
    endWithout(lines)
    next += 1
  }
  draft.hunks.push({ oldStart: Number(oldStart), oldLines: Number(oldCount), lines, at })
  return next
}

function endWithout(lines: PatchLine[]): void {
  const last = lines.pop()
  if (last !== undefined) lines.push({ ...last, eol: false })
}

/** Names end at a tab, after which times follow; quoted ones are C strings. */
function nameOf(text: string): string | null {
  const name = text.startsWith('"') ? unquoted(text) : (text.split('\t')[0] ?? '').trimEnd()
  return name === '/dev/null' ? null : name
}

function gitNames(text: string): [string | undefined, string | undefined] {
  const pair = /^("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)$/.exec(text)
  if (pair !== null) return [unquoted(pair[1] ?? ''), unquoted(pair[2] ?? '')]
  // Names with blanks: both are equally long, so the blank in the middle divides them.
  const middle = (text.length - 1) / 2
  return Number.isInteger(middle) && text[middle] === ' ' ? [text.slice(0, middle), text.slice(middle + 1)] : [undefined, undefined]
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' }

function unquoted(text: string): string {
  const inner = /^"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]
  if (inner === undefined) return text
  const bytes: Buffer[] = []
  for (const [, octal, escaped, plain] of inner.matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8) & 0xff]))
    else bytes.push(Buffer.from(plain ?? ESCAPES[escaped ?? ''] ?? escaped ?? ''))
  }
  return Buffer.concat(bytes).toString('utf8')
}

interface Named {
  readonly draft: Draft
  readonly from: string | null
  readonly to: string | null
}

function settleNames(draft: Draft): Named {
  const renamed = draft.renamedFrom !== undefined && draft.renamedTo !== undefined
  const from = renamed ? draft.renamedFrom : draft.from === undefined ? (draft.made ? null : draft.git?.[0]) : draft.from
  const to = renamed ? draft.renamedTo : draft.to === undefined ? (draft.gone ? null : draft.git?.[1]) : draft.to
  if (from === undefined || to === undefined || (from === null && to === null)) throw bad('it changes a file without naming it', null)
  return { draft, from, to }
}

/** Names of `rename from` and `rename to` have no prefix in a git diff; all others have `a/` and `b/` unless they were made without. */
function stripper(files: readonly Named[], strip: number | undefined): (name: string | null, draft: Draft) => string | null {
  const has = (name: string | null, prefix: string): boolean => name === null || name.startsWith(prefix)
  const prefixed = files.every(({ draft, from, to }) => draft.renamedTo !== undefined || (has(from, 'a/') && has(to, 'b/')))
  const parts = strip ?? (prefixed ? 1 : 0)
  return (name, draft) => {
    if (name === null) return null
    const rest = draft.renamedTo === undefined ? name.split('/').slice(parts).join('/') : name
    if (rest === '') throw bad(`nothing is left of the name ${name} without its first ${parts} parts`, null)
    return rest
  }
}

function refuseTwice(files: readonly FilePatch[]): void {
  const seen = new Set<string>()
  for (const { from, to } of files) {
    for (const path of new Set([from, to])) {
      if (path === null) continue
      if (seen.has(path)) throw bad(`it changes ${path} twice`, null)
      seen.add(path)
    }
  }
}
