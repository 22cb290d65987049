import { descendantsOf, residentBytes } from '../../sandboxes/process-tree'
import { defineTool, type ToolCallContext, type ToolSpec } from '../../driver'
import type { ServerHealth } from '../../schemas/lsp'
import { ToolSchemas } from '../../schemas'
import { KeyframeError } from '../../../../../shared/failure'
import { discoverServer, type DiscoveryOptions } from './server-discovery'
import type { ServerEntry } from './server-catalogue'
import type { ServerSession } from './server-session'
import type { LspToolHost } from './tool-host'

const TIMEOUT_MS = 120_000
const MEBIBYTE = 1024 * 1024

/** The servers themselves: which there are, how they are, and how to start one anew. */
export function serverTools(host: LspToolHost, options: DiscoveryOptions): ToolSpec[] {
  return [
    defineTool({
      name: 'lsp.servers',
      description: 'The language servers of this workspace: version, state, restarts, memory; for a missing one, what to install.',
      ...ToolSchemas['lsp.servers'],
      effect: 'pure',
      timeoutMs: TIMEOUT_MS,
      execute: async (_args, call) => {
        const { sessions, files } = host.pool(call)
        const request = { signal: call.signal, timeoutMs: TIMEOUT_MS }
        const present = await files.languages(host.catalogue, request)
        const used = sessions.filter((session) => session.health.state !== 'not-started')
        const servers: ServerHealth[] = used.map(healthOf)
        for (const entry of host.catalogue.entries) {
          if (used.some((session) => session.entry === entry) || (!present.has(entry.language) && entry.source === 'shipped')) continue
          servers.push(await notStarted(entry, call, options))
        }
        return { output: { servers }, text: servers.map(describe).join('\n') || 'No file here has a language server.' }
      },
    }),
    defineTool({
      name: 'lsp.restart',
      description:
        'Ends the language servers of a language, or all of them. They start again with the next question, also after many crashes.',
      ...ToolSchemas['lsp.restart'],
      effect: 'idempotent',
      timeoutMs: TIMEOUT_MS,
      execute: async (args, call) => {
        const language = args.language === undefined ? null : host.catalogue.ofLanguage(args.language).language
        const restarted = await host.pool(call).restart(language)
        return { output: { restarted }, text: `${restarted} language server(s) will start again.` }
      },
    }),
  ]
}

function healthOf(session: ServerSession): ServerHealth {
  const { pid, ...health } = session.health
  return {
    language: session.entry.language,
    name: session.entry.title,
    source: session.entry.source,
    root: session.root,
    ...health,
    memoryBytes: pid === null ? null : memoryOf(pid),
  }
}

async function notStarted(entry: ServerEntry, call: ToolCallContext, options: DiscoveryOptions): Promise<ServerHealth> {
  const common = {
    language: entry.language,
    name: entry.title,
    source: entry.source,
    root: null,
    restarts: 0,
    memoryBytes: null,
    openDocuments: 0,
  }
  try {
    const { version } = await discoverServer(call.sandbox, entry, options, { signal: call.signal, timeoutMs: TIMEOUT_MS })
    return { ...common, version, state: 'not-started', message: null }
  } catch (error) {
    if (!(error instanceof KeyframeError) || error.code !== 'lsp.no-server') throw error
    return { ...common, version: null, state: 'missing', message: `${error.message} ${error.failure.action ?? ''}`.trim() }
  }
}

/** Of all processes of a server. Null where the system does not show them. */
function memoryOf(pid: number): number | null {
  if (process.platform !== 'linux') return null
  const bytes = [pid, ...descendantsOf(pid)].reduce((sum, one) => sum + residentBytes(one), 0)
  return bytes === 0 ? null : bytes
}

function describe(server: ServerHealth): string {
  const parts: string[] = [server.state]
  if (server.root !== null && server.root !== '.') parts.push(`in ${server.root}`)
  if (server.restarts > 0) parts.push(`died ${server.restarts} time(s)`)
  if (server.memoryBytes !== null) parts.push(`${Math.round(server.memoryBytes / MEBIBYTE)} MiB`)
  if (server.openDocuments > 0) parts.push(`${server.openDocuments} open document(s)`)
  return `${server.language}: ${server.name} ${server.version ?? ''} ${parts.join(', ')}${server.message === null ? '' : `. ${server.message}`}`
}
