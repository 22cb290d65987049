import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { guestOwner } from '../tools/sandboxes/guest-owner'
import { createOverlayProvider } from '../tools/sandboxes/overlay-sandbox'
import { DEFAULT_LIMITS, type Sandbox, type ToolBind } from '../tools/sandboxes/sandbox'

export const APP_ROOT = realpathSync(join(import.meta.dirname, '../../../..'))
export const GUEST_NODE = '/opt/keyframe/bin/node'

const WRITE_TIMEOUT_MS = 10_000

/** A temporary base with overlay sandboxes of it, as many as a test opens. */
export interface OverlayWorkspace {
  open(): Promise<Sandbox>
  dispose(): Promise<void>
}

export function makeOverlayWorkspace(files: Readonly<Record<string, string>>, binds: readonly ToolBind[] = []): OverlayWorkspace {
  const root = mkdtempSync(join(tmpdir(), 'keyframe-workspace-'))
  const baseDir = join(root, 'base')
  const own = (path: string): void => {
    if (process.geteuid?.() === 0) chownSync(path, guestOwner().uid, guestOwner().gid)
  }
  mkdirSync(baseDir)
  own(baseDir)
  for (const [path, text] of Object.entries(files)) {
    for (let at = 0; (at = path.indexOf('/', at + 1)) > 0;) {
      mkdirSync(join(baseDir, path.slice(0, at)), { recursive: true })
      own(join(baseDir, path.slice(0, at)))
    }
    writeFileSync(join(baseDir, path), text)
    own(join(baseDir, path))
  }
  const provider = createOverlayProvider({ nodePath: realpathSync(join(APP_ROOT, 'node_modules/.bin/node')) })
  const opened: Sandbox[] = []
  return {
    open: async () => {
      const dir = join(root, `branch-${opened.length}`)
      const sandbox = await provider.open({ dir, baseDir, layerDir: null, dependencies: [], binds, limits: DEFAULT_LIMITS })
      opened.push(sandbox)
      return sandbox
    },
    dispose: async () => {
      for (const sandbox of opened) await sandbox.dispose()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Writes as an agent's tools would: by a process inside. */
export async function writeInside(sandbox: Sandbox, path: string, text: string): Promise<void> {
  await must(sandbox, ['sh', '-c', 'mkdir -p -- "$2" && cat > "$1"', 'sh', path, dirname(path)], text)
}

export async function removeInside(sandbox: Sandbox, path: string): Promise<void> {
  await must(sandbox, ['rm', '-r', '--', path], '')
}

async function must(sandbox: Sandbox, argv: string[], stdin: string): Promise<void> {
  const result = await sandbox.run({ argv }, { timeoutMs: WRITE_TIMEOUT_MS, stdin })
  if (result.exitCode !== 0) throw new Error(`${argv.join(' ')}: ${result.stderr}`)
}
