import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { LspSettings } from '../tools/drivers/lsp/lsp-settings'
import { fsCode } from './fs-errors'

/** `settings.json` in Keyframe's own folder, outside every workspace: what a repository says never chooses programs that run. */
const UserSettings = z.object({ languageServers: LspSettings.shape.servers })

export interface ReadSettings {
  readonly lsp: LspSettings
  /** What is wrong with the file, for the user; null when it is in order or not there. */
  readonly problem: string | null
}

/** Never throws: a settings file with a mistake is told of and left out as a whole. */
export function readUserSettings(path: string): ReadSettings {
  const none: LspSettings = { servers: [] }
  try {
    const parsed = UserSettings.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (parsed.success) return { lsp: { servers: parsed.data.languageServers }, problem: null }
    return { lsp: none, problem: `${path} is not used: ${z.prettifyError(parsed.error)}` }
  } catch (thrown) {
    if (fsCode(thrown) === 'ENOENT') return { lsp: none, problem: null }
    return { lsp: none, problem: `${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}
