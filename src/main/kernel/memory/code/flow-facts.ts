import type { EntityFact, FlowFact, FlowPoint, Ref, SymbolFact, UseFact } from './file-facts'
import type { Syntax } from './syntax-tree'

/** Graph key of a parameter or local variable; see `flow-edges.ts`. */
export function variableKey(path: string, owner: string, name: string): string {
  return `${path}#${owner}(${name})`
}

/** Where a value of an expression comes from. */
export interface Origin {
  readonly point: FlowPoint
  readonly partial: boolean
  /** A call that the value goes through; it counts only when the repository does not have what is called. */
  readonly through?: Ref
}

/** Gathers the ways of values of one file, and the nodes that they need. */
export class FlowFacts {
  readonly #flows = new Map<string, FlowFact>()
  readonly #declared = new Map<string, Syntax>()
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /** A parameter or local variable of a function; '' is code of the module in no function. */
  declare(owner: string, name: Syntax, text = name.text): void {
    const key = variableKey(this.#path, owner, text)
    if (!this.#declared.has(key)) this.#declared.set(key, name)
  }

  add(origins: readonly Origin[], to: FlowPoint, line: number, partial = false): void {
    for (const { point, partial: part, through } of origins) {
      const isPartial = partial || part
      const key = `${pointKey(point)}>${pointKey(to)}>${isPartial}${through === undefined ? '' : refKey(through)}`
      if (this.#flows.has(key)) continue
      const flow = { from: point, to, line, ...(isPartial ? { partial: true } : {}), ...(through === undefined ? {} : { through }) }
      this.#flows.set(key, flow)
    }
  }

  /**
   * The ways whose ends can be in the repository, and nodes for their variables and properties, and for all parameters: other files lead to
   * those by their place alone. `isOurs` tells whether an expression starts at something that the file has or imports.
   */
  finish(
    symbols: readonly SymbolFact[],
    isOurs: (ref: Ref) => boolean,
  ): { readonly flows: readonly FlowFact[]; readonly entities: readonly EntityFact[] } {
    const possible = (point: FlowPoint): boolean => (point.is !== 'argument' && point.is !== 'result') || isOurs(point.callee)
    const flows = [...this.#flows.values()].filter((flow) => possible(flow.from) && possible(flow.to))
    const entities = new Map<string, EntityFact>()
    for (const { key: owner, parameters, nameLine, nameColumn } of symbols) {
      for (const parameter of parameters ?? []) {
        const name = parameter.replace(/^\.\.\./, '')
        const key = variableKey(this.#path, owner, name)
        const at = this.#declared.get(key) ?? { line: nameLine, column: nameColumn }
        if (name !== '') entities.set(key, node(key, 'variable', name, at, true))
      }
    }
    for (const flow of flows) {
      for (const point of [flow.from, flow.to]) {
        const entity = this.#node(point, flow.line)
        if (entity !== null && !entities.has(entity.key)) entities.set(entity.key, entity)
      }
    }
    return { flows, entities: [...entities.values()] }
  }

  #node(point: FlowPoint, line: number): EntityFact | null {
    if (point.is === 'property') return node(`property:${point.name}`, 'property', point.name, { line, column: 0 }, false)
    if (point.is !== 'variable') return null
    const key = variableKey(this.#path, point.of, point.name)
    const at = this.#declared.get(key)
    return at === undefined ? null : node(key, 'variable', point.name, at, true)
  }
}

function node(
  key: string,
  kind: 'variable' | 'property',
  name: string,
  { line, column }: { readonly line: number; readonly column: number },
  declared: boolean,
): EntityFact {
  return { key, kind, name, startLine: line, endLine: line, nameLine: line, nameColumn: column, declared, signature: name, doc: '' }
}

function pointKey(point: FlowPoint): string {
  switch (point.is) {
    case 'variable':
      return `${point.of}(${point.name}`
    case 'return':
      return `=${point.of}`
    case 'argument':
      return `${refKey(point.callee)}@${point.at}`
    case 'result':
      return `*${refKey(point.callee)}`
    case 'property':
      return `${refKey(point.of)}:${point.name}`
  }
}

/** Different for different expressions. */
export function refKey(ref: Ref): string {
  switch (ref.is) {
    case 'name':
      return ref.name
    case 'this':
    case 'super':
      return `${ref.is} ${ref.symbol}`
    case 'member':
      return `${refKey(ref.of)}.${ref.name}`
    case 'instance':
      return `new ${refKey(ref.of)}`
    case 'result':
      return `${refKey(ref.of)}()`
    case 'unknown':
      return '?'
  }
}

/** Whether an expression starts at one of these names, or at `this`: what does not is of no source that the repository has. */
export function startsAt(ref: Ref, known: ReadonlySet<string>): boolean {
  if (ref.is === 'name') return known.has(ref.name)
  if (ref.is === 'member' || ref.is === 'result' || ref.is === 'instance') return startsAt(ref.of, known)
  return ref.is !== 'unknown'
}

/** Each use once, those left out that can name nothing in the repository; a call of a method of something unknown stays, for its name. */
export function distinctUses(uses: readonly UseFact[], isOurs: (ref: Ref) => boolean): UseFact[] {
  const seen = new Set<string>()
  return uses.filter((use) => {
    const { target } = use
    if (!isOurs(target) && !(use.how === 'call' && target.is === 'member' && rootIsUnknown(target))) return false
    const key = `${use.by} ${use.how} ${refKey(target)}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

function rootIsUnknown(ref: Ref): boolean {
  if (ref.is === 'member' || ref.is === 'result' || ref.is === 'instance') return rootIsUnknown(ref.of)
  return ref.is === 'unknown'
}
