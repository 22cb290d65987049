import type { GraphEdge } from '../../../../shared/graph'
import type { FlowFact, FlowPoint } from './file-facts'
import { variableKey } from './flow-facts'
import type { Found, KnownFile, NameResolution } from './name-resolution'

/**
 * Ways of values as the graph has them: edges of kind `flows_to`, each owned by the file in which the value moves, at the line where it does.
 *
 * *Nodes.* All are ordinary nodes of the graph.
 * - A parameter or a local variable: kind `variable`, key `PATH#FUNCTION(NAME)`, as `src/bill.ts#Invoice.total(country)`; in code of the module
 *   that is in no function `PATH#(NAME)`. Parameters all have one, local variables only when some way leads from or to them. Variables of the same name in the same function
 *   (a block, a callback) are one node. It has no `contains` edge; its `name` is the variable's.
 * - What a function returns: the node of the function or method itself, `PATH#FUNCTION`.
 * - A variable of a module: its own symbol, `PATH#NAME`.
 * - A property whose type is known and of the repository: its own symbol, `PATH#Type.NAME` (kinds `property`, `method` for an accessor).
 * - A property of something unknown: `property:NAME`, kind `property`, tied to no file, for every file that says so with `declared` 0. All values
 *   that are ever put into any property of that name come together there: a query should pass through it only when NAME is (a spelling of)
 *   what is asked for, and may take it as the same place as every `Type.NAME`.
 *
 * *Edges*, from where the value is to where it goes; `method` says how:
 * - `argument to parameter`: value, or the function whose result is handed on, to `PATH#CALLEE(PARAM)`. Confidence is that of the call's resolution.
 * - `returned`: value to the function that returns it. 1.
 * - `result of a call`: function to the variable, property or parameter that gets what it returns. Confidence of the call's resolution.
 * - `assignment`: variable to variable. 1.
 * - `property written`, `property read`: .9 with a known type, .4 for `property:NAME`.
 * - `part of a value`: only a part of what the target holds: an element, a template string, an object literal's entry, a spread. .8 of the above.
 * - `same member of the base`: parameter of a base's or interface's member to that of the member that overrides it, and back what it returns. .7.
 * - `through NAME`: in and out of a call of code outside of the repository (`String(userId)`, `userId.trim()`). .5.
 */
const BY_NAME_ONLY = 0.4
const TYPED = 0.9
const THROUGH = 0.5
const PARTIAL = 0.8
const OVERRIDDEN = 0.7

/** Where a point lies in the graph. */
interface Place {
  readonly id: string
  readonly confidence: number
  readonly what: 'variable' | 'return' | 'parameter' | 'result' | 'property'
}

/** The edges of one file's ways; those whose ends the repository does not have are left out. */
export function linkFlows(file: KnownFile, meaning: NameResolution): GraphEdge[] {
  const edges: GraphEdge[] = []
  for (const flow of file.facts.flows ?? []) {
    const edge = flowEdge(file, flow, meaning)
    if (edge !== null) edges.push(edge)
  }
  return edges
}

function flowEdge(file: KnownFile, flow: FlowFact, meaning: NameResolution): GraphEdge | null {
  const { through } = flow
  if (through !== undefined && through.is !== 'unknown' && meaning.valueOf(file.path, through) !== null) return null
  const from = place(file, flow.from, meaning)
  const to = from === null ? null : place(file, flow.to, meaning)
  if (from === null || to === null || from.id === to.id) return null
  let confidence = Math.min(from.confidence, to.confidence)
  let method = methodOf(from, to)
  if (flow.partial === true) {
    confidence *= PARTIAL
    method = 'part of a value'
  }
  if (through !== undefined) {
    confidence = Math.min(confidence, THROUGH)
    method = `through ${through.is === 'name' || through.is === 'member' ? through.name : 'a call'}`
  }
  return { from: from.id, to: to.id, kind: 'flows_to', confidence, method, line: flow.line }
}

function methodOf(from: Place, to: Place): string {
  if (to.what === 'parameter') return 'argument to parameter'
  if (to.what === 'property') return 'property written'
  if (from.what === 'property') return 'property read'
  if (to.what === 'return') return 'returned'
  return from.what === 'result' ? 'result of a call' : 'assignment'
}

