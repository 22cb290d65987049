import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, visit, type YAMLMap } from 'yaml'
import { KeyframeError } from '../../../../shared/failure'

/** Infrastructure is written by hand; what is larger is generated, and reading it would hold up the index. */
const MAX_CHARACTERS = 1024 * 1024
const MAX_DEPTH = 400
/** Keys that are merged into one map: aliases of aliases multiply. */
const MAX_MERGED = 500

export interface YamlDocuments {
  readonly roots: readonly YamlValue[]
  /** The first mistake; what stands before it was read. */
  readonly problem: { readonly line: number; readonly message: string } | null
}

/**
 * Values with their places. Aliases are followed one at a time and nothing is ever copied out, so a file in which they multiply costs no more
 * than what is asked of it. Throws `memory.unreadable` for a file that is too large or too deeply nested.
 */
export function readYaml(text: string): YamlDocuments {
  if (text.length > MAX_CHARACTERS) throw unreadable(`it has more than ${MAX_CHARACTERS} characters`)
  if (isTooDeep(text)) throw unreadable(`it is nested more than ${MAX_DEPTH} deep`)
  const lines = new LineCounter()
  // Every scalar is a string as it is written: `"8080"`, `1.10`, `on`.
  const parsed = parseAllDocuments(text, { lineCounter: lines, schema: 'failsafe', strict: false, uniqueKeys: false, logLevel: 'error' })
  const documents = 'empty' in parsed ? [] : parsed
  const broken = documents.flatMap((document) => document.errors).at(0)
  return {
    roots: documents.flatMap((document) => {
      if (document.contents === null) return []
      const targets = text.includes('*') ? aliasTargets(document) : new Map<Node, Node>()
      return [new YamlValue(document.contents, { lines, targets, entries: new Map() })]
    }),
    problem: broken === undefined ? null : { line: lines.linePos(broken.pos[0]).line, message: broken.message.split('\n')[0] ?? '' },
  }
}

/** For a file of which nothing could be read: its problem is what the index shows. */
export function unreadable(why: string): KeyframeError {
  return new KeyframeError({ code: 'memory.unreadable', message: why })
}

type Entry = { readonly name: string; readonly key: YamlValue; readonly value: YamlValue | null }

/** What the values of one document share. */
interface Shared {
  readonly lines: LineCounter
  readonly targets: ReadonlyMap<Node, Node>
  /** Made once a map; a map that is being made has none, which ends circles. */
  readonly entries: Map<Node, readonly Entry[]>
}

export class YamlValue {
  readonly #node: Node
  readonly #shared: Shared

  constructor(node: Node, shared: Shared) {
    this.#node = shared.targets.get(node) ?? node
    this.#shared = shared
  }

  /** From 1. */
  get line(): number {
    return this.#shared.lines.linePos(this.#node.range?.[0] ?? 0).line
  }

  /** The last line that says something of it. */
  get endLine(): number {
    const end = this.#node.range?.[1] ?? 0
    const { line, col } = this.#shared.lines.linePos(end)
    return col === 1 && line > this.line ? line - 1 : Math.max(line, this.line)
  }

  get column(): number {
    return this.#shared.lines.linePos(this.#node.range?.[0] ?? 0).col - 1
  }

  /** Of a scalar; null for everything else and for one that is empty. */
  get text(): string | null {
    return isScalar(this.#node) && this.#node.value !== null && this.#node.value !== '' ? String(this.#node.value) : null
  }

  get isMap(): boolean {
    return isMap(this.#node)
  }

  /** The value at a path of keys; null where there is none. */
  at(...keys: readonly string[]): YamlValue | null {
    return keys.reduce<YamlValue | null>((value, key) => (value === null ? null : value.#get(key)), this)
  }

  textAt(...keys: readonly string[]): string | null {
    return this.at(...keys)?.text ?? null
  }

  /** Values of a list; none for what is no list. */
  get items(): YamlValue[] {
    return isSeq(this.#node) ? this.#node.items.flatMap((item) => this.#made(item)) : []
  }

  itemsAt(...keys: readonly string[]): YamlValue[] {
    return this.at(...keys)?.items ?? []
  }

  /** Keys with their values, merged ones included; none for what is no map. `key` has the place. */
  get entries(): readonly Entry[] {
    if (!isMap(this.#node)) return []
    const known = this.#shared.entries.get(this.#node)
    if (known !== undefined) return known
    this.#shared.entries.set(this.#node, [])
    const made = this.#pairs(this.#node)
    this.#shared.entries.set(this.#node, made)
    return made
  }

  entriesAt(...keys: readonly string[]): readonly Entry[] {
    return this.at(...keys)?.entries ?? []
  }

  /** Texts of a list, or the one text that stands for it. */
  get texts(): string[] {
    return this.text === null ? this.items.flatMap((item) => item.text ?? []) : [this.text]
  }

  textsAt(...keys: readonly string[]): string[] {
    return this.at(...keys)?.texts ?? []
  }

  #get(name: string): YamlValue | null {
    return this.entries.find((entry) => entry.name === name)?.value ?? null
  }

  #pairs(map: YAMLMap): readonly Entry[] {
    const own: Entry[] = []
    const merged: Entry[] = []
    for (const { key, value } of map.items) {
      const [keyed] = this.#made(key)
      const name = keyed?.text ?? null
      if (keyed === undefined || name === null) continue
      const [made] = this.#made(value)
      if (name !== '<<') own.push({ name, key: keyed, value: made ?? null })
      else if (made !== undefined) {
        for (const from of made.isMap ? [made] : made.items)
          if (merged.length < MAX_MERGED) merged.push(...from.entries.slice(0, MAX_MERGED))
      }
    }
    if (merged.length === 0) return own
    const names = new Set(own.map(({ name }) => name))
    return [...own, ...merged.filter((entry) => !names.has(entry.name) && names.add(entry.name))]
  }

  #made(node: unknown): [YamlValue] | [] {
    return isNode(node) ? [new YamlValue(node, this.#shared)] : []
  }
}

function isNode(node: unknown): node is Node {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)
}

/** What each alias stands for: the nearest anchor of its name before it. */
function aliasTargets(document: Document): Map<Node, Node> {
  const anchors = new Map<string, Node>()
  const targets = new Map<Node, Node>()
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node)
        return
      }
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
    },
  })
  return targets
}

/** The parser calls itself for every level. Brackets inside of text are counted too: nothing written by hand comes near. */
function isTooDeep(text: string): boolean {
  let [depth, deepest] = [0, 0]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === 91 || code === 123) deepest = Math.max(deepest, (depth += 1))
    else if ((code === 93 || code === 125) && depth > 0) depth -= 1
  }
  return deepest > MAX_DEPTH || /^(?: *- ){200}/m.test(text) || /^ {1600}/m.test(text)
}
