import type { GraphEdge, NodeKind } from '../../../../shared/graph'
import { BUILT_IN_MEMBERS } from './built-in-members'
import type { ImportFact, Ref, RelationFact, Target, UseFact } from './file-facts'
import { linkFlows, overridingFlows } from './flow-edges'
import { languageOf } from './languages'
import { CONFIDENCE, type Found, type KnownFile, type LinkSource, NameResolution } from './name-resolution'
import { isTestPath, testEdges } from './test-edges'

export { type KnownFile, knownFile, type LinkSource } from './name-resolution'

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

const CALLABLE: ReadonlySet<NodeKind> = new Set(['function', 'method', 'class'])
const HOLDS_VALUE: ReadonlySet<NodeKind> = new Set(['variable', 'property', 'enum'])
const TYPES: ReadonlySet<NodeKind> = new Set(['type', 'interface'])
/** An interface whose rarest method has that many namesakes says nothing about who is meant to fulfil it. */
const MOST_NAMESAKES = 60

/** All edges that start in one file. Reads other files' facts but not their edges, so files can be linked in any order. */
export function linkFile(file: KnownFile, source: LinkSource): LinkedFile {
  return new Linker(file, source).run()
}

class Linker {
  private readonly edges = new Map<string, GraphEdge>()
  private readonly unresolved: { from: string; name: string; line: number }[] = []
  private readonly names = new Set<string>()
  private missingName = false
  private readonly file: KnownFile
  private readonly source: LinkSource
  private readonly meaning: NameResolution

  constructor(file: KnownFile, source: LinkSource) {
    this.file = file
    this.source = source
    this.meaning = new NameResolution(file, source)
  }

  run(): LinkedFile {
    const { facts, path } = this.file
    const rule = languageOf(path)?.imports ?? null
    this.contents()
    for (const entry of facts.imports) this.import(entry)
    for (const entry of facts.inherits) this.inherit(entry.symbol, entry.base, entry.line)
    if (rule?.structural === true) this.implementers()
    for (const use of facts.uses) this.use(use, rule?.peered === true)
    for (const relation of facts.relations ?? []) this.relation(relation)
    const before = [...this.edges.values()]
    for (const edge of testEdges(this.file, before, (key) => this.isTest(key))) this.add(edge)
    for (const edge of linkFlows(this.file, this.meaning)) this.add(edge)
    return {
      edges: [...this.edges.values()],
      unresolved: this.unresolved,
      used: this.meaning.used,
      names: this.names,
      hasMissing: this.meaning.missing || this.missingName,
    }
  }

  private contents(): void {
    const { facts, path } = this.file
    for (const symbol of facts.symbols) {
      const dot = symbol.key.lastIndexOf('.')
      const parent = dot === -1 ? '' : symbol.key.slice(0, dot)
      const id = this.id(path, symbol.key)
      const holder = parent === '' || this.file.symbols.has(parent) ? null : this.meaning.nameIn(path, parent)
      const parentId = holder !== null ? this.id(holder.path, holder.key) : this.file.symbols.has(parent) ? this.id(path, parent) : path
      this.edge(parentId, id, 'contains', 1, 'syntax', symbol.startLine)
      if (symbol.kind === 'method' && parent !== '' && isConstructor(symbol.name, parent))
        this.edge(parentId, id, 'calls', 1, 'construction', symbol.nameLine)
    }
  }

  private use(use: UseFact, peered: boolean): void {
    const { path } = this.file
    const from = this.id(path, use.by)
    const { target } = use
    const found = this.found(target, use.how)
    if (found === null) {
      if (peered && target.is === 'name') this.missingName = true
      if (use.how === 'call' && target.is === 'member' && !BUILT_IN_MEMBERS.has(target.name) && !this.meaning.isForeign(path, target.of))
        this.unresolved.push({ from, name: target.name, line: use.line })
      return
    }
    if (found.key === '') {
      // A file that is run as a whole.
      if (use.how === 'call' && found.path !== path) this.edge(from, found.path, 'calls', found.confidence, 'run by its path', use.line)
      return
    }
    const to = this.id(found.path, found.key)
    const kind = this.meaning.symbolAt(found)?.kind
    if (kind === undefined || to === from) {
      // A function that calls itself.
      if (kind !== undefined && use.how === 'call') this.edge(from, to, 'calls', found.confidence, found.method, use.line)
      return
    }
    switch (use.how) {
      case 'call':
      case 'new':
        if (TYPES.has(kind)) this.edge(from, to, 'references', found.confidence, found.method, use.line)
        else this.edge(from, to, 'calls', found.confidence, found.method, use.line)
        return
      case 'write':
        if (HOLDS_VALUE.has(kind)) this.edge(from, to, 'writes', found.confidence, found.method, use.line)
        return
      case 'value':
      case 'read':
        if (HOLDS_VALUE.has(kind)) this.edge(from, to, 'reads', found.confidence, found.method, use.line)
        else if (CALLABLE.has(kind)) this.edge(from, to, 'references', CONFIDENCE.value, 'passed as a value', use.line)
        return
      case 'type':
        this.edge(from, to, 'references', found.confidence, 'named as a type', use.line)
    }
  }

  private found(target: Ref, how: UseFact['how']): Found | null {
    const { path } = this.file
    if (target.is === 'super') return this.meaning.typeOf(path, target)
    const found = this.meaning.valueOf(path, target)
    if (found === null || found.key !== '' || (how !== 'call' && how !== 'new')) return found
    // CommonJS: what the module gives may itself be called.
    return this.meaning.exportOf(found.path, 'module.exports') ?? found
  }

