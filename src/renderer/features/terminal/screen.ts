import { FitAddon } from '@xterm/addon-fit'
import { SearchAddon } from '@xterm/addon-search'
import { SerializeAddon } from '@xterm/addon-serialize'
import { WebglAddon } from '@xterm/addon-webgl'
import { Terminal } from '@xterm/xterm'
import type { ScreenOp } from './recording'
import type { TerminalLook } from './terminal-theme'
import { dropOperatingSystemCommands } from './untrusted'

const SCROLLBACK_LINES = 10_000
/** What the kernel gives a session that nobody sized. */
const RECORDED_COLS = 120

export interface ScreenOptions {
  readonly look: TerminalLook
  readonly screenReader: boolean
  /** Lines end with a bare newline: output of programs that had no terminal. */
  readonly bareNewlines: boolean
  /** Fits its columns to the place it has; recorded sessions keep the columns they were printed for. */
  readonly fitsColumns: boolean
  onData(data: string): void
  onSize(cols: number, rows: number): void
}

type Job =
  | { readonly kind: 'print'; data: string }
  | { readonly kind: 'size'; readonly cols: number; readonly rows: number }
  | { readonly kind: 'mark'; done(): void }

/** One xterm with its add-ons, written in order: text and sizes queue, a rewrite drops what is queued. */
export class Screen {
  readonly terminal: Terminal
  readonly search = new SearchAddon()
  readonly #options: ScreenOptions
  readonly #fit = new FitAddon()
  readonly #serialize = new SerializeAddon()
  #jobs: Job[] = []
  #busy = false
  #recordedCols = RECORDED_COLS
  #disposed = false
  #replaying = false

  constructor(options: ScreenOptions) {
    this.#options = options
    this.terminal = new Terminal({
      ...options.look,
      lineHeight: 1.25,
      scrollback: SCROLLBACK_LINES,
      screenReaderMode: options.screenReader,
      convertEol: options.bareNewlines,
      cursorInactiveStyle: 'outline',
      // Search highlights are drawn as decorations, which xterm counts as proposed.
      allowProposedApi: true,
      // Links of programs are dropped before they get here; should one come through, nothing is opened.
      linkHandler: { activate: () => undefined },
      windowOptions: {},
    })
    this.terminal.loadAddon(this.#fit)
    this.terminal.loadAddon(this.search)
    this.terminal.loadAddon(this.#serialize)
    dropOperatingSystemCommands(this.terminal)
    this.terminal.onData(options.onData)
  }

  open(host: HTMLElement): void {
    this.terminal.open(host)
    this.#useWebgl()
    this.fit()
  }

  setLook(look: TerminalLook): void {
    Object.assign(this.terminal.options, look)
    this.fit()
  }

  fit(): void {
    const size = this.#fit.proposeDimensions()
    if (size === undefined || Number.isNaN(size.cols) || size.cols < 2 || size.rows < 1) return
    const cols = this.#options.fitsColumns ? size.cols : this.#recordedCols
    if (cols !== this.terminal.cols || size.rows !== this.terminal.rows) this.terminal.resize(cols, size.rows)
    if (this.#options.fitsColumns) this.#options.onSize(cols, size.rows)
  }

  /** True while a recording is printed: what programs ask the terminal in it was answered long ago. */
  get replaying(): boolean {
    return this.#replaying
  }

  print(data: string): void {
    const last = this.#jobs.at(-1)
    if (last?.kind === 'print') last.data += data
    else this.#jobs.push({ kind: 'print', data })
    this.#drain()
  }

  apply(ops: readonly ScreenOp[]): void {
    for (const op of ops) {
      if (op.kind === 'print') this.print(op.data)
      else if (!this.#options.fitsColumns) this.#jobs.push({ kind: 'size', cols: op.cols, rows: op.rows })
    }
    this.#drain()
  }

  /** Empties the screen and prints this instead. Resolves when it is drawn, never when a later rewrite took its place. */
  rewrite(ops: readonly ScreenOp[], tail: string): Promise<void> {
    this.#jobs = []
    this.#replaying = true
    // A full reset goes through the same queue as text, so that it comes after what xterm still holds.
    this.print('\u001Bc')
    this.#recordedCols = RECORDED_COLS
    if (!this.#options.fitsColumns) this.#jobs.push({ kind: 'size', cols: RECORDED_COLS, rows: 0 })
    this.apply(ops)
    if (tail !== '') this.print(tail)
    return new Promise((resolve) => {
      this.#jobs.push({
        kind: 'mark',
        done: () => {
          this.#replaying = false
          resolve()
        },
      })
      this.#drain()
    })
  }

  /** Everything on the screen and above it, as text without its last empty lines. */
  text(): string {
    const buffer = this.terminal.buffer.active
    const lines: string[] = []
    for (let y = 0; y < buffer.length; y += 1) {
      const line = buffer.getLine(y)
      if (line === undefined) continue
      const text = line.translateToString(true)
      if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += text
      else lines.push(text)
    }
    return lines.join('\n').trimEnd()
  }

  /** The same with its colours. */
  html(): string {
    return this.#serialize.serializeAsHTML({ includeGlobalBackground: true })
  }

  dispose(): void {
    this.#disposed = true
    this.#jobs = []
    this.terminal.dispose()
  }

  #drain(): void {
    if (this.#busy || this.#disposed) return
    const job = this.#jobs.shift()
    if (job === undefined) return
    if (job.kind === 'print') {
      this.#busy = true
      this.terminal.write(job.data, () => {
        this.#busy = false
        this.#drain()
      })
      return
    }
    if (job.kind === 'size') {
      this.#recordedCols = job.cols
      if (job.cols !== this.terminal.cols) this.terminal.resize(job.cols, this.terminal.rows)
    } else job.done()
    this.#drain()
  }

  /** Without WebGL (no graphics, or its context is lost later) xterm draws with elements. */
  #useWebgl(): void {
    const webgl = new WebglAddon()
    webgl.onContextLoss(() => webgl.dispose())
    try {
      this.terminal.loadAddon(webgl)
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown
      webgl.dispose()
    }
  }
}
