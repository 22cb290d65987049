import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { SearchSettings } from '../../../shared/contract/methods'
import { KeyframeError } from '../../../shared/failure'
import { DEFAULT_SEARCH_SETTINGS, parseSearchSettings, searchSettingsPart } from '../memory/retrieval/search-settings'
import { LspSettings } from '../tools/drivers/lsp/lsp-settings'
import { fsCode } from './fs-errors'

/** `settings.json` in Keyframe's own folder, outside every workspace: what a repository says never chooses programs that run, nor where its text is sent. */
const UserSettings = z.looseObject({ languageServers: LspSettings.shape.servers, search: z.unknown() })

export interface ReadSettings {
  readonly lsp: LspSettings
  readonly search: SearchSettings
  /** What is wrong with the file, for the user; null when it is in order or not there. */
  readonly problem: string | null
}

const NONE: ReadSettings = { lsp: { servers: [] }, search: DEFAULT_SEARCH_SETTINGS, problem: null }

/** Never throws: a settings file with a mistake is told of and left out as a whole. */
export function readUserSettings(path: string): ReadSettings {
  try {
    const parsed = UserSettings.partial({ search: true }).safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (!parsed.success) return { ...NONE, problem: `${path} is not used: ${z.prettifyError(parsed.error)}` }
    const { settings, problem } = parseSearchSettings(parsed.data.search)
    return { lsp: { servers: parsed.data.languageServers }, search: settings, problem: problem === null ? null : `${path}: ${problem}` }
  } catch (thrown) {
    if (fsCode(thrown) === 'ENOENT') return NONE
    return { ...NONE, problem: `${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}

/** Replaces the part about search and keeps the others. Throws `settings.broken` for a file that is not understood: it is left as it is. */
export function saveSearchSettings(path: string, settings: SearchSettings): void {
  const before = readUserSettings(path)
  const part = searchSettingsPart(settings)
  let whole: Record<string, unknown> = {}
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
    whole = typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch (thrown) {
    if (fsCode(thrown) !== 'ENOENT') {
      throw new KeyframeError(
        {
          code: 'settings.broken',
          message: before.problem ?? `${path} cannot be read.`,
          action: 'Mend the file or move it away, then save again.',
        },
        { cause: thrown },
      )
    }
  }
  const { search: _, ...others } = whole
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, `${JSON.stringify(part === undefined ? others : { ...others, search: part }, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, path)
}
