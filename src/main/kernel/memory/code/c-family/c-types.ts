import { instanceOf, memberPath } from '../facts-builder'
import { type Ref, UNKNOWN } from '../file-facts'
import type { Syntax } from '../syntax-tree'

/** Templates that are used like what they hold. */
const HOLDERS = new Set('unique_ptr shared_ptr weak_ptr optional atomic reference_wrapper scoped_refptr RefPtr Ptr'.split(' '))
/** Of the standard library: nothing of the repository. */
const FOREIGN = new Set(['std', 'boost', 'testing', 'absl', 'Eigen'])

export interface Names {
  isNamespace(name: string): boolean
  isType(name: string): boolean
  isParameter(name: string): boolean
}

export function typeRef(node: Syntax | null, names: Names): Ref {
  switch (node?.type) {
    case 'type_identifier':
    case 'identifier':
      return names.isParameter(node.text) ? UNKNOWN : instanceOf({ is: 'name', name: node.text })
    case 'struct_specifier':
    case 'class_specifier':
    case 'union_specifier':
    case 'enum_specifier': {
      const name = node.childForFieldName('name')
      return name === null ? UNKNOWN : typeRef(name, names)
    }
    case 'type_descriptor':
      return typeRef(node.childForFieldName('type'), names)
    case 'template_type': {
      const name = node.childForFieldName('name')
      if (name === null) return UNKNOWN
      if (!HOLDERS.has(name.text)) return typeRef(name, names)
      return typeRef(node.childForFieldName('arguments')?.firstNamedChild ?? null, names)
    }
    case 'qualified_identifier': {
      const last = lastOf(node)
      if (last.type === 'template_type' && HOLDERS.has(last.childForFieldName('name')?.text ?? '')) return typeRef(last, names)
      const parts = qualified(node)
      return parts === null ? UNKNOWN : instanceOf(pathRef(parts, names))
    }
    default:
      return UNKNOWN
  }
}

function lastOf(node: Syntax): Syntax {
  const name = node.type === 'qualified_identifier' ? node.childForFieldName('name') : null
  return name === null ? node : lastOf(name)
}

/** The names of `a::B<int>::c`. */
export function qualified(node: Syntax): string[] | null {
  switch (node.type) {
    case 'qualified_identifier': {
      const scope = node.childForFieldName('scope')
      const name = node.childForFieldName('name')
      const before = scope === null ? [] : qualified(scope)
      const after = name === null ? null : qualified(name)
      return before === null || after === null ? null : [...before, ...after]
    }
    case 'template_type':
    case 'template_function':
    case 'template_method': {
      const name = node.childForFieldName('name')
      return name === null ? null : qualified(name)
    }
    case 'dependent_name':
    case 'dependent_type':
      return node.firstNamedChild === null ? null : qualified(node.firstNamedChild)
    case 'identifier':
    case 'type_identifier':
    case 'namespace_identifier':
    case 'field_identifier':
    case 'destructor_name':
    case 'operator_name':
      return [node.text.replace(/\s+/g, '')]
    default:
      return null
  }
}

/** Namespaces are in no key: `leveldb::Slice` is `Slice`. */
export function withoutNamespaces(parts: readonly string[], names: Names): readonly string[] {
  const first = parts.findIndex(
    (part, index) => index === parts.length - 1 || names.isType(part) || (/^[A-Z]/.test(part) && !names.isNamespace(part)),
  )
  return parts.slice(Math.max(0, first))
}

/** In a definition outside of its class everything that is no namespace of the file is a class. */
export function definedPath(parts: readonly string[], names: Names): readonly string[] {
  const first = parts.findIndex((part, index) => index === parts.length - 1 || !names.isNamespace(part))
  return parts.slice(Math.max(0, first))
}

export function pathRef(parts: readonly string[], names: Names): Ref {
  const [root = ''] = parts
  if (parts.length > 1 && FOREIGN.has(root)) return memberPath({ is: 'name', name: '::' }, parts)
  const [first = '', ...rest] = withoutNamespaces(parts, names)
  return names.isParameter(first) ? UNKNOWN : memberPath({ is: 'name', name: first }, rest)
}

/** What a declarator declares: its name, and what is around the name. */
interface Declared {
  readonly name: Syntax
  /** The innermost function declarator: its parameters. */
  readonly parameters: Syntax | null
  /** `int (*name)(int)`: a pointer to a function is a variable. */
  readonly isPointer: boolean
}

export function declared(declarator: Syntax | null): Declared | null {
  let node = declarator
  let parameters: Syntax | null = null
  let isPointer = false
  for (let depth = 0; node !== null && depth < 40; depth += 1) {
    switch (node.type) {
      case 'function_declarator':
        parameters = node
        isPointer = false
        break
      case 'pointer_declarator':
        if (parameters !== null) isPointer = true
        break
      case 'identifier':
      case 'field_identifier':
      case 'type_identifier':
      case 'qualified_identifier':
      case 'destructor_name':
      case 'operator_name':
      case 'template_function':
      case 'operator_cast':
      case 'primitive_type':
        return { name: node, parameters, isPointer }
    }
    node = node.childForFieldName('declarator') ?? node.namedChildren.find((child) => DECLARATORS.test(child.type)) ?? null
  }
  return null
}

const DECLARATORS = /_declarator$|^(?:field_|type_|qualified_)?identifier$|^(?:destructor|operator)_name$|^template_function$/
