import { setTimeout as pause } from 'node:timers/promises'
import type { IndexStatus } from '../../../shared/contract/methods'
import { KeyframeError, toFailure } from '../../../shared/failure'
import { CALL_SERVERS, upgradeCalls } from '../memory/upgrade/call-upgrade'
import type { AnsweredCall, CallIndex, FileWithOpenCalls, OpenCallStore } from '../memory/upgrade/open-calls'
import type { LspChannel } from '../tools/drivers/lsp/lsp-channel'

/** After the last change. */
const SETTLE_MS = 30_000
/** A pause is so many times as long as the work before it: a quarter of a core at most. */
const PAUSE_FACTOR = 3
const LONGEST_PAUSE_MS = 5000
const LOOK_AGAIN_MS = 500
/** What fails that often is not tried again by this kernel. */
const MOST_FAILURES = 3
/** A file that a sandbox does not have as it was indexed is asked for again when there is another. */
const MOST_SANDBOXES = 2

/** A sandbox on files of the repository that can run language servers. */
export interface ServedWorkspace {
  /** Throws `lsp.*` where there is none, `sandbox.*` where nothing can run. */
  channel(server: string): Promise<LspChannel>
  /** The file as the server sees it, with the SHA-256 of its content; null when it is not there. */
  read(path: string): Promise<{ readonly text: string; readonly hash: string } | null>
  /** Ends every server. Idempotent. */
  dispose(): Promise<void>
}

export interface CallUpgradeOptions {
  readonly index: CallIndex
  open(): Promise<ServedWorkspace>
  isBusy(): boolean
  onProgress(): void
  log(line: string): void
}

/** Asks language servers about open calls when nothing else is to be done: once when the index is there, then when changes have settled. */
export class CallUpgrade {
  readonly #options: CallUpgradeOptions
  readonly #life = new AbortController()
  /** Why a server is not asked again. */
  readonly #without = new Map<string, string>()
  readonly #failures = new Map<string, number>()
  readonly #unread = new Map<string, number>()
  #progress: IndexStatus['background'] = null
  #timer: NodeJS.Timeout | null = null
  #work: Promise<void> | null = null
  #again = false
  #workspace: ServedWorkspace | null = null

  constructor(options: CallUpgradeOptions) {
    this.#options = options
  }

  /** What is under way; null when nothing is. */
  get progress(): IndexStatus['background'] {
    return this.#progress
  }

