import { KeyframeError } from '../../../../../shared/failure'
import type { Driver, ToolCallContext } from '../../driver'
import type { Sandbox } from '../../sandboxes/sandbox'
import type { FileGuestChannel } from '../filesystem/file-guest-channel'
import { actionTools } from './action-tools'
import { detailTools } from './detail-tools'
import { diagnosticTools } from './diagnostic-tools'
import { editTools } from './edit-tools'
import { locateTools } from './locate-tools'
import { type LspChannel, openLspChannel } from './lsp-channel'
import type { LspSettings } from './lsp-settings'
import type { ReadText } from './open-documents'
import { commandTexts, guestTexts } from './sandbox-text'
import { ServerCatalogue } from './server-catalogue'
import { ServerPool } from './server-pool'
import { serverTools } from './server-tools'
import { symbolTools } from './symbol-tools'
import { LspToolHost } from './tool-host'

const BACK_OFF_MS = [0, 250, 1_000, 4_000]

export interface LspDriverOptions {
  /** Keyframe's own folder, whose `node_modules` hold the servers; see `lspBinds`. */
  readonly appRoot: string
  /** Path of the pinned Node inside the sandbox. */
  readonly guestNode: string
  /** The filesystem driver's, which ends it: files are read through it. Default: by a command each, which is slower. */
  readonly channel?: FileGuestChannel
  /** A user's own servers, from a settings file outside of every workspace. */
  readonly settings?: LspSettings
  /** How long to wait before a server is started, by how often it has died in a row. Default: at once, 250 ms, 1 s, then 4 s. */
  readonly backOffMs?: readonly number[]
  /** What a user should know: parts left out, a server started again. */
  readonly onNotice?: (text: string) => void
}

export interface LspDriver extends Driver {
  /**
   * A server of its own for an editor in the window, on the branch's files, as raw JSON-RPC. Throws `lsp.no-sandbox` before the
   * driver was attached, `lsp.unsupported-language` and `lsp.no-server`.
   */
  openChannel(language: string): Promise<LspChannel>
  /** The sandbox to run in. A restore and the first tool call attach as well. Another one than before ends the old servers. */
  attach(sandbox: Sandbox): void
}

interface Attached {
  readonly sandbox: Sandbox
  readonly pool: ServerPool
  readonly readText: ReadText
}

/** Language knowledge of one branch. Servers start inside the sandbox at the first question about a file of their language. */
export function createLspDriver(options: LspDriverOptions): LspDriver {
  let current: Attached | null = null
  const channels = new Set<LspChannel>()
  const backOffMs = options.backOffMs ?? BACK_OFF_MS
  const notice = options.onNotice ?? (() => undefined)
  const catalogue = new ServerCatalogue(options.settings ?? { servers: [] })

  const attach = (sandbox: Sandbox): ServerPool => {
    if (current?.sandbox === sandbox) return current.pool
    const old = current
    const readText = options.channel === undefined ? commandTexts(sandbox) : guestTexts(sandbox, options.channel)
    const { appRoot, guestNode } = options
    const pool = new ServerPool({ sandbox, catalogue, appRoot, guestNode, readText, notice, backOffMs })
    current = { sandbox, pool, readText }
    for (const channel of channels) channel.close()
    if (old) void old.pool.dispose()
    return pool
  }

  const readText: ReadText = (path) => {
    if (current) return current.readText(path)
    throw noSandbox()
  }
  const host = new LspToolHost((call: ToolCallContext) => attach(call.sandbox), catalogue, readText)

  return {
    name: 'lsp',
    tools: [
      ...locateTools(host),
      ...symbolTools(host),
      ...detailTools(host),
      ...diagnosticTools(host),
      ...editTools(host),
      ...actionTools(host),
      ...serverTools(host, options),
    ],
    attach,
    // Servers are caches of the files: there is nothing to keep, and a restored branch gets new ones.
    capture: () => Promise.resolve(null),
    restore: (_captured, sandbox) => {
      attach(sandbox)
      return Promise.resolve({ notRestored: [] })
    },
    filesChanged: async (paths) => {
      await current?.pool.filesChanged(paths)
    },
    openChannel: async (language) => {
      if (!current) throw noSandbox()
      const channel = await openLspChannel(current.sandbox, catalogue.ofLanguage(language), options)
      channels.add(channel)
      channel.onClose(() => channels.delete(channel))
      return channel
    },
    dispose: async () => {
      for (const channel of channels) channel.close()
      const old = current
      current = null
      await old?.pool.dispose()
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