function place(file: KnownFile, point: FlowPoint, meaning: NameResolution): Place | null {
  switch (point.is) {
    case 'variable': {
      const key = variableKey(file.path, point.of, point.name)
      if (file.entities.has(key)) return { id: key, confidence: 1, what: 'variable' }
      return point.of === '' ? moduleVariable(meaning.valueOf(file.path, { is: 'name', name: point.name }), meaning) : null
    }
    case 'return':
      return point.of === '' ? null : { id: `${file.path}#${point.of}`, confidence: 1, what: 'return' }
    case 'result': {
      const found = meaning.valueOf(file.path, point.callee)
      const kind = found === null ? undefined : meaning.symbolAt(found)?.kind
      if (found === null || (kind !== 'function' && kind !== 'method')) return null
      return { id: `${found.path}#${found.key}`, confidence: found.confidence, what: 'result' }
    }
    case 'argument':
      return parameter(file, point, meaning)
    case 'property': {
      const found = meaning.valueOf(file.path, { is: 'member', of: point.of, name: point.name })
      const kind = found === null ? undefined : meaning.symbolAt(found)?.kind
      if (found !== null && found.key !== '' && (kind === 'property' || kind === 'variable'))
        return { id: `${found.path}#${found.key}`, confidence: Math.min(TYPED, found.confidence), what: 'property' }
      if (kind !== undefined || !file.entities.has(`property:${point.name}`)) return null
      return { id: `property:${point.name}`, confidence: BY_NAME_ONLY, what: 'property' }
    }
  }
}

function moduleVariable(found: Found | null, meaning: NameResolution): Place | null {
  const kind = found === null ? undefined : meaning.symbolAt(found)?.kind
  if (found === null || (kind !== 'variable' && kind !== 'property')) return null
  return { id: `${found.path}#${found.key}`, confidence: found.confidence, what: 'variable' }
}

function parameter(file: KnownFile, point: FlowPoint & { readonly is: 'argument' }, meaning: NameResolution): Place | null {
  const callee = point.callee.is === 'super' ? meaning.typeOf(file.path, point.callee) : meaning.valueOf(file.path, point.callee)
  if (callee === null || callee.key === '') return null
  const target = meaning.symbolAt(callee)?.kind === 'class' ? constructorOf(callee, meaning) : callee
  const symbol = target === null ? undefined : meaning.symbolAt(target)
  if (target === null || symbol?.parameters === undefined) return null
  const { parameters } = symbol
  const last = parameters.at(-1)
  // `...rest` and `*args` take all that come after.
  const rest = last?.startsWith('...') === true ? last : undefined
  const name = typeof point.at === 'string' ? parameters.find((known) => known === point.at) : (parameters[point.at] ?? rest)
  if (name === undefined) return null
  const key = parameterKey(target, name, meaning)
  return key === null ? null : { id: key, confidence: callee.confidence, what: 'parameter' }
}

/** Null where ways of values are not read: in other languages and in tests. */
function parameterKey({ path, key }: Found, parameter: string, meaning: NameResolution): string | null {
  const name = parameter.replace(/^\.\.\./, '')
  return name === '' || meaning.known(path)?.facts.flows === undefined ? null : variableKey(path, key, name)
}

/** What goes into a member of a base or interface goes into the one that stands for it, and what that returns comes out. */
export function overridingFlows(base: Found, own: Found, meaning: NameResolution, line: number): GraphEdge[] {
  const wanted = meaning.symbolAt(base)?.parameters ?? []
  const given = meaning.symbolAt(own)?.parameters ?? []
  const edges: GraphEdge[] = []
  const edge = (from: string | null, to: string | null): void => {
    if (from !== null && to !== null)
      edges.push({ from, to, kind: 'flows_to', confidence: OVERRIDDEN, method: 'same member of the base', line })
  }
  for (const [at, parameter] of wanted.entries()) {
    const other = given[at]
    if (other !== undefined) edge(parameterKey(base, parameter, meaning), parameterKey(own, other, meaning))
  }
  if (edges.length > 0) edge(`${own.path}#${own.key}`, `${base.path}#${base.key}`)
  return edges
}

function constructorOf(type: Found, meaning: NameResolution): Found | null {
  return meaning.memberOf(type, 'constructor') ?? meaning.memberOf(type, '__init__')
}