  begin(): void {
    if (this.#life.signal.aborted) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#work !== null) {
      this.#again = true
      return
    }
    this.#work = this.#run()
      .catch((thrown: unknown) => {
        if (!this.#life.signal.aborted) this.#options.log(`calls were not all looked up: ${toFailure(thrown).message}`)
      })
      .finally(() => {
        this.#work = null
        this.#tell(null)
        if (this.#again) this.whenSettled()
        this.#again = false
      })
  }

  /** Something changed. */
  whenSettled(): void {
    if (this.#life.signal.aborted) return
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.begin(), SETTLE_MS).unref()
  }

  async dispose(): Promise<void> {
    this.#life.abort()
    if (this.#timer !== null) clearTimeout(this.#timer)
    // Whoever waits for an answer of a server hears that it has ended.
    await this.#workspace?.dispose()
    await this.#work
  }

  async #run(): Promise<void> {
    const { index, isBusy, log } = this.#options
    const { signal } = this.#life
    const languages = CALL_SERVERS.flatMap(({ server, languageIds }) => (this.#without.has(server) ? [] : Object.keys(languageIds)))
    const store = new Session(index, this.#unread, (done) => this.#tell({ what: WHAT, done, of: Math.max(of, done) }))
    const of = index.openCallCount(languages)
    if (store.openCalls(languages, 1).length === 0) return
    this.#tell({ what: WHAT, done: 0, of })
    let worked = performance.now()
    try {
      const report = await upgradeCalls(
        {
          store,
          openServer: (server) => this.#server(server),
          readFile: async (path) => (await this.#workspace?.read(path)) ?? null,
          turn: async () => {
            await this.#pause(Math.min((performance.now() - worked) * PAUSE_FACTOR, LONGEST_PAUSE_MS))
            while (isBusy() && !signal.aborted) await this.#pause(LOOK_AGAIN_MS)
            worked = performance.now()
          },
          onProgress: () => undefined,
          log: (line) => {
            if (!signal.aborted) log(line)
          },
        },
        signal,
      )
      for (const { language, reason } of report.missing) if (!signal.aborted) this.#failed(language, reason)
    } finally {
      const workspace = this.#workspace
      this.#workspace = null
      await workspace?.dispose()
    }
  }

  async #server(server: string): Promise<{ channel: LspChannel; dispose(): Promise<void> } | { missing: string }> {
    const known = this.#without.get(server)
    if (known !== undefined) return { missing: known }
    try {
      const workspace = (this.#workspace ??= await this.#options.open())
      if (this.#life.signal.aborted) await workspace.dispose()
      const channel = await workspace.channel(server)
      return { channel, dispose: () => Promise.resolve(channel.close()) }
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError)) throw thrown
      const { code, message, retryable } = toFailure(thrown)
      if (!retryable && !this.#life.signal.aborted) {
        const isSaid = [...this.#without.values()].includes(message)
        this.#without.set(server, message)
        if (!isSaid) this.#options.log(`calls of ${server} stay as syntax has them: ${message} (${code})`)
      }
      return { missing: message }
    }
  }

  #failed(server: string, reason: string): void {
    const failures = (this.#failures.get(server) ?? 0) + 1
    this.#failures.set(server, failures)
    if (failures >= MOST_FAILURES) this.#without.set(server, reason)
  }

  /** Ends at once when this is disposed of. */
  async #pause(ms: number): Promise<void> {
    try {
      await pause(ms, undefined, { signal: this.#life.signal, ref: false })
    } catch (thrown) {
      if (!this.#life.signal.aborted) throw thrown
    }
  }

  #tell(progress: IndexStatus['background']): void {
    this.#progress = progress
    if (!this.#life.signal.aborted) this.#options.onProgress()
  }
}

const WHAT = 'calls checked by language servers'

/** The index for as long as one sandbox is there. */
class Session implements OpenCallStore {
  readonly #index: CallIndex
  readonly #unread: Map<string, number>
  readonly #left = new Set<string>()
  readonly #onDone: (calls: number) => void
  #done = 0

  constructor(index: CallIndex, unread: Map<string, number>, onDone: (calls: number) => void) {
    this.#index = index
    this.#unread = unread
    this.#onDone = onDone
  }

  openCalls(languages: readonly string[], limit: number): FileWithOpenCalls[] {
    const found: FileWithOpenCalls[] = []
    let after = ''
    for (;;) {
      const page = this.#index.openCalls(languages, limit, after)
      found.push(...page.filter((file) => !this.#isLeft(file)))
      const last = page.at(-1)
      if (last === undefined || page.length < limit || found.length >= limit) return found.slice(0, limit)
      after = last.path
    }
  }

  /** Without answers the sandbox has the file in another content: nothing is known of the one that is indexed. */
  async answered(file: FileWithOpenCalls, answers: readonly AnsweredCall[]): Promise<void> {
    if (answers.length > 0) await this.#index.answered(file, answers)
    // Also of one that was answered: should it have changed in the meantime, it is for the next sandbox.
    this.#left.add(keyOf(file))
    if (answers.length === 0) this.#unread.set(keyOf(file), (this.#unread.get(keyOf(file)) ?? 0) + 1)
    this.#done += file.calls.length
    this.#onDone(this.#done)
  }

  #isLeft(file: FileWithOpenCalls): boolean {
    return this.#left.has(keyOf(file)) || (this.#unread.get(keyOf(file)) ?? 0) >= MOST_SANDBOXES
  }
}

function keyOf({ path, hash }: FileWithOpenCalls): string {
  return `${path}\n${hash}`
}
