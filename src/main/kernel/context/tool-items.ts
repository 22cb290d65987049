import { z } from 'zod'
import type { ContextItem, ContextItemKind } from '../../../shared/context'
import type { ToolOutcome } from '../../../shared/frames'
import { ContentHash } from '../../../shared/ids'
import { ToolSchemas } from '../tools/schemas'
import { looksLikeTests } from './compress/condense-tests'

/** What a call was about: the path or command that makes a later success of the same tool the end of an earlier error. */
export interface ToolTarget {
  readonly path?: string
  readonly query?: string
}

const Target = z.object({
  path: z.string().optional(),
  command: z.string().optional(),
  query: z.string().optional(),
  pattern: z.string().optional(),
})

export function toolTarget(args: unknown): ToolTarget {
  const parsed = Target.safeParse(args)
  if (!parsed.success) return {}
  const { path, command, query, pattern } = parsed.data
  const asked = command ?? query ?? pattern
  return { ...(path === undefined ? {} : { path }), ...(asked === undefined ? {} : { query: asked }) }
}

export function toolTitle(tool: string, target: ToolTarget): string {
  const about = target.path ?? target.query
  return about === undefined ? tool : `${tool} ${oneLine(about, 120)}`
}

/** One error per tool and target: a second failure of the same call replaces the first. */
export function errorId(tool: string, target: ToolTarget): string {
  return `error:${tool}:${shortKey(target.path ?? target.query ?? '')}`
}

export function isErrorOf(item: ContextItem, tool: string, target: ToolTarget): boolean {
  return item.kind === 'error' && item.source.tool === tool && item.source.path === target.path && item.source.query === target.query
}

/** Whose results are places in the code. */
const POINTING_TOOLS = new Set([
  ...['lsp.references', 'lsp.definition', 'lsp.declaration', 'lsp.typeDefinition', 'lsp.implementation'],
  'memory.path',
])

export function kindOfResult({ tool, text }: Pick<ToolOutcome, 'tool' | 'text'>): ContextItemKind {
  if (POINTING_TOOLS.has(tool)) return 'references'
  if (tool === 'lsp.documentSymbols' || tool === 'lsp.workspaceSymbols' || tool === 'memory.find') return 'symbols'
  if (tool.startsWith('git.')) return 'git'
  return tool.startsWith('shell.') && looksLikeTests(text) ? 'tests' : 'tool-result'
}

export interface FileText {
  readonly path: string
  readonly text: string
  readonly version: ContentHash
  /** Lines of a part of the file; null for the whole file. */
  readonly lines: { readonly from: number; readonly to: number; readonly of: number } | null
}

/** The file that a call has read or written, as it is now; null for other tools and failed calls. */
export function fileOf(outcome: ToolOutcome, args: unknown): FileText | null {
  if (!outcome.ok) return null
  if (outcome.tool === 'fs.read') {
    const read = ToolSchemas['fs.read'].output.safeParse(outcome.output)
    if (!read.success) return null
    const { path, text, version, startLine, endLine, totalLines } = read.data
    const whole = startLine <= 1 && endLine >= totalLines
    return { path, text, version, lines: whole ? null : { from: startLine, to: endLine, of: totalLines } }
  }
  if (outcome.tool === 'fs.write') {
    const wrote = ToolSchemas['fs.write'].output.safeParse(outcome.output)
    const input = ToolSchemas['fs.write'].input.safeParse(args)
    if (!wrote.success || !input.success) return null
    return { path: wrote.data.path, text: input.data.text, version: wrote.data.version, lines: null }
  }
  return null
}

export function fileId(path: string, lines: FileText['lines'] = null): string {
  return lines === null ? `file:${shortKey(path)}` : `file:${shortKey(path)}:${lines.from}-${lines.to}`
}

const Sourced = z.object({
  sources: z.array(z.object({ path: z.string(), version: ContentHash, startLine: z.number(), endLine: z.number(), text: z.string() })),
})

/** Parts of files that a result shows around the places that it found. */
export function sourcesOf(outcome: ToolOutcome): FileText[] {
  const sourced = outcome.ok ? Sourced.safeParse(outcome.output) : null
  if (sourced?.success !== true) return []
  return sourced.data.sources.map(({ path, version, text, startLine, endLine }) => ({
    ...{ path, version, text },
    lines: { from: startLine, to: endLine, of: endLine },
  }))
}

const Located = z.object({ locations: z.array(z.object({ path: z.string() })) })
const Hit = z.object({ hits: z.array(z.object({ path: z.string(), score: z.number().optional() })) })

/** Files that a result points at, each once, in the order of the result. */
export function pathsOf(outcome: ToolOutcome): string[] {
  if (!outcome.ok) return []
  const located = Located.safeParse(outcome.output)
  if (located.success) return [...new Set(located.data.locations.map((location) => location.path))]
  const hits = Hit.safeParse(outcome.output)
  return hits.success ? [...new Set(hits.data.hits.map((hit) => hit.path))] : []
}

/** Of the best hit of a search; null for what has none. */
export function bestScoreOf(outcome: ToolOutcome): number | null {
  const hits = outcome.ok ? Hit.safeParse(outcome.output) : null
  return hits?.success === true ? (hits.data.hits[0]?.score ?? null) : null
}

/** Ids have a limited length: a long key keeps both ends and a checksum of the whole. */
export function shortKey(key: string): string {
  if (key.length <= 400) return key
  let sum = 0
  for (let at = 0; at < key.length; at += 1) sum = (Math.imul(sum, 31) + key.charCodeAt(at)) | 0
  return `${key.slice(0, 280)}...${key.slice(-80)}#${(sum >>> 0).toString(16)}`
}

export function oneLine(text: string, maxChars: number): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length <= maxChars ? line : `${line.slice(0, maxChars - 3)}...`
}
