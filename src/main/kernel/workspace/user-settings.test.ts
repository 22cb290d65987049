import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readUserSettings } from './user-settings'

const folder = mkdtempSync(join(tmpdir(), 'keyframe-settings-'))
const path = join(folder, 'settings.json')
afterAll(() => rmSync(folder, { recursive: true }))

const read = (text: string) => {
  writeFileSync(path, text)
  return readUserSettings(path)
}

it('reads language servers, and nothing where there is no file', () => {
  expect(readUserSettings(join(folder, 'none.json'))).toEqual({ lsp: { servers: [] }, problem: null })
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
