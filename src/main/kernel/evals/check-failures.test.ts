import { describe, expect, test } from 'vitest'
import { newFailures, readFailures, testFileOf } from './check-failures'
import { explainFailure } from './explain-failure'

const VITEST = `
 RUN  v5.1.0 /workspace

 ❯ src/a.test.ts (3 tests | 1 failed) 5ms
   × sums > adds two 3ms
⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯
 FAIL  src/a.test.ts > sums > adds two
AssertionError: expected 3 to be 4 // Object.is equality
 ❯ src/a.test.ts:4:36
 Test Files  1 failed (1)
      Tests  1 failed | 2 passed (3)
`
const JEST = `FAIL src/sum.test.js (5.1 s)
  ● sums › adds two

    expect(received).toBe(expected)

      at Object.toBe (src/sum.test.js:4:18)

Tests:       1 failed, 4 passed, 5 total
`
const TAP = `TAP version 13
# Subtest: sums
    # Subtest: adds
    not ok 1 - adds
      ---
      duration_ms: 1
      ...
    # Subtest: later
    not ok 2 - later # TODO
    1..2
not ok 1 - sums
# tests 3
# fail 1
`
const SPEC = `▶ sums
  ✖ adds two (0.61ms)
✖ sums (1.2ms)
ℹ tests 2
ℹ fail 1

✖ failing tests:

test at a.test.js:3:3
✖ adds two (0.61ms)
  AssertionError [ERR_ASSERTION]: 3 == 4
      at TestContext.<anonymous> (file:///workspace/a.test.js:3:30)
`
const MOCHA = `
  sums
    1) adds two
    ✔ adds three

  1 passing (5ms)
  1 failing

  1) sums
       adds two:

      AssertionError [ERR_ASSERTION]: 3 == 4
      at Context.<anonymous> (test/a.js:4:12)
`
const BUN = `bun test v1.2.0

a.test.ts:
error: expect(received).toBe(expected)
(fail) sums > adds two [0.41ms]

 2 pass
 1 fail
Ran 3 tests across 1 file. [9.00ms]
`
const TSC = `src/a.ts(3,7): error TS2304: Cannot find name 'x'.
src/a.ts(9,7): error TS2304: Cannot find name 'y'.
src/b.ts:1:1 - error TS2322: Type 'string' is not assignable.
`

