import { z } from 'zod'
import type { ExternalPlaces, Location, OccurrenceKind, SourceExcerpt } from '../../schemas/lsp'
import { type LspDocumentSymbol, LspRange, readAnswer } from './answers'
import { isNotFound } from './open-documents'
import { kindOfOccurrence } from './occurrence-kind'
import { comparePaths, inOrder, type Range, rangeOfLsp, symbolKindName } from './source-lines'
import { sourceRegions, type SourceRegion } from './source-regions'
import { type Asking, isRefusal, positionParams, symbolsOf } from './tool-host'
import { fileOfUri } from './workspace-paths'

const MAX_CONTEXT = 400
const MAX_SOURCES = 8
const MAX_SOURCE_LINES = 60
const LINES_AROUND = 10
const MAX_EXTERNAL_FILES = 20
/** Larger texts are located but not classified. */
const MAX_CLASSIFIED = 1_000_000

export interface Place {
  readonly uri: string
  readonly range: LspRange
}

export interface Located {
  readonly locations: Location[]
  readonly external?: ExternalPlaces
  readonly sources?: SourceExcerpt[]
}

export interface Enrichment {
  /** What every location is, when the request says so; else each is looked at. */
  readonly kind?: OccurrenceKind
  /** Where the symbol is defined or declared. */
  readonly origins?: readonly Place[]
}

const Highlights = z
  .array(z.object({ range: LspRange, kind: z.number().int().optional() }))
  .max(100_000)
  .nullable()

interface SourceFile {
  readonly text: string
  readonly version: SourceExcerpt['version']
  readonly lineStarts: readonly number[]
  readonly regions: readonly SourceRegion[] | null
}

/**
 * A server's places as locations in the workspace with their source lines, each once and in order. What they do is told by the
 * server's highlights and symbols for the first files and by the text for all; what lies outside of the workspace is counted.
 */
export async function enrich(asking: Asking, found: readonly Place[], how: Enrichment = {}): Promise<Located> {
  const { inside, external } = divide(asking, found)
  const origins = divide(asking, how.origins ?? []).inside
  const byPath = new Map<string, Range[]>()
  for (const { path, range } of inOrder(inside.map(({ path, range }) => ({ path, ...range, range })))) {
    byPath.set(path, [...(byPath.get(path) ?? []), range])
  }
  const first = new Set(
    [...new Set([...origins.map(({ path }) => path), ...byPath.keys()])].filter((path) => byPath.has(path)).slice(0, MAX_SOURCES),
  )
  const symbolKind = await kindOfOrigin(asking, origins[0] ?? null)
  const locations: Location[] = []
  const sources: SourceExcerpt[] = []
  for (const [path, ranges] of byPath) {
    const file = await readSource(asking, path)
    // An index may still name what is gone.
    if (file === null) continue
    const near = first.has(path) && asking.languageIdOf(path) !== 'text' ? await nearBy(asking, path, ranges) : null
    for (const range of ranges) {
      const kind =
        how.kind ??
        kindAt(asking, path, file, range, {
          highlight: near?.highlights.get(keyOf(range)) ?? null,
          isOrigin: origins.some((origin) => origin.path === path && keyOf(origin.range) === keyOf(range)),
          symbolKind,
        })
      const symbol = near === null ? null : enclosing(near.symbols, range)
      locations.push({
        path,
        ...range,
        context: lineAt(file, range.startLine).trim().slice(0, MAX_CONTEXT),
        ...(kind === undefined ? {} : { kind }),
        ...(symbol === null ? {} : { symbol: symbol.name }),
      })
    }
    const [start] = ranges
    if (first.has(path) && start !== undefined) {
      sources.push(excerpt(path, file, start, near === null ? null : enclosing(near.symbols, start)))
    }
  }
  return {
    locations,
    ...(external === null ? {} : { external }),
    ...(sources.length === 0 ? {} : { sources: sources.sort((a, b) => comparePaths(a.path, b.path)) }),
  }
}

/** The lines around a place that an answer is about; none when the file is gone or not text. */
export async function excerptAt(asking: Asking, at: { path: string; line: number; column: number }): Promise<SourceExcerpt[]> {
  const file = await readSource(asking, at.path)
  if (file === null) return []
  const range = { startLine: at.line, startColumn: at.column, endLine: at.line, endColumn: at.column }
  const symbols = await symbolsOf(asking, at.path)
  return [excerpt(at.path, file, range, enclosing(symbols, range))]
}

interface InsidePlace {
  readonly path: string
  readonly range: Range
}

/** Places in the workspace, each once, and those outside by number and file. */
export function divide(asking: Asking, found: readonly Place[]): { inside: InsidePlace[]; external: ExternalPlaces | null } {
  const inside = new Map<string, InsidePlace>()
  const files = new Set<string>()
  let count = 0
  for (const { uri, range } of found) {
    const path = asking.paths.ofUri(uri)
    if (path !== null) {
      const place = { path, range: rangeOfLsp(range) }
      inside.set(`${path}\0${keyOf(place.range)}`, place)
      continue
    }
    count += 1
    const file = (fileOfUri(uri) ?? uri).slice(0, 1000)
    if (files.size < MAX_EXTERNAL_FILES) files.add(file)
  }
  return { inside: [...inside.values()], external: count === 0 ? null : { count, files: [...files] } }
}

function keyOf(range: Range): string {
  return `${range.startLine}:${range.startColumn}:${range.endLine}:${range.endColumn}`
}

