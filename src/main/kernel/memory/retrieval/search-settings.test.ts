import { describe, expect, it } from 'vitest'
import { DEFAULT_WEIGHTS } from './hybrid-search'
import { DEFAULT_SEARCH_SETTINGS, parseSearchSettings, searchSettingsPart } from './search-settings'

const OLLAMA = { provider: 'ollama', url: 'http://127.0.0.1:11434', model: 'nomic-embed-text' } as const

describe('settings of search', () => {
  it('are what comes with the application where the file says nothing', () => {
    expect(parseSearchSettings(undefined)).toEqual({ settings: DEFAULT_SEARCH_SETTINGS, problem: null })
    expect(parseSearchSettings({})).toEqual({ settings: DEFAULT_SEARCH_SETTINGS, problem: null })
    expect(searchSettingsPart(DEFAULT_SEARCH_SETTINGS)).toBeUndefined()
  })

  it('are read as they were written', () => {
    const settings = { embeddings: OLLAMA, weights: { ...DEFAULT_WEIGHTS, graph: 0 } }
    const part = searchSettingsPart(settings)
    expect(part).toEqual({ embeddings: OLLAMA, weights: { graph: 0 } })
    expect(parseSearchSettings(part)).toEqual({ settings, problem: null })
  })

  it('with a mistake are told of and left out as a whole', () => {
    const read = parseSearchSettings({ embeddings: OLLAMA, weights: { words: 7 } })
    expect(read.settings).toEqual(DEFAULT_SEARCH_SETTINGS)
    expect(read.problem).toContain('words')
    expect(parseSearchSettings({ embeddings: { provider: 'telepathy' } }).problem).toContain('not used')
  })
})
