import type { Terminal } from '../command'

export interface ScriptedTerminal extends Terminal {
  outText(): string
  errText(): string
  readonly questions: readonly string[]
  interrupt(): void
}

/** A terminal that remembers what is written and answers questions from a list; null ends the input. */
export function createScriptedTerminal(answers?: readonly (string | null)[]): ScriptedTerminal {
  const out: string[] = []
  const err: string[] = []
  const questions: string[] = []
  const interrupted = new AbortController()
  return {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    interactive: answers !== undefined,
    ask(question) {
      questions.push(question)
      return Promise.resolve(answers?.[questions.length - 1] ?? null)
    },
    interrupted: interrupted.signal,
    outText: () => out.join('\n'),
    errText: () => err.join('\n'),
    questions,
    interrupt: () => interrupted.abort(),
  }
}
