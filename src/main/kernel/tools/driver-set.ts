import type { Memory } from '../memory/memory'
import { createMemoryDriver } from '../memory/memory-driver'
import type { TerminalSink } from '../scheduler/run-parts'
import type { Driver } from './driver'
import { createFilesystemDriver, type FilesystemDriver } from './drivers/filesystem/filesystem-driver'
import { createGitDriver } from './drivers/git/git-driver'
import { createLspDriver, type LspDriver } from './drivers/lsp/lsp-driver'
import { lspBinds } from './drivers/lsp/server-process'
import { createSearchDriver } from './drivers/search/search-driver'
import { createShellDriver, type ShellDriver } from './drivers/shell/shell-driver'
import { FILE_GUEST_SCRIPT, fileGuestBinds, shellGuestBinds } from './guest/guest-binds'
import { GUEST_NODE } from './sandboxes/guest-view'
import type { ToolBind } from './sandboxes/sandbox'

/** The drivers of one branch. Shell and language server are also used by people, through the window. */
export interface DriverSet {
  readonly all: readonly Driver[]
  readonly filesystem: FilesystemDriver
  readonly shell: ShellDriver
  readonly lsp: LspDriver
}

/** Where a run's files come from: the user's repository, and the frozen copy that the run started from. */
export interface DriverSource {
  readonly root: string
  readonly baseDir: string
}

/** Without a source there is no history, so no git tools. */
export function makeDriverSet(appRoot: string, memory: Memory, onTerminalData: TerminalSink, source?: DriverSource): DriverSet {
  const shell = createShellDriver({ onTerminalData })
  const filesystem = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
  const lsp = createLspDriver({ appRoot, guestNode: GUEST_NODE, channel: filesystem.channel })
  const git = source === undefined ? [] : [createGitDriver({ ...source, channel: filesystem.channel })]
  return { all: [filesystem, shell, lsp, createMemoryDriver(memory), createSearchDriver(filesystem), ...git], filesystem, shell, lsp }
}

/** Keyframe's own programs that run inside every sandbox. */
export function toolBinds(appRoot: string): ToolBind[] {
  return [...fileGuestBinds(appRoot), ...shellGuestBinds(appRoot), ...lspBinds(appRoot)]
}
