import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ToolBind } from '../sandboxes/sandbox'

const GUEST_DIR = '/opt/keyframe/guest'

/** Where the scripts are inside a sandbox that was opened with the binds below. */
export const FILE_GUEST_SCRIPT = `${GUEST_DIR}/file-guest.mjs`
export const IGNORE_MODULE = '/opt/keyframe/lib/ignore.cjs'
export const EGRESS_RELAY = `${GUEST_DIR}/egress-relay.mjs`
export const SHELL_RCFILE = `${GUEST_DIR}/shell-integration.bash`

/**
 * Folder of the guest scripts on the host: `guest/` of a built application (the build copies `*.mjs` and `*.bash` and, as
 * `ignore.cjs`, node_modules/ignore/index.js), otherwise the source tree. `appRoot` is the folder of package.json.
 */
export function guestScriptDir(appRoot: string): string {
  const built = join(appRoot, 'guest')
  return existsSync(built) ? built : join(appRoot, 'src/main/kernel/tools/guest')
}

/** The `ignore` package as one file without dependencies. */
export function ignoreModuleFile(appRoot: string): string {
  const built = join(appRoot, 'guest', 'ignore.cjs')
  return existsSync(built) ? built : join(appRoot, 'node_modules/ignore/index.js')
}

/** What the filesystem driver needs inside the sandbox, next to Node itself. The whole folder at once: each bind costs every command. */
export function fileGuestBinds(appRoot: string): ToolBind[] {
  return [
    { hostPath: guestScriptDir(appRoot), guestPath: GUEST_DIR },
    { hostPath: ignoreModuleFile(appRoot), guestPath: IGNORE_MODULE },
  ]
}

/** What the shell driver needs inside the sandbox. */
export function shellGuestBinds(appRoot: string): ToolBind[] {
  return [{ hostPath: join(guestScriptDir(appRoot), 'shell-integration.bash'), guestPath: SHELL_RCFILE }]
}

/** What carries connections inside the sandbox to the proxy outside, next to Node itself. */
export function egressBinds(appRoot: string): ToolBind[] {
  return [{ hostPath: join(guestScriptDir(appRoot), 'egress-relay.mjs'), guestPath: EGRESS_RELAY }]
}
