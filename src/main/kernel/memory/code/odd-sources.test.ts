import { describe, expect, it } from 'vitest'
import { linkedCode } from '../../testing/linked-code'

const MANY = 3000
const repeat = (text: string): string => text.repeat(MANY)

/** What has no natural end: each would exhaust the stack if it were followed all the way down. */
const odd: Readonly<Record<string, string>> = {
  'sum.ts': `const x = 1${repeat(' + 1')}\n`,
  'chain.ts': `const x = a${repeat('.b()')}\n`,
  'union.ts': `type X = 'a'${repeat(" | 'b'")}\n`,
  'open.ts': repeat('(['),
  'object.ts': `const x = ${repeat('{a:')}1${repeat('}')}\n`,
  'functions.ts': `${repeat('function f(){')}${repeat('}')}\n`,
  'types.ts': `let x: ${repeat('A<')}B${repeat('>')}\n`,
  'pattern.ts': `const ${repeat('[')}x${repeat(']')} = y\n`,
  'text.ts': `${repeat('\u{1F600} ')}`,
  'sum.py': `x = 1${repeat(' + 1')}\n`,
  'chain.py': `x = a${repeat('.b()')}\n`,
  'open.py': repeat('(['),
  'types.py': `x: ${repeat('A[')}B${repeat(']')} = 1\n`,
  'or.py': `x = a${repeat(' or b')}\n`,
  'blocks.py': `${Array.from({ length: 90 }, (_, depth) => `${' '.repeat(depth)}if x:\n`).join('')}${' '.repeat(90)}pass\n`,
  'sum.go': `package a\nvar x = 1${repeat(' + 1')}\n`,
  'chain.go': `package a\nvar x = a${repeat('.b()')}\n`,
  'types.go': `package a\nvar x ${repeat('[]')}T\n`,
  'open.go': `package a\nfunc f() {${repeat('{')}`,
  'open.sh': repeat('if $('),
  'pipes.sh': `a${repeat(' | b')}\n`,
  'empty.ts': '',
  'empty.py': '',
  'empty.go': '',
  'empty.sh': '',
}

describe('odd sources', () => {
  it.each(Object.keys(odd))('%s is read as far as it goes', async (path) => {
    const code = await linkedCode({ [path]: odd[path] ?? '' })
    expect(code.files.size).toBe(1)
    for (const edge of code.edges) expect(edge.from.startsWith(path)).toBe(true)
  })
})
