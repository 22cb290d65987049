import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { TestContext } from 'vitest'
import { LspSettings } from '../tools/drivers/lsp/lsp-settings'
import type { ToolBind } from '../tools/sandboxes/sandbox'

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  go: ['gopls', 'version'],
  rust: ['rust-analyzer', '--version'],
  cpp: ['clangd', '--version'],
}

/** Servers of this machine that are not installed where tests look: `KEYFRAME_LSP_SETTINGS` names a file with them. */
export function serverSettings(): LspSettings {
  const file = process.env['KEYFRAME_LSP_SETTINGS']
  return file === undefined ? { servers: [] } : LspSettings.parse(JSON.parse(readFileSync(file, 'utf8')))
}

/** Their programs: `KEYFRAME_LSP_TOOLS` names a folder that sandboxes get as `/opt/lsp-tools`. */
export function serverToolBinds(): ToolBind[] {
  const hostPath = process.env['KEYFRAME_LSP_TOOLS']
  return hostPath === undefined ? [] : [{ hostPath, guestPath: '/opt/lsp-tools' }]
}

/** Why tests of a language cannot run on this machine; null when they can. */
export function whyNoServer(language: string): string | null {
  if (serverSettings().servers.some((server) => server.language === language)) return null
  const [program, ...args] = PROGRAMS[language] ?? []
  if (program === undefined) return null
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0 ? null : `${program} is not installed`
}

/** Skips a test, with the reason in its report. */
export function skipFor({ task, skip }: TestContext, reason: string | null): void {
  if (reason === null) return
  Object.assign(task.meta, { reason })
  skip(reason)
}
