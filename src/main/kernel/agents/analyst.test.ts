import { describe, expect, test } from 'vitest'
import type { GraphEdge, GraphNode } from '../../../shared/graph'
import { RecordingAgentApi, type RecordingOptions } from '../testing/recording-agent-api'
import { sampleFiles } from '../testing/sample-files'
import { failedTests, failurePlaces } from './analyses/failure-places'
import { shortestPath } from './analyses/trace-path'
import { analyst } from './analyst'

const SAMPLE = sampleFiles()

async function run(options: Partial<RecordingOptions> & { task: string }) {
  const api = new RecordingAgentApi({ files: SAMPLE, ...options })
  const result = await analyst.run(api)
  expect(Object.fromEntries(api.files)).toEqual(options.files ?? SAMPLE)
  return { api, result }
}

test('references come by file, sources before tests, each with what it does', async () => {
  const { api, result } = await run({ task: 'find references of applyDiscount' })
  expect(result).toEqual({
    ok: true,
    summary: 'applyDiscount (function, src/billing/discount.ts:4): 4 references in 2 files (2 import, 2 call).',
  })
  expect(api.messages).toContain('- src/billing/calculate-total.ts:23 call: const net = applyDiscount(sum, planNamed(plan).discount)')
  expect(api.messages.indexOf('calculate-total.ts')).toBeLessThan(api.messages.indexOf('money.test.ts (test)'))
  expect(api.of('remember')[0]).toMatchObject(['references:applyDiscount', 'References of applyDiscount', expect.any(String), 'references'])
})

test('a task that changes files is sent on', async () => {
  const { api, result } = await run({ task: 'rename A to B' })
  expect(result.ok).toBe(false)
  expect(api.messages).toContain('“rename symbol A to B” changes files: it is a task for the agent refactorer.')
})

describe('trace', () => {
  const node = (name: string, path: string): GraphNode => ({
    id: `${path}#${name}`,
    kind: 'function',
    name,
    path,
    startLine: 1,
    endLine: 9,
    nameLine: 1,
    nameColumn: 0,
    exported: true,
    signature: '',
  })
  const edge = (from: GraphNode, to: GraphNode, kind: GraphEdge['kind'] = 'calls', confidence = 1): GraphEdge => ({
    from: from.id,
    to: to.id,
    kind,
    confidence,
    method: 'import',
    line: 5,
  })
  const [a, b, c] = [node('a', 'a.ts'), node('b', 'b.ts'), node('c', 'c.ts')]
  const find = (args: Record<string, unknown>) => ({ nodes: [a, b, c].filter((one) => one.name === args['query']) })

  test('each hop has its file and line', async () => {
    const path = () => ({ nodes: [a, b, c], edges: [edge(a, b), edge(b, c, 'maybe_calls', 0.4)], truncated: false })
    const { api, result } = await run({ task: 'trace a to c', tools: { 'memory.find': find, 'memory.path': path } })
    expect(result).toEqual({ ok: true, summary: 'a reaches c in 2 hops.' })
    expect(api.messages).toContain(
      '1. a at a.ts:1\n2. calls b in a.ts:5, declared at b.ts:1\n3. perhaps calls c in b.ts:5, declared at c.ts:1',
    )
    expect(api.of('focusOn')).toEqual([[['a.ts', 'c.ts', 'b.ts']]])
  })

  test('what the index does not know is traced by the language server', async () => {
    const { api, result } = await run({ task: 'trace handleCreateInvoice to chargeUser' })
    expect(result).toEqual({ ok: true, summary: 'handleCreateInvoice reaches chargeUser in 2 hops.' })
    expect(api.messages).toContain('2. calls createInvoice in src/gateway/handlers.ts:17, declared at src/invoices/invoice-service.ts:22')
    expect(api.messages).toMatch(/3\. calls chargeUser in src\/invoices\/invoice-service\.ts:\d+, declared at src\/billing\/charge\.ts:7/)
  })

  test('no path is said, with the one that leads the other way', async () => {
    const { api, result } = await run({ task: 'trace chargeUser to handleCreateInvoice' })
    expect(result.ok).toBe(false)
    expect(api.messages).toContain('No path of calls or imports leads from chargeUser to handleCreateInvoice within 8 hops.')
    expect(api.messages).toContain('There is one the other way, from handleCreateInvoice to chargeUser:')
  })

  test('the surest of the shortest paths is taken', () => {
    const edges = [edge(a, b, 'maybe_calls', 0.3), edge(b, c), edge(a, c, 'calls', 0.2), edge(a, c, 'imports', 0.9)]
    expect(shortestPath({ nodes: [a, b, c], edges, truncated: false }, a.id, c.id)).toEqual([edge(a, c, 'imports', 0.9)])
    expect(shortestPath({ nodes: [a, b, c], edges, truncated: false }, c.id, a.id)).toBeNull()
  })
})

