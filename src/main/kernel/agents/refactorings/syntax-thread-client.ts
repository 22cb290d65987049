import { Worker } from 'node:worker_threads'
import { KeyframeError } from '../../../../shared/failure'
import type { ParsedSource } from './parsed-source'
import type { SyntaxAnswer, SyntaxMethod, SyntaxQuestion } from './syntax-messages'

/** Files that the thread keeps parsed. */
const MAX_FILES = 64

/** Node strips types but wants endings on imports; sources are written for a bundler. */
const FROM_SOURCE = `
import { registerHooks } from 'node:module'
import { workerData } from 'node:worker_threads'
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('.') || context.parentURL?.includes('/node_modules/') || /\\.[a-z]+$/.test(specifier)) return next(specifier, context)
    return next(specifier + '.ts', context)
  },
})
await import(workerData.entry)
`

interface Source {
  readonly path: string
  readonly text: string
}

interface Waiting {
  resolve(value: unknown): void
  reject(reason: KeyframeError): void
}

/** Asks the thread of parsers, which is started by the first question and does not keep the process alive. */
export async function askSyntax<Method extends SyntaxMethod>(
  source: Source,
  method: Method,
  args: Parameters<ParsedSource[Method]>,
): Promise<ReturnType<ParsedSource[Method]>> {
  thread ??= new SyntaxThread()
  return (await thread.ask(source, method, args)) as ReturnType<ParsedSource[Method]>
}

let thread: SyntaxThread | null = null

class SyntaxThread {
  readonly #worker: Promise<Worker>
  readonly #waiting = new Map<number, Waiting>()
  /** Least recently asked for first. */
  readonly #files = new Map<number, Source>()
  readonly #numbers = new WeakMap<Source, number>()
  #lastId = 0
  #lastFile = 0

  constructor() {
    this.#worker = this.#start()
    // Whoever asks hears of it.
    this.#worker.catch(() => undefined)
  }

  async ask(source: Source, method: SyntaxMethod, args: readonly (string | number)[]): Promise<unknown> {
    const worker = await this.#worker
    const file = this.#numbers.get(source) ?? (this.#lastFile += 1)
    this.#numbers.set(source, file)
    const text = this.#files.delete(file) ? null : source.text
    this.#files.set(file, source)
    const forget = [...this.#files.keys()].slice(0, Math.max(0, this.#files.size - MAX_FILES))
    for (const one of forget) this.#files.delete(one)
    const id = (this.#lastId += 1)
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, file, path: source.path, text, forget, method, args } satisfies SyntaxQuestion)
    })
  }

  async #start(): Promise<Worker> {
    // Imported for its address, which only the build knows.
    const { SYNTAX_THREAD, syntaxThreadUrl: entry } = await import('./syntax-thread')
    const workerData = { role: SYNTAX_THREAD, entry: entry.href }
    const worker = entry.pathname.endsWith('.ts')
      ? new Worker(new URL(`data:text/javascript,${encodeURIComponent(FROM_SOURCE)}`), { workerData, execArgv: [] })
      : new Worker(entry, { workerData, execArgv: [] })
    worker.on('message', (answer: SyntaxAnswer) => {
      const waiting = this.#waiting.get(answer.id)
      this.#waiting.delete(answer.id)
      if (this.#waiting.size === 0) worker.unref()
      if (answer.ok) waiting?.resolve(answer.value)
      else waiting?.reject(failed(answer.reason))
    })
    const end = (reason: string): void => {
      if (thread === this) thread = null
      for (const waiting of this.#waiting.values()) waiting.reject(failed(reason))
      this.#waiting.clear()
    }
    worker.once('error', (error) => end(error instanceof Error ? error.message : String(error)))
    worker.once('exit', (code) => end(`its thread ended with code ${code}`))
    worker.unref()
    return worker
  }
}

function failed(reason: string): KeyframeError {
  return new KeyframeError({
    code: 'syntax.thread-failed',
    message: `The source could not be parsed: ${reason}`,
    action: 'Start the run again.',
    retryable: true,
  })
}
