import type { TreeEntry } from '../../../shared/files'
import type { Edit } from '../../app/window-model'

const FILES_SHOWN = 30

/** `src/a.ts:10-20` asks for lines of a file, `src/a.ts:10` for one; both ends count from 1. */
export function pathAndLines(text: string): { readonly path: string; readonly lines: { from: number; to: number } | null } {
  const match = /^(.+?):(\d+)(?:-(\d+))?$/.exec(text.trim())
  const [from, to] = [Number(match?.[2] ?? 0), Number(match?.[3] ?? match?.[2] ?? 0)]
  if (match?.[1] === undefined || from < 1 || to < from) return { path: text.trim(), lines: null }
  return { path: match[1], lines: { from, to } }
}

/** Files whose paths have every word, those with the words in their names first, then the shortest. */
export function filesMatching(tree: readonly TreeEntry[], text: string): TreeEntry[] {
  const words = pathAndLines(text).path.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  const inName = (path: string): boolean => {
    const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase()
    return words.every((word) => name.includes(word))
  }
  return tree
    .filter(
      (entry) => entry.type === 'file' && entry.status !== 'deleted' && words.every((word) => entry.path.toLowerCase().includes(word)),
    )
    .toSorted((a, b) => Number(inName(b.path)) - Number(inName(a.path)) || a.path.length - b.path.length || (a.path < b.path ? -1 : 1))
    .slice(0, FILES_SHOWN)
}

/** Cypher begins with a clause that reads; anything else is searched for. */
export function languageOf(query: string): Extract<Edit, { op: 'add-query' }>['language'] {
  return /^\s*(optional\s+match|match|with|unwind|call)\b[\s\S]*\breturn\b/i.test(query) ? 'cypher' : 'search'
}
