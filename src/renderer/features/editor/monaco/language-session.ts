import { MonacoLanguageClient } from 'monaco-languageclient'
import { CloseAction, ErrorAction } from 'vscode-languageclient/browser.js'
import { toFailure } from '../../../../shared/failure'
import type { WindowModel } from '../../../app/window-model'
import { type LanguageState, languageState } from '../language-store'
import { SERVED_LANGUAGES } from '../language-of-path'
import { LIVE_SCHEME } from '../workspace-uri'
import { channelTransports, type ChannelTransports } from './channel-transports'

type Branch = NonNullable<LanguageState['branch']>

interface Session {
  readonly branch: Branch
  channel: ChannelTransports | null
  client: MonacoLanguageClient | null
}

/** One language server at a time: that of the selected branch, from the first file that needs it until another branch is selected. */
let current: Session | null = null

/** Ends the server when its branch is left, and starts it again when a lost connection is back. Call once. */
export function followSelection(model: WindowModel): void {
  model.link.onLive(({ first }) => {
    if (!first && languageState.getState().phase === 'ended') restartLanguageServer(model)
  })
  model.selection.subscribe(({ runId, branchId }) => {
    if (current !== null && (current.branch.runId !== runId || current.branch.branchId !== branchId))
      end({ phase: 'off', branch: null, detail: null })
  })
}

/** Starts the selected branch's server unless it runs, or has died: that is for the user to start again. */
export function wantLanguageServer(model: WindowModel): void {
  const { runId, branchId } = model.selection.getState()
  if (runId === null) return
  const { phase, branch } = languageState.getState()
  if (phase !== 'off' && branch?.runId === runId && branch.branchId === branchId) return
  start(model, { runId, branchId })
}

export function restartLanguageServer(model: WindowModel): void {
  const { runId, branchId } = model.selection.getState()
  if (runId !== null) start(model, { runId, branchId })
}

/** Asks the running server; null while there is none. Rejects with the server's refusal. */
export function askLanguageServer(method: string, params: object): Promise<unknown> | null {
  const { phase } = languageState.getState()
  return phase === 'ready' && current?.client ? current.client.sendRequest(method, params) : null
}

function start(model: WindowModel, branch: Branch): void {
  end({ phase: 'starting', branch, detail: null })
  const session: Session = { branch, channel: null, client: null }
  current = session
  open(model, session).catch((thrown: unknown) => {
    if (current !== session) return
    const failure = toFailure(thrown)
    end({ phase: 'failed', branch, detail: [failure.message, failure.action].filter(Boolean).join(' ') })
  })
}

async function open(model: WindowModel, session: Session): Promise<void> {
  const { channel } = await model.link.call('lsp.open', { ...session.branch, language: 'typescript' })
  const opened = channelTransports(model.link, channel, (reason) => {
    if (current === session) end({ phase: 'ended', branch: session.branch, detail: reason })
  })
  if (current !== session) {
    opened.close()
    return
  }
  session.channel = opened
  const client = new MonacoLanguageClient({
    id: 'keyframe',
    name: 'Language server',
    messageTransports: opened.transports,
    clientOptions: {
      documentSelector: SERVED_LANGUAGES.map((language) => ({ scheme: LIVE_SCHEME, language })),
      // What a server says in hovers is shown as text, never as commands or markup of its own.
      markdown: { isTrusted: false, supportHtml: false },
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: CloseAction.DoNotRestart, handled: true }),
      },
      initializationFailedHandler: () => false,
    },
  })
  session.client = client
  await client.start()
  if (current === session) languageState.setState({ phase: 'ready', branch: session.branch, detail: null })
}

function end(next: LanguageState): void {
  const ending = current
  current = null
  languageState.setState(next)
  if (ending === null) return
  const { client, channel } = ending
  // The server ends with its channel; what the client still waits for is refused by that and has nobody to tell.
  if (client === null) channel?.close()
  else
    client.dispose().then(
      () => channel?.close(),
      () => channel?.close(),
    )
}
