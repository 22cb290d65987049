import { z } from 'zod'
import { EmbeddingSettings, SearchSettings } from '../../../../shared/contract/methods'
import { DEFAULT_WEIGHTS } from './hybrid-search'

/** Nothing leaves the machine unless the user says so. */
export const DEFAULT_SEARCH_SETTINGS: SearchSettings = { embeddings: { provider: 'built-in' }, weights: DEFAULT_WEIGHTS }

const weight = (list: keyof SearchSettings['weights']) => z.number().min(0).max(1).default(DEFAULT_WEIGHTS[list])

/** The `search` part of the user's settings file. What is absent is as it comes; a mistake is told, and nothing of the part is used then. */
const SearchPart = z.object({
  embeddings: EmbeddingSettings.default(DEFAULT_SEARCH_SETTINGS.embeddings),
  weights: z
    .object({
      words: weight('words'),
      symbols: weight('symbols'),
      vectors: weight('vectors'),
      history: weight('history'),
      graph: weight('graph'),
    })
    .default(DEFAULT_WEIGHTS),
})

export interface ReadSearchSettings {
  readonly settings: SearchSettings
  /** What is wrong with the part, for the user; null when it is in order or not there. */
  readonly problem: string | null
}

/** Reads what the file has under `search`; `undefined` is a file without it. Pure; never throws. */
export function parseSearchSettings(part: unknown): ReadSearchSettings {
  if (part === undefined) return { settings: DEFAULT_SEARCH_SETTINGS, problem: null }
  const parsed = SearchPart.safeParse(part)
  return parsed.success
    ? { settings: parsed.data, problem: null }
    : { settings: DEFAULT_SEARCH_SETTINGS, problem: `the settings of search are not used: ${z.prettifyError(parsed.error)}` }
}

/** What to write under `search`: only what is not as it comes. There is no key in it, only the name of its variable. */
export function searchSettingsPart(settings: SearchSettings): object | undefined {
  const checked = SearchSettings.parse(settings)
  const weights = Object.fromEntries(
    Object.entries(checked.weights).filter(([list, weight]) => weight !== DEFAULT_WEIGHTS[list as keyof typeof DEFAULT_WEIGHTS]),
  )
  const part = {
    ...(checked.embeddings.provider === 'built-in' ? {} : { embeddings: checked.embeddings }),
    ...(Object.keys(weights).length === 0 ? {} : { weights }),
  }
  return Object.keys(part).length === 0 ? undefined : part
}
