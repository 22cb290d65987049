import { parentPort, workerData } from 'node:worker_threads'
import type { SyntaxAnswer, SyntaxQuestion } from './syntax-messages'

/** Where this module is, in the build as in the sources: what a thread has to load. The kernel imports it for this alone. */
export const syntaxThreadUrl = new URL(import.meta.url)

/** In the data of a worker that is meant to answer questions. */
export const SYNTAX_THREAD = 'keyframe-syntax'

// The parser is loaded in the thread only.
if (parentPort !== null && isRecord(workerData) && workerData['role'] === SYNTAX_THREAD) {
  const port = parentPort
  const [{ default: ts }, { ParsedSource }] = await Promise.all([import('typescript'), import('./parsed-source')])
  const parsed = new Map<number, InstanceType<typeof ParsedSource>>()

  const answer = (question: SyntaxQuestion): SyntaxAnswer => {
    const { id } = question
    try {
      for (const file of question.forget) parsed.delete(file)
      if (question.text !== null) parsed.set(question.file, new ParsedSource(ts, question.path, question.text))
      const source = parsed.get(question.file)
      if (source === undefined) return { id, ok: false, reason: `${question.path} was forgotten` }
      const method = source[question.method] as (...args: readonly (string | number)[]) => unknown
      return { id, ok: true, value: method.apply(source, [...question.args]) }
    } catch (thrown) {
      return { id, ok: false, reason: thrown instanceof Error ? thrown.message : String(thrown) }
    }
  }
  port.on('message', (question: SyntaxQuestion) => port.postMessage(answer(question)))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
