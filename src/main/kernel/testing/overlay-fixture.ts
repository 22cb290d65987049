import { createHash } from 'node:crypto'
import { chmodSync, chownSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { guestOwner } from '../tools/sandboxes/guest-owner'
import { createOverlayProvider } from '../tools/sandboxes/overlay-sandbox'
import { removeTree } from '../checkpoints/remove-tree'
import { DEFAULT_LIMITS, type Sandbox, type SandboxSpec } from '../tools/sandboxes/sandbox'

/** A data folder with a base, and sandboxes over it; `dispose` ends them all and removes everything. */
export interface OverlayFixture {
  readonly root: string
  readonly baseDir: string
  open(branch: string, spec?: Partial<SandboxSpec>): Promise<Sandbox>
  dispose(): Promise<void>
}

/** The folder is mode 0700, as a data folder below /root is. */
export function overlayFixture(files: Readonly<Record<string, string>>): OverlayFixture {
  const root = mkdtempSync(join(tmpdir(), 'keyframe-overlay-'))
  const baseDir = join(root, 'base')
  writeOwned(baseDir, files)
  const provider = createOverlayProvider({ nodePath: process.execPath })
  const open: Sandbox[] = []
  return {
    root,
    baseDir,
    async open(branch, spec = {}) {
      const dir = join(root, 'branches', branch)
      const sandbox = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds: [], limits: DEFAULT_LIMITS, ...spec })
      open.push(sandbox)
      return sandbox
    },
    async dispose() {
      for (const sandbox of open) await sandbox.dispose()
      await removeTree(root)
    },
  }
}

/** Writes files that belong to the guest; a name that ends in a slash is an empty folder. */
export function writeOwned(dir: string, files: Readonly<Record<string, string>>): void {
  const { uid, gid } = guestOwner()
  const makeFolder = (path: string): void => {
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return
    makeFolder(dirname(path))
    mkdirSync(path)
    chmodSync(path, 0o755)
    chownSync(path, uid, gid)
  }
  makeFolder(dir)
  for (const [name, text] of Object.entries(files)) {
    const path = join(dir, name)
    if (name.endsWith('/')) {
      makeFolder(path.slice(0, -1))
      continue
    }
    makeFolder(dirname(path))
    writeFileSync(path, text)
    chownSync(path, uid, gid)
  }
}

/** Changes when any name, type, mode, owner, time or content below a folder does. */
export function treeHash(dir: string): string {
  const hash = createHash('sha256')
  const visit = (path: string): void => {
    const found = lstatSync(path)
    hash.update(`${path}\0${found.mode}\0${found.uid}\0${found.gid}\0${found.mtimeMs}\0`)
    if (found.isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name))
    else hash.update(found.isSymbolicLink() ? readlinkSync(path) : readFileSync(path))
  }
  visit(dir)
  return hash.digest('hex')
}