  private import(entry: ImportFact): void {
    const { path } = this.file
    const targets = entry.specifier === '' ? [] : this.meaning.resolve(path, entry.specifier)
    for (const target of targets) this.edge(path, target, 'imports', 1, 'import', entry.line)
    for (const name of entry.names) {
      const found = this.meaning.importOf({ ...name, specifier: entry.specifier }, path)
      if (found === null) continue
      if (found.key !== '') this.edge(path, this.id(found.path, found.key), 'references', CONFIDENCE.import, 'import', entry.line)
      else if (name.imported !== '*') this.edge(path, found.path, 'imports', 1, 'import', entry.line)
    }
  }

  private inherit(key: string, base: Ref, line: number): void {
    const found = this.meaning.valueOf(this.file.path, base.is === 'instance' ? base.of : base)
    if (found === null || found.key === '') return
    const own = this.file.symbols.has(key)
    const holder = own ? null : this.meaning.nameIn(this.file.path, key)
    const child = holder === null ? this.id(this.file.path, key) : this.id(holder.path, holder.key)
    if (child === this.id(found.path, found.key)) return
    this.edge(child, this.id(found.path, found.key), 'inherits', found.confidence, found.method, line)
    for (const symbol of this.file.facts.symbols) {
      if (!symbol.key.startsWith(`${key}.`) || symbol.kind === 'property' || symbol.key.indexOf('.', key.length + 1) !== -1) continue
      if (isConstructor(symbol.name, key)) continue
      const overridden = this.meaning.memberOf(found, symbol.key.slice(key.length + 1))
      if (overridden === null) continue
      const to = this.id(overridden.path, overridden.key)
      this.edge(this.id(this.file.path, symbol.key), to, 'inherits', CONFIDENCE.member, 'same member of the base', symbol.nameLine)
      const own = { ...overridden, path: this.file.path, key: symbol.key }
      for (const edge of overridingFlows(overridden, own, this.meaning, symbol.nameLine)) this.add(edge)
    }
  }

  /** Types of the repository that have all methods of an interface of this file. */
  private implementers(): void {
    for (const symbol of this.file.facts.symbols) {
      if (symbol.kind !== 'interface') continue
      const methods = this.file.facts.symbols.filter((other) => other.kind === 'method' && other.key.startsWith(`${symbol.key}.`))
      let rarest: readonly string[] | null = null
      for (const method of methods) {
        this.names.add(method.name)
        const namesakes = this.source.named(method.name, ['method'], MOST_NAMESAKES)
        if (rarest === null || namesakes.length < rarest.length) rarest = namesakes
      }
      if (rarest === null || rarest.length >= MOST_NAMESAKES) continue
      for (const namesake of rarest) {
        const hash = namesake.indexOf('#')
        const dot = namesake.lastIndexOf('.')
        if (hash === -1 || dot < hash || !languageOf(namesake.slice(0, hash))?.imports?.structural) continue
        const type = this.meaning.typeOf(namesake.slice(0, hash), { is: 'this', symbol: namesake.slice(hash + 1, dot) })
        const kind = type === null ? undefined : this.meaning.symbolAt(type)?.kind
        if (type === null || kind === undefined || kind === 'interface') continue
        const members = methods.map((method) => this.meaning.memberOf(type, method.name))
        if (members.includes(null)) continue
        const from = this.id(type.path, type.key)
        const confidence = methods.length === 1 ? 0.5 : 0.7
        this.edge(from, this.id(this.file.path, symbol.key), 'inherits', confidence, 'has all of its methods', symbol.startLine)
        for (const [at, member] of members.entries()) {
          const method = methods[at]
          if (member === null || method === undefined) continue
          const to = this.id(this.file.path, method.key)
          this.edge(this.id(member.path, member.key), to, 'inherits', confidence, 'same member of the interface', method.nameLine)
        }
      }
    }
  }

  private relation(relation: RelationFact): void {
    const from = this.target(relation.from)
    const to = this.target(relation.to)
    if (from !== null && to !== null && from !== to) this.edge(from, to, relation.kind, relation.confidence, relation.method, relation.line)
  }

  /** The graph key of one end; null when nothing or more than one thing is meant. */
  private target(target: Target): string | null {
    switch (target.is) {
      case 'key':
        return target.key
      case 'symbol':
        return target.symbol === '' || this.file.symbols.has(target.symbol) ? this.id(this.file.path, target.symbol) : null
      case 'path':
        return target.path
      case 'name': {
        this.names.add(target.name)
        const found = this.source.named(target.name, target.kinds, 2)
        return found.length === 1 ? (found[0] ?? null) : null
      }
    }
  }

  /** Whether a graph key belongs to the code of tests. */
  private isTest(key: string): boolean {
    const hash = key.indexOf('#')
    const path = hash === -1 ? key : key.slice(0, hash)
    return isTestPath(path) || (hash !== -1 && this.meaning.known(path)?.symbols.get(key.slice(hash + 1))?.test === true)
  }

  private id(path: string, key: string): string {
    return key === '' ? path : `${path}#${key}`
  }

  private edge(from: string, to: string, kind: GraphEdge['kind'], confidence: number, method: string, line: number): void {
    this.add({ from, to, kind, confidence, method, line })
  }

  private add(edge: GraphEdge): void {
    const key = `${edge.kind} ${edge.from} ${edge.to}`
    if (!this.edges.has(key)) this.edges.set(key, edge)
  }
}

function isConstructor(name: string, parent: string): boolean {
  return name === 'constructor' || name === '__init__' || name === parent.slice(parent.lastIndexOf('.') + 1)
}
