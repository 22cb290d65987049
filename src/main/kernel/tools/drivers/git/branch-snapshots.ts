import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ToolCallContext } from '../../driver'
import { bytesOfPath, fsPath } from '../../../workspace/path-bytes'
import { Slices } from '../../../workspace/slices'
import type { FileGuestChannel } from '../filesystem/file-guest-channel'
import type { RepositoryView } from './repository-view'
import { runGit } from './run-git'
import { blobName, commitEntries, type FileEntry, folderEntries, type TreeEntries } from './tree-entries'

const MAX_SCANNED = 300_000
const MAX_CHANGED = 20_000
const MAX_CONTENT_BYTES = 16 * 1024 * 1024
const MAX_CONVERTED_BYTES = 8 * 1024 * 1024
const TOLD_AT_ONCE = 2000
const GUEST_TIMEOUT_MS = 60_000
const NO_ENTRIES: TreeEntries = new Map()

/** The scan comes from inside the sandbox: what is no path of a tree is refused, not written into one. */
const TreePath = z
  .string()
  .min(1)
  .max(4096)
  .refine(
    (path) => !path.includes('\0') && path.split('/').every((part) => !['', '.', '..'].includes(part) && part.toLowerCase() !== '.git'),
  )
const Scan = z.object({
  known: z.boolean(),
  changed: z.array(
    z.object({
      path: TreePath,
      mode: z.enum(['100644', '100755', '120000']),
      size: z.number(),
      oid: z
        .string()
        .regex(/^[0-9a-f]{40,64}$/)
        .nullable(),
    }),
  ),
  missing: z.array(z.string()),
  truncated: z.boolean(),
})
const Known = z.object({ known: z.boolean() })
const Contents = z.object({ contents: z.array(z.string().nullable()) })

interface Change {
  readonly path: string
  /** Null: it is not there any more. */
  readonly entry: FileEntry | null
}

/** Commits in the view: the user's last one, what the run started from, the branch as it is. Equal ones are one commit. */
export interface Snapshots {
  readonly head: string | null
  readonly base: string | null
  readonly branch: string | null
  readonly truncated: boolean
}

interface TakenBase {
  /** Name of the entries in the process inside. */
  readonly key: string
  readonly head: string | null
  readonly commit: string | null
  readonly entries: TreeEntries
  /** Files that differ from the head in their line ends alone. */
  readonly converted: ReadonlySet<string>
}

type ReadContent = (paths: readonly string[]) => AsyncIterable<readonly (Buffer | null)[]>

/**
 * Turns the base and the branch's files into commits of the view, so that git itself compares, blames and follows renames. Only what
 * differs is read and written. The base is compared with the head once; the branch at every call, by the times of its files.
 */
export class BranchSnapshots {
  readonly #view: RepositoryView
  readonly #baseDir: string
  readonly #channel: FileGuestChannel
  readonly #made = new Map<string, string>()
  /** By head. */
  #base: TakenBase | null = null

  constructor(view: RepositoryView, baseDir: string, channel: FileGuestChannel) {
    this.#view = view
    this.#baseDir = baseDir
    this.#channel = channel
  }

