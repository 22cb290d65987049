import {
  type ContextChange,
  type ContextState,
  DEFAULT_BUDGET,
  emptyContext,
  reduceChanges,
  type TokenBudget,
} from '../../../shared/context'
import type { ToolOutcome } from '../../../shared/frames'
import type { ContentHash } from '../../../shared/ids'
import { contextChanges, type ContextEvent } from '../context/context-policy'
import { cachedTokenCounter } from '../context/count-tokens'
import { contentInMemory } from './content-in-memory'

const countTokens = cachedTokenCounter()

/** A run's context as the engine keeps it: events in, frames numbered, changes folded. */
export function contextSession(budget: TokenBudget = DEFAULT_BUDGET) {
  const content = contentInMemory()
  let state = emptyContext(budget)
  let frame = 0
  const log: { readonly frame: number; readonly before: ContextState; readonly changes: ContextChange[] }[] = []
  const env = () => ({ ...content, countTokens, frame })
  return {
    content,
    log,
    env,
    get state() {
      return state
    },
    get frame() {
      return frame
    },
    send(event: ContextEvent): ContextChange[] {
      frame += 1
      const before = state
      const changes = contextChanges(state, event, env())
      state = reduceChanges(state, changes, frame)
      log.push({ frame, before, changes })
      return changes
    },
    text(id: string): string {
      const item = state.items[id]
      if (item === undefined) throw new Error(`no item ${id}`)
      return content.textOf(item.content)
    },
  }
}

export function toolOutcome(tool: string, text: string, more: Partial<ToolOutcome> = {}): ToolOutcome {
  return { tool, ok: true, output: null, text, sideEffects: { files: [], processes: [] }, isolation: 'overlay', durationMs: 1, ...more }
}

export function failedCall(tool: string, code: string): ToolOutcome {
  return toolOutcome(tool, '', { ok: false, error: { code, message: `${code} happened`, retryable: false } })
}

export function hashOf(text: string): ContentHash {
  return contentInMemory().put(text)
}

export function fileRead(path: string, text: string): { outcome: ToolOutcome; args: unknown } {
  const totalLines = text.split('\n').length
  const output = { path, text, version: hashOf(text), totalLines, sizeBytes: text.length, startLine: 1, endLine: totalLines }
  return { outcome: toolOutcome('fs.read', text, { output }), args: { path } }
}

/** So many words of seven. */
export function someWords(count: number, word = 'alpha'): string {
  return Array.from({ length: count }, (_, index) => `${word}${index % 7}`).join(' ')
}
