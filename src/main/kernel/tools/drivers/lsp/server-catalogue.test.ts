import { expect, test } from 'vitest'
import { LspSettings } from './lsp-settings'
import { ServerCatalogue } from './server-catalogue'

const catalogue = (servers: unknown[] = []): ServerCatalogue => new ServerCatalogue(LspSettings.parse({ servers }))

test.each([
  ['src/a.ts', 'typescript', 'typescript'],
  ['a.jsx', 'typescript', 'javascriptreact'],
  ['pkg/a.pyi', 'python', 'python'],
  ['cmd/main.go', 'go', 'go'],
  ['src/lib.rs', 'rust', 'rust'],
  ['include/a.h', 'cpp', 'c'],
  ['a.cc', 'cpp', 'cpp'],
])('%s is read by the server for %s', (path, language, languageId) => {
  const found = catalogue().of(path)
  expect([found.entry.language, found.languageId]).toEqual([language, languageId])
})

test('a file that no server reads', () => {
  expect(catalogue().find('readme.md')).toBeNull()
  expect(() => catalogue().of('readme.md')).toThrow('No language server here reads readme.md.')
  expect(() => catalogue().ofLanguage('cobol')).toThrow('There is no language server for cobol.')
  expect(catalogue().ofLanguage('typescriptreact').language).toBe('typescript')
})

test("a user's server adds a language", () => {
  const own = catalogue([
    { language: 'lua', patterns: ['*.lua', 'conf/**/*.conf'], command: 'lua-language-server', roots: ['.luarc.json'] },
  ])
  expect(own.of('deep/a.lua').entry).toMatchObject({
    source: 'settings',
    title: 'lua-language-server',
    roots: { markers: [['.luarc.json']] },
  })
  expect(own.find('conf/x/a.conf')?.languageId).toBe('lua')
  expect(own.find('other/a.conf')).toBeNull()
})

test("a user's server for a shipped language takes its place and keeps what is not said", () => {
  const own = catalogue([{ language: 'rust', patterns: ['*.rs'], command: '/opt/ra/rust-analyzer', env: { RA_LOG: 'error' } }])
  const { entry } = own.of('src/lib.rs')
  expect(entry.programs).toEqual([{ kind: 'path', command: '/opt/ra/rust-analyzer', args: [], versionArgs: ['--version'] }])
  expect(entry.env).toEqual({ CARGO_NET_OFFLINE: 'true', RA_LOG: 'error' })
  expect(entry.roots.workspaceManifest?.file).toBe('Cargo.toml')
  expect(entry.quirks.reportsStatus).toBe(true)
})

test.each([
  [{ language: 'Lua', patterns: ['*.lua'], command: 'lua' }],
  [{ language: 'lua', patterns: [], command: 'lua' }],
  [{ language: 'lua', patterns: ['*.lua'], command: '' }],
])('settings that make no sense are refused: %j', (server) => {
  expect(LspSettings.safeParse({ servers: [server] }).success).toBe(false)
})
