import { createInterface } from 'node:readline/promises'
import { EXIT, type Terminal } from './command'

const SAME_INTERRUPT_MS = 500

/** The process's own terminal. A reader that goes away (`| head`) ends the output, not the command. */
export function processTerminal(): Terminal {
  const interrupt = new AbortController()
  let firstMs = 0
  process.on('SIGINT', () => {
    // A terminal and a parent process may both pass on the same Ctrl-C.
    if (interrupt.signal.aborted && performance.now() - firstMs > SAME_INTERRUPT_MS) process.exit(EXIT.interrupted)
    if (!interrupt.signal.aborted) firstMs = performance.now()
    interrupt.abort()
  })
  process.once('SIGTERM', () => interrupt.abort())
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    interactive: process.stdin.isTTY && process.stderr.isTTY,
    async ask(question) {
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      const ended = new Promise<null>((resolve) => lines.once('close', () => resolve(null)))
      lines.on('SIGINT', () => {
        interrupt.abort()
        lines.close()
      })
      try {
        return await Promise.race([lines.question(question), ended])
      } finally {
        lines.close()
      }
    },
    interrupted: interrupt.signal,
  }
}
