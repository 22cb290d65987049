import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Breakpoint, type BreakpointSettings, fileMatcher, MAX_BREAKPOINTS, toolMatcher } from '../../../shared/breakpoints'
import { KeyframeError } from '../../../shared/failure'
import type { Journal } from '../journal/journal'
import { readKept } from './kept-json'

const KEY = 'timeline.breakpoints'

/** The breakpoints of a workspace, kept beside its journal. A breakpoint is never changed in place: a changed one is another object. */
export class BreakpointList {
  readonly #journal: Pick<Journal, 'getSetting' | 'setSetting'>
  readonly #onChange: () => void
  #list: readonly Breakpoint[]

  constructor(journal: Pick<Journal, 'getSetting' | 'setSetting'>, onChange: () => void, log: (line: string) => void) {
    this.#journal = journal
    this.#onChange = onChange
    this.#list = readKept(journal, KEY, z.array(Breakpoint), log) ?? []
  }

  /** In the order in which they were made. */
  get all(): readonly Breakpoint[] {
    return this.#list
  }

  /** Makes a breakpoint, or with an id replaces that one. Throws `breakpoint.*` and changes nothing then. */
  save(settings: BreakpointSettings, id: string | null): Breakpoint {
    check(settings)
    if (id !== null) {
      this.#require(id)
      const changed = { ...settings, id }
      this.#keep(this.#list.map((one) => (one.id === id ? changed : one)))
      return changed
    }
    if (this.#list.length >= MAX_BREAKPOINTS) {
      throw new KeyframeError({
        code: 'breakpoint.too-many',
        message: `There are ${MAX_BREAKPOINTS} breakpoints, which is as many as a workspace may have.`,
        action: 'Delete one first.',
      })
    }
    const made = { ...settings, id: randomUUID() }
    this.#keep([...this.#list, made])
    return made
  }

  /** Throws `breakpoint.not-found`. */
  remove(id: string): void {
    this.#require(id)
    this.#keep(this.#list.filter((one) => one.id !== id))
  }

  #require(id: string): void {
    if (this.#list.some((one) => one.id === id)) return
    throw new KeyframeError({
      code: 'breakpoint.not-found',
      message: 'There is no such breakpoint (any more).',
      action: 'Look at the list of breakpoints.',
    })
  }

  #keep(list: readonly Breakpoint[]): void {
    this.#journal.setSetting(KEY, JSON.stringify(list))
    this.#list = list
    this.#onChange()
  }
}

function check(settings: BreakpointSettings): void {
  const { condition } = settings
  if (condition.on === 'kind' && condition.kinds.includes('run.started')) {
    throw new KeyframeError({
      code: 'breakpoint.never-hit',
      message: 'Nothing can be stopped before a run has started: run.started is no kind to stop at.',
      action: 'Take agent.plan, decision or context.changed, which follow at once.',
    })
  }
  if (settings.branchId !== null && settings.runId === null) {
    throw new KeyframeError({
      code: 'breakpoint.branch-without-run',
      message: `Branch ${settings.branchId} is a branch of a run, and no run is named.`,
      action: 'Name the run as well.',
    })
  }
  if (condition.on !== 'tool' && condition.on !== 'file') return
  try {
    if (condition.on === 'tool') toolMatcher(condition.pattern)
    else fileMatcher(condition.pattern)
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    throw new KeyframeError(
      {
        code: 'breakpoint.bad-pattern',
        message: `"${condition.pattern}" is no pattern: ${cause.message}.`,
        action: 'Write a name, or a glob such as fs.* or src/**/*.ts.',
      },
      { cause },
    )
  }
}
