import { createHash } from 'node:crypto'
import type { IndexStatus } from '../../../../shared/contract/methods'
import type { ExtraFacts } from '../facts-source'
import { REPOSITORY_FACTS } from '../repository-facts'
import type { IndexMeta } from './index-meta'
import { REPOSITORY_FILE } from './index-schema'
import type { IndexPass } from './index-pass'
import { NO_FACTS } from './packed-facts'
import { preparedExtras, reasonOf, withExtras } from './prepare-file'

interface Heard {
  readonly state: string
  readonly facts: ExtraFacts | null
  readonly problem: string | null
}

/** Asks what is known of the repository as a whole, only those whose state is another than last time. */
export class RepositoryPass {
  readonly #root: string
  readonly #meta: IndexMeta
  readonly #pass: IndexPass

  constructor(root: string, meta: IndexMeta, pass: IndexPass) {
    this.#root = root
    this.#meta = meta
    this.#pass = pass
  }

  /** One that fails becomes a problem of `.git`; what the others say holds. True when anything changed. */
  async run(paths: readonly string[], signal: AbortSignal, tell: (background: IndexStatus['background']) => void): Promise<boolean> {
    const heard: Heard[] = []
    let changed = false
    for (const [at, source] of REPOSITORY_FACTS.entries()) {
      tell({ what: source.id, done: at, of: REPOSITORY_FACTS.length })
      const before = this.#before(source.id)
      try {
        const state = await source.state(this.#root, paths)
        signal.throwIfAborted()
        if (before?.state === state) heard.push(before)
        else {
          changed = true
          heard.push({ state, facts: await source.read(this.#root, paths, signal), problem: null })
        }
      } catch (thrown) {
        signal.throwIfAborted()
        const problem = `${source.id}: ${reasonOf(thrown)}`
        changed ||= before?.problem !== problem
        heard.push({ state: '', facts: before?.facts ?? null, problem })
      }
      signal.throwIfAborted()
    }
    tell(null)
    if (!changed) return false
    const extras = heard.flatMap(({ facts }) => (facts === null ? [] : [facts]))
    const problems = heard.flatMap(({ problem }) => (problem === null ? [] : [problem]))
    const facts = withExtras({ ...NO_FACTS, entities: [], relations: [] }, extras)
    const says = facts.entities?.length !== 0 || facts.relations?.length !== 0 || problems.length > 0
    const hash = createHash('sha256')
      .update(JSON.stringify([facts, problems]))
      .digest('hex')
    const problem = problems.length === 0 ? null : problems.join('; ')
    const stored = this.#pass.storeRepositoryFacts(says, preparedExtras(REPOSITORY_FILE, hash, facts, problem))
    for (const [at, { id }] of REPOSITORY_FACTS.entries()) this.#meta.setText(`repository:${id}`, JSON.stringify(heard[at]))
    return stored
  }

  #before(id: string): Heard | null {
    const text = this.#meta.text(`repository:${id}`)
    // Written by this program into its own database.
    return text === null ? null : (JSON.parse(text) as Heard)
  }
}
