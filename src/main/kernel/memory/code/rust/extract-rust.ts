import type { Node } from 'web-tree-sitter'
import { commentLine, FactsBuilder, memberPath, symbolRef } from '../facts-builder'
import { type FileFacts, type Ref, UNKNOWN } from '../file-facts'
import { fromFile } from './crate-modules'
import { type Syntax, syntaxTree } from '../syntax-tree'
import { RustCode } from './rust-code'
import { segmentsOf, typeRef, broughtIn } from './rust-types'

/** What is around an item: the modules inside of the file that it is in, the type whose body it is in, and its generic parameters. */
export interface ItemContext {
  readonly modules: readonly string[]
  readonly prefix: string
  /** Key of what `Self` is. */
  readonly self: string | null
  readonly generics: ReadonlyMap<string, Ref>
  readonly test: boolean
}

/**
 * Methods of an `impl` are keyed by the type (`Invoice.total`) in the file that has the block, also when the type is declared in another one.
 */
export function extractRust(root: Node, path: string): FileFacts {
  return new RustFile().run(root, path)
}

const NO_GENERICS: ReadonlyMap<string, Ref> = new Map()
const PRELUDE = new Set(['Vec', 'String', 'Box', 'Option', 'Result', 'HashMap'])
/** Names of types, constants and variants by convention; modules and functions are lower case. */
const isItem = (name: string): boolean => /^[A-Z]/.test(name)

export class RustFile {
  readonly facts = new FactsBuilder()
  /** What `use` brings in, by the module inside of the file that says it. */
  private readonly aliases = new Map<string, Map<string, Ref>>()
  private readonly submodules = new Set<string>()
  private readonly hidden = new Set<string>()
  private readonly uses: (() => void)[] = []
  /** Specifiers of the first `bound` imports by the names that they bring in. */
  private readonly bindings = new Map<string, string>()
  private bound = 0
  private readonly impls: { node: Syntax; context: ItemContext }[] = []

  run(root: Node, path: string): FileFacts {
    this.items(syntaxTree(root), { modules: [], prefix: '', self: null, generics: NO_GENERICS, test: false })
    for (const use of this.uses) use()
    for (const { node, context } of this.impls) this.implementation(node, context)
    const facts = this.facts.finish(root)
    const of = (specifier: string): string => fromFile(specifier, path)
    const imports = facts.imports.map((entry) => ({
      ...entry,
      specifier: of(entry.specifier),
      names: entry.names.map((name) => (name.module === undefined ? name : { ...name, module: of(name.module) })),
    }))
    return { ...facts, imports, exports: [...facts.exports, ...this.visible(facts)] }
  }

  /** Public items of modules inside of the file, by their last name: a path through such a module gives the file. */
  private visible(facts: FileFacts): FileFacts['exports'] {
    const said = new Set([...facts.exports.map((entry) => entry.name), ...facts.symbols.map((symbol) => symbol.key)])
    const added: FileFacts['exports'][number][] = []
    for (const { key, name, exported, startLine, test } of facts.symbols) {
      const dot = key.lastIndexOf('.')
      if (dot === -1 || !exported || test === true || said.has(name) || this.facts.kindOf(key.slice(0, dot)) !== 'module') continue
      said.add(name)
      added.push({ name, local: key, from: null, line: startLine })
    }
    return added
  }

