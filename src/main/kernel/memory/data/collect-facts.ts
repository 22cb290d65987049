import type { EdgeKind, NodeKind } from '../../../../shared/graph'
import type { Attributes, EntityFact, FileFacts, RelationFact, Target } from '../code/file-facts'
import type { ExtraFacts } from '../facts-source'

export interface EntityPlace {
  readonly line: number
  readonly endLine?: number
  readonly column?: number
}

/** Gathers what a file says: each entity once, declarations before mentions, each relation once. */
export class FactsCollector {
  readonly #entities = new Map<string, EntityFact>()
  readonly #relations = new Map<string, RelationFact>()

  declare(key: string, kind: NodeKind, name: string, place: EntityPlace, signature: string, attributes: Attributes = {}, doc = ''): void {
    if (this.#entities.get(key)?.declared === true) return
    this.#entities.set(key, this.#entity(key, kind, name, place, true, signature, attributes, doc))
  }

  /** Of something that another file declares, or none does. */
  mention(key: string, kind: NodeKind, name: string, place: EntityPlace, attributes: Attributes = {}, signature = ''): void {
    if (!this.#entities.has(key)) this.#entities.set(key, this.#entity(key, kind, name, place, false, signature, attributes, ''))
  }

  relate(from: Target, kind: EdgeKind, to: Target, line: number, confidence: number, method: string): void {
    const key = `${kind} ${targetText(from)} ${targetText(to)}`
    const known = this.#relations.get(key)
    if (known === undefined || known.confidence < confidence) this.#relations.set(key, { from, to, kind, line, confidence, method })
  }

  get isEmpty(): boolean {
    return this.#entities.size === 0 && this.#relations.size === 0
  }

  facts(file: Pick<FileFacts, 'fileKind' | 'fileDoc' | 'fileAttributes'> = {}): ExtraFacts {
    return { entities: [...this.#entities.values()], relations: [...this.#relations.values()], ...file }
  }

  #entity(
    key: string,
    kind: NodeKind,
    name: string,
    place: EntityPlace,
    declared: boolean,
    signature: string,
    attributes: Attributes,
    doc: string,
  ): EntityFact {
    return {
      key,
      kind,
      name,
      startLine: place.line,
      endLine: place.endLine ?? place.line,
      nameLine: place.line,
      nameColumn: place.column ?? 0,
      declared,
      signature,
      doc,
      ...(Object.keys(attributes).length > 0 && { attributes }),
    }
  }
}

export const THE_FILE: Target = { is: 'symbol', symbol: '' }

export function keyed(key: string): Target {
  return { is: 'key', key }
}

export function named(name: string, ...kinds: readonly NodeKind[]): Target {
  return { is: 'name', name, kinds }
}

function targetText(target: Target): string {
  switch (target.is) {
    case 'key':
      return target.key
    case 'symbol':
      return `#${target.symbol}`
    case 'path':
      return `./${target.path}`
    case 'name':
      return `?${target.name} ${target.kinds.join(' ')}`
  }
}
