import type { LinkedFolder } from './linked-folder'

/** One place where something is called, and what the compiler or language server says that is. */
export interface CallSite {
  readonly path: string
  /** From 1. */
  readonly line: number
  readonly name: string
  /** Where what is called is declared: line of its name; `path` relative to the repository, null outside of it. Empty: it could not say. */
  readonly declared: readonly { readonly path: string | null; readonly line: number; readonly name: string }[]
}

export interface Agreement {
  readonly sites: number
  /** Calls as (caller, callee) that lead to something that the graph has. */
  readonly expected: number
  readonly found: number
  /** Edges that lie at a site of which something is known. */
  readonly judged: number
  readonly right: number
  readonly wrong: readonly string[]
  readonly missed: readonly string[]
  /** Sites left out of `expected`, by why. */
  readonly leftOut: { readonly outside: number; readonly local: number; readonly unknown: number }
}

/** Compares the `calls` edges of some files with what is called at each place there. */
export function agreementOf(folder: LinkedFolder, paths: ReadonlySet<string>, sites: readonly CallSite[]): Agreement {
  const edges = folder.edges.filter((edge) => edge.kind === 'calls' && edge.method !== 'construction' && paths.has(pathOf(edge.from)))
  // The constructor stands for its class.
  const known = new Set(
    edges.flatMap((edge) => [`${edge.from} ${edge.to}`, `${edge.from} ${edge.to.replace(/\.(?:__init__|constructor)$/, '')}`]),
  )
  const leftOut = { outside: 0, local: 0, unknown: 0 }
  const expected = new Map<string, string>()
  const byPlace = new Map<string, { keys: string[]; isKnown: boolean }>()
  for (const site of sites) {
    const place = `${site.path}:${site.line}:${site.name}`
    const at = byPlace.get(place) ?? { keys: [], isKnown: false }
    byPlace.set(place, at)
    at.isKnown ||= site.declared.length > 0
    const keys = site.declared.flatMap((declaration) => nodeAt(folder, declaration) ?? [])
    at.keys.push(...keys)
    if (site.declared.length === 0) leftOut.unknown += 1
    else if (keys.length === 0) leftOut[site.declared.every((declaration) => declaration.path === null) ? 'outside' : 'local'] += 1
    else {
      const from = ownerAt(folder, site)
      const pairs = keys.map((key) => `${from} ${key}`)
      const pair = pairs.find((each) => known.has(each)) ?? pairs[0]
      if (pair !== undefined) expected.set(pair, place)
    }
  }
  let judged = 0
  const wrong: string[] = []
  for (const edge of edges) {
    const name = edge.to.slice(Math.max(edge.to.lastIndexOf('.'), edge.to.lastIndexOf('#')) + 1)
    const places = [...byPlace].filter(([place]) => place.startsWith(`${pathOf(edge.from)}:${edge.line}:`))
    const named = places.filter(([place]) => place.endsWith(`:${name}`))
    const at = named.length > 0 ? named : places
    if (at.every(([, site]) => !site.isKnown)) continue
    judged += 1
    const to = edge.to.replace(/\.(?:__init__|constructor)$/, '')
    if (!at.some(([, site]) => site.keys.includes(edge.to) || site.keys.includes(to)) && !expected.has(`${edge.from} ${edge.to}`))
      wrong.push(`${edge.from}:${edge.line} -> ${edge.to} (${edge.method})`)
  }
  const missed = [...expected].filter(([pair]) => !known.has(pair)).map(([pair, place]) => `${place} ${pair}`)
  return {
    sites: sites.length,
    expected: expected.size,
    found: expected.size - missed.length,
    judged,
    right: judged - wrong.length,
    wrong,
    missed,
    leftOut,
  }
}

/** The graph's key of what is declared at a place: the constructor stands for its class. */
function nodeAt(folder: LinkedFolder, { path, line, name }: CallSite['declared'][number]): string | null {
  const file = path === null ? undefined : folder.files.get(path)
  if (file === undefined) return null
  const symbols = file.facts.symbols.filter((symbol) => symbol.kind !== 'test' && symbol.startLine <= line && line <= symbol.endLine)
  const symbol =
    symbols.find((candidate) => candidate.nameLine === line && candidate.name === name) ??
    symbols.find(
      (candidate) => candidate.name === name && candidate.startLine <= line && line <= candidate.endLine && isOverload(candidate, line),
    )
  if (symbol === undefined) return null
  const parent = symbol.key.slice(0, symbol.key.lastIndexOf('.'))
  return symbol.name === '__init__' || symbol.name === 'constructor' ? `${path}#${parent}` : `${path}#${symbol.key}`
}

function isOverload(symbol: { readonly kind: string; readonly startLine: number; readonly endLine: number }, line: number): boolean {
  return (symbol.kind === 'function' || symbol.kind === 'method') && line <= symbol.endLine
}

/** The innermost symbol around a line; the file itself when there is none. */
function ownerAt(folder: LinkedFolder, { path, line }: CallSite): string {
  const around = (folder.files.get(path)?.facts.symbols ?? []).filter((symbol) => symbol.startLine <= line && line <= symbol.endLine)
  const [innermost] = around.toSorted((a, b) => a.endLine - a.startLine - (b.endLine - b.startLine) || b.key.length - a.key.length)
  return innermost === undefined ? path : `${path}#${innermost.key}`
}

function pathOf(key: string): string {
  const hash = key.indexOf('#')
  return hash === -1 ? key : key.slice(0, hash)
}
