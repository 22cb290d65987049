import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import type { Diagnostic } from '../../schemas/lsp'
import { readAnswer, TsDiagnostics } from './answers'
import { LspDiagnostic } from './published-diagnostics'
import { inOrder, rangeOfLsp, rangeOfTs } from './source-lines'
import { type Asking, isTypeScript, textDocument, type TypeScriptAsking } from './tool-host'

const SEVERITIES: Readonly<Record<string, Diagnostic['severity']>> = {
  error: 'error',
  warning: 'warning',
  suggestion: 'hint',
  message: 'information',
}
const LSP_SEVERITIES: readonly Diagnostic['severity'][] = ['error', 'warning', 'information', 'hint']
const POLL_MS = 20
/** How long a server that says which text it speaks of may take to say anything. */
const PUBLISH_MS = 20_000
/** A server that publishes only what is new is taken to have nothing to add after such a silence. */
const SILENCE_MS = 1_500
/** Servers publish what is quick to find first and the rest shortly after. */
const SETTLE_MS = 200

const PulledReport = z.object({ kind: z.string(), items: z.array(LspDiagnostic).max(20_000).optional() })

/** Problems of an open file. `pending` when its server had not spoken of the present text in time: then these may be older. */
export async function diagnosticsOf(asking: Asking, path: string): Promise<{ diagnostics: Diagnostic[]; pending: boolean }> {
  if (isTypeScript(asking)) return { diagnostics: await typeScriptDiagnosticsOf(asking, path), pending: false }
  const { diagnostics, pending } = await lspDiagnosticsOf(asking, path)
  const found = diagnostics.map((one) => ({
    path,
    ...rangeOfLsp(one.range),
    severity: LSP_SEVERITIES[(one.severity ?? 1) - 1] ?? 'error',
    code: one.code === undefined ? '' : String(one.code),
    message: one.message,
    source: one.source ?? asking.session.entry.title,
  }))
  return { diagnostics: inOrder(found), pending }
}

/** The same in the protocol's own form: what is asked for, where the server can be asked, with what it publishes by itself. */
export async function lspDiagnosticsOf(asking: Asking, path: string): Promise<{ diagnostics: LspDiagnostic[]; pending: boolean }> {
  const { connection, paths } = asking
  const uri = paths.uri(path)
  if (!connection.capabilities.has('textDocument/diagnostic')) return publishedOf(asking, path, uri)
  const answer = await connection.request('textDocument/diagnostic', { textDocument: textDocument(paths, path) }, asking.request)
  const pulled = readAnswer(PulledReport, answer, 'diagnostic').items ?? []
  const known = new Set(pulled.map(keyOf))
  return {
    diagnostics: [...pulled, ...(connection.published.of(uri)?.diagnostics ?? []).filter((one) => !known.has(keyOf(one)))],
    pending: false,
  }
}

function keyOf(one: LspDiagnostic): string {
  return JSON.stringify([one.range, one.message])
}

/**
 * Waits until the server has spoken of the text that is open now. When files changed around a document whose text did not, the
 * server is made to look again.
 */
async function publishedOf(asking: Asking, path: string, uri: string): Promise<{ diagnostics: LspDiagnostic[]; pending: boolean }> {
  const { connection, documents, session, request } = asking
  const { published, entry } = connection
  const disturbed = documents.lookedAt(path) !== session.disturbances
  const spoken = (): boolean => (published.of(uri)?.version ?? -1) >= (documents.numberOf(path) ?? 0)
  const before = published.of(uri)?.serial ?? 0
  const isFresh = !disturbed && (documents.wasJudged(path) || (entry.quirks.silentDiagnostics !== true && spoken()))
  if (!isFresh) {
    if (disturbed && documents.wasJudged(path)) {
      await documents.touch(path, entry.quirks.forceRebuild === true ? { wantDiagnostics: true, forceRebuild: true } : {})
    }
    // Answered after the change was taken in.
    if (connection.capabilities.has('textDocument/documentSymbol')) {
      await connection.request('textDocument/documentSymbol', { textDocument: textDocument(asking.paths, path) }, request)
    }
    const startedAt = performance.now()
    let heardAt: number | null = null
    let serial = before
    for (;;) {
      const now = performance.now()
      const latest = published.of(uri)?.serial ?? 0
      if (latest > serial) {
        serial = latest
        heardAt = now
      }
      const hasSpoken = entry.quirks.silentDiagnostics === true ? heardAt !== null || now - startedAt > SILENCE_MS : spoken()
      if (hasSpoken && now - (heardAt ?? startedAt) >= SETTLE_MS) break
      if (now - startedAt > PUBLISH_MS || !connection.alive)
        return { diagnostics: [...(published.of(uri)?.diagnostics ?? [])], pending: true }
      await wait(POLL_MS, undefined, { signal: request.signal })
    }
  }
  documents.judged(path, session.disturbances)
  return { diagnostics: [...(published.of(uri)?.diagnostics ?? [])], pending: false }
}

/** What the compiler says about an open file as it now stands: asked for, not waited for, so that it is never of an older text. */
export async function typeScriptDiagnosticsOf(asking: TypeScriptAsking, path: string): Promise<Diagnostic[]> {
  const found: Diagnostic[] = []
  // Of the nearest configuration that includes it: a file may be in several projects with other options.
  const projectFileName = asking.cover.projectsOf(path)[0]
  for (const command of ['syntacticDiagnosticsSync', 'semanticDiagnosticsSync', 'suggestionDiagnosticsSync']) {
    const body = await asking.connection.tsserver(command, { file: asking.paths.inside(path), projectFileName }, asking.request)
    for (const one of readAnswer(TsDiagnostics, body ?? [], command)) {
      const range = one.start === undefined ? { startLine: 1, startColumn: 0, endLine: 1, endColumn: 0 } : rangeOfTs(one)
      const severity = SEVERITIES[one.category] ?? 'information'
      found.push({
        path,
        ...range,
        severity,
        code: one.code === undefined ? '' : String(one.code),
        message: one.text,
        source: one.source ?? 'typescript',
      })
    }
  }
  return inOrder(found)
}
