import type { NodeKind } from '../../../../shared/graph'
import { ELEMENT, type ExportFact, type FileFacts, type ImportedName, type Ref, type SymbolFact } from './file-facts'

/** Facts of one file with what the linker looks up in them. */
export interface KnownFile {
  readonly path: string
  readonly facts: FileFacts
  readonly symbols: ReadonlyMap<string, SymbolFact>
  readonly bindings: ReadonlyMap<string, ImportedName & { readonly specifier: string }>
  readonly exports: ReadonlyMap<string, ExportFact>
  /** Specifiers whose names all come in. */
  readonly spreads: readonly string[]
  /** Keys of entities that lie in this file: the variables that some value flows through. */
  readonly entities: ReadonlySet<string>
}

export interface LinkSource {
  file(path: string): KnownFile | null
  /** See ImportResolver. */
  resolve(from: string, specifier: string): readonly string[]
  peers(path: string): readonly string[]
  /** Graph keys of what the whole repository declares under this name, of these kinds; at most `limit`. */
  named(name: string, kinds: readonly NodeKind[], limit: number): readonly string[]
}

export interface Found {
  readonly path: string
  /** '' is the module itself. */
  readonly key: string
  readonly method: string
  readonly confidence: number
  /** All files of a module that has several, the first included. */
  readonly paths?: readonly string[]
}

/** Confidence by rule. Declared types are right but for overridden methods; see `inherits` edges of members for those. */
export const CONFIDENCE = {
  sameFile: 1,
  import: 0.95,
  package: 0.95,
  spread: 0.85,
  own: 0.95,
  declared: 0.9,
  member: 0.95,
  value: 0.9,
} as const
const DEEPEST = 14
/** Of a list, what gives one of its elements, and what gives a list of them again. */
const ELEMENT_OF_LIST = new Set(['at', 'find', 'findLast', 'pop', 'shift'])
const SAME_LIST = new Set(['concat', 'filter', 'reverse', 'slice', 'sort', 'toReversed', 'toSorted', 'values'])

export function knownFile(path: string, facts: FileFacts): KnownFile {
  const bindings = new Map<string, ImportedName & { specifier: string }>()
  const spreads: string[] = []
  for (const { specifier, names, spread } of facts.imports) {
    if (spread === true) spreads.push(specifier)
    for (const name of names) bindings.set(name.local, { ...name, specifier })
  }
  return {
    path,
    facts,
    symbols: new Map(facts.symbols.map((symbol) => [symbol.key, symbol])),
    bindings,
    exports: new Map(facts.exports.filter((entry) => entry.name !== '*').map((entry) => [entry.name, entry])),
    spreads,
    entities: new Set(facts.entities?.map((entity) => entity.key)),
  }
}

/** What expressions of one file mean, as far as the repository says. Remembers which files it had to look into. */
export class NameResolution {
  /** Files whose shape decided. */
  readonly used = new Set<string>()
  readonly #file: KnownFile
  readonly #source: LinkSource
  readonly #names = new Map<string, Found | null>()
  readonly #peers = new Map<string, readonly string[]>()
  /** An import found no file though it is written as one of the repository. */
  missing = false

  constructor(file: KnownFile, source: LinkSource) {
    this.#file = file
    this.#source = source
  }

