import { identifierParts } from '../retrieval/identifier-words'
import type { EntityRow, GraphRows } from './graph-rows'

const MOST = 500
const SERVICES = new Set(['service', 'deployment', 'cronjob', 'image'])

/** `user_id`, `userId` and `UserID` are one spelling. */
export function spellingOf(name: string): string {
  return identifierParts(name).join('')
}

/** Every entity whose name is a spelling of this one. */
export function spelledLike(rows: GraphRows, name: string): EntityRow[] {
  const parts = identifierParts(name)
  const wanted = parts.join('')
  const forms = new Set([name.toLowerCase(), wanted, ...['_', '-', '.', ' '].map((between) => parts.join(between))])
  return [...forms].flatMap((form) => rows.named(form, MOST)).filter((row) => spellingOf(row.name) === wanted)
}

/**
 * Whether an entity lies in what a person names: a file, a folder (whole, or any folder of that name), a symbol and all in it, a service with the
 * files that it is made of. Null stands for anywhere.
 */
export function regionOf(rows: GraphRows, named: string | null): ((row: EntityRow) => boolean) | null {
  if (named === null || named.trim() === '') return null
  const text = named.trim().replace(/\/+$/, '')
  const exact = rows.entityOf(text)
  const symbols = [...(exact === null ? [] : [exact]), ...rows.named(text.toLowerCase(), MOST).filter((row) => row.name === text)]
  const folders = symbols.filter((row) => SERVICES.has(row.kind)).flatMap((row) => foldersOf(rows, row))
  const keys = new Set(symbols.map((row) => row.id))
  const last = /[^/]*$/.exec(text)?.[0] ?? text
  const holds = (path: string) =>
    path === text ||
    path.startsWith(`${text}/`) ||
    (!text.includes('/') && path.split('/').some((part) => part === last || part.replace(/\.[^.]*$/, '') === last)) ||
    folders.some((folder) => path.startsWith(folder))
  return (row) => {
    // What files only mention lies in none of them.
    if (row.declared === 1 && holds(row.path)) return true
    for (let key = row.id; key !== ''; key = key.slice(0, Math.max(0, key.search(/[.(#][^.(#]*$/)))) if (keys.has(key)) return true
    return false
  }
}

/** Where a service's own files are: beside what describes its image. */
function foldersOf(rows: GraphRows, service: EntityRow): string[] {
  return rows.out(service.node, ['contains', 'depends_on', 'references'], 50).flatMap((edge) => {
    const target = rows.entity(edge.dst)
    if (target === null || target.id !== target.path) return []
    const folder = target.path.slice(0, target.path.lastIndexOf('/') + 1)
    return folder === '' ? [] : [folder]
  })
}
