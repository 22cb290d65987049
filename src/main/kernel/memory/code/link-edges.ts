import type { GraphEdge, NodeKind } from '../../../../shared/graph'
import type { ExportFact, FileFacts, ImportFact, Ref, SymbolFact } from './file-facts'

/** Facts of one file with what the linker looks up in them. */
export interface KnownFile {
  readonly path: string
  readonly facts: FileFacts
  readonly symbols: ReadonlyMap<string, SymbolFact>
  readonly bindings: ReadonlyMap<string, { readonly imported: string; readonly specifier: string }>
  readonly exports: ReadonlyMap<string, ExportFact>
}

export interface LinkSource {
  file(path: string): KnownFile | null
  /** See ImportResolver. */
  resolve(from: string, specifier: string): readonly string[]
  peers(path: string): readonly string[]
  /** Graph keys of what the whole repository declares under this name, of these kinds; at most `limit`. */
  named(name: string, kinds: readonly NodeKind[], limit: number): readonly string[]
}

export interface LinkedFile {
  readonly edges: readonly GraphEdge[]
  /** Calls of which only the name is known; they become `maybe_calls` when asked for, since names come and go with other files. */
  readonly unresolved: readonly { readonly from: string; readonly name: string; readonly line: number }[]
  /** Files whose shape decided about the edges: when it changes, this file is linked again. */
  readonly used: ReadonlySet<string>
  /** Names that were looked up in the whole repository: when something of that name comes or goes, this file is linked again. */
  readonly names: ReadonlySet<string>
  /** True when an import found no file: a file that is added may be it. */
  readonly hasMissing: boolean
}

interface Found {
  readonly path: string
  /** '' is the module itself. */
  readonly key: string
  readonly method: string
  readonly confidence: number
}

/** Confidence by rule. Declared types are right but for overridden methods; see `inherits` edges of members for those. */
const CONFIDENCE = { sameFile: 1, import: 0.95, own: 0.95, declared: 0.9, member: 0.95, value: 0.9 } as const
const DEEPEST = 12
/** Methods of the language's own objects: by name alone they say nothing. */
const BUILT_IN = new Set(
  [Array, String, Map, Set, Promise, Object, Function, RegExp, Number, Date].flatMap((of) => [
    ...Object.getOwnPropertyNames(of.prototype),
    ...Object.getOwnPropertyNames(of),
  ]),
)

export function knownFile(path: string, facts: FileFacts): KnownFile {
  const bindings = new Map<string, { imported: string; specifier: string }>()
  for (const entry of facts.imports)
    for (const name of entry.names) bindings.set(name.local, { imported: name.imported, specifier: entry.specifier })
  return {
    path,
    facts,
    symbols: new Map(facts.symbols.map((symbol) => [symbol.key, symbol])),
    bindings,
    exports: new Map(facts.exports.filter((entry) => entry.name !== '*').map((entry) => [entry.name, entry])),
  }
}

/** All edges that start in one file. Reads other files' facts but not their edges, so files can be linked in any order. */
export function linkFile(file: KnownFile, source: LinkSource): LinkedFile {
  return new Linker(file, source).run()
}

class Linker {
  private readonly edges = new Map<string, GraphEdge>()
  private readonly unresolved: { from: string; name: string; line: number }[] = []
  private readonly used = new Set<string>()
  private hasMissing = false
  private readonly file: KnownFile
  private readonly source: LinkSource

  constructor(file: KnownFile, source: LinkSource) {
    this.file = file
    this.source = source
  }