  async take(head: string | null, call: ToolCallContext): Promise<Snapshots> {
    if (this.#base === null || this.#base.head !== head) this.#base = await this.#takeBase(head, call.signal)
    const base = this.#base
    const { changes, truncated } = await this.#scan(base, call)
    const kept = changes.slice(0, MAX_CHANGED)
    const branch = await this.#commit('branch', base.commit, kept, base.converted, (paths) => this.#guestContents(paths, call), call.signal)
    return { head, base: base.commit, branch, truncated: truncated || kept.length < changes.length }
  }

  async #takeBase(head: string | null, signal: AbortSignal): Promise<TakenBase> {
    const committed = head === null ? NO_ENTRIES : await commitEntries(this.#view, head, signal)
    const entries = await folderEntries(this.#view, this.#baseDir, signal)
    const changes = changesOf(committed, entries)
    const converted = await this.#convertedOnes(changes, committed, signal)
    const real = changes.filter(({ path }) => !converted.has(path)).slice(0, MAX_CHANGED)
    const commit = await this.#commit('base', head, real, converted, (paths) => this.#baseContents(paths), signal)
    // Paths of the host are nothing that the inside should know.
    const key = createHash('sha256').update(this.#baseDir).digest('hex')
    return { key, head, commit, entries, converted }
  }

  /** Files that git turned into CRLF when it checked them out: as committed but for that. */
  async #convertedOnes(changes: readonly Change[], committed: TreeEntries, signal: AbortSignal): Promise<Set<string>> {
    const converted = new Set<string>()
    const slices = new Slices(signal)
    for (const { path, entry } of changes) {
      const known = committed.get(path)
      if (entry === null || known === undefined || entry.mode !== known.mode || entry.mode === '120000' || entry.size > MAX_CONVERTED_BYTES)
        continue
      if (slices.due()) await slices.rest()
      const bytes = readFileSync(fsPath(join(this.#baseDir, path)))
      if (bytes.includes('\r\n') && blobName(withoutCr(bytes), this.#view.objectFormat) === known.oid) converted.add(path)
    }
    return converted
  }

  /** The comparison with the base is made inside, so that what comes out is only what differs. */
  async #scan(base: TakenBase, call: ToolCallContext): Promise<{ changes: Change[]; truncated: boolean }> {
    const args = { base: base.key, format: this.#view.objectFormat, maxFiles: MAX_SCANNED, maxChanged: MAX_CHANGED }
    let scan = await this.#ask('scanTree', args, Scan, call)
    if (!scan.known) {
      await this.#tellBase(base, call)
      scan = await this.#ask('scanTree', args, Scan, call)
    }
    const gone = scan.missing.filter((path) => base.entries.has(path)).map((path) => ({ path, entry: null }))
    const changes = [...scan.changed.map(({ path, ...entry }) => ({ path, entry })), ...gone]
    return { changes: changes.sort((a, b) => (a.path < b.path ? -1 : 1)), truncated: scan.truncated }
  }

  async #tellBase(base: TakenBase, call: ToolCallContext): Promise<void> {
    const entries = [...base.entries].map(([path, { mode, oid }]) => [path, mode, oid])
    for (let at = 0; at === 0 || at < entries.length; at += TOLD_AT_ONCE) {
      const part = entries.slice(at, at + TOLD_AT_ONCE)
      await this.#ask('scanBase', { base: base.key, first: at === 0, entries: part }, Known, call)
    }
  }

  #ask<Result>(op: string, args: Record<string, unknown>, result: z.ZodType<Result>, call: ToolCallContext): Promise<Result> {
    return this.#channel.call(call.sandbox, { op, args, result, timeoutMs: GUEST_TIMEOUT_MS, signal: call.signal, pure: true })
  }

  async *#baseContents(paths: readonly string[]): AsyncGenerator<readonly (Buffer | null)[]> {
    for (const path of paths) {
      const at = fsPath(join(this.#baseDir, path))
      const stat = lstatSync(at)
      if (stat.isSymbolicLink()) yield [readlinkSync(at, 'buffer')]
      else yield [stat.size > MAX_CONTENT_BYTES ? null : readFileSync(at)]
    }
  }

  async *#guestContents(paths: readonly string[], call: ToolCallContext): AsyncGenerator<readonly (Buffer | null)[]> {
    for (let at = 0; at < paths.length;) {
      const args = { paths: paths.slice(at, at + 1000), maxBytes: MAX_CONTENT_BYTES }
      const request = { op: 'readTreeFiles', args, result: Contents, timeoutMs: GUEST_TIMEOUT_MS, signal: call.signal, pure: true }
      const { contents } = await this.#channel.call(call.sandbox, request)
      if (contents.length === 0) return
      yield contents.map((content) => (content === null ? null : Buffer.from(content, 'base64')))
      at += contents.length
    }
  }

  /** The commit with these changes on top of its parent; the parent itself when there are none. */
  async #commit(
    name: 'base' | 'branch',
    parent: string | null,
    changes: readonly Change[],
    converted: ReadonlySet<string>,
    read: ReadContent,
    signal: AbortSignal,
  ): Promise<string | null> {
    if (changes.length === 0) return parent
    const key = createHash('sha256')
      .update(JSON.stringify([parent, changes]))
      .digest('hex')
    const made = this.#made.get(key)
    if (made !== undefined) return made
    const ref = `refs/keyframe/${name}`
    await runGit(this.#view, ['fast-import', '--quiet', '--force', '--done'], {
      signal,
      stdin: importStream(ref, parent, changes, converted, read),
    })
    const { bytes } = await runGit(this.#view, ['rev-parse', '--verify', ref], { signal })
    const commit = bytes.toString('latin1').trim()
    this.#made.set(key, commit)
    return commit
  }
}

/** What has to be changed to get from one to the other, sorted by path. */
function changesOf(from: TreeEntries, to: TreeEntries): Change[] {
  const changes: Change[] = []
  for (const [path, entry] of to) {
    const known = from.get(path)
    if (known === undefined || known.mode !== entry.mode || known.oid !== entry.oid) changes.push({ path, entry })
  }
  for (const path of from.keys()) if (!to.has(path)) changes.push({ path, entry: null })
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function* importStream(
  ref: string,
  parent: string | null,
  changes: readonly Change[],
  converted: ReadonlySet<string>,
  read: ReadContent,
): AsyncGenerator<Uint8Array> {
  const start = parent === null ? `reset ${ref}\n` : ''
  const from = parent === null ? '' : `from ${parent}\n`
  yield Buffer.from(`${start}commit ${ref}\ncommitter Keyframe <keyframe@localhost> 0 +0000\ndata 0\n${from}`)
  for (const { path, entry } of changes) if (entry === null) yield Buffer.from(`D ${quoted(path)}\n`)
  const present = changes.flatMap(({ path, entry }) => (entry === null ? [] : [{ path, entry }]))
  let index = 0
  for await (const contents of read(present.map(({ path }) => path))) {
    for (const content of contents) {
      const { path, entry } = present[index] ?? {}
      index += 1
      if (path === undefined || entry === undefined) return
      // What is too large is told apart from other versions and shown as binary.
      const bytes = content ?? Buffer.from(`${entry.size} bytes\0${entry.oid ?? 'unreadable'}`)
      const kept = converted.has(path) ? withoutCr(bytes) : bytes
      yield Buffer.from(`M ${entry.mode} inline ${quoted(path)}\ndata ${kept.length}\n`)
      yield kept
      yield Buffer.from('\n')
    }
  }
  yield Buffer.from('\ndone\n')
}

/** A C string, so that any byte can be in it. */
function quoted(path: string): string {
  let text = ''
  for (const byte of bytesOfPath(path)) {
    const plain = byte > 31 && byte < 127 && byte !== 34 && byte !== 92
    text += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`
  }
  return `"${text}"`
}

function withoutCr(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')
}
