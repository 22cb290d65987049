import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { canonicalJson } from '../../../shared/canonical-json'
import { KeyframeError } from '../../../shared/failure'
import type { Frame } from '../../../shared/frames'
import type { ContentHash, RunId } from '../../../shared/ids'
import type { BaseNode } from '../checkpoints/base-index'
import type { FilesAt } from '../checkpoints/files'
import type { Journal } from '../journal/journal'
import type { Redactor } from '../journal/redaction'
import { fsCode } from '../workspace/fs-errors'
import { FORMAT, FORMAT_VERSION, type LeftOut, type Line } from './export-format'
import { reachableContents } from './reachable-contents'

/** A file of the base beyond this is left out: it can be seen in the repository. */
const MAX_BASE_FILE_BYTES = 1024 * 1024

export interface ExportParts {
  readonly runId: RunId
  readonly workspace: string
  readonly task: string
  readonly journal: Journal
  readonly redactor: Redactor
  readonly base: { readonly id: ContentHash; nodes(): Iterable<[path: string, node: BaseNode]>; readonly files: FilesAt }
  /** Checkpoints of the run, for the files that it changed. */
  filesAt(manifest: ContentHash): FilesAt
  now(): number
}

export interface ExportReport {
  readonly file: string
  readonly sizeBytes: number
  readonly frames: number
  readonly contents: number
  readonly leftOut: readonly LeftOut[]
}

/**
 * Writes a run to one file that needs no repository, no key and no data folder to be stepped through. Secrets that were found are taken out:
 * of frames, and contents that have one are left out whole. Of the base come the files that the run changed or read, or with `wholeBase`
 * every one of up to 1 MiB. Throws `export.exists`, `export.bad-path`, `export.empty`; a file that could not be finished is removed.
 */
export async function exportRun(parts: ExportParts, options: { file: string; wholeBase: boolean }): Promise<ExportReport> {
  const { file } = options
  if (!isAbsolute(file))
    throw new KeyframeError({ code: 'export.bad-path', message: `${file} is no absolute path.`, action: 'Name the file with its folder.' })
  const found = await stat(file).catch((thrown: unknown) => {
    if (fsCode(thrown) === 'ENOENT') return null
    throw unwritable(file, thrown)
  })
  if (found !== null) throw new KeyframeError({ code: 'export.exists', message: `${file} exists.`, action: 'Name a file that does not.' })
  const frames = parts.journal.frames(parts.runId)
  if (frames.length === 0) throw new KeyframeError({ code: 'export.empty', message: `Run ${parts.runId} has no frames.` })
  const writer = new RunWriter(parts, frames, options.wholeBase)
  const temporary = `${file}.${process.pid}.part`
  try {
    await pipeline(Readable.from(writer.lines()), createGzip(), createWriteStream(temporary, { flags: 'wx', mode: 0o600 }))
    await rename(temporary, file)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw fsCode(thrown) === null ? thrown : unwritable(file, thrown)
  }
  const { size } = await stat(file)
  return { file, sizeBytes: size, frames: frames.length, contents: writer.contents, leftOut: writer.leftOut }
}

class RunWriter {
  contents = 0
  readonly #parts: ExportParts
  readonly #frames: readonly Frame[]
  readonly #wholeBase: boolean
  readonly #reasons = new Map<string, { what: string; why: string; count: number }>()
  #lines = 0
  #isRedacted = false

  constructor(parts: ExportParts, frames: readonly Frame[], wholeBase: boolean) {
    this.#parts = parts
    this.#frames = frames
    this.#wholeBase = wholeBase
  }

