import { dirname, join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox, SandboxProcess, ToolBind } from '../../sandboxes/sandbox'

const GUEST_MODULES = '/opt/keyframe/lsp/node_modules'
const SERVER_ENTRY = `${GUEST_MODULES}/typescript-language-server/lib/cli.mjs`
export const GUEST_TSSERVER = `${GUEST_MODULES}/typescript/lib/tsserver.js`
export const GUEST_TSC = `${GUEST_MODULES}/typescript/lib/tsc.js`

/**
 * What a sandbox must bind for the language servers. Keyframe's own pinned versions: a workspace's `typescript` may be absent,
 * have no tsserver, or have been changed by an agent. The server's file is a bundle without further dependencies.
 */
export function lspBinds(appRoot: string): ToolBind[] {
  return ['typescript', 'typescript-language-server'].map((name) => ({
    hostPath: join(appRoot, 'node_modules', name),
    guestPath: `${GUEST_MODULES}/${name}`,
  }))
}

/** Starts a server inside the sandbox, speaking LSP on its pipes. */
export async function startServerProcess(sandbox: Sandbox, guestNode: string): Promise<SandboxProcess> {
  try {
    return await sandbox.spawn({
      argv: [guestNode, SERVER_ENTRY, '--stdio', '--log-level', '1'],
      env: { PATH: `${dirname(guestNode)}:/usr/bin:/bin` },
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

/** Options of `initialize` that every server gets: no downloads, one process, watching left to the client, plain English. */
export const SERVER_OPTIONS = {
  disableAutomaticTypingAcquisition: true,
  hostInfo: 'keyframe',
  locale: 'en',
  maxTsServerMemory: 4096,
  preferences: { providePrefixAndSuffixTextForRename: true, allowRenameOfImportPath: false, includePackageJsonAutoImports: 'off' },
  supportsMoveToFileCodeAction: true,
  tsserver: { path: GUEST_TSSERVER, useSyntaxServer: 'never', useClientFileWatcher: true },
}