async function readSource(asking: Asking, path: string): Promise<SourceFile | null> {
  try {
    const { text, version } = await asking.readText(path)
    const lineStarts = [0]
    for (const end of text.matchAll(/\r\n|\r|\n/g)) lineStarts.push(end.index + end[0].length)
    return { text, version, lineStarts, regions: text.length > MAX_CLASSIFIED ? null : sourceRegions(text, asking.languageIdOf(path)) }
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

function offsetAt(file: SourceFile, line: number, column: number): number {
  return Math.min((file.lineStarts[line - 1] ?? file.text.length) + column, file.text.length)
}

function lineAt(file: SourceFile, line: number): string {
  return file.text.slice(offsetAt(file, line, 0), file.lineStarts[line] ?? file.text.length).replace(/[\r\n]+$/, '')
}

function kindAt(
  asking: Asking,
  path: string,
  file: SourceFile,
  range: Range,
  hints: { highlight: 'read' | 'write' | null; isOrigin: boolean; symbolKind: string | null },
): OccurrenceKind | undefined {
  if (file.regions === null) return undefined
  const from = offsetAt(file, range.startLine, range.startColumn)
  const to = offsetAt(file, range.endLine, range.endColumn)
  return kindOfOccurrence({ text: file.text, languageId: asking.languageIdOf(path), regions: file.regions, from, to }, hints)
}

interface NearBy {
  readonly symbols: readonly LspDocumentSymbol[]
  readonly highlights: ReadonlyMap<string, 'read' | 'write'>
}

async function nearBy(asking: Asking, path: string, ranges: readonly Range[]): Promise<NearBy | null> {
  try {
    await asking.open(path)
    return { symbols: await symbolsOf(asking, path), highlights: await highlightsOf(asking, path, ranges[0]) }
  } catch (error) {
    // Gone meanwhile, or the server has nothing to say about this place: the text still tells something.
    if (isNotFound(error) || isRefusal(error)) return null
    throw error
  }
}

async function highlightsOf(asking: Asking, path: string, at: Range | undefined): Promise<Map<string, 'read' | 'write'>> {
  const kinds = new Map<string, 'read' | 'write'>()
  if (at === undefined || !asking.connection.capabilities.has('textDocument/documentHighlight')) return kinds
  const params = positionParams(asking.paths, { path, line: at.startLine, column: at.startColumn })
  const answer = await asking.connection.request('textDocument/documentHighlight', params, asking.request)
  for (const { range, kind } of readAnswer(Highlights, answer, 'documentHighlight') ?? []) {
    if (kind === 2 || kind === 3) kinds.set(keyOf(rangeOfLsp(range)), kind === 3 ? 'write' : 'read')
  }
  return kinds
}

async function kindOfOrigin(asking: Asking, origin: InsidePlace | null): Promise<string | null> {
  if (origin === null) return null
  try {
    await asking.open(origin.path)
    const path = symbolsAt(await symbolsOf(asking, origin.path), origin.range)
    const found = path.findLast((symbol) => keyOf(rangeOfLsp(symbol.selectionRange)) === keyOf(origin.range)) ?? null
    return found === null ? null : symbolKindName(found.kind)
  } catch (error) {
    if (isNotFound(error) || isRefusal(error)) return null
    throw error
  }
}

/** Symbols around a place, outermost first. */
function symbolsAt(symbols: readonly LspDocumentSymbol[], at: Range): LspDocumentSymbol[] {
  for (const symbol of symbols) {
    const range = rangeOfLsp(symbol.range)
    const isAfterStart = at.startLine > range.startLine || (at.startLine === range.startLine && at.startColumn >= range.startColumn)
    const isBeforeEnd = at.startLine < range.endLine || (at.startLine === range.endLine && at.startColumn <= range.endColumn)
    if (isAfterStart && isBeforeEnd) return [symbol, ...symbolsAt(symbol.children ?? [], at)]
  }
  return []
}

function enclosing(symbols: readonly LspDocumentSymbol[], at: Range): { name: string; range: Range } | null {
  const around = symbolsAt(symbols, at)
  // The symbol whose own name this is does not enclose it.
  const outer = around.filter((symbol) => {
    const name = rangeOfLsp(symbol.selectionRange)
    return !(name.startLine === at.startLine && name.startColumn === at.startColumn)
  })
  const innermost = around.at(-1)
  if (innermost === undefined) return null
  const name = outer
    .map((symbol) => symbol.name)
    .join('.')
    .slice(0, 500)
  return { name: name === '' ? innermost.name.slice(0, 500) : name, range: rangeOfLsp(innermost.range) }
}

/** The whole symbol around the place when it is short enough, else some lines on both sides. */
function excerpt(path: string, file: SourceFile, at: Range, around: { range: Range } | null): SourceExcerpt {
  const lines = file.lineStarts.length
  const isShort = around !== null && around.range.endLine - around.range.startLine < MAX_SOURCE_LINES
  const startLine = Math.max(1, isShort ? around.range.startLine : at.startLine - LINES_AROUND)
  const endLine = Math.min(lines, isShort ? around.range.endLine : at.startLine + LINES_AROUND, startLine + MAX_SOURCE_LINES - 1)
  const text = file.text.slice(offsetAt(file, startLine, 0), file.lineStarts[endLine] ?? file.text.length)
  return { path, version: file.version, startLine, endLine: Math.max(startLine, endLine), text }
}
