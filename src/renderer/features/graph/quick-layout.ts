import type { Place, Size } from './layout-input'

export interface QuickInput {
  readonly nodes: readonly (Size & { readonly id: string })[]
  /** Pairs of node numbers. */
  readonly edges: readonly (readonly [number, number])[]
}

const BETWEEN_NODES = 8
const BETWEEN_LAYERS = 64
const BETWEEN_COLUMNS = 16
const BETWEEN_PARTS = 48
const SWEEPS = 4
const ASPECT = 1.6

/**
 * Layers in time that grows with the size of the graph only: longest paths after edges that close a cycle are left out, neighbours
 * averaged to order each layer (Sugiyama 1981), tall layers folded into columns, parts that nothing connects packed in rows. Worse
 * to look at than a full layout, and there at once for thousands of nodes.
 */
export function quickLayout({ nodes, edges }: QuickInput): Map<string, Place> {
  const out: number[][] = nodes.map(() => [])
  const into: number[][] = nodes.map(() => [])
  for (const [from, to] of edges) {
    if (from === to) continue
    out[from]?.push(to)
    into[to]?.push(from)
  }
  const layerOf = layers(out, into)
  const parts = partsOf(out, into)
  const boxes = parts.map((members) => placePart(members, nodes, layerOf, out, into, nodes.length))
  return pack(boxes, nodes)
}

/** Longest path from the start of each node; an edge back to a node that is being visited counts as none. */
function layers(out: readonly number[][], into: readonly number[][]): number[] {
  const state = new Uint8Array(out.length)
  const forward: number[][] = out.map(() => [])
  const order: number[] = []
  const starts = [...out.keys()].toSorted((a, b) => (into[a]?.length ?? 0) - (into[b]?.length ?? 0) || a - b)
  for (const start of starts) {
    if (state[start] !== 0) continue
    const stack: [number, number][] = [[start, 0]]
    state[start] = 1
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const [at, index] = top
      const next = out[at]?.[index]
      if (next === undefined) {
        state[at] = 2
        order.push(at)
        stack.pop()
        continue
      }
      top[1] = index + 1
      if (state[next] !== 1) forward[at]?.push(next)
      if (state[next] === 0) {
        state[next] = 1
        stack.push([next, 0])
      }
    }
  }
  const layer = out.map(() => 0)
  for (const at of order.toReversed()) {
    for (const next of forward[at] ?? []) layer[next] = Math.max(layer[next] ?? 0, (layer[at] ?? 0) + 1)
  }
  return layer
}

/** Nodes by what connects them, the greatest part first. */
function partsOf(out: readonly number[][], into: readonly number[][]): number[][] {
  const seen = new Uint8Array(out.length)
  const parts: number[][] = []
  for (const start of out.keys()) {
    if (seen[start] === 1) continue
    seen[start] = 1
    const members = [start]
    for (const at of members) {
      for (const next of [...(out[at] ?? []), ...(into[at] ?? [])]) {
        if (seen[next] === 1) continue
        seen[next] = 1
        members.push(next)
      }
    }
    parts.push(members)
  }
  return parts.toSorted((a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0))
}

interface Box extends Size {
  readonly at: ReadonlyMap<number, { readonly x: number; readonly y: number }>
}

function placePart(
  members: readonly number[],
  nodes: QuickInput['nodes'],
  layerOf: readonly number[],
  out: readonly number[][],
  into: readonly number[][],
  total: number,
): Box {
  const rows: number[][] = []
  const lowest = members.reduce((least, node) => Math.min(least, layerOf[node] ?? 0), Number.POSITIVE_INFINITY)
  for (const node of members.toSorted((a, b) => a - b)) (rows[(layerOf[node] ?? 0) - lowest] ??= []).push(node)
  order(rows, out, into)
  const tallest = Math.max(12, Math.ceil(Math.sqrt(total) * 1.4))
  const columns = rows.flatMap((row) => {
    const many = Math.ceil(row.length / tallest)
    const each = Math.ceil(row.length / Math.max(1, many))
    return Array.from({ length: many }, (_, index) => ({ row: row.slice(index * each, (index + 1) * each), first: index === 0 }))
  })
  const heightOf = (row: readonly number[]): number =>
    row.reduce((sum, node) => sum + (nodes[node]?.height ?? 0) + BETWEEN_NODES, -BETWEEN_NODES)
  const height = Math.max(...columns.map(({ row }) => heightOf(row)))
  const at = new Map<number, { x: number; y: number }>()
  let x = 0
  for (const [index, { row, first }] of columns.entries()) {
    if (index > 0) x += first ? BETWEEN_LAYERS : BETWEEN_COLUMNS
    let y = (height - heightOf(row)) / 2
    for (const node of row) {
      at.set(node, { x, y })
      y += (nodes[node]?.height ?? 0) + BETWEEN_NODES
    }
    x += Math.max(...row.map((node) => nodes[node]?.width ?? 0))
  }
  return { at, width: x, height }
}

/** Each layer by the mean place of what its nodes are connected with in the layer before, then after, some times. */
function order(rows: number[][], out: readonly number[][], into: readonly number[][]): void {
  const rank = new Map<number, number>()
  const number = (row: readonly number[]): void => {
    for (const [index, node] of row.entries()) rank.set(node, index / Math.max(1, row.length))
  }
  for (const row of rows) number(row)
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const [sequence, near] = sweep % 2 === 0 ? [rows, into] : [rows.toReversed(), out]
    for (const row of sequence) {
      const mean = new Map(
        row.map((node) => {
          const others = near[node] ?? []
          const sum = others.reduce((total, other) => total + (rank.get(other) ?? 0), 0)
          return [node, others.length === 0 ? (rank.get(node) ?? 0) : sum / others.length]
        }),
      )
      row.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0) || a - b)
      number(row)
    }
  }
}

/** Parts in rows, so that the whole has about the shape of a window. */
function pack(boxes: readonly Box[], nodes: QuickInput['nodes']): Map<string, Place> {
  const area = boxes.reduce((sum, box) => sum + (box.width + BETWEEN_PARTS) * (box.height + BETWEEN_PARTS), 0)
  const wide = Math.max(Math.sqrt(area * ASPECT), ...boxes.map((box) => box.width))
  const places = new Map<string, Place>()
  let [x, y, tallest] = [0, 0, 0]
  for (const box of boxes) {
    if (x > 0 && x + box.width > wide) {
      y += tallest + BETWEEN_PARTS
      x = 0
      tallest = 0
    }
    for (const [index, place] of box.at) {
      const node = nodes[index]
      if (node !== undefined) places.set(node.id, { x: x + place.x, y: y + place.y, width: node.width, height: node.height })
    }
    x += box.width + BETWEEN_PARTS
    tallest = Math.max(tallest, box.height)
  }
  return places
}
