import type { z } from 'zod'
import type { ToolOutcome } from '../../../../shared/frames'
import type { ContentHash } from '../../../../shared/ids'
import type { TextEdit } from '../../tools/schemas/text'
import { type ToolName, ToolSchemas } from '../../tools/schemas'
import type { AgentApi, ToolReply } from '../agent-api'

type Output<Name extends ToolName> = z.output<(typeof ToolSchemas)[Name]['output']>
type Input<Name extends ToolName> = z.input<(typeof ToolSchemas)[Name]['input']>

/** The end of a task that is no fault of Keyframe: a person said no, a symbol is not there, a tool was refused. */
export class AgentStop extends Error {
  override readonly name = 'AgentStop'
  readonly level: 'info' | 'warning' | 'error'

  constructor(message: string, level: 'info' | 'warning' | 'error' = 'warning') {
    super(message)
    this.level = level
  }
}

/** Calls a tool whose failure ends the task. Throws AgentStop with the tool's own words. */
export async function useTool<Name extends ToolName>(api: AgentApi, name: Name, args: Input<Name>): Promise<Output<Name>> {
  const reply = await tryTool(api, name, args)
  if (!reply.ok) throw new AgentStop(failureText(reply.outcome), 'error')
  return reply.output
}

/** Calls a tool whose failure the caller handles. */
export function tryTool<Name extends ToolName>(api: AgentApi, name: Name, args: Input<Name>): Promise<ToolReply<Output<Name>>> {
  const schema: (typeof ToolSchemas)[Name]['output'] = ToolSchemas[name].output
  return api.call(name, args, schema) as Promise<ToolReply<Output<Name>>>
}

export function failureText(outcome: ToolOutcome): string {
  const { error } = outcome
  if (error === undefined) return `${outcome.tool} failed: ${outcome.text}`
  return `${outcome.tool}: ${error.message}${error.action === undefined ? '' : ` ${error.action}`}`
}

export interface SourceText {
  readonly path: string
  readonly text: string
  readonly version: ContentHash
}

export async function readSource(api: AgentApi, path: string): Promise<SourceText> {
  const reply = await api.readFile(path)
  if (!reply.ok) throw new AgentStop(failureText(reply.outcome), 'error')
  return { path, ...reply.output }
}

/** Null for what cannot be read as text (binary, too large, gone). */
export async function tryReadSource(api: AgentApi, path: string): Promise<SourceText | null> {
  const reply = await api.readFile(path)
  return reply.ok ? { path, ...reply.output } : null
}

export interface FileEdits {
  readonly path: string
  readonly version: ContentHash | null
  readonly edits: readonly TextEdit[]
}

/** Applies edits of several files as one step: all or none. Does nothing when there is nothing to change. */
export async function applyFileEdits(api: AgentApi, files: readonly FileEdits[]): Promise<void> {
  const changed = files.filter((file) => file.edits.length > 0)
  if (changed.length === 0) return
  await useTool(api, 'fs.applyEdit', {
    files: changed.map((file) => ({ path: file.path, version: file.version, edits: [...file.edits] })),
    create: [],
    move: [],
    remove: [],
  })
}

/** Runs one task to its end: what stops it cleanly becomes a message and a result that is not ok. */
export async function untilStopped(api: AgentApi, body: () => Promise<AgentResult>): Promise<AgentResult> {
  try {
    return await body()
  } catch (error) {
    if (!(error instanceof AgentStop)) throw error
    await api.message(error.message, error.level)
    await api.setState('stopped', { reason: error.message })
    return { ok: false, summary: error.message }
  }
}

export interface AgentResult {
  readonly ok: boolean
  readonly summary: string
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** The first entries, and how many more there are. */
export function listed(entries: readonly string[], limit: number): string {
  const rest = entries.length - limit
  return rest > 0 ? `${entries.slice(0, limit).join(', ')} and ${rest} more` : entries.join(', ')
}
