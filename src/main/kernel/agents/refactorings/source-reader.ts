import type { AgentApi } from '../agent-api'
import { AgentStop, failureText, type SourceText } from './agent-tools'
import { SourceSyntax } from './source-syntax'
import type { ToolOutcome } from '../../../../shared/frames'

type Read = { readonly ok: true; readonly source: SourceText } | { readonly ok: false; readonly outcome: ToolOutcome }

/**
 * Reads each file of a branch once. For the time in which an agent plans: what it reads must not be changed by this branch
 * meanwhile. Edits that are made from it carry the versions that were read, so a change by someone else is noticed.
 */
export class SourceReader {
  readonly api: AgentApi
  readonly #read = new Map<string, Read>()
  readonly #syntax = new Map<string, SourceSyntax>()

  constructor(api: AgentApi) {
    this.api = api
  }

  /** Throws AgentStop with the tool's own words. */
  async read(path: string): Promise<SourceText> {
    const read = await this.#once(path)
    if (!read.ok) throw new AgentStop(failureText(read.outcome), 'error')
    return read.source
  }

  /** Null for what cannot be read as text (binary, too large, gone). */
  async tryRead(path: string): Promise<SourceText | null> {
    const read = await this.#once(path)
    return read.ok ? read.source : null
  }

  syntaxOf(source: SourceText): SourceSyntax {
    const known = this.#syntax.get(source.path)
    if (known?.text === source.text) return known
    const syntax = new SourceSyntax(source.path, source.text)
    this.#syntax.set(source.path, syntax)
    return syntax
  }

  async #once(path: string): Promise<Read> {
    const known = this.#read.get(path)
    if (known !== undefined) return known
    const reply = await this.api.readFile(path)
    const read: Read = reply.ok ? { ok: true, source: { path, ...reply.output } } : { ok: false, outcome: reply.outcome }
    this.#read.set(path, read)
    return read
  }
}
