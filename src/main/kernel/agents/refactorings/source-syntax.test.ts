import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SourceSyntax } from './source-syntax'
import { applyOffsetEdits, TextPositions, toOffsetEdits, toTextEdits, wholeWordOffsets } from './text-positions'
import { unusedImportEdits } from './unused-imports'

async function rolesOf(name: string, text: string, path = 'a.ts') {
  const syntax = new SourceSyntax(path, text)
  return Promise.all(
    wholeWordOffsets(text, name).map((offset) => {
      const { line, column } = syntax.positions.positionOf(offset)
      return syntax.roleAt(line, column)
    }),
  )
}

describe('roles of a name', () => {
  test.each([
    [
      "import { A } from './x'\nexport { A }\nA()\nnew A\nlet b: A\nA = 1\nA++\nb = A",
      ['import', 'export', 'call', 'call', 'type', 'write', 'write', 'read'],
    ],
    [
      'const o = { A }\nconst { A } = o\nconst { x: A } = o\no.A()\nfunction A() {}',
      ['shorthand', 'shorthand', 'declaration', 'call', 'declaration'],
    ],
    ["// A\nconst s = 'A'\nclass C { A = 1 }\ninterface I { A(): void }", ['not-code', 'not-code', 'declaration', 'declaration']],
  ])('%s', async (text, roles) => {
    expect(await rolesOf('A', text)).toEqual(roles)
  })

  test('JSX', async () => {
    expect(await rolesOf('A', 'const x = <A>A</A>', 'a.tsx')).toEqual(['call', 'not-code'])
  })
})

test('declarations say what they are and who can see them', async () => {
  const text = 'export function A() {}\nclass B { A = 1; C() { const A = 2 } }\nconst D = 3\nexport { D }\nexport default class E {}\n'
  const syntax = new SourceSyntax('a.ts', text)
  expect(
    (await syntax.declarationsOf('A')).map(({ scope, kind, containers, exported, siblings }) => ({
      scope,
      kind,
      containers,
      exported,
      siblings,
    })),
  ).toEqual([
    { scope: 'top', kind: 'function', containers: [], exported: 'named', siblings: [] },
    { scope: 'member', kind: 'property', containers: ['B'], exported: 'no', siblings: ['C'] },
    { scope: 'local', kind: 'variable', containers: ['B', 'C'], exported: 'no', siblings: [] },
  ])
  expect((await syntax.declarationsOf('D'))[0]?.exported).toBe('named')
  expect((await syntax.declarationsOf('E'))[0]?.exported).toBe('default')
  expect(await syntax.enclosingNames(2)).toEqual([])
})

test('mentions are comments, strings, templates and JSX text, never code, module names or longer words', async () => {
  const text = [
    "import { foo } from './foo'",
    '/** Calls foo and {@link foo}. */',
    "test('foo works', () => foo('foo', `a ${foo} foo`)) // foo, foobar, my-foo, src/foo.ts",
    'const element = <p>foo</p>',
    '// last foo',
  ].join('\n')
  const syntax = new SourceSyntax('a.tsx', text)
  const found = (await syntax.mentionsOf('foo')).map(({ offset, where, alone, testTitle }) => [
    syntax.positions.positionOf(offset).line,
    where,
    alone,
    testTitle,
  ])
  expect(found).toEqual([
    [2, 'comment', false, false],
    [2, 'comment', false, false],
    [3, 'string', false, true],
    [3, 'string', true, false],
    [3, 'string', false, false],
    [3, 'comment', false, false],
    [4, 'jsx-text', false, false],
    [5, 'comment', false, false],
  ])
})

test('a name is in use as a variable or type, not as a property', async () => {
  const uses = async (text: string) => new SourceSyntax('a.ts', text).usesName('A')
  expect(await uses('a.A; ({ A: 1 }); class C { A = 1 }; import { A as B } from "x"; const { A: c } = o')).toBe(false)
  for (const text of ['A', 'let b: A', 'const { A } = o', '({ A })', 'import { B as A } from "x"', 'function f(A) {}'])
    expect(await uses(text)).toBe(true)
})

test('whole words keep away from paths, file names and longer identifiers', () => {
  const text = '(total, total. (total) total() totals subtotal $total total$ a-total total-b src/total total.ts total.x @total'
  expect(wholeWordOffsets(text, 'total').map((at) => text.slice(at - 1, at + 7).trim())).toEqual([
    '(total,',
    'total.',
    '(total)',
    'total()',
    'total.x',
  ])
})

describe('positions', () => {
  test('lines end at LF, CRLF and CR', () => {
    const positions = new TextPositions('a\nbc\r\nd\re')
    expect([0, 2, 4, 6, 8].map((offset) => positions.positionOf(offset))).toEqual([
      { line: 1, column: 0 },
      { line: 2, column: 0 },
      { line: 2, column: 2 },
      { line: 3, column: 0 },
      { line: 4, column: 0 },
    ])
  })

  test('offsets and positions are inverse', () => {
    const lines = fc.array(fc.constantFrom('a', 'ü', '😀', '\n', '\r\n', ' ')).map((parts) => parts.join(''))
    fc.assert(
      fc.property(lines, fc.nat(), (text, seed) => {
        const start = seed % (text.length + 1)
        const edit = { start, end: text.length, newText: 'x' }
        expect(toOffsetEdits(text, toTextEdits(text, [edit]))).toEqual([edit])
      }),
    )
  })

  test('edits that overlap are refused', () => {
    const edits = [
      { start: 0, end: 2, newText: '' },
      { start: 1, end: 3, newText: '' },
    ]
    expect(() => applyOffsetEdits('abc', edits)).toThrow(RangeError)
  })
})

test.each([
  ["import { a, b, c } from 'x'\n", 'a c', "import { a, c } from 'x'\n"],
  ["import { a, b, c } from 'x'\n", 'a', "import { a } from 'x'\n"],
  ["import { a, b, c } from 'x'\n", 'c', "import { c } from 'x'\n"],
  ["import d, { a } from 'x'\n", 'd', "import d from 'x'\n"],
  ["import d, { a } from 'x'\n", 'a', "import { a } from 'x'\n"],
  ["import d, * as n from 'x'\n", 'd', "import d from 'x'\n"],
  ["import 'side'\nimport { a } from 'x'\nrun()\n", '', "import 'side'\nrun()\n"],
  ["import {\n  a,\n  b,\n  type c,\n} from 'x'\n", 'a b', "import {\n  a,\n  b,\n} from 'x'\n"],
])('unused imports go and the rest stays: %j keeps %j', async (text, kept, expected) => {
  const names = kept.split(' ').filter((name) => name !== '')
  const organised = `import { ${names.join(', ')} } from 'x'\n`
  const edits = await unusedImportEdits(new SourceSyntax('a.ts', text), new SourceSyntax('a.ts', organised))
  expect(applyOffsetEdits(text, edits)).toBe(expected)
})

test('many files at once, more than the thread keeps, and each again', async () => {
  const sources = Array.from({ length: 150 }, (_, index) => new SourceSyntax(`f${index}.ts`, `export const name${index} = 1\n`))
  for (const _round of [1, 2]) {
    const found = await Promise.all(sources.map((source, index) => source.declarationsOf(`name${index}`)))
    expect(found.every((declarations) => declarations.length === 1)).toBe(true)
  }
})

test('the parser is not loaded on the thread that asks', async () => {
  const before = performance.eventLoopUtilization()
  await new SourceSyntax('a.ts', 'const a = 1\n'.repeat(20_000)).usesName('a')
  expect(performance.eventLoopUtilization(before).active).toBeLessThan(300)
})
