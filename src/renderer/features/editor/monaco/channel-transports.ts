import { Emitter } from 'monaco-editor'
import type { MonacoLanguageClient } from 'monaco-languageclient'
import { KeyframeError } from '../../../../shared/failure'
import type { KernelLink } from '../../../app/kernel-link'

type Transports = ConstructorParameters<typeof MonacoLanguageClient>[0]['messageTransports']
type Message = Parameters<Transports['writer']['write']>[0]

export interface ChannelTransports {
  readonly transports: Transports
  /** Ends the channel, and with it the server. Calls after the first do nothing. */
  close(): void
}

/**
 * JSON-RPC over a channel of the contract: the messages of a language server in the branch's sandbox. `ended` is called once when
 * the kernel closes the channel, never after `close`.
 */
export function channelTransports(link: KernelLink, channel: string, ended: (reason: string) => void): ChannelTransports {
  const failed = new Emitter<Error>()
  const writeFailed = new Emitter<[Error, Message | undefined, number | undefined]>()
  const closed = new Emitter<void>()
  const partial = new Emitter<never>()
  let deliver: ((message: Message) => void) | null = null
  let waiting: Message[] = []
  let open = true

  function shut(): void {
    open = false
    for (const end of subscriptions) end()
    closed.fire()
  }

  const subscriptions = [
    link.on('lsp.message', (event) => {
      if (event.channel !== channel) return
      const message = readMessage(event.message)
      if (message === null) failed.fire(new Error('The language server sent something that is not JSON-RPC 2.0.'))
      else if (deliver === null) waiting.push(message)
      else deliver(message)
    }),
    link.on('lsp.closed', (event) => {
      if (event.channel !== channel || !open) return
      shut()
      ended(event.reason)
    }),
    // A channel ends with its connection, and the kernel cannot say so any more.
    link.state.subscribe((state) => {
      if (state.phase !== 'lost' || !open) return
      shut()
      ended('The connection to the kernel was lost.')
    }),
  ]

  return {
    transports: {
      reader: {
        onError: failed.event,
        onClose: closed.event,
        onPartialMessage: partial.event,
        listen(callback) {
          deliver = callback
          for (const message of waiting) callback(message)
          waiting = []
          return { dispose: () => (deliver = null) }
        },
        dispose: () => undefined,
      },
      writer: {
        onError: writeFailed.event,
        onClose: closed.event,
        async write(message) {
          if (!open) throw new KeyframeError({ code: 'lsp.closed', message: 'The language server has ended.', action: 'Start it again.' })
          await link.call('lsp.send', { channel, message: JSON.stringify(message) })
        },
        end: () => undefined,
        dispose: () => undefined,
      },
    },
    close() {
      if (!open) return
      shut()
      // Nobody waits for it: a channel that is gone already is as closed as can be.
      void link.call('lsp.close', { channel }).then(undefined, () => undefined)
    },
  }
}

/** Null for what is no message; the client checks the rest of it. */
function readMessage(text: string): Message | null {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('jsonrpc' in parsed) || parsed.jsonrpc !== '2.0') return null
    return { ...parsed, jsonrpc: '2.0' }
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return null
    throw thrown
  }
}
