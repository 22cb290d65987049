import { statSync } from 'node:fs'
import { join } from 'node:path'
import { KeyframeError } from '../../../../../shared/failure'
import type { NetworkRequest } from '../../../../../shared/frames'
import { CommandRunner } from '../command-runner'
import { relativePath } from '../guest-view'
import { listeningPorts } from '../network-state'
import { descendantsOf } from '../process-tree'
import type { CommandResult, GuestPaths, Sandbox, SandboxActivity, SandboxCommand, SandboxProcess, SandboxPty } from '../sandbox'
import type { BranchGuard } from './branch-guard'
import { commandLines, killMarked, markedProcesses, stopAll, untilGone } from './branch-processes'
import type { CopyLaunch, CopyRequest, CopyTree } from './copy-launch'
import type { CopyLimitWatch } from './copy-limit-watch'
import type { CopyPlace } from './copy-place'

export interface CopyBranchParts {
  readonly place: CopyPlace
  readonly guest: GuestPaths
  readonly notices: readonly string[]
  readonly launch: CopyLaunch
  readonly watch: CopyLimitWatch
  readonly guard: BranchGuard
  /** The whole environment of a command but what it adds. */
  readonly environment: (term: string) => Readonly<Record<string, string>>
  readonly requests: () => readonly NetworkRequest[]
  /** What is left to be done when every process has ended. */
  readonly close: () => Promise<void>
}

/** One branch's copy and the commands in it. */
export class CopyBranch implements Sandbox {
  readonly level = 'copy' as const
  readonly upperDir: string
  readonly copyDir: string
  readonly exchangeDir: string
  readonly guest: GuestPaths
  readonly notices: readonly string[]
  readonly #parts: CopyBranchParts
  readonly #runner: CommandRunner<CopyRequest, CopyTree>
  readonly #live = new Map<CopyTree, Promise<unknown>>()
  readonly #isMine = (mark: string): boolean => this.#parts.launch.isMark(mark)
  #freezing: Promise<unknown> = Promise.resolve()
  #disposed: Promise<void> | null = null

  constructor(parts: CopyBranchParts) {
    this.#parts = parts
    this.upperDir = this.copyDir = parts.place.workspace
    this.exchangeDir = parts.place.exchange
    this.guest = parts.guest
    this.notices = parts.notices
    this.#runner = new CommandRunner<CopyRequest, CopyTree>({
      launch: (request, stdin) => parts.launch.launch(request, stdin),
      launchPty: (request, size) => parts.launch.launchPty(request, size),
      adopt: (tree, finished, end) => this.#adopt(tree, finished, end),
    })
  }

  async run(command: SandboxCommand, options: Parameters<Sandbox['run']>[1]): Promise<CommandResult> {
    return this.#runner.run(await this.#request(command, 'dumb'), options)
  }

  async spawn(command: SandboxCommand): Promise<SandboxProcess> {
    return this.#runner.spawn(await this.#request(command, 'dumb'))
  }

  async pty(command: SandboxCommand, size: { cols: number; rows: number }): Promise<SandboxPty> {
    return this.#runner.pty(await this.#request(command, 'xterm-256color'), size)
  }

  frozen<T>(during: () => Promise<T>): Promise<T> {
    const turn = this.#freezing.then(async () => {
      const goOn = await stopAll(() => this.#roots(), this.#isMine)
      try {
        return await during()
      } finally {
        goOn()
      }
    })
    // The next in line waits for this one to be over, however it ended; its failure is its caller's.
    this.#freezing = turn.then(
      () => undefined,
      () => undefined,
    )
    return turn
  }

  processes(): Promise<string[]> {
    return Promise.resolve(commandLines(this.#inside()))
  }

  async activity(): Promise<SandboxActivity> {
    const inside = this.#inside()
    const { usage, limits } = await this.#parts.watch.usage()
    // The network is the host's: only what the branch's processes hold is the branch's.
    const ports = inside.length === 0 ? [] : listeningPorts(process.pid, inside, []).filter(({ program }) => program !== null)
    return { network: this.#parts.requests(), unroutable: 0, ports, usage, limits, killedByFilter: 0 }
  }

  dispose(): Promise<void> {
    this.#disposed ??= this.#end()
    return this.#disposed
  }

  async #end(): Promise<void> {
    await this.#freezing
    const watched = this.#parts.watch.end()
    killMarked(this.#roots(), this.#isMine)
    await Promise.allSettled(this.#live.values())
    await watched
    await untilGone(this.#isMine)
    await this.#parts.guard.end()
    await this.#parts.close()
  }

  #roots(): number[] {
    return [...this.#live.keys()].filter((tree) => tree.isAlive()).map((tree) => tree.pid)
  }

  #inside(): number[] {
    return [...new Set([...this.#roots().flatMap((pid) => [pid, ...descendantsOf(pid)]), ...markedProcesses(this.#isMine)])]
  }

  /** Nothing starts in a frozen, full or ended sandbox. */
  async #request(command: SandboxCommand, term: string): Promise<CopyRequest> {
    if (command.argv.length === 0) throw new KeyframeError({ code: 'sandbox.no-command', message: 'There is no program to run.' })
    const cwd = join(this.#parts.place.workspace, relativePath(command.cwd ?? ''))
    for (const [name, value] of Object.entries(command.env ?? {})) {
      if (!/^[^=\0]+$/.test(name) || value.includes('\0')) {
        throw new KeyframeError({ code: 'sandbox.bad-environment', message: `${JSON.stringify(name)} cannot be set as a variable.` })
      }
    }
    await this.#freezing
    await this.#parts.watch.refuseWhenFull()
    if (this.#disposed !== null) {
      throw new KeyframeError({
        code: 'sandbox.ended',
        message: 'The sandbox of this branch has ended.',
        action: 'Open the branch again: its files are kept.',
        retryable: true,
      })
    }
    if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
      throw new KeyframeError({
        code: 'sandbox.no-such-folder',
        message: `There is no folder ${command.cwd ?? '.'} in the workspace.`,
        action: 'Name a folder that exists.',
      })
    }
    return { argv: command.argv, cwd, env: { ...this.#parts.environment(term), ...command.env } }
  }

  #adopt(tree: CopyTree, finished: Promise<unknown>, end: (reason: string) => void): void {
    this.#parts.watch.add(tree, end)
    const leave = (): void => {
      this.#live.delete(tree)
      this.#parts.watch.remove(tree)
    }
    this.#live.set(tree, finished.then(leave, leave))
  }
}