  known(path: string): KnownFile | null {
    if (path === this.#file.path) return this.#file
    this.used.add(path)
    return this.#source.file(path)
  }

  symbolAt(found: Found): SymbolFact | undefined {
    return this.known(found.path)?.symbols.get(found.key)
  }

  resolve(from: string, specifier: string): readonly string[] {
    const targets = this.#source.resolve(from, specifier)
    if (targets.length === 0) this.missing ||= /^(?:\.|@\/|~\/|crate::|super::|self::|")/.test(specifier)
    for (const target of targets) if (target !== this.#file.path) this.used.add(target)
    return targets
  }

  peers(path: string): readonly string[] {
    const known = this.#peers.get(path)
    if (known !== undefined) return known
    const found = this.#source.peers(path).filter((peer) => peer !== path)
    this.#peers.set(path, found)
    return found
  }

  /** What an expression names: a function, class, variable or member; the module itself for a namespace import. */
  valueOf(path: string, ref: Ref, depth = 0): Found | null {
    if (depth > DEEPEST) return null
    if (ref.is === 'name') return this.nameIn(path, ref.name, depth + 1)
    if (ref.is === 'super') return this.typeOf(path, ref, depth + 1)
    if (ref.is !== 'member') return null
    const dotted = this.#dottedBinding(path, ref)
    if (dotted !== null) return dotted
    if (ref.of.is === 'super') return this.#memberOfBases(path, ref.of.symbol, ref.name, depth + 1)
    const holder = this.valueOf(path, ref.of, depth + 1)
    if (holder?.key === '') return this.#exportOfModule(holder, ref.name, depth + 1)
    if (holder !== null) {
      const nested = this.#ownMember(holder, ref.name)
      if (nested !== null) return nested
    }
    const type = this.typeOf(path, ref.of, depth + 1)
    if (type === null) return null
    const member = this.memberOf(type, ref.name, depth + 1)
    if (member === null) return null
    const own = ref.of.is === 'this'
    return {
      ...member,
      method: own ? ref.of.is : 'declared type',
      confidence: own ? CONFIDENCE.own : Math.min(CONFIDENCE.declared, type.confidence),
    }
  }

  /** The class, interface or object that a value of the expression is an instance of. */
  typeOf(path: string, ref: Ref, depth = 0): Found | null {
    if (depth > DEEPEST) return null
    switch (ref.is) {
      case 'unknown':
        return null
      case 'this': {
        const here = { path, key: ref.symbol, method: 'this', confidence: CONFIDENCE.own }
        return this.known(path)?.symbols.has(ref.symbol) === true ? here : this.nameIn(path, ref.symbol, depth + 1)
      }
      case 'super':
        return this.#baseOf(path, ref.symbol, depth + 1)
      case 'instance':
        return this.#aliased(this.valueOf(path, ref.of, depth + 1), depth + 1)
      case 'name':
      case 'member': {
        if (ref.is === 'member' && ref.name === ELEMENT) return this.#elementOf(path, ref.of, depth + 1)
        const found = this.valueOf(path, ref, depth + 1)
        const symbol = found === null ? undefined : this.symbolAt(found)
        if (found === null || symbol === undefined) return null
        return symbol.valueType === undefined ? found : this.typeOf(found.path, symbol.valueType, depth + 1)
      }
      case 'result': {
        const found = this.valueOf(path, ref.of, depth + 1)
        const symbol = found === null ? undefined : this.symbolAt(found)
        if (found === null && ref.of.is === 'member' && ELEMENT_OF_LIST.has(ref.of.name)) return this.#elementOf(path, ref.of.of, depth + 1)
        if (found === null || symbol === undefined) return null
        // Calling a class makes one, in languages without `new`; calling another type makes a value one of it.
        if (symbol.kind === 'class' || symbol.kind === 'type' || symbol.kind === 'enum') return found
        if (symbol.returns !== undefined) return this.typeOf(found.path, symbol.returns, depth + 1)
        // What a variable or property with a declared function type gives.
        return null
      }
    }
  }

  /** What the elements of a list are. */
  #elementOf(path: string, list: Ref, depth: number): Found | null {
    if (depth > DEEPEST) return null
    if (list.is === 'instance') {
      const { of } = list
      return of.is === 'member' && of.name === ELEMENT ? this.typeOf(path, { is: 'instance', of: of.of }, depth + 1) : null
    }
    if (list.is === 'unknown' || list.is === 'this' || list.is === 'super') return null
    const found = this.valueOf(path, list.is === 'result' ? list.of : list, depth + 1)
    if (found === null) {
      const method = list.is === 'result' && list.of.is === 'member' ? list.of : null
      return method !== null && SAME_LIST.has(method.name) ? this.#elementOf(path, method.of, depth + 1) : null
    }
    const symbol = this.symbolAt(found)
    const type = list.is === 'result' ? symbol?.returns : symbol?.valueType
    return type === undefined ? null : this.#elementOf(found.path, type, depth + 1)
  }

  memberOf(type: Found, name: string, depth = 0): Found | null {
    if (depth > DEEPEST) return null
    const own = this.#ownMember(type, name)
    if (own !== null) return own
    for (const base of this.bases(type, depth)) {
      const found = this.memberOf(base, name, depth + 1)
      if (found !== null) return found
    }
    return null
  }

  /** What a class, interface or embedding type takes its members from, in order. */
  bases(type: Found, depth = 0): readonly Found[] {
    const found: Found[] = []
    for (const entry of this.known(type.path)?.facts.inherits ?? []) {
      if (entry.symbol !== type.key) continue
      const base = this.#aliased(this.valueOf(type.path, entry.base.is === 'instance' ? entry.base.of : entry.base, depth + 1), depth + 1)
      if (base !== null && base.key !== '' && !(base.path === type.path && base.key === type.key)) found.push(base)
    }
    return found
  }

  nameIn(path: string, name: string, depth = 0): Found | null {
    if (depth > DEEPEST) return null
    const cacheKey = `${path} ${name}`
    const cached = this.#names.get(cacheKey)
    if (cached !== undefined) return cached
    const found = this.#nameIn(path, name, depth)
    if (depth < 4 || found !== null) this.#names.set(cacheKey, found)
    return found
  }

  exportOf(path: string, name: string, depth = 0): Found | null {
    const file = depth > DEEPEST ? null : this.known(path)
    if (file === null) return null
    const entry = file.exports.get(name)
    if (entry !== undefined && entry.from !== null) {
      const targets = this.resolve(path, entry.from)
      const [target] = targets
      if (target === undefined) return null
      return entry.local === '*' ? moduleOf(targets) : this.#exportOfAny(targets, entry.local, depth + 1)
    }
    const local = entry?.local ?? name
    const symbol = file.symbols.get(local)
    const here = { path, key: local, method: 'import', confidence: CONFIDENCE.import }
    if (symbol !== undefined && (entry !== undefined || symbol.exported)) return here
    if (entry !== undefined) return this.nameIn(path, local, depth + 1)
    for (const all of file.facts.exports) {
      if (all.name !== '*' || all.from === null) continue
      const found = this.#exportOfAny(this.resolve(path, all.from), name, depth + 1)
      if (found !== null) return found
    }
    // What is imported is there: only languages without a word for it, and CommonJS, come here.
    return symbol === undefined ? null : here
  }

  /** True when the root of the expression is something of which this repository has no source: a global, a package, a type of theirs. */
  isForeign(path: string, ref: Ref): boolean {
    if (ref.is === 'name') return this.nameIn(path, ref.name) === null
    if (ref.is === 'member' && this.#dottedBinding(path, ref) !== null) return false
    if (ref.is === 'instance' || ref.is === 'result' || ref.is === 'member') return this.isForeign(path, ref.of)
    return false
  }

  importOf(binding: ImportedName & { readonly specifier: string }, path: string, depth = 0): Found | null {
    if (binding.imported === '*') return moduleOf(this.resolve(path, binding.module ?? binding.specifier))
    const targets = this.resolve(path, binding.specifier)
    const found = this.#exportOfAny(targets, binding.imported, depth + 1)
    if (found !== null || binding.module === undefined) return found
    return moduleOf(this.resolve(path, binding.module))
  }

  #nameIn(path: string, name: string, depth: number): Found | null {
    const file = this.known(path)
    if (file === null) return null
    if (file.symbols.has(name)) return { path, key: name, method: 'same file', confidence: CONFIDENCE.sameFile }
    const binding = file.bindings.get(name)
    if (binding !== undefined) return this.importOf(binding, path, depth + 1)
    for (const peer of this.peers(path)) {
      if (this.known(peer)?.symbols.has(name) === true)
        return { path: peer, key: name, method: 'same package', confidence: CONFIDENCE.package }
    }
    for (const specifier of file.spreads) {
      const found = this.#spread(this.resolve(path, specifier), name, new Set([path]))
      if (found !== null) return { ...found, method: 'wildcard import', confidence: Math.min(CONFIDENCE.spread, found.confidence) }
    }
    return null
  }

  /** A name that comes in with all others of a module: its own, and what it took in itself. */
  #spread(paths: readonly string[], name: string, seen: Set<string>): Found | null {
    for (const path of paths) {
      if (seen.has(path)) continue
      seen.add(path)
      const file = this.known(path)
      if (file === null) continue
      const symbol = file.symbols.get(name)
      if (symbol !== undefined && (symbol.exported || !name.startsWith('_')))
        return { path, key: name, method: 'import', confidence: CONFIDENCE.import }
      const entry = file.exports.get(name)
      const binding = entry === undefined ? undefined : file.bindings.get(entry.local)
      const imported = binding === undefined ? null : this.importOf(binding, path, 1)
      if (imported !== null) return imported
      for (const specifier of file.spreads) {
        const found = this.#spread(this.resolve(path, specifier), name, seen)
        if (found !== null) return found
      }
    }
    return null
  }

  #ownMember(holder: Found, name: string): Found | null {
    const key = `${holder.key}.${name}`
    if (this.known(holder.path)?.symbols.has(key) === true) return { ...holder, key }
    for (const peer of this.peers(holder.path)) if (this.known(peer)?.symbols.has(key) === true) return { ...holder, path: peer, key }
    return null
  }

