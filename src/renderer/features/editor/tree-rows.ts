import type { TreeEntry } from '../../../shared/files'

export type FileStatus = TreeEntry['status']

/** A folder or file of the tree, before it is known which folders are open. */
export interface TreeNode {
  readonly name: string
  readonly path: string
  readonly entry: TreeEntry | null
  readonly isFolder: boolean
  /** Of a folder: `changed` when anything below it is not the same as in the base. */
  readonly status: FileStatus
  readonly children: readonly TreeNode[]
}

export interface TreeRow {
  readonly node: TreeNode
  readonly depth: number
  readonly open: boolean
  /** Place among its siblings, from 1, and how many they are. */
  readonly position: number
  readonly siblings: number
}

interface Growing {
  readonly name: string
  readonly path: string
  entry: TreeEntry | null
  children: Map<string, Growing> | null
}

/** Nests a flat listing. Folders come first, then names in the order people expect (2 before 10). */
export function buildTree(entries: readonly TreeEntry[]): readonly TreeNode[] {
  const root: Growing = { name: '', path: '', entry: null, children: new Map() }
  for (const entry of entries) {
    let node = root
    for (const name of entry.path.split('/')) {
      node.children ??= new Map()
      let next = node.children.get(name)
      if (next === undefined) {
        next = { name, path: node.path === '' ? name : `${node.path}/${name}`, entry: null, children: null }
        node.children.set(name, next)
      }
      node = next
    }
    node.entry = entry
    if (entry.type === 'directory') node.children ??= new Map()
  }
  return settle(root)
}

const NAMES = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

function settle(parent: Growing): TreeNode[] {
  const nodes = [...(parent.children?.values() ?? [])].map((node): TreeNode => {
    const children = settle(node)
    const isFolder = node.children !== null
    const own = node.entry?.status ?? 'same'
    const status = isFolder && own === 'same' && children.some((child) => child.status !== 'same') ? 'changed' : own
    return { name: node.name, path: node.path, entry: node.entry, isFolder, status, children }
  })
  return nodes.sort((a, b) => Number(b.isFolder) - Number(a.isFolder) || NAMES.compare(a.name, b.name) || (a.name < b.name ? -1 : 1))
}

/** The rows to draw: children of closed folders are left out. */
export function visibleRows(nodes: readonly TreeNode[], isOpen: (path: string) => boolean, depth = 0): TreeRow[] {
  const rows: TreeRow[] = []
  for (const [index, node] of nodes.entries()) {
    const open = node.isFolder && isOpen(node.path)
    rows.push({ node, depth, open, position: index + 1, siblings: nodes.length })
    if (open) rows.push(...visibleRows(node.children, isOpen, depth + 1))
  }
  return rows
}

export interface TreeFilter {
  /** Words that must all be part of a path. */
  readonly text: string
  readonly changedOnly: boolean
}

/** The tree with only the files that pass, and the folders on the way to them. */
export function filterTree(nodes: readonly TreeNode[], filter: TreeFilter): readonly TreeNode[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0 && !filter.changedOnly) return nodes
  return keep(nodes, (node) => {
    if (filter.changedOnly && node.status === 'same') return false
    const path = node.path.toLowerCase()
    return words.every((word) => path.includes(word))
  })
}

function keep(nodes: readonly TreeNode[], passes: (node: TreeNode) => boolean): readonly TreeNode[] {
  return nodes.flatMap((node): readonly TreeNode[] => {
    if (!node.isFolder) return passes(node) ? [node] : []
    const children = keep(node.children, passes)
    return children.length === 0 ? [] : [{ ...node, children }]
  })
}

/** Every folder on the way to the path, outermost first. */
export function foldersTo(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}
