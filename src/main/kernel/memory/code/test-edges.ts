import type { GraphEdge } from '../../../../shared/graph'
import type { KnownFile } from './name-resolution'

const TEST_PATH =
  /(?:^|\/)(?:__tests__|__mocks__|tests?|testing|spec)\/|(?:^|[._/-])(?:test|spec)\.[^/]+$|_test\.[^/]+$|(?:^|\/)(?:test_[^/]*|conftest)\.py$/

/** Whether a file belongs to the tests, by its path alone. */
export function isTestPath(path: string): boolean {
  return TEST_PATH.test(path)
}

/**
 * What the tests of a file exercise: what they call or make in code that is no test (.9 of the call's confidence), what they hand on (.7), and,
 * for the file as a whole, the names that it imports from such code (.6).
 */
export function testEdges(file: KnownFile, edges: readonly GraphEdge[], isTest: (key: string) => boolean): GraphEdge[] {
  const tests = file.facts.symbols.filter((symbol) => symbol.test === true)
  if (tests.length === 0) return []
  const keys = new Set(tests.map((symbol) => `${file.path}#${symbol.key}`))
  const found: GraphEdge[] = []
  for (const edge of edges) {
    const rule = edge.from === file.path ? importRule(edge) : keys.has(testOf(edge.from, keys)) ? callRule(edge) : null
    if (rule === null || isTest(edge.to) || edge.to.startsWith(`${file.path}#`)) continue
    found.push({ ...edge, from: edge.from === file.path ? edge.from : testOf(edge.from, keys), kind: 'tests', ...rule })
  }
  return found
}

/** The test that a symbol is or lies in: methods of a test class are tests of their own. */
function testOf(key: string, keys: ReadonlySet<string>): string {
  if (keys.has(key)) return key
  const dot = key.lastIndexOf('.')
  return dot > key.indexOf('#') && keys.has(key.slice(0, dot)) ? key.slice(0, dot) : key
}

function callRule(edge: GraphEdge): Pick<GraphEdge, 'confidence' | 'method'> | null {
  if (edge.kind === 'calls' && edge.method !== 'construction') return { confidence: 0.9 * edge.confidence, method: 'called by the test' }
  if (edge.kind === 'references' && edge.method === 'passed as a value') return { confidence: 0.7, method: 'handed on by the test' }
  return null
}

function importRule(edge: GraphEdge): Pick<GraphEdge, 'confidence' | 'method'> | null {
  return edge.kind === 'references' && edge.method === 'import' ? { confidence: 0.6, method: 'imported by the file of tests' } : null
}
