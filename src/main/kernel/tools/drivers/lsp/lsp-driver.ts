import { KeyframeError } from '../../../../../shared/failure'
import type { Driver, ToolCallContext } from '../../driver'
import type { Sandbox } from '../../sandboxes/sandbox'
import { diagnosticTools } from './diagnostic-tools'
import { editTools } from './edit-tools'
import { type LspChannel, openLspChannel } from './lsp-channel'
import { navigationTools } from './navigation-tools'
import type { ReadText } from './open-documents'
import { sandboxText } from './sandbox-text'
import { ServerSession } from './server-session'
import { LspToolHost } from './tool-host'

export interface LspDriverOptions {
  /** Keyframe's own folder, whose `node_modules` hold the servers; see `lspBinds`. */
  readonly appRoot: string
  /** Path of the pinned Node inside the sandbox. */
  readonly guestNode: string
  /** Reads a file of the branch; throws `files.not-found`. Default: a command inside the sandbox, which is slower. */
  readonly readText?: ReadText
  /** What a user should know: parts left out, a server started again. */
  readonly onNotice?: (text: string) => void
}

export interface LspDriver extends Driver {
  /**
   * A server of its own for an editor in the window, on the branch's files, as raw JSON-RPC. Throws `lsp.no-sandbox` before the
   * driver was attached and `lsp.unsupported-language`.
   */
  openChannel(language: string): Promise<LspChannel>
  /** The sandbox to run in. A restore and the first tool call attach as well. Another one than before ends the old servers. */
  attach(sandbox: Sandbox): void
}

/** Language knowledge of one branch. TypeScript and JavaScript; the server starts inside the sandbox at the first question. */
export function createLspDriver(options: LspDriverOptions): LspDriver {
  let current: { sandbox: Sandbox; session: ServerSession; readText: ReadText } | null = null
  const channels = new Set<LspChannel>()
  const notice = options.onNotice ?? (() => undefined)

  const attach = (sandbox: Sandbox): ServerSession => {
    if (current?.sandbox === sandbox) return current.session
    const old = current
    const readText = options.readText ?? sandboxText(sandbox)
    const session = new ServerSession({ sandbox, guestNode: options.guestNode, readText, notice })
    current = { sandbox, session, readText }
    for (const channel of channels) channel.close()
    if (old) void old.session.dispose()
    return session
  }

  const readText: ReadText = (path) => {
    if (current) return current.readText(path)
    throw noSandbox()
  }
  const host = new LspToolHost((call: ToolCallContext) => attach(call.sandbox), readText, notice)

  return {
    name: 'lsp',
    tools: [...navigationTools(host), ...diagnosticTools(host), ...editTools(host)],
    attach,
    // Servers are caches of the files: there is nothing to keep, and a restored branch gets a new one.
    capture: () => Promise.resolve(null),
    restore: (_captured, sandbox) => {
      attach(sandbox)
      return Promise.resolve({ notRestored: [] })
    },
    filesChanged: async (paths) => {
      await current?.session.filesChanged(paths)
    },
    openChannel: async (language) => {
      if (!current) throw noSandbox()
      const channel = await openLspChannel(current.sandbox, options.guestNode, language)
      channels.add(channel)
      channel.onClose(() => channels.delete(channel))
      return channel
    },
    dispose: async () => {
      for (const channel of channels) channel.close()
      await current?.session.dispose()
      current = null
    },
  }
}

function noSandbox(): KeyframeError {
  return new KeyframeError({
    code: 'lsp.no-sandbox',
    message: 'The branch has no sandbox yet.',
    action: 'Open the branch first: a restore or a tool call does it.',
    retryable: true,
  })
}
