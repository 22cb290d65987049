import type { Caller } from '../../../shared/contract/service'
import { KeyframeError } from '../../../shared/failure'
import type { LspChannel } from '../tools/drivers/lsp/lsp-channel'
import type { BranchDevice } from '../tools/branch-device'
import type { EventHub } from './event-hub'

/** What the window calls the workspace, wherever the sandbox has it (a plain copy lies in a folder of its own). */
const WORKSPACE_URI = 'file:///workspace'

interface Opened {
  readonly channel: LspChannel
  readonly callerId: string
}

/** JSON-RPC channels between the window's editor and language servers in sandboxes. Each belongs to its connection. */
export class LspChannels {
  readonly #hub: EventHub
  readonly #open = new Map<string, Opened>()
  #next = 1

  constructor(hub: EventHub) {
    this.#hub = hub
  }

  async open(device: BranchDevice, language: string, caller: Caller): Promise<{ channel: string; rootUri: string }> {
    device.set.lsp.attach(await device.sandbox())
    const channel = await device.set.lsp.openChannel(language)
    const id = `lsp-${this.#next}`
    this.#next += 1
    this.#open.set(id, { channel, callerId: caller.id })
    channel.onMessage((message) =>
      this.#hub.emitTo(caller.id, 'lsp.message', { channel: id, message: message.replaceAll(channel.rootUri, WORKSPACE_URI) }),
    )
    channel.onClose(() => {
      if (this.#open.delete(id)) this.#hub.emitTo(caller.id, 'lsp.closed', { channel: id, reason: 'The language server has ended.' })
    })
    caller.signal.addEventListener('abort', () => this.#close(id), { once: true })
    return { channel: id, rootUri: WORKSPACE_URI }
  }

  send(id: string, message: string, caller: Caller): void {
    const { channel } = this.#of(id, caller)
    channel.send(message.replaceAll(WORKSPACE_URI, channel.rootUri))
  }

  close(id: string, caller: Caller): void {
    if (this.#open.get(id)?.callerId === caller.id) this.#close(id)
  }

  dispose(): void {
    for (const id of [...this.#open.keys()]) this.#close(id)
  }

  #close(id: string): void {
    const opened = this.#open.get(id)
    this.#open.delete(id)
    opened?.channel.close()
  }

  #of(id: string, caller: Caller): Opened {
    const opened = this.#open.get(id)
    if (opened !== undefined && opened.callerId === caller.id) return opened
    throw new KeyframeError({
      code: 'lsp.no-such-channel',
      message: 'This language server channel is closed.',
      action: 'Open it again.',
      retryable: true,
    })
  }
}