  get leftOut(): LeftOut[] {
    return [...this.#reasons.values()]
  }

  async *lines(): AsyncGenerator<string> {
    const { runId, workspace, task, base, now } = this.#parts
    const last = this.#frames.at(-1)
    if (last === undefined) return
    const header = { format: FORMAT, version: FORMAT_VERSION, exportedAtMs: now(), runId, workspace, task, lastFrame: last.hash } as const
    yield this.#line({ is: 'header', ...header, frames: this.#frames.length, base: base.id })
    for (const [path, node] of base.nodes()) {
      if (node.type === 'file')
        yield this.#line({ is: 'base', entry: { type: 'file', path, mode: node.mode, sizeBytes: node.sizeBytes, hash: node.hash } })
      else if (node.type === 'symlink')
        yield this.#line({ is: 'base', entry: { type: 'symlink', path, target: node.target, hash: node.hash } })
      // Folders of installed dependencies are somebody else's files: empty here.
      else yield this.#line({ is: 'base', entry: { type: 'directory', path, mode: node.mode } })
    }
    for (const frame of this.#frames) yield this.#line({ is: 'frame', frame: this.#withoutSecrets(frame) })
    yield* this.#stored()
    yield* this.#ofBase()
    yield this.#line({ is: 'end', lines: this.#lines, leftOut: this.leftOut, isRedacted: this.#isRedacted })
  }

  *#stored(): Generator<string> {
    const { journal } = this.#parts
    const { trees, files, texts } = reachableContents(this.#frames, journal.content)
    for (const hash of [...trees, ...texts, ...files]) yield* this.#content('store', hash, journal.content.get(hash), trees.has(hash))
  }

  async *#ofBase(): AsyncGenerator<string> {
    const { base } = this.#parts
    const wanted = await this.#wantedPaths()
    const done = new Set<ContentHash>()
    let others = 0
    for (const [path, node] of base.nodes()) {
      if (node.type !== 'file' || done.has(node.hash)) continue
      if (!this.#wholeBase && !wanted.has(path)) {
        others += 1
        continue
      }
      if (node.sizeBytes > MAX_BASE_FILE_BYTES) {
        this.#leave('a file of the repository', `larger than ${MAX_BASE_FILE_BYTES / 1024} KiB`)
        continue
      }
      done.add(node.hash)
      yield* this.#content('base', node.hash, await base.files.readBytes(path), false)
    }
    if (others > 0) this.#leave('a file of the repository', 'neither changed nor read by the run', others)
  }

  async #wantedPaths(): Promise<ReadonlySet<string>> {
    const paths = new Set<string>()
    const manifests = new Set(this.#frames.flatMap(({ checkpoint }) => (checkpoint?.manifest == null ? [] : [checkpoint.manifest])))
    for (const manifest of manifests) for (const path of (await this.#parts.filesAt(manifest).changes()).keys()) paths.add(path)
    for (const { kind, payload } of this.#frames) {
      const args: unknown = kind === 'tool.intent' && 'args' in payload ? payload.args : null
      const path: unknown = typeof args === 'object' && args !== null && 'path' in args ? args.path : null
      if (typeof path === 'string') paths.add(path)
    }
    return paths
  }

  *#content(place: 'store' | 'base', hash: ContentHash, bytes: Buffer, isTree: boolean): Generator<string> {
    // A tree has names and hashes only, and without it nothing of the checkpoint could be shown.
    const text = isTree ? '' : bytes.toString('latin1')
    if (this.#parts.redactor.redact(text) !== text) {
      this.#leave(place === 'base' ? 'a file of the repository' : 'something that a frame names', 'a secret was found in it')
      return
    }
    this.contents += 1
    yield this.#line({ is: 'content', place, hash, base64: bytes.toString('base64') })
  }

  #withoutSecrets(frame: Frame): Frame {
    const text = canonicalJson(frame.payload)
    const clean = this.#parts.redactor.redact(text)
    if (clean === text) return frame
    this.#isRedacted = true
    this.#leave('a part of a frame', 'a secret was found in it')
    return { ...frame, payload: JSON.parse(clean) as never }
  }

  #leave(what: string, why: string, count = 1): void {
    const key = `${what} ${why}`
    const known = this.#reasons.get(key) ?? { what, why, count: 0 }
    this.#reasons.set(key, { ...known, count: known.count + count })
  }

  #line(line: Line): string {
    this.#lines += 1
    return `${JSON.stringify(line)}\n`
  }
}

function unwritable(file: string, cause: unknown): KeyframeError {
  return new KeyframeError(
    {
      code: 'export.unwritable',
      message: `${file} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      action: 'Name a file in a folder that exists, that you may write to, and that has room.',
    },
    { cause },
  )
}
