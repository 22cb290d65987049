import type { EdgeRow, EntityRow } from '../graph-rows'
import { labelOf, typeOf } from './cypher-names'
import { type CypherValue, EdgeValue, type NodeValue } from './cypher-values'

const absent = (text: string | null): string | null => (text === '' ? null : text)

export const NODE_PROPERTIES: Readonly<Record<string, (row: EntityRow) => CypherValue>> = {
  id: (row) => row.id,
  key: (row) => row.id,
  name: (row) => row.name,
  kind: (row) => row.kind,
  label: (row) => labelOf(row.kind),
  path: (row) => row.path,
  file: (row) => row.path,
  line: (row) => row.nameLine,
  startLine: (row) => row.startLine,
  endLine: (row) => row.endLine,
  exported: (row) => row.exported === 1,
  declared: (row) => row.declared === 1,
  signature: (row) => absent(row.signature),
  doc: (row) => absent(row.doc),
  language: (row) => row.language,
}

export const EDGE_PROPERTIES: Readonly<Record<string, (row: EdgeRow) => CypherValue>> = {
  type: (row) => typeOf(row.kind),
  kind: (row) => row.kind,
  confidence: (row) => row.confidence,
  method: (row) => row.method,
  line: (row) => row.line,
}

/** Undefined when the node has no such property. */
export function nodeProperty(node: NodeValue, name: string): CypherValue | undefined {
  if (Object.hasOwn(NODE_PROPERTIES, name)) return NODE_PROPERTIES[name]?.(node.row)
  const attributes = node.attributes()
  return Object.hasOwn(attributes, name) ? attributes[name] : undefined
}

/** All that are there, in their order; null ones left out. */
export function propertiesOf(value: NodeValue | EdgeValue): Map<string, CypherValue> {
  const properties = new Map<string, CypherValue>()
  const add = (name: string, of: CypherValue) => {
    if (of !== null) properties.set(name, of)
  }
  if (value instanceof EdgeValue) for (const [name, read] of Object.entries(EDGE_PROPERTIES)) add(name, read(value.row))
  else {
    for (const [name, read] of Object.entries(NODE_PROPERTIES)) add(name, read(value.row))
    for (const [name, of] of Object.entries(value.attributes())) add(name, of)
  }
  return properties
}
