import { createReadStream, existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, rename, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { constants, createGunzip } from 'node:zlib'
import type { z } from 'zod'
import { KeyframeError } from '../../../shared/failure'
import { type Frame, FramePayloads } from '../../../shared/frames'
import type { ContentHash } from '../../../shared/ids'
import { BaseIndexBuilder, writeBaseIndex } from '../checkpoints/base-index'
import { canonicalPath, linkLeadsOut } from '../checkpoints/branch-paths'
import { INCOMPLETE } from '../checkpoints/freeze-base'
import { removeTree } from '../checkpoints/remove-tree'
import { createRedactor } from '../journal/redaction'
import { hashBytes } from '../journal/sqlite-content-store'
import { openJournal } from '../journal/sqlite-journal'
import { fsCode } from '../workspace/fs-errors'
import { FORMAT_VERSION, type Header, type LeftOut, Line } from './export-format'

/** Longer lines are no part of an export: a content has at most a few megabytes. */
const MAX_LINE_CHARS = 128 * 1024 * 1024
const FRAMES_AT_ONCE = 500

export interface ImportReport {
  readonly folder: string
  readonly runId: string
  readonly task: string
  readonly frames: number
  readonly contents: number
  readonly leftOut: readonly LeftOut[]
  /** True: the chain of frames ends in the hash that it had where it was recorded. False: secrets were taken out of frames on the way. */
  readonly isOriginal: boolean
}

/**
 * Makes a workspace of an exported run: the files of its base that came along in `folder`, its journal in `dataDir`. Everything in the file
 * is untrusted: it is checked, paths that lead out are refused, nothing is run. Throws `import.*`; then both folders are as before.
 */
export async function importRun(file: string, folder: string, dataDir: string): Promise<ImportReport> {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new KeyframeError({ code: 'import.exists', message: `${folder} is not empty.`, action: 'Name a folder that does not exist yet.' })
  if (existsSync(join(dataDir, 'journal.db')))
    throw new KeyframeError({ code: 'import.known', message: `${folder} has runs already.`, action: 'Name another folder.' })
  mkdirSync(dirname(dataDir), { recursive: true, mode: 0o700 })
  mkdirSync(dirname(folder), { recursive: true })
  // Beside where they go, so that they can be renamed; both or none.
  const data = await mkdtemp(`${dataDir}.import-`)
  const files = await mkdtemp(`${folder}.import-`)
  try {
    await chmod(files, 0o755)
    const report = await new RunReader(data, files).all(file)
    if (existsSync(folder)) rmdirSync(folder)
    if (existsSync(dataDir)) await removeTree(dataDir)
    await rename(data, dataDir)
    await rename(files, folder)
    return { ...report, folder }
  } catch (thrown) {
    if (thrown instanceof KeyframeError || fsCode(thrown) === null) throw thrown
    throw new KeyframeError(
      {
        code: 'import.unwritable',
        message: `The run could not be put into ${folder}: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
        action: 'Name a folder that you may write to, on a disk that has room.',
      },
      { cause: thrown },
    )
  } finally {
    await removeTree(data)
    await removeTree(files)
  }
}

class RunReader {
  readonly #data: string
  readonly #files: string
  readonly #journal
  readonly #base = new BaseIndexBuilder()
  /** Paths of the base by the content that they have. */
  readonly #places = new Map<ContentHash, { path: string; mode: number }[]>()
  readonly #folders = new Set<string>([''])
  #header: z.infer<typeof Header> | null = null
  #frames: Frame[] = []
  #isOriginal = true
  #lines = 0
  #contents = 0
  #written = 0
  #lastHash: ContentHash | null = null

  constructor(data: string, files: string) {
    this.#data = data
    this.#files = files
    this.#journal = openJournal({ dataDir: data, redactor: createRedactor() })
  }

  async all(file: string): Promise<Omit<ImportReport, 'folder'>> {
    try {
      for await (const text of linesOf(file)) {
        const line = lineOf(text, this.#lines + 1)
        this.#lines += 1
        if (line.is === 'end') return await this.#end(line)
        await this.#take(line)
      }
    } finally {
      this.#journal.close()
    }
    throw damaged(this.#lines + 1, 'the file ends before the run does')
  }

  async #take(line: Exclude<Line, { is: 'end' }>): Promise<void> {
    if (line.is === 'header') {
      if (this.#header !== null) throw damaged(this.#lines, 'a second header')
      if (line.version > FORMAT_VERSION)
        throw new KeyframeError({
          code: 'import.newer',
          message: `The file has version ${line.version}; this Keyframe reads up to ${FORMAT_VERSION}.`,
          action: 'Update Keyframe.',
        })
      this.#header = line
      return
    }
    if (this.#header === null) throw damaged(this.#lines, 'no header')
    if (line.is === 'base') return this.#entry(line.entry)
    if (line.is === 'frame') {
      if (line.frame.runId !== this.#header.runId) throw damaged(this.#lines, 'a frame of another run')
      this.#frames.push(line.frame)
      return
    }
    await this.#content(line)
  }

  async #entry(entry: Extract<Line, { is: 'base' }>['entry']): Promise<void> {
    // Every folder above is one that an earlier entry has made: nothing is ever written through a link.
    const isPlaced = isCanonical(entry.path) && this.#folders.has(entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/'))))
    if (!isPlaced) throw damaged(this.#lines, 'a path that leads elsewhere')
    const at = join(this.#files, entry.path)
    if (entry.type === 'directory') {
      this.#folders.add(entry.path)
      this.#base.add(entry.path, { type: 'directory', mode: entry.mode, mount: false, children: new Map() })
      await mkdir(at)
    } else if (entry.type === 'file') {
      this.#base.add(entry.path, { type: 'file', mode: entry.mode, sizeBytes: entry.sizeBytes, hash: entry.hash })
      const places = this.#places.get(entry.hash) ?? []
      this.#places.set(entry.hash, [...places, { path: entry.path, mode: entry.mode }])
    } else {
      this.#base.add(entry.path, { type: 'symlink', target: entry.target, hash: entry.hash })
      // One that leads out is shown where links are shown, and not made.
      if (!linkLeadsOut(entry.path, entry.target)) await symlink(entry.target, at)
    }
  }

  async #content({ place, hash, base64 }: Extract<Line, { is: 'content' }>): Promise<void> {
    const bytes = Buffer.from(base64, 'base64')
    if (hashBytes(bytes) !== hash) throw damaged(this.#lines, 'a content that does not have its hash')
    this.#contents += 1
    if (place === 'store') {
      this.#journal.content.put(bytes, 'payload')
      return
    }
    for (const { path, mode } of this.#places.get(hash) ?? []) {
      // `wx`: never through a link that an earlier entry has made.
      await writeFile(join(this.#files, path), bytes, { mode: mode & 0o777, flag: 'wx' })
      this.#written += 1
    }
  }

  async #end(end: Extract<Line, { is: 'end' }>): Promise<Omit<ImportReport, 'folder'>> {
    const header = this.#header
    if (header === null || end.lines !== this.#lines - 1 || this.#frames.length !== header.frames)
      throw damaged(this.#lines, 'lines are missing')
    this.#append(header)
    if (end.isRedacted !== !this.#isOriginal || (this.#isOriginal && this.#lastHash !== header.lastFrame))
      throw damaged(this.#lines, 'the frames are not those that were exported')
    const base = join(this.#data, 'bases', header.base)
    await mkdir(join(base, 'tree'), { recursive: true })
    await chmod(join(this.#data, 'bases'), 0o755)
    await cp(this.#files, join(base, 'tree'), { recursive: true, verbatimSymlinks: true })
    await writeBaseIndex(join(base, 'index'), this.#base.finish())
    if ([...this.#places.values()].flat().length > this.#written) await writeFile(join(base, INCOMPLETE), '')
    const { runId, task } = header
    return { runId, task, frames: this.#frames.length, contents: this.#contents, leftOut: end.leftOut, isOriginal: this.#isOriginal }
  }

  /** The journal numbers, hashes and checks them as it does its own. */
  #append({ runId }: z.infer<typeof Header>): void {
    for (let from = 0; from < this.#frames.length; from += FRAMES_AT_ONCE) {
      const part = this.#frames.slice(from, from + FRAMES_AT_ONCE)
      const appended = this.#journal.append(
        runId,
        part.map(({ branchId, kind, atMs, cause, key, payload, checkpoint }) => ({
          ...{ branchId, kind, atMs, cause, key, checkpoint },
          payload: FramePayloads[kind].parse(payload) as never,
        })),
      )
      for (const [index, frame] of appended.entries()) {
        if (frame.n !== part[index]?.n) throw damaged(this.#lines, 'frames are out of order')
        if (frame.hash !== part[index]?.hash) this.#isOriginal = false
        this.#lastHash = frame.hash
      }
    }
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file)
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })
  const unreadable = (cause: unknown): KeyframeError =>
    new KeyframeError(
      {
        code: 'import.unreadable',
        message: `${file} cannot be read as an exported run: ${cause instanceof Error ? cause.message : String(cause)}`,
        action: 'Name a file that `keyframe export` made.',
      },
      { cause },
    )
  input.once('error', (cause) => gunzip.destroy(cause))
  try {
    for await (const line of createInterface({ input: input.pipe(gunzip), crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line.length > MAX_LINE_CHARS) throw unreadable(new Error('a line is too long'))
      yield line
    }
  } catch (cause) {
    throw cause instanceof KeyframeError ? cause : unreadable(cause)
  } finally {
    input.destroy()
  }
}

function lineOf(text: string, number: number): Line {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw damaged(number, 'no JSON')
  }
  const line = Line.safeParse(parsed)
  if (!line.success) throw damaged(number, line.error.issues[0]?.message ?? 'not what an export has')
  return line.data
}

function isCanonical(path: string): boolean {
  try {
    return canonicalPath(path) === path
  } catch (thrown) {
    if (thrown instanceof KeyframeError) return false
    throw thrown
  }
}

function damaged(line: number, what: string): KeyframeError {
  return new KeyframeError({
    code: 'import.damaged',
    message: `Line ${line} of the exported run is damaged: ${what}.`,
    action: 'Ask for the file again; nothing of it was kept.',
  })
}