  private items(list: Syntax, context: ItemContext): void {
    let doc = ''
    let attributes: string[] = []
    for (const node of list.namedChildren) {
      if (node.type === 'line_comment' || node.type === 'block_comment') {
        const text = node.text
        if (doc === '' && /^(?:\/\/\/|\/\*\*)[^/*]/.test(text)) doc = commentLine(text)
      } else if (node.type === 'attribute_item') attributes.push(node.text)
      else {
        this.item(node, context, doc, attributes)
        doc = ''
        attributes = []
      }
    }
  }

  private item(node: Syntax, context: ItemContext, doc: string, attributes: readonly string[]): void {
    const { prefix } = context
    const exported = this.isPublic(node, context)
    const name = node.childForFieldName('name')
    const test = context.test || attributes.some((text) => /^#!?\[(?:[\w:]*\btest\b|rstest|cfg\(test\)|quickcheck|bench)/.test(text))
    const parts = (more: { body?: Syntax | null } = {}) => ({
      whole: node,
      prefix,
      exported,
      doc,
      test,
      body: node.childForFieldName('body'),
      ...more,
    })
    switch (node.type) {
      case 'use_declaration':
        this.uses.push(() => this.use(node, context, exported))
        return
      case 'extern_crate_declaration': {
        const local = node.childForFieldName('alias')?.text ?? name?.text
        if (name !== null && local !== undefined && local !== '_')
          this.facts.imports.push({ specifier: name.text, line: node.line, names: [{ imported: '*', local }] })
        return
      }
      case 'impl_item':
        this.impls.push({ node, context: { ...context, test } })
        return
      case 'foreign_mod_item': {
        const body = node.childForFieldName('body')
        if (body !== null) this.items(body, context)
        return
      }
      case 'expression_statement':
      case 'macro_invocation':
        return this.facts.later('', () => new RustCode(this, context).walk(node))
    }
    if (name === null) return
    switch (node.type) {
      case 'mod_item':
        return this.module(node, name, { ...context, test }, doc, attributes)
      case 'function_item':
      case 'function_signature_item':
        return this.functionItem(node, name, context, doc, test, exported)
      case 'struct_item':
      case 'union_item': {
        const key = this.facts.add({ ...parts(), name, kind: 'class', distinct: true })
        return this.fields(node.childForFieldName('body'), key, this.inside(node, context, key), exported)
      }
      case 'enum_item': {
        const key = this.facts.add({ ...parts(), name, kind: 'enum', distinct: true })
        for (const variant of node.childForFieldName('body')?.namedChildren ?? []) {
          const called = variant.type === 'enum_variant' ? variant.childForFieldName('name') : null
          if (called === null) continue
          this.facts.add({ whole: variant, name: called, kind: 'property', prefix: `${key}.`, exported, doc: docBefore(variant) })
          this.facts.later(key, () => new RustCode(this, this.inside(node, context, key)).typesIn(variant.childForFieldName('body')))
        }
        return
      }
      case 'trait_item': {
        const key = this.facts.add({ ...parts(), name, kind: 'interface', distinct: true })
        const inner = this.inside(node, context, key)
        const bounds = node.childForFieldName('bounds')
        if (bounds !== null)
          this.facts.later(key, () => {
            for (const bound of bounds.namedChildren) {
              const base = typeRef(bound, (type) => this.path(type, inner))
              if (base.is === 'instance') this.facts.inherits.push({ symbol: key, base, line: bound.line })
            }
          })
        const body = node.childForFieldName('body')
        if (body !== null) this.items(body, inner)
        return
      }
      case 'const_item':
      case 'static_item': {
        const type = node.childForFieldName('type')
        const value = node.childForFieldName('value')
        const kind = context.self === null ? 'variable' : 'property'
        const valueType = typeRef(type, (at) => this.path(at, context))
        const key = this.facts.add({ ...parts({ body: value }), name, kind, distinct: true, valueType })
        return this.facts.later(key, () => {
          const code = new RustCode(this, context)
          code.typesIn(type)
          if (value !== null) code.value(value)
        })
      }
      case 'type_item':
      case 'associated_type': {
        const valueType = typeRef(node.childForFieldName('type'), (at) => this.path(at, context))
        this.facts.add({ ...parts(), name, kind: 'type', distinct: true, valueType })
        return
      }
      case 'macro_definition': {
        const seen = exported || attributes.some((text) => text.includes('macro_export') || text.includes('macro_use'))
        this.facts.add({
          ...parts({ body: node.namedChildren[1] ?? null }),
          prefix: '',
          name,
          text: `${name.text}!`,
          kind: 'function',
          exported: seen,
        })
        return
      }
    }
  }

  private isPublic(node: Syntax, context: ItemContext): boolean {
    const own =
      node.namedChildren[0]?.type === 'visibility_modifier' ||
      (node.namedChildren[1]?.type === 'visibility_modifier' && node.type !== 'mod_item')
    return own || (context.self !== null && this.facts.kindOf(context.self) === 'interface')
  }

  private module(node: Syntax, name: Syntax, context: ItemContext, doc: string, attributes: readonly string[]): void {
    const body = node.childForFieldName('body')
    const line = node.line
    if (body !== null) {
      const exported = this.isPublic(node, context)
      const key = this.facts.add({ whole: node, name, kind: 'module', prefix: context.prefix, exported, doc, body, test: context.test })
      this.items(body, { ...context, modules: [...context.modules, name.text], prefix: `${key}.` })
      return
    }
    const place = attributes.map((text) => /^#\[path\s*=\s*"([^"]+)"/.exec(text)?.[1]).find((found) => found !== undefined)
    const specifier = place === undefined ? ['self', ...context.modules, name.text].join('::') : `"${place}"`
    if (context.modules.length === 0) {
      this.submodules.add(name.text)
      this.facts.exports.push({ name: name.text, local: name.text, from: null, line })
    }
    this.facts.imports.push({ specifier, line, names: [{ imported: '*', local: `${context.prefix}${name.text}` }] })
  }

  private functionItem(node: Syntax, name: Syntax, context: ItemContext, doc: string, test: boolean, exported: boolean): void {
    const inner = this.inside(node, context, context.self)
    const parameters: string[] = []
    for (const parameter of node.childForFieldName('parameters')?.namedChildren ?? []) {
      if (parameter.type === 'self_parameter') parameters.push('self')
      else if (parameter.type === 'parameter')
        parameters.push(parameter.childForFieldName('pattern')?.text.replace(/^(?:mut|ref) /, '') ?? '')
    }
    const returned = node.childForFieldName('return_type')
    const key = this.facts.add({
      whole: node,
      name,
      kind: context.self === null ? 'function' : 'method',
      prefix: context.prefix,
      exported,
      doc,
      body: node.childForFieldName('body'),
      parameters,
      test,
      distinct: true,
      returns: typeRef(returned, (type) => this.path(type, inner)),
    })
    this.facts.later(key, () => new RustCode(this, inner).functionParts(node))
  }

  private fields(body: Syntax | null, key: string, context: ItemContext, exported: boolean): void {
    let at = 0
    let isPublic = false
    for (const child of body?.namedChildren ?? []) {
      if (child.type === 'field_declaration') {
        const name = child.childForFieldName('name')
        const type = child.childForFieldName('type')
        if (name === null) continue
        const seen = exported && child.firstNamedChild?.type === 'visibility_modifier'
        const valueType = typeRef(type, (node) => this.path(node, context))
        this.facts.add({ whole: child, name, kind: 'property', prefix: `${key}.`, exported: seen, doc: docBefore(child), valueType })
        this.facts.later(key, () => new RustCode(this, context).typesIn(type))
      } else if (child.type === 'visibility_modifier') isPublic = true
      else if (body?.type === 'ordered_field_declaration_list' && !child.type.endsWith('comment') && child.type !== 'attribute_item') {
        const valueType = typeRef(child, (node) => this.path(node, context))
        this.facts.add({
          whole: child,
          name: child,
          text: String(at),
          kind: 'property',
          prefix: `${key}.`,
          exported: exported && isPublic,
          doc: '',
          valueType,
        })
        at += 1
        isPublic = false
      }
    }
  }

  private implementation(node: Syntax, context: ItemContext): void {
    const type = node.childForFieldName('type')
    const body = node.childForFieldName('body')
    if (type === null) return
    const inner = this.inside(node, context, null)
    const base = typeRef(type, (at) => this.path(at, inner))
    const target = base.is === 'instance' ? base.of : null
    // Of a type of another file the methods are members all the same: what the name means is the linker's to find.
    const key = (target === null ? null : this.ownKey(target, context)) ?? segmentsOf(bare(type))?.at(-1) ?? ''
    if (key === '') return
    const trait = node.childForFieldName('trait')
    const self: ItemContext = { ...inner, self: key, prefix: `${key}.` }
    if (trait !== null) {
      const base = typeRef(trait, (at) => this.path(at, inner))
      if (base.is === 'instance' && base.of.is !== 'unknown' && !inner.generics.has(bare(type).text) && this.mayBeHere(target))
        this.facts.inherits.push({ symbol: key, base, line: trait.line })
    }
    if (body !== null) this.items(body, self)
  }

  /** The key of a type of this file that a reference names. */
  private ownKey(target: Ref, context: ItemContext): string | null {
    if (target.is === 'this') return target.symbol
    const names: string[] = []
    let at: Ref = target
    while (at.is === 'member') {
      names.unshift(at.name)
      at = at.of
    }
    if (at.is !== 'name') return null
    const key = [at.name, ...names].join('.')
    return this.facts.kindOf(key) === undefined || (this.aliases.get(context.prefix)?.has(at.name) ?? false) ? null : key
  }

  /** False for a type that no file of the repository can have: a primitive, a type parameter, one of the standard library. */
  private mayBeHere(target: Ref | null): boolean {
    if (target === null || target.is === 'unknown') return false
    if (target.is !== 'name') return true
    if (this.facts.kindOf(target.name) !== undefined) return true
    const specifier = this.specifierOf(target.name)
    return specifier === undefined
      ? /^[A-Z]/.test(target.name) && !PRELUDE.has(target.name)
      : !/^(?:std|core|alloc)(?:::|$)/.test(specifier)
  }

  /** Where an imported name comes from. */
  private specifierOf(local: string): string | undefined {
    const { imports } = this.facts
    for (; this.bound < imports.length; this.bound += 1) {
      const entry = imports[this.bound]
      for (const name of entry?.names ?? []) this.bindings.set(name.local, entry?.specifier ?? '')
    }
    return this.bindings.get(local)
  }

  inside(node: Syntax, context: ItemContext, self: string | null): ItemContext {
    const declared = node.childForFieldName('type_parameters')
    const clauses = node.namedChildren.find((child) => child.type === 'where_clause')
    const prefix = self === null || self === context.self ? context.prefix : `${self}.`
    if (declared === null && clauses === undefined) return { ...context, self, prefix }
    const generics = new Map(context.generics)
    const inner: ItemContext = { ...context, self, prefix, generics }
    const bound = (name: string, bounds: Syntax | null): void => {
      const first = bounds?.namedChildren
        .map((child) => typeRef(child, (type) => this.path(type, inner)))
        .find((ref) => ref.is === 'instance')
      if (first !== undefined && first.is === 'instance') generics.set(name, first.of)
      else if (!generics.has(name)) generics.set(name, UNKNOWN)
    }
    for (const parameter of declared?.namedChildren ?? []) {
      const name =
        parameter.type === 'type_parameter' ? parameter.childForFieldName('name') : parameter.type === 'type_identifier' ? parameter : null
      if (name !== null) bound(name.text, parameter.childForFieldName('bounds'))
    }
    for (const predicate of clauses?.namedChildren ?? []) {
      const left = predicate.childForFieldName('left')
      if (left !== null && generics.has(left.text)) bound(left.text, predicate.childForFieldName('bounds'))
    }
    return inner
  }

  private use(node: Syntax, context: ItemContext, exported: boolean): void {
    for (const { path, name } of broughtIn(node.childForFieldName('argument')))
      this.bring(path, name, context, context.prefix, exported, node.line)
  }

  /** One path of a `use`; what it brings in is known under `scope` (a module of the file, or a function). */
  bring(path: readonly string[], name: string | null, context: ItemContext, scope: string, exported: boolean, line: number): void {
    if (name === null) return this.bringAll(path, context, scope, exported, line)
    const place = this.place(path, context)
    if (place.is === 'own') {
      this.alias(scope, name, place.ref)
      if (exported && scope === '' && place.key !== '') this.facts.exports.push({ name, local: place.key, from: null, line })
      return
    }
    const { specifier, items } = place
    const [item, ...rest] = items
    if (item === undefined) {
      this.facts.imports.push({ specifier, line, names: [{ imported: '*', local: scope + name }] })
      if (scope !== '') this.alias(scope, name, { is: 'name', name: scope + name })
      if (exported && scope === '') this.facts.exports.push({ name, local: name, from: null, line })
      return
    }
    const local = rest.length === 0 ? scope + name : `${specifier}::${item}`
    if (rest.length > 0) this.imported(specifier, item, line)
    else {
      // The last name may be a module or a macro as well as a function.
      const more = isItem(item) ? [] : [{ imported: `${item}!`, local: `${local}!` }]
      const module = isItem(item) ? {} : { module: `${specifier}::${item}::self` }
      this.facts.imports.push({ specifier, line, names: [{ imported: item, local, ...module }, ...more] })
    }
    if (rest.length > 0 || scope !== '') this.alias(scope, name, memberPath({ is: 'name', name: local }, rest))
    if (exported && scope === '')
      this.facts.exports.push({ name, local: rest.length === 0 ? local : `${local}.${rest.join('.')}`, from: null, line })
  }

  private bringAll(path: readonly string[], context: ItemContext, scope: string, exported: boolean, line: number): void {
    const place = this.place(path, context)
    if (place.is === 'own') {
      if (place.key !== '' && this.facts.kindOf(place.key) !== undefined)
        for (const symbol of this.facts.symbols)
          if (symbol.key.startsWith(`${place.key}.`) && !symbol.key.slice(place.key.length + 1).includes('.'))
            this.alias(scope, symbol.name, symbolRef(symbol.key))
      return
    }
    if (place.items.some(isItem)) return
    const specifier = [place.specifier, ...place.items].join('::')
    this.facts.imports.push({ specifier, line, names: [], spread: true })
    if (exported && scope === '') this.facts.exports.push({ name: '*', local: '*', from: specifier, line })
  }

  private alias(scope: string, name: string, ref: Ref): void {
    const known = this.aliases.get(scope)
    if (known === undefined) this.aliases.set(scope, new Map([[name, ref]]))
    else known.set(name, ref)
  }

  aliasOf(scope: string, name: string): Ref | null {
    return this.aliases.get(scope)?.get(name) ?? null
  }

  /** Something of another module, under a name that no source can have. */
  private imported(specifier: string, item: string, line: number): Ref {
    const local = `${specifier}::${item}`
    if (!this.hidden.has(local)) {
      this.hidden.add(local)
      this.facts.imports.push({ specifier, line, names: [{ imported: item, local }] })
    }
    return { is: 'name', name: local }
  }

  /** Where a path leads: to something of this file, or to a module elsewhere and the items in it. */
  private place(
    path: readonly string[],
    context: ItemContext,
  ): { is: 'own'; ref: Ref; key: string } | { is: 'module'; specifier: string; items: readonly string[] } {
    let rest = path[0] === '' ? path.slice(1) : path
    let [root = ''] = rest
    let level = context.modules.length
    if (root === 'self' || root === 'super') {
      const modules = [...context.modules]
      let above = 0
      while (root === 'self' || root === 'super') {
        if (root === 'super') {
          if (modules.length > 0) modules.pop()
          else above += 1
        }
        rest = rest.slice(1)
        root = rest[0] ?? ''
      }
      if (above > 0)
        return this.outside(
          Array.from({ length: above }, () => 'super'),
          rest,
        )
      level = modules.length
      if (level === 0 && this.submodules.has(root)) return this.outside(['self', root], rest.slice(1))
      const key = [...modules, ...rest].join('.')
      const alias = rest.length > 0 ? this.aliases.get(level === 0 ? '' : `${modules.join('.')}.`)?.get(root) : undefined
      if (alias !== undefined) return { is: 'own', ref: memberPath(alias, rest.slice(1)), key: '' }
      return { is: 'own', ref: symbolRef(key), key }
    }
    if (root === 'crate') return this.outside(['crate'], rest.slice(1))
    for (let depth = context.modules.length; depth >= 0; depth -= 1) {
      const prefix = context.modules
        .slice(0, depth)
        .map((name) => `${name}.`)
        .join('')
      if (this.facts.kindOf(prefix + root) !== undefined) {
        const key = prefix + rest.join('.')
        return { is: 'own', ref: symbolRef(key), key }
      }
    }
    if (this.submodules.has(root)) return this.outside(['self', root], rest.slice(1))
    return this.outside([root], rest.slice(1))
  }

  private outside(root: readonly string[], rest: readonly string[]): { is: 'module'; specifier: string; items: readonly string[] } {
    const first = rest.findIndex(isItem)
    const at = first === -1 ? Math.max(0, rest.length - 1) : first
    return { is: 'module', specifier: [...root, ...rest.slice(0, at)].join('::'), items: rest.slice(at) }
  }

  /** What a path in code or in a type names. */
  path(node: Syntax, context: ItemContext): Ref {
    const segments = segmentsOf(node)
    if (segments === null) return UNKNOWN
    return this.named(segments, context, node.line)
  }

  named(segments: readonly string[], context: ItemContext, line: number): Ref {
    const [root = '', ...rest] = segments
    if (root === 'Self')
      return context.self === null
        ? UNKNOWN
        : memberPath(rest.length === 0 ? symbolRef(context.self) : { is: 'this', symbol: context.self }, rest)
    const generic = context.generics.get(root)
    if (generic !== undefined) return generic.is === 'unknown' ? UNKNOWN : memberPath(generic, rest)
    const local = this.facts.local(root)
    if (local !== null) return local.is === 'unknown' ? UNKNOWN : memberPath(local, rest)
    if (root !== 'self' && root !== 'super' && root !== 'crate' && root !== '') {
      for (let depth = context.modules.length; depth >= 0; depth -= 1) {
        const prefix = context.modules
          .slice(0, depth)
          .map((name) => `${name}.`)
          .join('')
        const alias = this.aliases.get(prefix)?.get(root)
        if (alias !== undefined) return memberPath(alias, rest)
        if (this.facts.kindOf(prefix + root) !== undefined) return memberPath(symbolRef(prefix + root), rest)
      }
      if (rest.length === 0 || isItem(root) || this.specifierOf(root) !== undefined) return memberPath({ is: 'name', name: root }, rest)
    }
    const place = this.place(segments, context)
    if (place.is === 'own') return place.ref
    const [item, ...more] = place.items
    return item === undefined ? UNKNOWN : memberPath(this.imported(place.specifier, item, line), more)
  }
}

function bare(type: Syntax): Syntax {
  const inner = type.type === 'generic_type' || type.type === 'reference_type' ? type.childForFieldName('type') : null
  return inner === null ? type : bare(inner)
}

function docBefore(node: Syntax): string {
  let doc = ''
  for (let at = node.previousSibling; at !== null; at = at.previousSibling) {
    if (at.type === 'attribute_item' || !at.isNamed) continue
    if (at.type !== 'line_comment' && at.type !== 'block_comment') break
    const text = at.text
    if (!/^(?:\/\/\/|\/\*\*)/.test(text)) break
    doc = commentLine(text) || doc
  }
  return doc
}
