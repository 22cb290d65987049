import { expect, it } from 'vitest'
import { cedarTokens, lineOfPolicy } from './cedar-tokens'

const TEXT = `// Sources only.
@id("write-sources")
permit (principal, action == Action::"fs.write", resource)
when { ["rs", "py"].contains(resource.extension) && resource.depth < 12 };
`

it('colours every piece and loses none', () => {
  const tokens = cedarTokens(TEXT)
  expect(tokens.map((token) => token.text).join('')).toBe(TEXT)
  const of = (kind: string): string[] => tokens.filter((token) => token.kind === kind).map((token) => token.text)
  expect(of('comment')).toEqual(['// Sources only.'])
  expect(of('annotation')).toEqual(['@id'])
  expect(of('text')).toEqual(['"write-sources"', '"fs.write"', '"rs"', '"py"'])
  expect(of('entity')).toEqual(['Action::'])
  expect(of('keyword')).toEqual(['permit', 'principal', 'action', 'resource', 'when', 'resource', 'resource'])
  expect(of('number')).toEqual(['12'])
})

it('keeps a broken text whole', () => {
  for (const text of ['permit ("', '"\\', '@', '// no end', 'permit (principal\n"a\nb"']) {
    expect(
      cedarTokens(text)
        .map((token) => token.text)
        .join(''),
    ).toBe(text)
  }
})

it('finds the line of a policy by its id, with the role in front or without', () => {
  expect([lineOfPolicy(TEXT, 'write-sources'), lineOfPolicy(TEXT, 'refactorer/write-sources'), lineOfPolicy(TEXT, 'other')]).toEqual([
    2,
    2,
    null,
  ])
})
