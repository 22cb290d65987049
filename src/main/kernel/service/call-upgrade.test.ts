import { afterEach, describe, expect, it, vi } from 'vitest'
import { KeyframeError } from '../../../shared/failure'
import type { AnsweredCall, CallIndex, FileWithOpenCalls } from '../memory/upgrade/open-calls'
import type { LspChannel } from '../tools/drivers/lsp/lsp-channel'
import { CallUpgrade, type ServedWorkspace } from './call-upgrade'

const TEXT = 'one.go()\n'

/** A server that says of everything that it is defined at the beginning of `b.ts`; one that `hangs` says nothing after it has begun. */
class Server implements LspChannel {
  readonly rootUri = 'file:///workspace'
  readonly #listeners: ((message: string) => void)[] = []
  readonly #closed: (() => void)[] = []
  readonly #hangs: boolean
  asked = 0

  constructor(hangs: boolean) {
    this.#hangs = hangs
  }

  send(text: string): void {
    const { id, method } = JSON.parse(text) as { id?: number; method: string }
    if (method === 'textDocument/definition') this.asked += 1
    if (id === undefined || (this.#hangs && method !== 'initialize')) return
    const start = { line: 0, character: 0 }
    const result = method === 'initialize' ? {} : [{ uri: `${this.rootUri}/b.ts`, range: { start } }]
    setImmediate(() => {
      for (const listener of this.#listeners) listener(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
  }

  onMessage(listener: (message: string) => void): void {
    this.#listeners.push(listener)
  }

  onClose(listener: () => void): void {
    this.#closed.push(listener)
  }

  close(): void {
    for (const listener of this.#closed.splice(0)) listener()
  }
}

class Index implements CallIndex {
  readonly answers: (readonly AnsweredCall[])[] = []
  files: FileWithOpenCalls[] = ['a.ts', 'c.ts'].map((path) => ({
    ...{ path, hash: 'h', language: 'typescript', calls: [{ from: path, name: 'go', line: 1 }] },
  }))

  openCalls(languages: readonly string[], limit: number, after: string): FileWithOpenCalls[] {
    return this.files.filter(({ path, language }) => languages.includes(language) && path > after).slice(0, limit)
  }

  openCallCount(languages: readonly string[]): number {
    return this.openCalls(languages, 100, '').flatMap(({ calls }) => calls).length
  }

  answered(file: FileWithOpenCalls, answers: readonly AnsweredCall[]): Promise<void> {
    this.answers.push(answers)
    this.files = this.files.filter((one) => one !== file)
    return Promise.resolve()
  }
}

function made(options: { hangs?: boolean; isBusy?: () => boolean; hash?: string; missing?: KeyframeError } = {}) {
  const index = new Index()
  const logged: string[] = []
  const servers: Server[] = []
  const told: (string | null)[] = []
  let opened = 0
  let disposed = 0
  const upgrade: CallUpgrade = new CallUpgrade({
    index,
    open: () => {
      opened += 1
      const own: Server[] = []
      return Promise.resolve<ServedWorkspace>({
        channel: () => {
          if (options.missing !== undefined) return Promise.reject(options.missing)
          const server = new Server(options.hangs === true)
          servers.push(server)
          own.push(server)
          return Promise.resolve(server)
        },
        read: () => Promise.resolve({ text: TEXT, hash: options.hash ?? 'h' }),
        dispose: () => {
          disposed += 1
          for (const server of own) server.close()
          return Promise.resolve()
        },
      })
    },
    isBusy: options.isBusy ?? (() => false),
    onProgress: () => told.push(upgrade.progress === null ? null : `${upgrade.progress.done} of ${upgrade.progress.of}`),
    log: (line) => logged.push(line),
  })
  upgrades.push(upgrade)
  /** Begins and waits for the end. */
  const run = async () => {
    upgrade.begin()
    const before = told.length
    await vi.waitFor(() => expect(told.slice(before).at(-1)).toBeNull(), 10_000)
  }
  return { index, upgrade, logged, servers, told, run, opened: () => opened, disposed: () => disposed }
}

const upgrades: CallUpgrade[] = []
afterEach(async () => {
  for (const upgrade of upgrades.splice(0)) await upgrade.dispose()
})

describe('asking language servers behind everything else', () => {
  it('asks about every open call, tells how far it is, and ends its sandbox', async () => {
    const { index, run, told, opened, disposed } = made()
    await run()
    expect(index.answers.flat().map(({ from, target }) => [from, target])).toEqual([
      ['a.ts', { path: 'b.ts', line: 1, column: 0 }],
      ['c.ts', { path: 'b.ts', line: 1, column: 0 }],
    ])
    expect(told).toEqual(['0 of 2', '1 of 2', '2 of 2', null])
    expect(disposed()).toBeGreaterThan(0)
    await run()
    expect(opened()).toBe(1)
  })

  it('waits while somebody waits for what the machine does', async () => {
    let isBusy = true
    const { index, servers, run, upgrade } = made({ isBusy: () => isBusy })
    upgrade.begin()
    await vi.waitFor(() => expect(servers).toHaveLength(1))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(servers[0]?.asked).toBe(0)
    isBusy = false
    await vi.waitFor(() => expect(index.files).toEqual([]), 10_000)
    await run()
  })

  it('ends at once when it is disposed of, even where a server says nothing', async () => {
    const { index, servers, logged, upgrade } = made({ hangs: true })
    upgrade.begin()
    await vi.waitFor(() => expect(servers[0]?.asked).toBe(1))
    await upgrade.dispose()
    expect(index.answers).toEqual([])
    expect(logged).toEqual([])
  })

  it('says once that there is no server, and asks for none again', async () => {
    const missing = new KeyframeError({ code: 'lsp.no-server', message: 'There is none.' })
    const { run, logged, opened } = made({ missing })
    await run()
    await run()
    expect(logged).toEqual(['calls of typescript stay as syntax has them: There is none. (lsp.no-server)'])
    expect(opened()).toBe(1)
  })

  it('tries a server that dies a few times only', async () => {
    const missing = new KeyframeError({ code: 'lsp.server-died', message: 'It died.', retryable: true })
    const { run, opened } = made({ missing })
    for (let round = 0; round < 5; round += 1) await run()
    expect(opened()).toBe(3)
  })

  it('asks about a file that changed since it was indexed in another sandbox, but not for ever', async () => {
    const { index, run, opened } = made({ hash: 'another' })
    for (let round = 0; round < 4; round += 1) await run()
    expect(index.answers).toEqual([])
    expect(opened()).toBe(2)
  })
})
