import type { Node } from 'web-tree-sitter'

/**
 * A copy of a parsed tree as plain objects: made in one walk of a cursor, after which nothing crosses into WebAssembly any more. Extractors
 * ask each node for its children, fields and text several times, which makes this the faster way for whole files. The names are those of
 * web-tree-sitter's own nodes.
 */
export class Syntax {
  readonly type: string
  readonly isNamed: boolean
  readonly startIndex: number
  readonly endIndex: number
  readonly parent: Syntax | null
  readonly children: Syntax[] = []
  readonly #source: Source
  readonly #field: number
  /** Place among the parent's children. */
  readonly #at: number
  #named: Syntax[] | null = null

  constructor(source: Source, typeId: number, field: number, startIndex: number, endIndex: number, parent: Syntax | null) {
    const { type, isNamed } = source.kind(typeId)
    this.#source = source
    this.type = type
    this.isNamed = isNamed
    this.#field = field
    this.startIndex = startIndex
    this.endIndex = endIndex
    this.parent = parent
    this.#at = parent === null ? 0 : parent.children.length
  }

  get namedChildren(): readonly Syntax[] {
    this.#named ??= this.children.every((child) => child.isNamed) ? this.children : this.children.filter((child) => child.isNamed)
    return this.#named
  }

  get namedChildCount(): number {
    return this.namedChildren.length
  }

  get firstNamedChild(): Syntax | null {
    return this.namedChildren[0] ?? null
  }

  get lastNamedChild(): Syntax | null {
    return this.namedChildren.at(-1) ?? null
  }

  get previousSibling(): Syntax | null {
    return this.parent?.children[this.#at - 1] ?? null
  }

  get nextSibling(): Syntax | null {
    return this.parent?.children[this.#at + 1] ?? null
  }

  childForFieldName(name: string): Syntax | null {
    const id = this.#source.field(name)
    for (const child of this.children) if (child.#field === id) return child
    return null
  }

  childrenForFieldName(name: string): readonly Syntax[] {
    const id = this.#source.field(name)
    return this.children.filter((child) => child.#field === id && child.isNamed)
  }

  get text(): string {
    return this.#source.slice(this.startIndex, this.endIndex)
  }

  /** From 1. */
  get line(): number {
    return this.#source.row(this.startIndex) + 1
  }

  /** From 1; the line of its last character. */
  get endLine(): number {
    return this.#source.row(Math.max(this.startIndex, this.endIndex)) + 1
  }

  /** In UTF-16 units from 0. */
  get column(): number {
    return this.#source.column(this.startIndex)
  }
}

/** What all nodes of a tree share. */
class Source {
  readonly #text: string
  readonly #offset: number
  readonly #lineStarts: number[] = [0]
  readonly #firstRow: number
  readonly #firstColumn: number
  readonly #types: readonly string[]
  readonly #isNamed: (typeId: number) => boolean
  readonly #kinds = new Map<number, { readonly type: string; readonly isNamed: boolean }>()
  readonly #fields: Map<string, number>
  #lastRow = 0

  constructor(root: Node) {
    const { language } = root.tree
    this.#text = root.text
    this.#offset = root.startIndex
    this.#firstRow = root.startPosition.row
    this.#firstColumn = root.startPosition.column
    this.#types = language.types
    this.#isNamed = (typeId) => language.nodeTypeIsNamed(typeId)
    this.#fields = new Map(language.fields.flatMap((name, id) => (name === null ? [] : [[name, id] as const])))
    for (let at = this.#text.indexOf('\n'); at !== -1; at = this.#text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1)
  }

  kind(typeId: number): { readonly type: string; readonly isNamed: boolean } {
    const known = this.#kinds.get(typeId)
    if (known !== undefined) return known
    const type = typeId === ERROR_TYPE ? 'ERROR' : (this.#types[typeId] ?? 'ERROR')
    const made = { type, isNamed: typeId === ERROR_TYPE || this.#isNamed(typeId) }
    this.#kinds.set(typeId, made)
    return made
  }

  field(name: string): number {
    return this.#fields.get(name) ?? -1
  }

  slice(from: number, to: number): string {
    return this.#text.slice(from - this.#offset, to - this.#offset)
  }

  row(index: number): number {
    return this.#firstRow + this.#lineAt(index - this.#offset)
  }

  column(index: number): number {
    const line = this.#lineAt(index - this.#offset)
    return index - this.#offset - (this.#lineStarts[line] ?? 0) + (line === 0 ? this.#firstColumn : 0)
  }

  /** Questions come in the order of the text as a rule: the last answer is tried first. */
  #lineAt(at: number): number {
    const starts = this.#lineStarts
    const last = this.#lastRow
    if ((starts[last] ?? 0) <= at && at < (starts[last + 1] ?? Infinity)) return last
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= at) low = middle
      else high = middle - 1
    }
    this.#lastRow = low
    return low
  }
}

const ERROR_TYPE = 65_535
const NO_LEAVES: ReadonlySet<string> = new Set()

/** `leaves` names types of nodes whose inside is of no interest: it is left out. */
export function syntaxTree(root: Node, leaves: ReadonlySet<string> = NO_LEAVES): Syntax {
  const source = new Source(root)
  const cursor = root.walk()
  const top = new Syntax(source, cursor.nodeTypeId, 0, cursor.startIndex, cursor.endIndex, null)
  let parent = top
  let deeper = cursor.gotoFirstChild()
  while (deeper) {
    const node = new Syntax(source, cursor.nodeTypeId, cursor.currentFieldId, cursor.startIndex, cursor.endIndex, parent)
    parent.children.push(node)
    if (!leaves.has(node.type) && cursor.gotoFirstChild()) {
      parent = node
      continue
    }
    while (!cursor.gotoNextSibling()) {
      if (!cursor.gotoParent() || parent.parent === null) {
        deeper = false
        break
      }
      parent = parent.parent
    }
  }
  cursor.delete()
  return top
}

/** Line of the first syntax error, from 1; null when there is none. */
export function firstErrorLine(root: Node): number | null {
  if (!root.hasError) return null
  let node = root
  for (;;) {
    const next = node.children.find((child) => child.isError || child.isMissing || child.hasError)
    if (next === undefined || next.isError || next.isMissing) return (next ?? node).startPosition.row + 1
    node = next
  }
}