  /** A type that is only another name for a type. */
  #aliased(found: Found | null, depth: number): Found | null {
    if (found === null || found.key === '') return null
    const symbol = this.symbolAt(found)
    if (symbol?.kind !== 'type' || symbol.valueType === undefined) return found
    return this.typeOf(found.path, symbol.valueType, depth + 1) ?? found
  }

  #baseOf(path: string, key: string, depth: number): Found | null {
    for (const entry of this.known(path)?.facts.inherits ?? []) {
      if (entry.symbol !== key || entry.base.is === 'instance') continue
      const found = this.valueOf(path, entry.base, depth + 1)
      return found === null ? null : { ...found, method: 'super' }
    }
    return null
  }

  #memberOfBases(path: string, key: string, name: string, depth: number): Found | null {
    for (const base of this.bases({ path, key, method: 'super', confidence: CONFIDENCE.own }, depth)) {
      const found = this.memberOf(base, name, depth + 1)
      if (found !== null) return { ...found, method: 'super', confidence: CONFIDENCE.own }
    }
    return null
  }

  #exportOfModule(module: Found, name: string, depth: number): Found | null {
    return this.#exportOfAny(module.paths ?? [module.path], name, depth)
  }

  #exportOfAny(paths: readonly string[], name: string, depth: number): Found | null {
    for (const path of paths) {
      const found = this.exportOf(path, name, depth)
      if (found !== null) return found
    }
    return null
  }

  /** `a.b` where an import binds just that. */
  #dottedBinding(path: string, ref: Ref): Found | null {
    const bindings = this.known(path)?.bindings
    if (bindings === undefined) return null
    const name = dottedName(ref)
    const binding = name === null ? undefined : bindings.get(name)
    return binding === undefined ? null : this.importOf(binding, path)
  }
}

function moduleOf(paths: readonly string[]): Found | null {
  const [path] = paths
  return path === undefined ? null : { path, key: '', method: 'import', confidence: CONFIDENCE.import, paths }
}

function dottedName(ref: Ref): string | null {
  if (ref.is === 'name') return ref.name
  if (ref.is !== 'member') return null
  const of = dottedName(ref.of)
  return of === null ? null : `${of}.${ref.name}`
}
