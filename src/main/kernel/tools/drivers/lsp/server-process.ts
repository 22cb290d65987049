import { join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import type { GuestPaths, Sandbox, SandboxProcess, ToolBind } from '../../sandboxes/sandbox'

const GUEST_ROOT = '/opt/keyframe/'
const GUEST_MODULES = '/opt/keyframe/lsp/node_modules'
/** Marks the command lines of servers that are not Keyframe's own files: they are part of the runtime, not something left running. */
const GUEST_SERVERS = '/opt/keyframe/lsp'
export const TYPESCRIPT_PACKAGE = `${GUEST_MODULES}/typescript-language-server`
export const PYRIGHT_PACKAGE = `${GUEST_MODULES}/pyright`
export const GUEST_TSSERVER = `${GUEST_MODULES}/typescript/lib/tsserver.js`
export const GUEST_TSC = `${GUEST_MODULES}/typescript/lib/tsc.js`

/**
 * What a sandbox must bind for the language servers. Keyframe's own pinned versions: a workspace's `typescript` may be absent,
 * have no tsserver, or have been changed by an agent. The servers' files are bundles without further dependencies.
 */
export function lspBinds(appRoot: string): ToolBind[] {
  return ['typescript', 'typescript-language-server', 'pyright'].map((name) => ({
    hostPath: join(appRoot, 'node_modules', name),
    guestPath: `${GUEST_MODULES}/${name}`,
  }))
}

export interface ServerLaunch {
  /** A Node program of Keyframe's own, or a program on the PATH inside. */
  readonly argv: readonly string[]
  readonly isNode: boolean
  readonly env: Readonly<Record<string, string>>
  /** Relative to the workspace. */
  readonly cwd: string
}

/** Starts a server inside the sandbox, speaking LSP on its pipes. */
export async function startServerProcess(sandbox: Sandbox, launch: ServerLaunch): Promise<SandboxProcess> {
  const [program = ''] = launch.argv
  const named = `${GUEST_SERVERS}/${program.split('/').at(-1) ?? program}`
  try {
    return await sandbox.spawn({
      argv: launch.isNode ? launch.argv : ['bash', '-c', 'exec -a "$0" -- "$@"', named, ...launch.argv],
      env: launch.env,
      cwd: launch.cwd,
    })
  } catch (error) {
    if (error instanceof KeyframeError) throw error
    throw new KeyframeError(
      {
        code: 'lsp.start-failed',
        message: `The language server did not start: ${error instanceof Error ? error.message : String(error)}`,
        action: 'Run `npm run doctor` to see whether the sandbox works.',
        retryable: true,
      },
      { cause: error },
    )
  }
}

/** Options that name Keyframe's own files inside, for a sandbox where these lie elsewhere. */
export function withGuestPaths(options: unknown, guest: GuestPaths): unknown {
  if (typeof options === 'string') return options.startsWith(GUEST_ROOT) ? guest.resolve(options) : options
  if (Array.isArray(options)) return options.map((one: unknown) => withGuestPaths(one, guest))
  if (typeof options !== 'object' || options === null) return options
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [key, withGuestPaths(value, guest)]))
}
