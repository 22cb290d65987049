import type { ContextBundle } from '../agents/agent-api'
import { contextBundle } from '../context/context-bundle'
import type { ContextEnv } from '../context/context-draft'
import { type ContextEvent, recordedChanges } from '../context/context-policy'
import { ContextTexts } from '../context/context-texts'
import { counterFor } from '../context/tokenizers'
import type { BranchRecorder } from './branch-recorder'
import type { RunParts } from './run-parts'

/** The context tiers of one branch: what happened goes in, frames of changes come out, recorded or compared by the recorder. */
export class BranchContext {
  readonly #recorder: BranchRecorder
  readonly #countTokens: (text: string) => number
  readonly #texts: ContextTexts

  constructor(recorder: BranchRecorder, { journal, redactor, countTokens }: Pick<RunParts, 'journal' | 'redactor' | 'countTokens'>) {
    this.#recorder = recorder
    this.#countTokens = countTokens
    const store = {
      put: (text: string) => journal.content.put(text, 'context'),
      get: (hash: Parameters<typeof journal.content.get>[0]) => journal.content.get(hash).toString('utf8'),
    }
    this.#texts = new ContextTexts(store, (text) => redactor.redact(text))
  }

  bundle(): ContextBundle {
    return contextBundle(this.#recorder.state.context, (hash) => this.#texts.textOf(hash))
  }

  /** What the branch's program did, computed again by a replay. */
  change(event: ContextEvent): void {
    const changes = this.#changes(event)
    if (changes.length > 0) this.#recorder.note('context.changed', { changes })
  }

  /** What came from outside of the program, at a tick of a live branch: recorded with its changes, and not computed by a replay. */
  observe(event: ContextEvent, note: string): void {
    const changes = this.#changes(event)
    if (changes.length > 0) this.#recorder.ambient('context.edited', { changes, note })
  }

  #changes(event: ContextEvent) {
    const { context } = this.#recorder.state
    const env: ContextEnv = {
      frame: this.#recorder.lastComputed,
      put: (text) => this.#texts.put(text),
      textOf: (hash) => this.#texts.textOf(hash),
      countTokens: counterFor(context.tokenizer, this.#countTokens),
    }
    try {
      const changes = recordedChanges(context, event, env)
      // While the journal answers, nothing is written: it has these texts.
      if (changes.length > 0 && !this.#recorder.onTape && !this.#recorder.replaying) this.#texts.flush()
      return changes
    } finally {
      this.#texts.drop()
    }
  }
}
