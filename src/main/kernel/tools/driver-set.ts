import type { Memory } from '../memory/memory'
import { createMemoryDriver, type Experience } from '../memory/memory-driver'
import type { FilesAtPoint } from '../memory/points'
import type { TerminalSink } from '../scheduler/run-parts'
import type { Driver } from './driver'
import { createFilesystemDriver, type FilesystemDriver } from './drivers/filesystem/filesystem-driver'
import { createGitDriver } from './drivers/git/git-driver'
import { createLspDriver, type LspDriver } from './drivers/lsp/lsp-driver'
import type { LspSettings } from './drivers/lsp/lsp-settings'
import { lspBinds } from './drivers/lsp/server-process'
import { createSearchDriver } from './drivers/search/search-driver'
import { createShellDriver, type ShellDriver } from './drivers/shell/shell-driver'
import { egressBinds, FILE_GUEST_SCRIPT, fileGuestBinds, shellGuestBinds } from './guest/guest-binds'
import { GUEST_NODE } from './sandboxes/guest-view'
import type { ToolBind } from './sandboxes/sandbox'

/** The drivers of one branch. Shell and language server are also used by people, through the window. */
export interface DriverSet {
  readonly all: readonly Driver[]
  readonly filesystem: FilesystemDriver
  readonly shell: ShellDriver
  readonly lsp: LspDriver
}

export interface DriverSetOptions {
  readonly appRoot: string
  readonly memory: Memory
  readonly experience: Experience
  /** The user's own language servers. */
  readonly lsp: LspSettings
  readonly onTerminalData: TerminalSink
  /** What the user should know of a driver: a language server that was started again, parts left out. */
  readonly onNotice: (text: string) => void
  /** The user's repository, and the frozen copy of it that the run started from: what the git tools read. */
  readonly root: string
  readonly baseDir: string
  /** The run that the branch belongs to; null for a sandbox of its own. */
  readonly runId: string | null
  /** The branch's files at its last checkpoint, for questions to the index; null: the repository as it is now. */
  readonly point: () => FilesAtPoint | null
  /** Whether the branch's role may read a file: history is read outside the sandbox, where nothing else keeps it from the others. */
  readonly readable: (path: string) => boolean
}

export function makeDriverSet(options: DriverSetOptions): DriverSet {
  const { appRoot, memory, experience, onTerminalData, onNotice, root, baseDir, point, readable } = options
  const shell = createShellDriver({ onTerminalData })
  const filesystem = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
  const { channel } = filesystem
  const lsp = createLspDriver({ appRoot, guestNode: GUEST_NODE, channel, settings: options.lsp, onNotice })
  const git = createGitDriver({ root, baseDir, channel, readable })
  return {
    all: [filesystem, shell, lsp, createMemoryDriver({ memory, experience, point, readable }), createSearchDriver(filesystem), git],
    filesystem,
    shell,
    lsp,
  }
}

/** Keyframe's own programs that run inside every sandbox. */
export function toolBinds(appRoot: string): ToolBind[] {
  return [...fileGuestBinds(appRoot), ...shellGuestBinds(appRoot), ...egressBinds(appRoot), ...lspBinds(appRoot)]
}
