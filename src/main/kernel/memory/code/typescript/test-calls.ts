import type { ImportFact } from '../file-facts'
import type { Syntax } from '../syntax-tree'
import { stringValue } from './syntax-refs'

const RUNNERS = new Set([
  'vitest',
  'jest',
  '@jest/globals',
  'mocha',
  'node:test',
  'bun:test',
  'ava',
  'tap',
  'uvu',
  '@playwright/test',
  'jasmine',
])
const NAMES = new Set(['describe', 'it', 'test', 'suite', 'context', 'specify', 'fit', 'xit', 'fdescribe', 'xdescribe'])
const TEST_FILE = /(?:^|[._/-])(?:test|spec|cy|e2e)\.[cm]?[jt]sx?$|(?:^|\/)(?:__tests__|tests?)\//

export interface TestCall {
  readonly title: string
  readonly name: Syntax
  readonly body: Syntax
}

/** Whether `describe` and `it` are a test runner's here. */
export function isTestFile(path: string, imports: readonly ImportFact[]): boolean {
  return TEST_FILE.test(path) || imports.some((entry) => RUNNERS.has(entry.specifier))
}

/** `it('adds', () => ...)`, `test.each(rows)('adds %s', (row) => ...)`, `describe.skip(...)`; null for any other call. */
export function testCall(call: Syntax): TestCall | null {
  const callee = call.childForFieldName('function')
  if (callee === null || !NAMES.has(rootName(callee))) return null
  const list = call.childForFieldName('arguments')?.namedChildren ?? []
  const [title] = list
  const body = list.find((argument) => argument.type === 'arrow_function' || argument.type === 'function_expression')
  if (title === undefined || body === undefined) return null
  if (title.type !== 'string' && title.type !== 'template_string') return null
  return { title: stringValue(title), name: title, body }
}

function rootName(callee: Syntax): string {
  let at = callee
  for (;;) {
    const next =
      at.type === 'member_expression'
        ? at.childForFieldName('object')
        : at.type === 'call_expression'
          ? at.childForFieldName('function')
          : null
    if (next === null) return at.type === 'identifier' ? at.text : ''
    at = next
  }
}
