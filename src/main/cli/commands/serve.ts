import { join } from 'node:path'
import { loadSessionSecret, createWebSession } from '../../web-host/session'
import { startWebHost, type WebHost } from '../../web-host/web-host'
import type { KernelAccess } from '../../rpc/kernel-access'
import { findAppRoot } from '../app-root'
import { flag, integerOption } from '../arguments'
import { type Command, type CommandInput, EXIT, type ExitCode, JSON_OPTION, type Terminal } from '../command'
import { openAccess } from '../kernel-session'
import { printJson } from '../print'
import { workspaceFolder } from '../workspace-folder'

export const SERVE_OPTIONS = { sample: { type: 'boolean' }, port: { type: 'string', short: 'p' }, ...JSON_OPTION } as const
export const SERVE_HELP: Command['optionHelp'] = [
  ['REPO', 'the folder to open; the current one when left out'],
  ['--sample', 'open a private copy of the sample workspace'],
  ['--port N', 'the port to serve on; any free one when left out'],
  ['--json', 'print the address as JSON'],
]

export const command: Command = {
  usage: 'serve [REPO | --sample] [--port N] [--json]',
  options: SERVE_OPTIONS,
  optionHelp: SERVE_HELP,
  maxPositionals: 1,
  run: (input, terminal) => serveWindow(input, terminal, () => undefined),
}

/** Serves the window until the process is interrupted. `opened` gets the address once it answers. */
export async function serveWindow(
  input: CommandInput,
  terminal: Terminal,
  opened: (address: string, access: KernelAccess) => void,
): Promise<ExitCode> {
  const port = integerOption(input, 'port', 0, 65_535) ?? 0
  const repo = await workspaceFolder(input)
  const access = await openAccess({ repo, log: terminal.err, stays: true })
  let host: WebHost | null = null
  try {
    host = await startWebHost({
      port,
      rendererDir: join(findAppRoot(), 'out', 'renderer'),
      session: createWebSession(await loadSessionSecret(join(access.dataDir, 'web-session'))),
      attach: (transport) => access.attach(transport),
      log: terminal.err,
    })
    const address = host.issueAddress()
    if (flag(input, 'json')) printJson(terminal, { address, port: host.port, repo, pid: process.pid, kernelPid: access.pid })
    else {
      terminal.out(`Keyframe shows ${repo} at ${address}`)
      if (!access.owned) terminal.err(`The kernel of this workspace runs in process ${access.pid}; this window joins it.`)
      terminal.err('The address works once. Press Ctrl-C to stop.')
    }
    opened(address, access)
    await aborted(terminal.interrupted)
    return EXIT.interrupted
  } finally {
    await host?.close()
    await access.close()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
