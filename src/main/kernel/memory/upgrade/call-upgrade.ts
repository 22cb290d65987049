import { KeyframeError, toFailure } from '../../../../shared/failure'
import type { LspChannel } from '../../tools/drivers/lsp/lsp-channel'
import { DefinitionClient } from './definition-client'
import type { AnsweredCall, FileWithOpenCalls, OpenCall, OpenCallStore } from './open-calls'

/** Which server answers for which languages of the index, and how it calls them. */
export const CALL_SERVERS: readonly { readonly server: string; readonly languageIds: Readonly<Record<string, string>> }[] = [
  { server: 'typescript', languageIds: { typescript: 'typescript', tsx: 'typescriptreact', javascript: 'javascript' } },
  { server: 'python', languageIds: { python: 'python' } },
  { server: 'go', languageIds: { go: 'go' } },
  { server: 'rust', languageIds: { rust: 'rust' } },
  { server: 'cpp', languageIds: { c: 'c', cpp: 'cpp' } },
]
/** Files a round: progress is told and the index written after each. */
const ROUND = 50
/** A server that cannot answer so many calls one after the other is given up. */
const MOST_FAILURES = 20

export interface CallUpgradeParts {
  readonly store: OpenCallStore
  /** A server on the repository's files in a sandbox of its own; null with the reason where there is none. */
  openServer(language: string): Promise<{ channel: LspChannel; dispose(): Promise<void> } | { readonly missing: string }>
  /** The file as the server sees it, and the SHA-256 of its content; null when it is gone. */
  readFile(path: string): Promise<{ readonly text: string; readonly hash: string } | null>
  /** Between two files; resolves when the machine is free for work that nobody waits for. */
  turn(signal: AbortSignal): Promise<void>
  onProgress(done: number, language: string): void
  log(line: string): void
}

export interface CallUpgradeReport {
  readonly asked: number
  readonly answered: number
  /** Languages that were left out, and why. */
  readonly missing: readonly { readonly language: string; readonly reason: string }[]
}

/** Asks language servers about the calls that syntax left open, one after the other, until there is none left or `signal` fires. */
export async function upgradeCalls(parts: CallUpgradeParts, signal: AbortSignal): Promise<CallUpgradeReport> {
  let asked = 0
  let answered = 0
  const missing: { language: string; reason: string }[] = []
  for (const { server, languageIds } of CALL_SERVERS) {
    const languages = Object.keys(languageIds)
    if (signal.aborted || parts.store.openCalls(languages, 1).length === 0) continue
    const opened = await parts.openServer(server)
    if ('missing' in opened) {
      missing.push({ language: server, reason: opened.missing })
      continue
    }
    const client = new DefinitionClient(opened.channel)
    try {
      await client.start()
      const counted = await askAll(parts, client, languages, (file) => languageIds[file.language] ?? file.language, signal)
      asked += counted.asked
      answered += counted.answered
    } catch (thrown) {
      if (!(thrown instanceof KeyframeError)) throw thrown
      missing.push({ language: server, reason: toFailure(thrown).message })
      parts.log(`calls of ${server} were not all looked up: ${toFailure(thrown).message}`)
    } finally {
      client.dispose()
      await opened.dispose()
    }
  }
  return { asked, answered, missing }
}

async function askAll(
  parts: CallUpgradeParts,
  client: DefinitionClient,
  languages: readonly string[],
  languageId: (file: FileWithOpenCalls) => string,
  signal: AbortSignal,
): Promise<{ asked: number; answered: number }> {
  let asked = 0
  let answered = 0
  for (;;) {
    const files = parts.store.openCalls(languages, ROUND)
    if (files.length === 0) return { asked, answered }
    for (const file of files) {
      await parts.turn(signal)
      if (signal.aborted) return { asked, answered }
      const answers = await answersOf(parts, client, file, languageId(file))
      await parts.store.answered(file, answers)
      asked += answers.length
      answered += answers.filter((answer) => answer.target !== null).length
      parts.onProgress(asked, file.language)
    }
  }
}

/** None when the file has changed since it was indexed: it will be asked about in its new content. */
async function answersOf(
  parts: CallUpgradeParts,
  client: DefinitionClient,
  file: FileWithOpenCalls,
  languageId: string,
): Promise<AnsweredCall[]> {
  const now = await parts.readFile(file.path)
  if (now === null || now.hash !== file.hash) return []
  const lines = now.text.split(/\r?\n/)
  client.open(file.path, languageId, now.text)
  const answers: AnsweredCall[] = []
  let failures = 0
  try {
    for (const call of file.calls) {
      const column = columnOf(call, lines)
      if (column === null) {
        answers.push({ ...call, target: null })
        continue
      }
      try {
        answers.push({ ...call, target: await client.definition(file.path, call.line, column) })
        failures = 0
      } catch (thrown) {
        failures += 1
        if (!(thrown instanceof KeyframeError) || thrown.code !== 'lsp.timeout' || failures >= MOST_FAILURES) throw thrown
        answers.push({ ...call, target: null })
      }
    }
  } finally {
    client.close(file.path)
  }
  return answers
}

/** In UTF-16 units; the name as a member that is called, else the name anywhere on the line. Null when it is not there. */
function columnOf({ name, line }: OpenCall, lines: readonly string[]): number | null {
  const text = lines[line - 1] ?? ''
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const called = new RegExp(String.raw`(?:\.|->|::)\s*${escaped}\s*(?:<[^()]*>)?\(`).exec(text)
  if (called !== null) return called.index + called[0].indexOf(name)
  const named = new RegExp(String.raw`(?<![\w$])${escaped}(?![\w$])`).exec(text)
  return named === null ? null : named.index
}
