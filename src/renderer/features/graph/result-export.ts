import type { GraphTable, GraphValue } from '../../../shared/graph'

/** A value as plain JSON: nodes and relations in full, paths as the keys on the way. */
function plain(value: GraphValue, nodes: ReadonlyMap<string, unknown>): unknown {
  if (value === null || typeof value !== 'object') return value
  if (value.is === 'node') return nodes.get(value.id) ?? value.id
  if (value.is === 'edge') return value.edge
  if (value.is === 'path') return { nodes: value.nodes, edges: value.edges }
  return value.items.map((item) => plain(item, nodes))
}

/** One object a row, with the columns as its keys. */
export function tableAsJson(table: GraphTable): string {
  const nodes = new Map(table.nodes.map((node) => [node.id, node]))
  const rows = table.rows.map((row) => Object.fromEntries(table.columns.map((column, index) => [column, plain(row[index] ?? null, nodes)])))
  return JSON.stringify(rows, null, 2)
}

/** A value in one line of text, as the table shows it and CSV holds it. */
export function valueText(value: GraphValue): string {
  if (value === null) return ''
  if (typeof value !== 'object') return String(value)
  if (value.is === 'node') return value.id
  if (value.is === 'edge') return `${value.edge.from} -[${value.edge.kind}]-> ${value.edge.to}`
  if (value.is === 'path') return value.nodes.join(' > ')
  return `[${value.items.map(valueText).join(', ')}]`
}

/** RFC 4180, with a line of columns first. What a spreadsheet would take for a formula is kept from being one. */
export function tableAsCsv(table: GraphTable): string {
  const lines = [table.columns, ...table.rows.map((row) => table.columns.map((_column, index) => valueText(row[index] ?? null)))]
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('')
}

function csvField(text: string): string {
  const safe = /^[=+@\t\r]|^-(?!\d)/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
