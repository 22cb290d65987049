import { mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { BranchId } from '../../../shared/ids'
import { createFileStore, type WorkspaceFileStore } from '../checkpoints/file-store'
import type { Base } from '../checkpoints/files'
import { BranchDevice, type DeviceOrigin } from '../tools/branch-device'
import type { Driver } from '../tools/driver'
import { createFilesystemDriver } from '../tools/drivers/filesystem/filesystem-driver'
import { createLspDriver } from '../tools/drivers/lsp/lsp-driver'
import { createSearchDriver } from '../tools/drivers/search/search-driver'
import { createShellDriver } from '../tools/drivers/shell/shell-driver'
import { toolBinds } from '../tools/driver-set'
import { FILE_GUEST_SCRIPT } from '../tools/guest/guest-binds'
import { PortRanges } from '../tools/port-ranges'
import type { ToolName, ToolSchemas } from '../tools/schemas'
import { guestOwner } from '../tools/sandboxes/guest-owner'
import { GUEST_NODE } from '../tools/sandboxes/guest-view'
import { removeTree } from '../checkpoints/remove-tree'
import { DEFAULT_LIMITS, DEFAULT_PROFILE, type SandboxLimits, type SandboxProfile, type SandboxProvider } from '../tools/sandboxes/sandbox'
import { callTool } from './driver-harness'
import { writeFiles } from './git-repository'
import { MemoryContentStore } from './memory-content-store'

const APP_ROOT = realpathSync(join(import.meta.dirname, '../../../..'))

export interface BranchSetup {
  readonly origin?: DeviceOrigin
  readonly limits?: Partial<SandboxLimits>
  readonly profile?: Partial<SandboxProfile>
}

/** A branch with the drivers that agents have, over a sandbox of one provider. */
export interface BenchBranch {
  readonly device: BranchDevice
  call<Name extends ToolName>(
    name: Name,
    args: z.input<(typeof ToolSchemas)[Name]['input']>,
  ): Promise<z.output<(typeof ToolSchemas)[Name]['output']>>
  /** A shell command's exit code and output. */
  sh(command: string): Promise<{ exitCode: number; output: string }>
}

/** A workspace with its checkpoints, and branches of it in sandboxes of one provider, put together as runs do. */
export interface ProviderBench {
  readonly root: string
  readonly files: WorkspaceFileStore
  readonly base: Base
  branch(setup?: BranchSetup): BenchBranch
  dispose(): Promise<void>
}

export async function openProviderBench(provider: SandboxProvider, contents: Readonly<Record<string, string>>): Promise<ProviderBench> {
  const top = mkdtempSync(join(tmpdir(), `keyframe-${provider.level}-`))
  const root = join(top, 'repository')
  const dataDir = join(top, 'data')
  for (const folder of [root, dataDir]) mkdirSync(folder)
  writeFiles(root, contents)
  const content = new MemoryContentStore()
  const files = createFileStore({ root, dataDir, content, owner: guestOwner(), nodePath: process.execPath })
  const base = await files.freezeBase({})
  const ports = new PortRanges()
  const branches: BranchDevice[] = []
  return {
    root,
    files,
    base,
    branch({ origin, limits, profile }: BranchSetup = {}) {
      const shell = createShellDriver({ onTerminalData: () => undefined })
      const filesystem = createFilesystemDriver({ guestNode: GUEST_NODE, guestScript: FILE_GUEST_SCRIPT })
      const lsp = createLspDriver({ appRoot: APP_ROOT, guestNode: GUEST_NODE, channel: filesystem.channel })
      const all: readonly Driver[] = [filesystem, shell, lsp, createSearchDriver(filesystem)]
      const parts = {
        provider,
        files,
        content,
        base,
        binds: toolBinds(APP_ROOT),
        dir: join(dataDir, 'branches'),
        ports,
        limits: { ...DEFAULT_LIMITS, ...limits },
        profile: () => Promise.resolve({ ...DEFAULT_PROFILE, ...profile }),
      }
      const id = BranchId.parse(`b${branches.length}`)
      const device = new BranchDevice(parts, id, origin ?? { manifest: null, shell: null }, { all, filesystem, shell, lsp })
      branches.push(device)
      const call: BenchBranch['call'] = async (name, args) => {
        const driver = all.find((one) => one.tools.some((tool) => tool.name === name))
        if (driver === undefined) throw new Error(`no driver has ${name}`)
        return callTool(driver, await device.sandbox(), name, args)
      }
      return {
        device,
        call,
        async sh(command) {
          const { exitCode, output } = await call('shell.run', { command, timeoutMs: 30_000 })
          return { exitCode, output }
        },
      }
    },
    async dispose() {
      for (const branch of branches) await branch.dispose()
      await removeTree(top)
    },
  }
}
