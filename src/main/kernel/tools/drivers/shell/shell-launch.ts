import { randomBytes } from 'node:crypto'
import { SHELL_RCFILE } from '../../guest/guest-binds'
import type { Sandbox, SandboxCommand } from '../../sandboxes/sandbox'
import { removeExchangeFile, writeExchangeFile } from './exchange-files'
import type { ShellBytes } from './shell-state'

export interface ShellLaunch {
  /** Marks of this shell carry it. */
  readonly nonce: string
  readonly command: SandboxCommand
  /** Once the shell has read them, or is not going to. */
  removeFiles(): Promise<void>
}

/** Writes what a session's bash reads when it starts (see shell-integration.bash) and says how to start it. */
export async function prepareLaunch(sandbox: Sandbox, name: string, restored: ShellBytes | null): Promise<ShellLaunch> {
  const { exchangeDir, guest } = sandbox
  // A pipe in the place of one of them would keep every new shell from its prompt.
  await removeSessionFiles(exchangeDir, name)
  const nonce = randomBytes(16).toString('hex')
  const start = randomBytes(8).toString('hex')
  const files = [`${name}.${start}.start`]
  if (restored !== null) {
    files.push(`${name}.${start}.restore`, `${name}.${start}.history`)
    await writeExchangeFile(exchangeDir, `${name}.${start}.restore`, restored.state)
    await writeExchangeFile(exchangeDir, `${name}.${start}.history`, restored.history)
  }
  const fields = [nonce, guest.exchange, name, restored === null ? '' : start]
  await writeExchangeFile(exchangeDir, `${name}.${start}.start`, fields.map((field) => `${field}\0`).join(''))
  return {
    nonce,
    command: {
      argv: ['/bin/bash', '--noprofile', '--rcfile', guest.resolve(SHELL_RCFILE), '-i'],
      env: {
        KEYFRAME_SHELL: `${guest.exchange}/${name}.${start}.start`,
        TERM: 'xterm-256color',
        LANG: 'C.UTF-8',
        PAGER: 'cat',
        GIT_PAGER: 'cat',
      },
    },
    async removeFiles() {
      for (const file of files) await removeExchangeFile(exchangeDir, file)
    },
  }
}

/** What the shell of a session that has ended wrote at its prompts. */
export async function removeSessionFiles(exchangeDir: string, name: string): Promise<void> {
  for (const kind of ['state', 'history', 'traps', 'list']) await removeExchangeFile(exchangeDir, `${name}.${kind}`)
}
