import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { DEFAULT_SEARCH_SETTINGS } from '../memory/retrieval/search-settings'
import { readUserSettings, saveSearchSettings } from './user-settings'

const folder = mkdtempSync(join(tmpdir(), 'keyframe-settings-'))
const path = join(folder, 'settings.json')
afterAll(() => rmSync(folder, { recursive: true }))

const read = (text: string) => {
  writeFileSync(path, text)
  return readUserSettings(path)
}

it('reads language servers, and nothing where there is no file', () => {
  expect(readUserSettings(join(folder, 'none.json'))).toEqual({ lsp: { servers: [] }, search: DEFAULT_SEARCH_SETTINGS, problem: null })
  const { lsp, problem } = read('{ "languageServers": [{ "language": "lua", "patterns": ["*.lua"], "command": "lua-language-server" }] }')
  expect(problem).toBeNull()
  expect(lsp.servers.map((server) => server.command)).toEqual(['lua-language-server'])
})

it('says what is wrong with a broken file and uses nothing of it', () => {
  expect(read('{').problem).toMatch(/settings\.json cannot be read: .*JSON/)
  const wrong = read('{ "languageServers": [{ "language": "Lua" }] }')
  expect(wrong.lsp.servers).toEqual([])
  expect(wrong.problem).toMatch(/settings\.json is not used:[\s\S]*languageServers/)
})

it('saves what search is made of, and keeps the rest of the file', () => {
  read('{ "languageServers": [], "mine": 1 }')
  const settings = { ...DEFAULT_SEARCH_SETTINGS, embeddings: { provider: 'ollama' as const, url: 'http://127.0.0.1:1', model: 'm' } }
  saveSearchSettings(path, settings)
  expect(readUserSettings(path)).toEqual({ lsp: { servers: [] }, search: settings, problem: null })
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ mine: 1, languageServers: [] })
  expect(statSync(path).mode & 0o777).toBe(0o600)
  saveSearchSettings(path, DEFAULT_SEARCH_SETTINGS)
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ mine: 1, languageServers: [] })
})

it('says what is wrong with the part about search, and saves over no file that it does not understand', () => {
  const { search, problem } = read('{ "languageServers": [], "search": { "weights": { "words": 7 } } }')
  expect(search).toEqual(DEFAULT_SEARCH_SETTINGS)
  expect(problem).toMatch(/the settings of search are not used:[\s\S]*words/)
  writeFileSync(path, '{ broken')
  expect(() => saveSearchSettings(path, DEFAULT_SEARCH_SETTINGS)).toThrow(/settings\.json cannot be read/)
  expect(readFileSync(path, 'utf8')).toBe('{ broken')
})