describe('run checks', () => {
  const check = (name: 'tests' | 'types' | 'lint', command: string | null) => ({
    check: name,
    state: 'passed' as const,
    command,
    detail: command === null ? 'no such script' : '',
    durationMs: 1,
    score: 1,
  })
  const judge = () => ({
    judge: 'checks',
    score: 1,
    passed: true,
    checks: [check('tests', 'npm test'), check('types', 'tsc'), check('lint', null)],
  })
  const shell = (answers: Record<string, { exitCode: number; output: string }>) => (args: Record<string, unknown>) => ({
    session: 's',
    truncated: false,
    cwd: '/workspace',
    timedOut: false,
    ...answers[String(args['command'])],
  })

  test('a failure is shown with its place, also when the base fails too', async () => {
    const output =
      '✖ the discount is taken before tax (1.2ms)\n    at TestContext.<anonymous> (file:///workspace/src/billing/calculate-total.test.ts:13:10)\n'
    const tools = { 'shell.run': shell({ 'npm test': { exitCode: 1, output }, tsc: { exitCode: 127, output: 'tsc: not found' } }) }
    const { api, result } = await run({ task: 'run checks and explain failures', judge, tools })
    expect(result).toEqual({ ok: false, summary: 'tests failed.' })
    expect(api.messages).toContain('- types (`tsc`): not available')
    expect(api.messages).toContain('- lint: not available, no such script')
    expect(api.messages).toContain('Failed: the discount is taken before tax.')
    expect(api.messages).toMatch(/src\/billing\/calculate-total\.test\.ts:13[^]*>   13 /)
    expect(api.of('remember')[0]?.[3]).toBe('error')
  })

  test('no check at all is not a success', async () => {
    const { result } = await run({
      task: 'run checks',
      judge: () => ({ judge: 'checks', score: null, passed: false, checks: [check('lint', null)] }),
    })
    expect(result).toEqual({ ok: false, summary: 'No check is available in this workspace.' })
  })
})

test('places are read from the output of compilers, linters and test runners', () => {
  const output = [
    "src/a.ts(3,5): error TS2304: Cannot find name 'x'.",
    '\u001b[96msrc/b.ts\u001b[0m:\u001b[93m4\u001b[0m:5 - error TS1: bad',
    'src/c.ts:7 no-console: use the logger',
    '    at run (file:///workspace/src/d.ts:8:1)',
    ' ❯ src/e.test.ts:9:3',
    '    at node:internal/modules:1:1',
    '    at x (/workspace/node_modules/y/z.js:1:1)',
  ].join('\n')
  expect(failurePlaces(output)).toEqual([
    { path: 'src/a.ts', line: 3, message: "error TS2304: Cannot find name 'x'." },
    { path: 'src/b.ts', line: 4, message: 'error TS1: bad' },
    { path: 'src/c.ts', line: 7, message: 'no-console: use the logger' },
    { path: 'src/d.ts', line: 8, message: '' },
    { path: 'src/e.test.ts', line: 9, message: '' },
  ])
})

test('names of failed tests are read from several runners', () => {
  expect(failedTests('✖ adds up (0.5ms)\n✖ failing tests:\nnot ok 2 - subtracts\n × divides 3ms\n✔ fine')).toEqual([
    'adds up',
    'subtracts',
    'divides',
  ])
})
