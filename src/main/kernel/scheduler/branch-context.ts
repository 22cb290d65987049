import type { ContentHash } from '../../../shared/ids'
import type { ContextBundle } from '../agents/agent-api'
import { contextBundle } from '../context/context-bundle'
import { contextChanges, type ContextEvent } from '../context/context-policy'
import { hashBytes } from '../journal/sqlite-content-store'
import type { BranchRecorder } from './branch-recorder'
import type { RunParts } from './run-parts'

/** The context tiers of one branch: what happened goes in, frames of changes come out, recorded or compared by the recorder. */
export class BranchContext {
  readonly #recorder: BranchRecorder
  readonly #parts: Pick<RunParts, 'journal' | 'redactor' | 'countTokens'>
  /** While the journal answers, nothing is written: computed texts are kept here. */
  readonly #computed = new Map<ContentHash, string>()

  constructor(recorder: BranchRecorder, parts: Pick<RunParts, 'journal' | 'redactor' | 'countTokens'>) {
    this.#recorder = recorder
    this.#parts = parts
  }

  bundle(): ContextBundle {
    return contextBundle(this.#recorder.state.context, (hash) => this.#textOf(hash))
  }

  change(event: ContextEvent): void {
    const changes = contextChanges(this.#recorder.state.context, event, {
      frame: this.#recorder.lastComputed,
      put: (text) => this.#put(text),
      textOf: (hash) => this.#textOf(hash),
      countTokens: this.#parts.countTokens,
    })
    if (changes.length > 0) this.#recorder.note('context.changed', { changes })
  }

  #put(text: string): ContentHash {
    const clean = this.#parts.redactor.redact(text)
    if (!this.#recorder.onTape && !this.#recorder.replaying) return this.#parts.journal.content.put(clean, 'context')
    const hash = hashBytes(clean)
    this.#computed.set(hash, clean)
    return hash
  }

  #textOf(hash: ContentHash): string {
    return this.#computed.get(hash) ?? this.#parts.journal.content.get(hash).toString('utf8')
  }
}
