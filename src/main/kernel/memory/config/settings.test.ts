import { describe, expect, it } from 'vitest'
import { factsLines } from '../../testing/facts-lines'
import type { FactsSource } from '../facts-source'
import { jsonFiles, tomlFiles, yamlFiles } from './settings'

function settings(path: string): FactsSource {
  const found = [yamlFiles, jsonFiles, tomlFiles].find((source) => source.claims(path))
  if (found === undefined) throw new Error(`no source claims ${path}`)
  return found
}

describe('configuration files', () => {
  it('give their top-level keys and plainly harmless values', () => {
    const text =
      'port: 80\nname: my-app\npassword: hunter2\napiKey: abc\nurl: https://u:p@x\nhash: 8f3a9b2c1d4e5f60718293a4b5c6d7e8\ndebug: true\nnested:\n  a: 1\n'
    const { facts } = factsLines(settings('app/config.yaml'), 'app/config.yaml', text)
    expect(facts.fileKind).toBe('yaml')
    expect(facts.fileAttributes).toEqual({
      keys: ['port', 'name', 'password', 'apiKey', 'url', 'hash', 'debug', 'nested'],
      port: 80,
      name: 'my-app',
      debug: true,
    })
  })

  it('reference the files that they name', () => {
    expect(
      factsLines(
        settings('app/config.json'),
        'app/config.json',
        '{"schema": "./db/schema.sql", "main": "src/main.ts", "up": "../x.yaml", "out": "../../../x.ts", "version": "1.2", "host": "example.org/a"}',
      ).relations,
    ).toEqual([
      'file references ./app/db/schema.sql (path in configuration)',
      'file references ./app/src/main.ts (path in configuration)',
      'file references ./src/main.ts (path in configuration)',
      'file references ./x.yaml (path in configuration)',
    ])
  })

  it('declare feature flags by convention', () => {
    expect(
      factsLines(settings('config/feature-flags.json'), 'config/feature-flags.json', '{"dark-mode": true, "search": {"enabled": false}}')
        .entities,
    ).toEqual(['feature_flag:dark-mode 1-1 feature flag dark-mode', 'feature_flag:search 1-1 feature flag search'])
    expect(factsLines(settings('app.yaml'), 'app.yaml', 'port: 1\nfeatureFlags:\n  beta: false\n').entities).toEqual([
      'feature_flag:beta 3-3 feature flag beta',
    ])
    expect(factsLines(settings('app.yaml'), 'app.yaml', 'features:\n  beta: false\n').entities).toEqual([])
  })

  it.each([
    ['tsconfig.json', '// c\n{\n  "include": ["src/a.ts"], /* x */\n  "strict": true,\n}', ['include', 'strict']],
    ['a.toml', 'a = 1\n[b]\nc = 2\n', ['a', 'b']],
    ['a.yml', 'a: 1\n---\nb: *x\n', ['a', 'b']],
    ['helm.yaml', 'a: {{ .Values.x }}\nb: 1\n', undefined],
    ['list.json', '[1, 2]', []],
  ])('%s', (path, text, keys) => {
    const { facts } = factsLines(settings(path), path, text)
    if (keys !== undefined) expect(facts.fileAttributes?.['keys']).toEqual(keys)
  })

  it.each([
    ['a.json', '{"a": "hunter2'],
    ['a.yaml', 'a: [hunter2'],
    ['a.toml', 'a = hunter2 b'],
  ])('%s that is broken is a problem that quotes nothing', (path, text) => {
    expect(() => settings(path).read({ path, text, code: null })).toThrowError(
      expect.objectContaining({ name: 'KeyframeError', message: expect.not.stringContaining('hunter2') }),
    )
  })

  it('does not follow aliases that multiply', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((key, index) => `${key}: &${key} [${Array.from({ length: 9 }, () => `*${'abcdefgh'.charAt(index)}`).join(',')}]`).join('\n')}\n`
    expect(factsLines(settings('a.yaml'), 'a.yaml', bomb).facts.fileKind).toBe('yaml')
  })
})
