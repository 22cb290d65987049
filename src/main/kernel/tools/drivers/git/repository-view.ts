import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import { expectFsError, fsCode } from '../../../workspace/fs-errors'
import type { GitFolder } from '../../../workspace/git-folder'
import { Slices } from '../../../workspace/slices'
import { findRepository, smallFile } from './find-repository'

const MAX_PACKED_REFS_BYTES = 64 * 1024 * 1024
const MAX_REFS = 100_000
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
const REF = /^refs\/(?:(?!\.)[^\0- ~^:?*[\\/\x7f]+\/)*(?!\.)[^\0- ~^:?*[\\/\x7f]+$/

export interface ViewHead {
  readonly commit: string | null
  readonly branch: string | null
}

/**
 * A git folder of Keyframe's own that shows the objects, refs and head of the user's repository and nothing else of it: no
 * configuration, hooks, attributes, alternates, replacements or grafts, so that git has nothing to run whatever the repository says.
 * What is written (snapshots of a branch's files) goes into the view. `refresh` follows what the user commits meanwhile.
 */
export class RepositoryView {
  readonly dir: string
  readonly objectFormat: GitFolder['objectFormat']
  readonly notices: string[] = []
  readonly #folder: GitFolder
  readonly #missing = new Set<string>()
  #refOids: ReadonlySet<string> = new Set()

  constructor(root: string) {
    this.#folder = findRepository(root)
    this.objectFormat = this.#folder.objectFormat
    sweepOldViews()
    this.dir = mkdtempSync(join(tmpdir(), `keyframe-git-${process.pid}-`))
    for (const name of ['objects', 'refs', 'source', 'source/pack']) mkdirSync(join(this.dir, name))
    const version = this.objectFormat === 'sha256' ? '1\n[extensions]\n\tobjectFormat = sha256\n[core]' : '0'
    const quiet = ['bare = true', 'hooksPath = /dev/null', 'fsmonitor = false', 'commitGraph = false'].map((row) => `\t${row}\n`).join('')
    // Loose objects are not unpacked: git would set the times of equal ones in the user's repository.
    const parts = `${quiet}[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[fastimport]\n\tunpackLimit = 0\n`
    writeFileSync(join(this.dir, 'config'), `[core]\n\trepositoryformatversion = ${version}\n${parts}`)
  }

  /** Objects and refs as they are now, and the head. Throws `git.unreadable`. */
  async refresh(): Promise<ViewHead> {
    this.notices.length = 0
    this.#linkObjects()
    const refs = await this.#refs()
    if (this.#missing.size > 0) for (const [name, oid] of refs) if (this.#missing.has(oid)) refs.delete(name)
    this.#refOids = new Set(refs.values())
    const lines = [...refs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, oid]) => `${oid} ${name}\n`)
    writeFileSync(join(this.dir, 'packed-refs'), lines.join(''))
    const shallow = smallFile(join(this.#folder.commonDir, 'shallow'), MAX_PACKED_REFS_BYTES)
    if (shallow === null) rmSync(join(this.dir, 'shallow'), { force: true })
    else
      writeFileSync(
        join(this.dir, 'shallow'),
        `${shallow
          .split('\n')
          .filter((row) => OID.test(row))
          .join('\n')}\n`,
      )
    return this.#head(refs)
  }

  get refOids(): ReadonlySet<string> {
    return this.#refOids
  }

  /** Refs to objects that are not there are left out from the next `refresh` on: git fails for all when one is missing. */
  leaveOut(missing: Iterable<string>): void {
    for (const oid of missing) this.#missing.add(oid)
  }

  dispose(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  #head(refs: ReadonlyMap<string, string>): ViewHead {
    const text = smallFile(join(this.#folder.gitDir, 'HEAD'))?.trim() ?? ''
    const ref = /^ref: (.+)$/.exec(text)?.[1]
    if (ref === 'refs/heads/.invalid') {
      throw new KeyframeError({
        code: 'git.unreadable',
        message: 'This repository keeps its branches in a reftable, which Keyframe cannot read.',
      })
    }
    if (ref !== undefined && REF.test(ref)) {
      writeFileSync(join(this.dir, 'HEAD'), `ref: ${ref}\n`)
      return { commit: refs.get(ref) ?? null, branch: ref.replace(/^refs\/heads\//, '') }
    }
    if (!OID.test(text)) throw new KeyframeError({ code: 'git.unreadable', message: 'The HEAD of this repository cannot be read.' })
    writeFileSync(join(this.dir, 'HEAD'), `${text}\n`)
    return { commit: text, branch: null }
  }

  /** Links to what are plainly files of this repository; links in there could lead anywhere and are left out. */
  #linkObjects(): void {
    const objects = join(this.#folder.commonDir, 'objects')
    for (const entry of readdirSync(objects, { withFileTypes: true })) {
      if (!entry.isDirectory() || !/^[0-9a-f]{2}$/.test(entry.name)) continue
      const loose = join(objects, entry.name)
      if (readdirSync(loose, { withFileTypes: true }).every((object) => object.isFile())) this.#link(loose, entry.name)
      else this.notices.push(`Objects in ${entry.name} were left out: not all of them are files.`)
    }
    const packs = join(objects, 'pack')
    const present = new Set<string>()
    if (lstatSync(packs, { throwIfNoEntry: false })?.isDirectory() === true) {
      for (const entry of readdirSync(packs, { withFileTypes: true })) {
        if (!entry.isFile() || !/^pack-[0-9a-f]+\.(pack|idx|rev)$/.test(entry.name)) continue
        present.add(entry.name)
        this.#link(join(packs, entry.name), `pack/${entry.name}`)
      }
    }
    // Packs that the user's git replaced by others.
    for (const name of readdirSync(join(this.dir, 'source/pack'))) if (!present.has(name)) rmSync(join(this.dir, 'source/pack', name))
    if (smallFile(join(objects, 'info/alternates')) !== null)
      this.notices.push('Objects that this repository borrows from another one are not read.')
  }

  #link(target: string, name: string): void {
    try {
      symlinkSync(target, join(this.dir, 'source', name))
    } catch (thrown) {
      expectFsError(thrown, 'EEXIST')
    }
  }

  async #refs(): Promise<Map<string, string>> {
    const refs = new Map<string, string>()
    const slices = new Slices()
    const packed = smallFile(join(this.#folder.commonDir, 'packed-refs'), MAX_PACKED_REFS_BYTES) ?? ''
    for (const row of packed.split('\n')) {
      if (slices.due()) await slices.rest()
      const [oid = '', name = ''] = row.split(' ')
      if (refs.size < MAX_REFS && OID.test(oid) && isRef(name)) refs.set(name, oid)
    }
    await this.#looseRefs('refs', refs, slices)
    return refs
  }

  async #looseRefs(prefix: string, refs: Map<string, string>, slices: Slices): Promise<void> {
    const dir = join(this.#folder.commonDir, prefix)
    if (lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) return
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (slices.due()) await slices.rest()
      const name = `${prefix}/${entry.name}`
      if (entry.isDirectory()) await this.#looseRefs(name, refs, slices)
      else if (entry.isFile() && isRef(name) && refs.size < MAX_REFS) {
        const oid = smallFile(join(dir, entry.name))?.trim() ?? ''
        if (OID.test(oid)) refs.set(name, oid)
      }
    }
  }
}

/** Removes the views of kernels that were killed: nobody else's, and none of one that runs. */
function sweepOldViews(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^keyframe-git-(\d+)-\w+$/.exec(name)?.[1]
    const stat = pid === undefined ? undefined : lstatSync(join(tmpdir(), name), { throwIfNoEntry: false })
    if (stat?.isDirectory() !== true || stat.uid !== process.getuid?.() || isAlive(Number(pid))) continue
    rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (thrown) {
    expectFsError(thrown, 'ESRCH', 'EPERM')
    return fsCode(thrown) === 'EPERM'
  }
}

function isRef(name: string): boolean {
  return (
    REF.test(name) &&
    !name.includes('..') &&
    !name.includes('@{') &&
    !name.endsWith('.lock') &&
    !name.startsWith('refs/keyframe/') &&
    !name.startsWith('refs/replace/')
  )
}