  run(): LinkedFile {
    const { facts, path } = this.file
    for (const symbol of facts.symbols) {
      const dot = symbol.key.lastIndexOf('.')
      this.edge(
        this.id(path, dot === -1 ? '' : symbol.key.slice(0, dot)),
        this.id(path, symbol.key),
        'contains',
        1,
        'syntax',
        symbol.startLine,
      )
      if (symbol.kind === 'method' && symbol.name === 'constructor') {
        this.edge(this.id(path, symbol.key.slice(0, dot)), this.id(path, symbol.key), 'calls', 1, 'construction', symbol.nameLine)
      }
    }
    for (const entry of facts.imports) this.import(entry)
    for (const entry of facts.inherits) this.inherit(entry.symbol, entry.base, entry.line)
    for (const use of facts.uses) {
      const from = this.id(path, use.by)
      const found = use.target.is === 'super' ? this.typeOf(path, use.target, 0) : this.valueOf(path, use.target, 0)
      if (found !== null && found.key === '') continue
      if (use.how === 'value') {
        const kind = found === null ? undefined : this.symbolAt(found)?.kind
        if (found !== null && (kind === 'function' || kind === 'method' || kind === 'class')) {
          this.edge(from, this.id(found.path, found.key), 'references', CONFIDENCE.value, 'passed as a value', use.line)
        }
      } else if (found !== null) this.edge(from, this.id(found.path, found.key), 'calls', found.confidence, found.method, use.line)
      else if (use.how === 'call' && use.target.is === 'member' && !BUILT_IN.has(use.target.name) && !this.isForeign(path, use.target.of)) {
        this.unresolved.push({ from, name: use.target.name, line: use.line })
      }
    }
    return { edges: [...this.edges.values()], unresolved: this.unresolved, used: this.used, names: new Set(), hasMissing: this.hasMissing }
  }

  private import(entry: ImportFact): void {
    const target = this.resolve(this.file.path, entry.specifier)
    if (target === null) return
    this.edge(this.file.path, target, 'imports', 1, 'import', entry.line)
    for (const name of entry.names) {
      const found = name.imported === '*' ? null : this.exportOf(target, name.imported, 0)
      if (found !== null && found.key !== '')
        this.edge(this.file.path, this.id(found.path, found.key), 'references', CONFIDENCE.import, 'import', entry.line)
    }
  }

  private inherit(key: string, base: Ref, line: number): void {
    const found = this.valueOf(this.file.path, base.is === 'instance' ? base.of : base, 0)
    if (found === null || found.key === '') return
    const child = this.id(this.file.path, key)
    this.edge(child, this.id(found.path, found.key), 'inherits', found.confidence, found.method, line)
    for (const symbol of this.file.facts.symbols) {
      if (!symbol.key.startsWith(`${key}.`) || symbol.kind === 'property' || symbol.name === 'constructor') continue
      const overridden = this.memberOf(found, symbol.key.slice(key.length + 1), 0)
      if (overridden !== null)
        this.edge(
          this.id(this.file.path, symbol.key),
          this.id(overridden.path, overridden.key),
          'inherits',
          CONFIDENCE.member,
          'same member of the base',
          symbol.nameLine,
        )
    }
  }

  /** What an expression names: a function, class, variable or member; the module itself for a namespace import. */
  private valueOf(path: string, ref: Ref, depth: number): Found | null {
    if (depth > DEEPEST) return null
    if (ref.is === 'name') return this.nameIn(path, ref.name, depth + 1)
    if (ref.is === 'super') return this.typeOf(path, ref, depth + 1)
    if (ref.is !== 'member') return null
    const holder = this.valueOf(path, ref.of, depth + 1)
    if (holder?.key === '') return this.exportOf(holder.path, ref.name, depth + 1)
    if (holder !== null) {
      const known = this.known(holder.path)?.symbols.has(`${holder.key}.${ref.name}`) === true
      if (known) return { ...holder, key: `${holder.key}.${ref.name}` }
    }
    const type = this.typeOf(path, ref.of, depth + 1)
    if (type === null) return null
    const member = this.memberOf(type, ref.name, depth + 1)
    if (member === null) return null
    const own = ref.of.is === 'this' || ref.of.is === 'super'
    return {
      ...member,
      method: own ? ref.of.is : 'declared type',
      confidence: own ? CONFIDENCE.own : Math.min(CONFIDENCE.declared, type.confidence),
    }
  }

  /** The class, interface or object that a value of the expression is an instance of. */
  private typeOf(path: string, ref: Ref, depth: number): Found | null {
    if (depth > DEEPEST) return null
    switch (ref.is) {
      case 'unknown':
        return null
      case 'this':
        return { path, key: ref.symbol, method: 'this', confidence: CONFIDENCE.own }
      case 'super':
        return this.baseOf(path, ref.symbol, depth + 1)
      case 'instance': {
        const found = this.valueOf(path, ref.of, depth + 1)
        return found === null || found.key === '' ? null : found
      }
      case 'name':
      case 'member': {
        const found = this.valueOf(path, ref, depth + 1)
        const symbol = found === null ? undefined : this.symbolAt(found)
        if (found === null || symbol === undefined) return null
        return symbol.valueType === undefined ? found : this.typeOf(found.path, symbol.valueType, depth + 1)
      }
      case 'result': {
        const found = this.valueOf(path, ref.of, depth + 1)
        const returns = found === null ? undefined : this.symbolAt(found)?.returns
        return found === null || returns === undefined ? null : this.typeOf(found.path, returns, depth + 1)
      }
    }
  }

