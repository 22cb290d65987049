import { chmodSync, lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Removes a branch's folder with what agents left in it: overlayfs makes `work/work` with mode 000, and a guest may have
 * taken all permissions from folders of its own. Links are removed, never followed. The sandbox must have been disposed of.
 */
export function removeSandboxFolder(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  // Root may enter any folder, so only an ordinary user has to give the permissions back.
  if (found.isDirectory() && process.geteuid?.() !== 0) openFolders(path)
  rmSync(path, { recursive: true, force: true })
}

function openFolders(path: string): void {
  chmodSync(path, 0o700)
  for (const entry of readdirSync(path, { withFileTypes: true })) if (entry.isDirectory()) openFolders(join(path, entry.name))
}
