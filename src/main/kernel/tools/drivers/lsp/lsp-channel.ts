import { KeyframeError } from '../../../../../shared/failure'
import type { Sandbox } from '../../sandboxes/sandbox'
import { frameMessage, MAX_MESSAGE_BYTES, MessageUnframer } from './message-framing'
import { SERVER_OPTIONS, startServerProcess } from './server-process'

const LANGUAGES = new Set(['typescript', 'typescriptreact', 'javascript', 'javascriptreact'])

/** JSON-RPC messages of LSP, one string each, to a server that only this channel talks to. Ends with its server. */
export interface LspChannel {
  send(message: string): void
  onMessage(listener: (message: string) => void): void
  /** Called once, also when the channel is already closed. */
  onClose(listener: () => void): void
  close(): void
}

export async function openLspChannel(sandbox: Sandbox, guestNode: string, language: string): Promise<LspChannel> {
  if (!LANGUAGES.has(language)) {
    throw new KeyframeError({
      code: 'lsp.unsupported-language',
      message: `There is no language server for ${language}.`,
      action: `Languages: ${[...LANGUAGES].join(', ')}.`,
    })
  }
  const child = await startServerProcess(sandbox, guestNode)
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
    send: (message) => {
      if (closed) throw new KeyframeError({ code: 'lsp.closed', message: 'The language server has ended.', action: 'Open the file again.' })
      if (message.length > MAX_MESSAGE_BYTES) throw new KeyframeError({ code: 'lsp.bad-message', message: 'The message is too large.' })
      child.write(frameMessage(withServerOptions(message)))
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
function withServerOptions(message: string): string {
  if (!message.includes('"initialize"')) return message
  const parsed: unknown = readJson(message)
  if (typeof parsed !== 'object' || parsed === null || !('method' in parsed) || parsed.method !== 'initialize') return message
  const params = 'params' in parsed && typeof parsed.params === 'object' && parsed.params !== null ? parsed.params : {}
  // An editor has no events of the branch's file system: this server watches the files itself.
  const initializationOptions = { ...SERVER_OPTIONS, tsserver: { ...SERVER_OPTIONS.tsserver, useClientFileWatcher: false } }
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