describe('failures in the output of reporters', () => {
  test.each([
    ['vitest', VITEST, ['src/a.test.ts > sums > adds two'], 3],
    ['jest', JEST, ['src/sum.test.js', 'sums › adds two'], 5],
    ['TAP', TAP, ['adds', 'sums'], 3],
    ["node's spec", SPEC, ['adds two', 'sums'], 2],
    ['mocha', MOCHA, ['sums adds two'], 2],
    ['bun', BUN, ['sums > adds two'], 3],
  ])('%s', (_name, output, names, total) => {
    const read = readFailures('tests', output)
    expect([...read.failing.keys()].sort()).toEqual(names)
    expect(read.total).toBe(total)
  })

  test('colours are no part of a name', () => {
    expect([...readFailures('tests', '\u001b[31m FAIL \u001b[39m a.test.ts > b\u001b[0m').failing.keys()]).toEqual(['a.test.ts > b'])
  })

  test('type errors are counted by file and code', () => {
    expect([...readFailures('types', TSC).failing]).toEqual([
      ['src/a.ts TS2304', 2],
      ['src/b.ts TS2322', 1],
    ])
  })

  test.each([
    ['eslint in another form', 'a.js: line 1, col 1, Error - x\n\n✖ 12 problems (10 errors, 2 warnings)\n', 10],
    ['biome', 'Checked 3 files in 2ms.\nFound 3 errors.\n', 3],
    ['oxlint', 'Found 2 warnings and 1 error.\nFinished in 5ms\n', 1],
  ])('lint errors of %s', (_name, output, count) => {
    expect(readFailures('lint', output).failing.get('lint errors')).toBe(count)
  })

  test('a linter that breaks down has found nothing', () => {
    const output = 'Oops! Something went wrong! :(\n\nESLint: 9.39.2\n\nError: Cannot find module\n    at load (/a.js:1:1)\n'
    expect([...readFailures('lint', output).failing]).toEqual([])
  })

  test('eslint errors are counted by file and rule', () => {
    const output = `
/workspace/src/a.ts
  1:7   error    'x' is assigned a value but never used  @typescript-eslint/no-unused-vars
  3:1   warning  Unexpected console statement            no-console
  9:7   error    'y' is assigned a value but never used  @typescript-eslint/no-unused-vars

/workspace/src/b.ts
  2:3  error  Parsing error: ';' expected

✖ 4 problems (3 errors, 1 warning)
`
    expect([...readFailures('lint', output).failing]).toEqual([
      ['src/a.ts @typescript-eslint/no-unused-vars', 2],
      ["src/b.ts Parsing error: ';' expected", 1],
    ])
  })

  test('files that prettier would change are failures by name', () => {
    const output = `Checking formatting...
[warn] src/punycode.ts
[error] src/broken.ts: SyntaxError: Declaration or statement expected. (1:1)
[warn] Code style issues found in the above file. Run Prettier with --write to fix.
`
    const before = readFailures('lint', output)
    expect([...before.failing.keys()]).toEqual(['src/punycode.ts is not formatted', 'src/broken.ts cannot be formatted'])
    expect(newFailures(readFailures('lint', `${output}[warn] src/new.ts\n`), before)).toEqual(['src/new.ts is not formatted'])
  })

  test('a suite that does not load fails by its file, and skipped tests did not run', () => {
    const output = `
 ❯ test/load.test.ts (0 test)
⎯⎯⎯⎯⎯⎯ Failed Suites 1 ⎯⎯⎯⎯⎯⎯⎯
 FAIL  test/load.test.ts [ test/load.test.ts ]
 FAIL  |node| index.test.ts [ runtime/node/index.test.ts ]
 FAIL  test/a.test.ts > without, queryParams: false > bar/#abc

 Test Files  3 failed | 13 passed (16)
      Tests  28 failed | 460 passed | 1 skipped | 2 todo (491)
Type Errors  no errors
`
    const read = readFailures('tests', output)
    expect([...read.failing.keys()].map((name) => [name, testFileOf(name)])).toEqual([
      ['test/load.test.ts', 'test/load.test.ts'],
      ['|node| runtime/node/index.test.ts', 'runtime/node/index.test.ts'],
      ['test/a.test.ts > without, queryParams: false > bar/#abc', 'test/a.test.ts'],
    ])
    expect(read.total).toBe(488)
    expect(testFileOf('sums adds two')).toBeNull()
  })

  test('only what is new, or more than before, counts', () => {
    const before = readFailures('types', TSC)
    expect(newFailures(before, before)).toEqual([])
    const now = readFailures(
      'types',
      `${TSC}src/a.ts(20,1): error TS2304: Cannot find name 'z'.\nsrc/c.ts(1,1): error TS1005: ';' expected.\n`,
    )
    expect(newFailures(now, before)).toEqual(['src/a.ts TS2304 (1 more)', 'src/c.ts TS1005'])
  })
})

describe('explanation of a failure', () => {
  test('names the first error with its place', () => {
    expect(explainFailure(VITEST)).toEqual({
      summary: '1 failing of 3 tests. First: AssertionError: expected 3 to be 4 // Object.is equality (src/a.test.ts:4:36)',
      firstError: 'AssertionError: expected 3 to be 4 // Object.is equality (src/a.test.ts:4:36)',
      failing: ['src/a.test.ts > sums > adds two'],
    })
    expect(explainFailure(TSC)).toMatchObject({
      summary: "Type errors in 2 file(s). First: src/a.ts(3,7): error TS2304: Cannot find name 'x'.",
      failing: ['src/a.ts TS2304', 'src/b.ts TS2322'],
    })
  })

  test('says the last line when nothing is recognised, and that nothing was printed', () => {
    expect(explainFailure('working\nit went wrong\n\n')).toEqual({ summary: 'it went wrong', firstError: null, failing: [] })
    expect(explainFailure('').summary).toBe('The command failed and printed nothing.')
  })
})
