import { KeyframeError } from '../../../../../shared/failure'
import type { GuestPaths, Sandbox } from '../../sandboxes/sandbox'
import { frameMessage, MAX_MESSAGE_BYTES, MessageUnframer } from './message-framing'
import type { ServerEntry } from './server-catalogue'
import { discoverServer, type DiscoveryOptions } from './server-discovery'
import { startServerProcess, withGuestPaths } from './server-process'
import { WorkspacePaths } from './workspace-paths'

const DISCOVERY_TIMEOUT_MS = 30_000

/** JSON-RPC messages of LSP, one string each, to a server that only this channel talks to. Ends with its server. */
export interface LspChannel {
  /** The workspace as the server knows it. */
  readonly rootUri: string
  send(message: string): void
  onMessage(listener: (message: string) => void): void
  /** Called once, also when the channel is already closed. */
  onClose(listener: () => void): void
  close(): void
}

/** Throws `lsp.no-server` where the language's server is missing. */
export async function openLspChannel(sandbox: Sandbox, entry: ServerEntry, options: DiscoveryOptions): Promise<LspChannel> {
  const request = { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS), timeoutMs: DISCOVERY_TIMEOUT_MS }
  const { argv, isNode } = await discoverServer(sandbox, entry, options, request)
  const child = await startServerProcess(sandbox, { argv, isNode, env: entry.env, cwd: '.' })
  const messageListeners: ((message: string) => void)[] = []
  const closeListeners: (() => void)[] = []
  // What the server says before anybody listens is kept, in order.
  let early: string[] = []
  let closed = false
  const unframer = new MessageUnframer((json) => {
    if (messageListeners.length === 0) early.push(json)
    for (const listener of messageListeners) listener(json)
  })
  child.onStdout((chunk) => {
    if (closed) return
    try {
      unframer.push(chunk)
    } catch (error) {
      if (!(error instanceof KeyframeError)) throw error
      child.kill()
    }
  })
  void child.exited.then(() => {
    closed = true
    for (const listener of closeListeners.splice(0)) listener()
  })

  return {
    rootUri: new WorkspacePaths(sandbox.guest.workspace).uri('.'),
    send: (message) => {
      if (closed) throw new KeyframeError({ code: 'lsp.closed', message: 'The language server has ended.', action: 'Open the file again.' })
      if (message.length > MAX_MESSAGE_BYTES) throw new KeyframeError({ code: 'lsp.bad-message', message: 'The message is too large.' })
      child.write(frameMessage(withServerOptions(message, entry, sandbox.guest)))
    },
    onMessage: (listener) => {
      messageListeners.push(listener)
      for (const json of early) listener(json)
      early = []
    },
    onClose: (listener) => {
      if (closed) listener()
      else closeListeners.push(listener)
    },
    close: () => {
      if (!closed) child.kill()
    },
  }
}

/** Which server runs and whether it may download is not the window's to say: `initialize` gets Keyframe's own options. */
function withServerOptions(message: string, entry: ServerEntry, guest: GuestPaths): string {
  if (!message.includes('"initialize"')) return message
  const parsed: unknown = readJson(message)
  if (typeof parsed !== 'object' || parsed === null || !('method' in parsed) || parsed.method !== 'initialize') return message
  const params = 'params' in parsed && typeof parsed.params === 'object' && parsed.params !== null ? parsed.params : {}
  const initializationOptions = withGuestPaths(entry.editorOptions ?? entry.initializationOptions ?? null, guest)
  return JSON.stringify({ ...parsed, params: { ...params, processId: null, initializationOptions } })
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) throw new KeyframeError({ code: 'lsp.bad-message', message: 'The message is not JSON.' })
    throw error
  }
}
