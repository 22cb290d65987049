import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AgentTask, describeTask, editDistance, parseTask, TASK_FORMS } from './task-language'

const understood = (text: string): AgentTask => {
  const parsed = parseTask(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.reason}`)
  return parsed.task
}

describe('what is understood', () => {
  test.each<[string, AgentTask]>([
    ['rename symbol A to B', { kind: 'rename', name: 'A', newName: 'B', file: null }],
    [
      'Rename `calculateInvoiceTotal` to "invoiceTotal".',
      { kind: 'rename', name: 'calculateInvoiceTotal', newName: 'invoiceTotal', file: null },
    ],
    ['please rename the function A() to B in src/a.ts', { kind: 'rename', name: 'A', newName: 'B', file: 'src/a.ts' }],
    ['rename validate in ./src/auth/a.ts to check', { kind: 'rename', name: 'validate', newName: 'check', file: 'src/auth/a.ts' }],
    ['rename type to kind', { kind: 'rename', name: 'type', newName: 'kind', file: null }],
    ['rename method Repo#get to Repo.load', { kind: 'rename', name: 'Repo.get', newName: 'Repo.load', file: null }],
    ['move symbol A to src/b.ts', { kind: 'move', name: 'A', file: null, toFile: 'src/b.ts' }],
    ['Move A from src/a.ts to the file src/b.ts', { kind: 'move', name: 'A', file: 'src/a.ts', toFile: 'src/b.ts' }],
    ['organise imports in src/**/*.ts', { kind: 'organise-imports', glob: 'src/**/*.ts' }],
    ['ORGANIZE IMPORTS IN src/billing/', { kind: 'organise-imports', glob: 'src/billing/**/*' }],
    ['organize the imports of src/a.ts', { kind: 'organise-imports', glob: 'src/a.ts' }],
    ['apply fix 6133 in src', { kind: 'apply-fix', code: '6133', glob: 'src/**/*' }],
    ['fix TS2304 in "src/my file.ts"', { kind: 'apply-fix', code: '2304', glob: 'src/my file.ts' }],
    ['find references of A', { kind: 'find-references', name: 'A', file: null }],
    ['find all usages of class A in src/a.ts', { kind: 'find-references', name: 'A', file: 'src/a.ts' }],
    ['where is A used?', { kind: 'find-references', name: 'A', file: null }],
    ['trace A to B', { kind: 'trace', from: 'A', to: 'B' }],
    ['trace the path from handle to charge', { kind: 'trace', from: 'handle', to: 'charge' }],
    ['run checks and explain failures', { kind: 'run-checks' }],
    ['Run the tests', { kind: 'run-checks' }],
    ['explain failing tests', { kind: 'run-checks' }],
  ])('%s', (text, task) => {
    expect(understood(text)).toEqual(task)
  })
})

describe('what is not understood is said, and never guessed', () => {
  test.each([
    ['', 'The task is empty.'],
    ['make it faster', '“make” is not the start of a task that is known here.'],
    ['rename A', 'The task ends where “to” and the new name of A was expected.'],
    ['rename A to', 'The task ends where the new name of A was expected.'],
    ['rename A to B and C to D', '“and C to D” was not understood.'],
    ['rename 1a to B', '“1a” is not the name of a symbol; the symbol to rename was expected.'],
    ['move A to elsewhere', '“elsewhere” does not look like a file: it has no extension.'],
    ['move A to ../x.ts', '“../x.ts” is not a path inside the workspace.'],
    ['organise imports', 'The task ends where “in” and the files: organise imports in src/**/*.ts was expected.'],
    ['run away', 'After “run”, “checks and explain failures” was expected.'],
  ])('%s', (text, reason) => {
    expect(parseTask(text)).toMatchObject({ ok: false, reason })
  })

  test('a misspelt verb suggests the whole task', () => {
    expect(parseTask('renmae foo to bar')).toMatchObject({ ok: false, suggestions: ['rename symbol foo to bar', TASK_FORMS.rename] })
  })

  test('a known word elsewhere suggests its form', () => {
    expect(parseTask('clear out unused imports')).toMatchObject({ ok: false, suggestions: [TASK_FORMS['organise-imports']] })
    expect(parseTask('zzz')).toMatchObject({ ok: false, suggestions: Object.values(TASK_FORMS) })
  })
})

const identifier = fc.stringMatching(/^[A-Za-z_$][A-Za-z0-9_$]{0,12}$/)
const path = fc.stringMatching(/^[a-z]{1,8}(\/[a-z ]{1,8}x){0,3}\.ts$/)
const task: fc.Arbitrary<AgentTask> = fc.oneof(
  fc.record({ kind: fc.constant('rename' as const), name: identifier, newName: identifier, file: fc.option(path) }),
  fc.record({ kind: fc.constant('move' as const), name: identifier, file: fc.option(path), toFile: path }),
  fc.record({ kind: fc.constant('organise-imports' as const), glob: path }),
  fc.record({ kind: fc.constant('apply-fix' as const), code: fc.stringMatching(/^[1-9][0-9]{3}$/), glob: path }),
  fc.record({ kind: fc.constant('find-references' as const), name: identifier, file: fc.option(path) }),
  fc.record({ kind: fc.constant('trace' as const), from: identifier, to: identifier }),
)

test('every task reads back from its own description', () => {
  fc.assert(
    fc.property(task, (wanted) => {
      expect(understood(describeTask(wanted))).toEqual(wanted)
    }),
  )
})

test('any text gives an answer, with suggestions where it is not understood', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      const parsed = parseTask(text)
      expect(parsed.ok || (parsed.reason.length > 0 && parsed.suggestions.length > 0)).toBe(true)
    }),
  )
})

test('editDistance counts single changes', () => {
  expect([editDistance('', 'abc'), editDistance('renmae', 'rename'), editDistance('a', 'a')]).toEqual([3, 2, 0])
})
