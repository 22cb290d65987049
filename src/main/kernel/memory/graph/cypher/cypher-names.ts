import { EdgeKind, NodeKind } from '../../../../../shared/graph'
import { didYouMean } from './cypher-failure'

const CODE: readonly NodeKind[] = [
  ...(['function', 'class', 'method', 'variable', 'type', 'interface', 'enum', 'property', 'test', 'module'] as const),
]
/** Labels for more than one kind. */
const GROUPS: Readonly<Record<string, readonly NodeKind[] | null>> = {
  entity: null,
  node: null,
  code: CODE,
  symbol: CODE,
  data: ['table', 'column', 'index', 'migration', 'schema'],
  infra: ['service', 'deployment', 'configmap', 'secret', 'ingress', 'cronjob', 'image', 'resource', 'pipeline'],
  config: ['env_var', 'feature_flag', 'yaml', 'json', 'toml', 'package'],
  docs: ['adr', 'rfc', 'runbook', 'readme', 'changelog', 'doc'],
  people: ['owner', 'reviewer', 'oncall', 'author'],
}

const plain = (name: string) => name.toLowerCase().replace(/[_\-\s]/g, '')
const NODE_KINDS = new Map(NodeKind.options.map((kind) => [plain(kind), kind]))
const EDGE_KINDS = new Map(EdgeKind.options.map((kind) => [plain(kind), kind]))

/** The kinds that a label means, null for all; undefined when there is no such label. `Function`, `FUNCTION`, `EnvVar`, `env_var` are the same. */
export function kindsOfLabel(label: string): readonly NodeKind[] | null | undefined {
  const kind = NODE_KINDS.get(plain(label))
  if (kind !== undefined) return [kind]
  return Object.hasOwn(GROUPS, plain(label)) ? GROUPS[plain(label)] : undefined
}

export function kindOfType(type: string): EdgeKind | undefined {
  return EDGE_KINDS.get(plain(type))
}

export function labelHint(label: string): string {
  const labels = [...NodeKind.options.map(labelOf), 'Entity', 'Code', 'Data', 'Infra', 'Config', 'Docs', 'People']
  return didYouMean(label, labels) ?? `Labels are ${labels.slice(0, 12).join(', ')}, ...`
}

export function typeHint(type: string): string {
  return didYouMean(type, EdgeKind.options.map(typeOf)) ?? `Types of relationships are ${EdgeKind.options.map(typeOf).join(', ')}.`
}

/** `env_var` is `EnvVar`. */
export function labelOf(kind: NodeKind): string {
  return kind
    .split('_')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')
}

export function typeOf(kind: EdgeKind): string {
  return kind.toUpperCase()
}
