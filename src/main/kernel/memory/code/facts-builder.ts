import type { Node } from 'web-tree-sitter'
import type { NodeKind } from '../../../../shared/graph'
import { type ExportFact, type FileFacts, type ImportFact, type Ref, type SymbolFact, UNKNOWN, type UseFact } from './file-facts'
import { refKey } from './flow-facts'
import { firstErrorLine, type Syntax } from './syntax-tree'

/** Names declared inside functions, innermost last. A name that maps to UNKNOWN hides one of the file. */
export type Scope = Map<string, Ref>

/** The linker follows no longer chains. */
const LONGEST_REF = 10
/** Code nested deeper is left out, so that no source can exhaust the stack. */
const DEEPEST_CODE = 500

interface SymbolParts extends Pick<SymbolFact, 'valueType' | 'returns' | 'parameters' | 'test'> {
  readonly whole: Syntax
  readonly name: Syntax
  readonly kind: NodeKind
  readonly prefix: string
  readonly exported: boolean
  readonly doc: string
  /** Where the signature ends; the end of `whole` when null. */
  readonly body?: Syntax | null
  readonly text?: string
  /** A second symbol of the same key and kind is another one (`key~2`), not an overload of the first. */
  readonly distinct?: boolean
  /** It only says that there is such a thing (a prototype): a definition of the same key takes its place. */
  readonly declaration?: boolean
}

/**
 * Gathers the facts of one file. Declarations come first and code `later`, so that code sees every symbol of the file whatever its order.
 */
export class FactsBuilder {
  readonly imports: ImportFact[] = []
  readonly exports: ExportFact[] = []
  readonly inherits: { symbol: string; base: Ref; line: number }[] = []
  readonly scopes: Scope[] = []
  /** Symbol that the code being walked belongs to. */
  owner = ''
  readonly #symbols: SymbolFact[] = []
  readonly #uses: UseFact[] = []
  readonly #kinds = new Map<string, NodeKind>()
  readonly #declarations = new Map<string, number>()
  readonly #mentions = new Set<string>()
  readonly #later: (() => void)[] = []
  #depth = 0

  add(parts: SymbolParts): string {
    const { whole, name, kind, prefix, exported, doc, valueType, returns, parameters, test } = parts
    const text = parts.text ?? name.text
    let key = `${prefix}${text}`
    const declared = this.#declarations.get(key)
    const isKnown = this.#kinds.get(key) === kind
    if (isKnown && parts.distinct !== true && (declared === undefined || parts.declaration === true)) return key
    if (isKnown && declared !== undefined) this.#kinds.delete(key)
    for (let count = 2; this.#kinds.has(key); count += 1) key = `${prefix}${text}~${count}`
    this.#kinds.set(key, kind)
    const symbol: SymbolFact = {
      key,
      kind,
      name: text,
      startLine: whole.line,
      endLine: whole.endLine,
      nameLine: name.line,
      nameColumn: name.column,
      exported,
      signature: signatureOf(whole, parts.body ?? null),
      doc,
      ...(valueType === undefined || valueType.is === 'unknown' ? {} : { valueType }),
      ...(returns === undefined || returns.is === 'unknown' ? {} : { returns }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(test === true ? { test } : {}),
    }
    if (isKnown && declared !== undefined) {
      this.#symbols[declared] = symbol
      this.#declarations.delete(key)
    } else {
      if (parts.declaration === true) this.#declarations.set(key, this.#symbols.length)
      this.#symbols.push(symbol)
    }
    return key
  }

  get symbols(): readonly SymbolFact[] {
    return this.#symbols
  }

  kindOf(key: string): NodeKind | undefined {
    return this.#kinds.get(key)
  }

  /** Runs after all declarations of the file, with this owner. */
  later(owner: string, work: () => void): void {
    this.#later.push(() => {
      this.owner = owner
      work()
    })
  }

  use(target: Ref, how: UseFact['how'], line: number): void {
    if (target.is === 'unknown') return
    if (how !== 'call' && how !== 'new') {
      const mention = `${this.owner} ${how} ${refKey(target)}`
      if (this.#mentions.has(mention)) return
      this.#mentions.add(mention)
    }
    this.#uses.push({ by: this.owner, target, how, line })
  }

  inScope(work: () => void, scope: Scope = new Map()): void {
    this.scopes.push(scope)
    work()
    this.scopes.pop()
  }

  declare(name: string, value: Ref): void {
    this.scopes.at(-1)?.set(name, value)
  }

  /** What a name declared in the function is; null when no function declares it. */
  local(name: string): Ref | null {
    for (let index = this.scopes.length - 1; index >= 0; index -= 1) {
      const found = this.scopes[index]?.get(name)
      if (found !== undefined) return found
    }
    return null
  }

  /** One level deeper; nothing when that is too deep. */
  nested(work: () => void): void {
    if (this.#depth >= DEEPEST_CODE) return
    this.#depth += 1
    work()
    this.#depth -= 1
  }

  finish(root: Node): FileFacts {
    for (let index = 0; index < this.#later.length; index += 1) this.#later[index]?.()
    return {
      symbols: this.#symbols,
      imports: this.imports,
      exports: this.exports,
      uses: this.#uses,
      inherits: this.inherits,
      lines: root.endPosition.row + 1,
      errorLine: firstErrorLine(root),
    }
  }
}

/** `a.b.c` as members of each other. */
export function memberPath(of: Ref, names: readonly string[]): Ref {
  return names.reduce<Ref>((holder, name) => ({ is: 'member', of: holder, name }), of)
}

/** The symbol of this file with this key. */
export function symbolRef(key: string): Ref {
  const [first = '', ...rest] = key.split('.')
  return memberPath({ is: 'name', name: first }, rest)
}

/** A value of the type that a reference names. */
export function instanceOf(of: Ref): Ref {
  return of.is === 'unknown' || of.is === 'this' ? of : { is: 'instance', of }
}

/** Something of a value; nothing when the way to it is longer than the linker goes. */
export function memberOf(of: Ref, name: string): Ref {
  return { is: 'member', of: lengthOf(of) >= LONGEST_REF ? UNKNOWN : of, name }
}

export function resultOf(of: Ref): Ref {
  return of.is === 'unknown' || (of.is === 'member' && of.of.is === 'unknown') || lengthOf(of) >= LONGEST_REF
    ? UNKNOWN
    : { is: 'result', of }
}

function lengthOf(ref: Ref): number {
  let length = 1
  for (let at = ref; at.is === 'member' || at.is === 'result' || at.is === 'instance'; at = at.of) length += 1
  return length
}

/** Everything before the body, on one line. */
function signatureOf(whole: Syntax, body: Syntax | null): string {
  const length = (body === null ? whole.endIndex : Math.max(whole.startIndex, body.startIndex)) - whole.startIndex
  const text = whole.text.slice(0, Math.min(600, length)).replace(/\s+/g, ' ').trim()
  return text.length <= 300 ? text : `${text.slice(0, 297)}...`
}

/** First line of a comment that says something, without its marks. */
export function commentLine(text: string): string {
  for (const raw of text.slice(0, 2000).split('\n')) {
    const line = raw
      .replace(/^\s*(?:\/\*[*!]*<?|\*\/|\*|\/{2,}[!<]?)?\s?/, '')
      .replace(/\*\/\s*$/, '')
      .trim()
    if (/[\p{L}\p{N}]/u.test(line) && !line.startsWith('@') && !line.startsWith('\\')) return line.slice(0, 200)
  }
  return ''
}