  private memberOf(type: Found, name: string, depth: number): Found | null {
    if (depth > DEEPEST) return null
    const key = `${type.key}.${name}`
    const file = this.known(type.path)
    if (file === null) return null
    if (file.symbols.has(key)) return { ...type, key }
    for (const entry of file.facts.inherits) {
      if (entry.symbol !== type.key) continue
      const base = this.valueOf(type.path, entry.base.is === 'instance' ? entry.base.of : entry.base, depth + 1)
      const found = base === null || base.key === '' ? null : this.memberOf(base, name, depth + 1)
      if (found !== null) return found
    }
    return null
  }

  private baseOf(path: string, key: string, depth: number): Found | null {
    for (const entry of this.known(path)?.facts.inherits ?? []) {
      if (entry.symbol !== key || entry.base.is === 'instance') continue
      const found = this.valueOf(path, entry.base, depth + 1)
      return found === null ? null : { ...found, method: 'super' }
    }
    return null
  }

  private nameIn(path: string, name: string, depth: number): Found | null {
    const file = this.known(path)
    if (file === null) return null
    if (file.symbols.has(name)) return { path, key: name, method: 'same file', confidence: CONFIDENCE.sameFile }
    const binding = file.bindings.get(name)
    if (binding === undefined) return null
    const target = this.resolve(path, binding.specifier)
    if (target === null) return null
    if (binding.imported === '*') return { path: target, key: '', method: 'import', confidence: CONFIDENCE.import }
    return this.exportOf(target, binding.imported, depth + 1)
  }

  private exportOf(path: string, name: string, depth: number): Found | null {
    const file = depth > DEEPEST ? null : this.known(path)
    if (file === null) return null
    const entry = file.exports.get(name)
    if (entry !== undefined && entry.from !== null) {
      const target = this.resolve(path, entry.from)
      if (target === null) return null
      return entry.local === '*'
        ? { path: target, key: '', method: 'import', confidence: CONFIDENCE.import }
        : this.exportOf(target, entry.local, depth + 1)
    }
    const local = entry?.local ?? name
    const symbol = file.symbols.get(local)
    // A file without any export is CommonJS as a rule: its names are what `require` gives.
    if (symbol !== undefined && (entry !== undefined || symbol.exported || file.exports.size === 0)) {
      return { path, key: local, method: 'import', confidence: CONFIDENCE.import }
    }
    if (entry !== undefined) return this.nameIn(path, local, depth + 1)
    for (const all of file.facts.exports) {
      if (all.name !== '*' || all.from === null) continue
      const target = this.resolve(path, all.from)
      const found = target === null ? null : this.exportOf(target, name, depth + 1)
      if (found !== null) return found
    }
    return null
  }

  /** True when the root of the expression is something of which this repository has no source: a global, a package, a type of theirs. */
  private isForeign(path: string, ref: Ref): boolean {
    if (ref.is === 'name') return this.nameIn(path, ref.name, 0) === null
    if (ref.is === 'instance' || ref.is === 'result' || ref.is === 'member') return this.isForeign(path, ref.of)
    return false
  }

  private symbolAt(found: Found): SymbolFact | undefined {
    return this.known(found.path)?.symbols.get(found.key)
  }

  private known(path: string): KnownFile | null {
    if (path === this.file.path) return this.file
    this.used.add(path)
    return this.source.file(path)
  }

  private resolve(from: string, specifier: string): string | null {
    const target = this.source.resolve(from, specifier)[0] ?? null
    if (target === null) this.hasMissing ||= /^(?:\.|@\/|~\/)/.test(specifier)
    else if (target !== this.file.path) this.used.add(target)
    return target
  }

  private id(path: string, key: string): string {
    return key === '' ? path : `${path}#${key}`
  }

  private edge(from: string, to: string, kind: GraphEdge['kind'], confidence: number, method: string, line: number): void {
    const key = `${kind} ${from} ${to}`
    if (!this.edges.has(key)) this.edges.set(key, { from, to, kind, confidence, method, line })
  }
}
