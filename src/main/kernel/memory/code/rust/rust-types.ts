import { instanceOf } from '../facts-builder'
import { type Ref, UNKNOWN } from '../file-facts'
import type { Syntax } from '../syntax-tree'

/** Types whose methods are mostly those of what they hold, or that are taken apart before it is used. */
const CONTAINERS = new Set(
  'Box Rc Arc Option Result Pin Ref RefMut Cow RefCell Cell Mutex RwLock MutexGuard ManuallyDrop MaybeUninit OnceCell Weak'.split(' '),
)
/** Methods that give what the receiver holds, or the receiver again. */
export const TRANSPARENT_CALLS = new Set(
  'unwrap expect unwrap_or_default clone cloned copied as_ref as_mut as_deref as_deref_mut borrow borrow_mut lock to_owned by_ref into_inner ok take'.split(
    ' ',
  ),
)

/** What a declared type is an instance of; `path` resolves the names in it. */
export function typeRef(node: Syntax | null, path: (node: Syntax) => Ref): Ref {
  switch (node?.type) {
    case 'type_identifier':
    case 'scoped_type_identifier':
    case 'identifier':
      return instanceOf(path(node))
    case 'reference_type':
    case 'pointer_type':
      return typeRef(node.childForFieldName('type'), path)
    case 'dynamic_type':
    case 'abstract_type':
      return typeRef(node.childForFieldName('trait'), path)
    case 'bounded_type':
    case 'parenthesized_type':
    case 'higher_ranked_trait_bound':
      return typeRef(node.firstNamedChild, path)
    case 'generic_type': {
      const name = node.childForFieldName('type')
      if (name === null) return UNKNOWN
      const last = name.type === 'scoped_type_identifier' ? (name.childForFieldName('name')?.text ?? '') : name.text
      if (!CONTAINERS.has(last)) return typeRef(name, path)
      const held = node.childForFieldName('type_arguments')?.namedChildren.find((child) => child.type !== 'lifetime')
      return held === undefined ? UNKNOWN : typeRef(held, path)
    }
    default:
      return UNKNOWN
  }
}

/** The names of a path: `crate::a::B<T>::c` is crate, a, B, c. Null when a part is no name (`<T as Trait>::f`). */
export function segmentsOf(node: Syntax): string[] | null {
  switch (node.type) {
    case 'identifier':
    case 'type_identifier':
    case 'field_identifier':
    case 'self':
    case 'super':
    case 'crate':
      return [node.text]
    case 'generic_type':
    case 'generic_type_with_turbofish': {
      const type = node.childForFieldName('type')
      return type === null ? null : segmentsOf(type)
    }
    case 'generic_function': {
      const called = node.childForFieldName('function')
      return called === null ? null : segmentsOf(called)
    }
    case 'bracketed_type': {
      // `<T as Trait>::f` is whatever the type makes of it; the trait says what it is called with.
      const inner = node.firstNamedChild
      const type = inner?.type === 'qualified_type' ? inner.childForFieldName('type') : inner
      return type === null || type === undefined ? null : segmentsOf(type)
    }
    case 'scoped_identifier':
    case 'scoped_type_identifier': {
      const path = node.childForFieldName('path')
      const name = node.childForFieldName('name')
      if (name === null) return null
      if (path === null) return ['', name.text]
      const before = segmentsOf(path)
      return before === null ? null : [...before, name.text]
    }
    default:
      return null
  }
}

/** Every path that a `use` brings in. `name` is what it is called here; null for a glob. */
export function broughtIn(node: Syntax | null, before: readonly string[] = []): { path: string[]; name: string | null }[] {
  if (node === null) return []
  switch (node.type) {
    case 'use_as_clause': {
      const path = node.childForFieldName('path')
      const alias = node.childForFieldName('alias')?.text
      const inner = broughtIn(path, before)[0]
      return inner === undefined || alias === undefined ? [] : [{ path: inner.path, name: alias }]
    }
    case 'use_list':
      return node.namedChildren.flatMap((child) => broughtIn(child, before))
    case 'scoped_use_list': {
      const path = node.childForFieldName('path')
      const more = path === null ? [] : segmentsOf(path)
      return more === null ? [] : broughtIn(node.childForFieldName('list'), [...before, ...more])
    }
    case 'use_wildcard': {
      const path = node.firstNamedChild
      const more = path === null ? [] : segmentsOf(path)
      return more === null ? [] : [{ path: [...before, ...more], name: null }]
    }
    case 'self':
      if (before.length > 0) return [{ path: [...before], name: before.at(-1) ?? '' }]
  }
  const more = segmentsOf(node)
  return more === null ? [] : [{ path: [...before, ...more], name: more.at(-1) ?? '' }]
}
