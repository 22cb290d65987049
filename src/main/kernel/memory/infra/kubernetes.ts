import type { NodeKind } from '../../../../shared/graph'
import type { Attributes } from '../code/file-facts'
import { FactsCollector, keyed, named } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { containedInFile } from './contained-facts'
import { withoutTemplates } from './helm-template'
import { readWorkload } from './kubernetes-workload'
import { readYaml, unreadable, type YamlValue } from './yaml-documents'

/** What the graph calls an object of a kind; the others are `resource`s. */
const KINDS: Readonly<Record<string, NodeKind>> = {
  Service: 'service',
  Deployment: 'deployment',
  StatefulSet: 'deployment',
  DaemonSet: 'deployment',
  ReplicaSet: 'deployment',
  ReplicationController: 'deployment',
  Pod: 'deployment',
  Job: 'deployment',
  CronJob: 'cronjob',
  ConfigMap: 'configmap',
  Secret: 'secret',
  SealedSecret: 'secret',
  ExternalSecret: 'secret',
  Ingress: 'ingress',
  IngressRoute: 'ingress',
  HTTPRoute: 'ingress',
}
const LOOKS_LIKE = /^(?:- |\s{0,4})?kind:\s*["']?[A-Z]\w+/m
const MAX_OBJECTS = 5_000

export interface KubernetesObject {
  readonly value: YamlValue
  readonly type: string
  readonly kind: NodeKind
  readonly key: string
  readonly name: string
  readonly namespace: string
}

/** Manifests of Kubernetes, plain or as templates of Helm. Of secrets only the names of their keys are read. */
export const kubernetes: FactsSource = {
  id: 'kubernetes',
  claims: (path) => /\.ya?ml$/i.test(path),
  read({ path, text }): ExtraFacts {
    const facts = new FactsCollector()
    if (!LOOKS_LIKE.test(text) || !/^(?:- |\s{0,4})?apiVersion:/m.test(text)) return facts.facts()
    const { roots, problem } = readYaml(withoutTemplates(text))
    const objects = roots.flatMap((root) => readObjects(root)).slice(0, MAX_OBJECTS)
    if (objects.length === 0 && problem !== null) throw unreadable(`line ${problem.line}: ${problem.message}`)
    for (const object of objects) readObject(facts, object, objects)
    const namespaces = [...new Set(objects.map(({ namespace }) => namespace))]
    const kinds = [...new Set(objects.map(({ type }) => type))]
    if (objects.length === 0) return facts.facts()
    return containedInFile(
      facts.facts({ fileAttributes: { kubernetes: kinds, namespaces, ...(path.includes('/templates/') && { helm: true }) } }),
    )
  },
}

function readObjects(root: YamlValue): KubernetesObject[] {
  if (root.textAt('kind') === 'List') return root.itemsAt('items').flatMap(readObjects)
  const [type, api, name] = [root.textAt('kind'), root.textAt('apiVersion'), root.textAt('metadata', 'name')]
  if (type === null || api === null || name === null || api.startsWith('kustomize.config.k8s.io')) return []
  const namespace = root.textAt('metadata', 'namespace') ?? 'default'
  const known = /^(?:serving\.knative|.*\.cnrm\.)/.test(api) ? undefined : KINDS[type]
  return [
    known === undefined
      ? { value: root, type, kind: 'resource', key: `resource:${type}/${namespace}/${name}`, name, namespace }
      : { value: root, type, kind: known, key: `${known}:${namespace}/${name}`, name, namespace },
  ]
}

function readObject(facts: FactsCollector, object: KubernetesObject, all: readonly KubernetesObject[]): void {
  const { value, type, kind, key, name, namespace } = object
  const at = value.at('metadata', 'name') ?? value
  const workload = workloadOf(object)
  const running = workload === null ? {} : readWorkload(facts, object, workload)
  const attributes: Attributes = { type, namespace, ...labelsOf(value), ...attributesOf(object), ...running }
  const place = { line: value.line, endLine: value.endLine }
  facts.declare(
    key,
    kind,
    name,
    place,
    `${type} ${namespace}/${name}`,
    attributes,
    value.textAt('metadata', 'annotations', 'description') ?? '',
  )
  if (kind === 'service') readService(facts, object, all)
  else if (kind === 'ingress') readIngress(facts, object)
  else if (type === 'ConfigMap') {
    for (const { name: variable, key: place } of value.entriesAt('data')) {
      if (!/^[A-Z][A-Z0-9_]{2,}$/.test(variable)) continue
      facts.mention(`env_var:${variable}`, 'env_var', variable, { line: place.line, column: place.column })
      facts.relate(keyed(key), 'writes', keyed(`env_var:${variable}`), place.line, 0.8, 'key of a config map')
    }
  }
  const scaled = value.at('spec', 'scaleTargetRef')
  if (scaled !== null) {
    const target = scaled.textAt('name')
    if (target !== null)
      facts.relate(keyed(key), 'depends_on', keyed(`deployment:${namespace}/${target}`), scaled.line, 0.95, 'scale target')
  }
  const account = value.textAt('spec', 'template', 'spec', 'serviceAccountName')
  if (account !== null) {
    facts.relate(keyed(key), 'depends_on', keyed(`resource:ServiceAccount/${namespace}/${account}`), at.line, 0.9, 'service account')
  }
}

/** The pod's specification in whatever runs one. */
function workloadOf({ value, type }: KubernetesObject): YamlValue | null {
  if (type === 'Pod') return value.at('spec')
  if (type === 'CronJob') return value.at('spec', 'jobTemplate', 'spec', 'template', 'spec')
  return value.at('spec', 'template', 'spec', 'containers') === null ? null : value.at('spec', 'template', 'spec')
}

function labelsOf(value: YamlValue): Attributes {
  const labels = value.entriesAt('metadata', 'labels').flatMap(({ name, value: label }) => (label?.text ? [`${name}=${label.text}`] : []))
  return labels.length === 0 ? {} : { labels: labels.slice(0, 20) }
}

function attributesOf({ value, type, kind }: KubernetesObject): Attributes {
  if (kind === 'configmap') return { keys: keysOf(value, 'data', 'binaryData') }
  if (type === 'ExternalSecret') return { keys: value.itemsAt('spec', 'data').flatMap((item) => item.textAt('secretKey') ?? []) }
  if (type === 'SealedSecret') return { keys: value.entriesAt('spec', 'encryptedData').map(({ name }) => name) }
  if (kind === 'secret') return { keys: keysOf(value, 'data', 'stringData'), ...texts('secretType', value.textAt('type')) }
  if (kind === 'service') {
    const ports = value.itemsAt('spec', 'ports').flatMap((port) => portText(port))
    return { ports, ...texts('serviceType', value.textAt('spec', 'type')) }
  }
  if (kind === 'cronjob')
    return { ...texts('schedule', value.textAt('spec', 'schedule')), ...texts('suspend', value.textAt('spec', 'suspend')) }
  if (kind === 'ingress') {
    const hosts = [...value.itemsAt('spec', 'rules').map((rule) => rule.textAt('host')), ...value.textsAt('spec', 'hostnames')]
    return { hosts: hosts.flatMap((host) => host ?? []), ...texts('class', value.textAt('spec', 'ingressClassName')) }
  }
  const replicas = value.textAt('spec', 'replicas')
  return replicas === null ? {} : { replicas: /^\d+$/.test(replicas) ? Number(replicas) : replicas }
}

function texts(name: string, text: string | null): Attributes {
  return text === null ? {} : { [name]: text }
}

function keysOf(value: YamlValue, ...fields: readonly string[]): string[] {
  return fields.flatMap((field) => value.entriesAt(field).map(({ name }) => name))
}

function portText(port: YamlValue): string[] {
  const number = port.textAt('port') ?? port.text
  const target = port.textAt('targetPort')
  return number === null ? [] : [target === null || target === number ? number : `${number}:${target}`]
}

function readService(facts: FactsCollector, service: KubernetesObject, all: readonly KubernetesObject[]): void {
  const selector = service.value.at('spec', 'selector')
  const wanted = (selector?.entries ?? []).flatMap(({ name, value }) => (value?.text ? [[name, value.text] as const] : []))
  if (selector === null || wanted.length === 0) return
  const matching = all.filter(({ value, type, kind, namespace }) => {
    if (kind !== 'deployment' || namespace !== service.namespace) return false
    const labels = type === 'Pod' ? value.at('metadata', 'labels') : value.at('spec', 'template', 'metadata', 'labels')
    return wanted.every(([name, text]) => labels?.textAt(name) === text)
  })
  for (const { key } of matching) facts.relate(keyed(service.key), 'depends_on', keyed(key), selector.line, 0.95, 'selector')
  if (matching.length > 0) return
  // Pods are labelled with the name of what runs them as a rule.
  for (const label of ['app', 'app.kubernetes.io/name', 'name', 'app.kubernetes.io/instance', 'component']) {
    const name = wanted.find(([wantedLabel]) => wantedLabel === label)?.[1]
    if (name === undefined) continue
    facts.relate(keyed(service.key), 'depends_on', named(name, 'deployment'), selector.line, 0.6, 'selector by name')
    return
  }
}

function readIngress(facts: FactsCollector, { value, key, namespace }: KubernetesObject): void {
  const target = (name: string | null, line: number): void => {
    if (name !== null) facts.relate(keyed(key), 'depends_on', keyed(`service:${namespace}/${name}`), line, 0.95, 'ingress rule')
  }
  const backend = (at: YamlValue | null): void => {
    if (at !== null) target(at.textAt('service', 'name') ?? at.textAt('serviceName'), at.line)
  }
  backend(value.at('spec', 'defaultBackend') ?? value.at('spec', 'backend'))
  for (const rule of value.itemsAt('spec', 'rules')) {
    for (const path of rule.itemsAt('http', 'paths')) backend(path.at('backend'))
    for (const reference of rule.itemsAt('backendRefs')) target(reference.textAt('name'), reference.line)
  }
  for (const route of value.itemsAt('spec', 'routes')) {
    for (const service of route.itemsAt('services')) target(service.textAt('name'), service.line)
  }
  for (const tls of value.itemsAt('spec', 'tls')) {
    const secret = tls.textAt('secretName')
    if (secret !== null) facts.relate(keyed(key), 'reads', keyed(`secret:${namespace}/${secret}`), tls.line, 0.95, 'certificate')
  }
}
