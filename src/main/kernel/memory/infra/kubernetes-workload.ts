import type { NodeKind } from '../../../../shared/graph'
import type { Attributes } from '../code/file-facts'
import { type FactsCollector, keyed } from '../data/collect-facts'
import { mentionImage } from './image-name'
import type { KubernetesObject } from './kubernetes'
import type { YamlValue } from './yaml-documents'

/** Containers of a pod: the configuration and secrets that they are given as relations, their images, ports and variables as attributes. */
export function readWorkload(facts: FactsCollector, object: KubernetesObject, pod: YamlValue): Attributes {
  const { key, namespace } = object
  const containers = [...pod.itemsAt('containers'), ...pod.itemsAt('initContainers')]
  const reads = (what: NodeKind, named: string | null, line: number, method: string): void => {
    if (named !== null) facts.relate(keyed(key), 'reads', keyed(`${what}:${namespace}/${named}`), line, 0.95, method)
  }
  const [images, ports, variables]: [string[], string[], string[]] = [[], [], []]
  for (const container of containers) {
    const image = container.at('image')
    if (image?.text) {
      images.push(image.text)
      const imageKey = mentionImage(facts, image.text, image.line)
      if (imageKey !== null) facts.relate(keyed(key), 'depends_on', keyed(imageKey), image.line, 1, 'image of a container')
    }
    ports.push(...container.itemsAt('ports').flatMap((port) => port.textAt('containerPort') ?? []))
    for (const variable of container.itemsAt('env')) {
      const set = variable.textAt('name')
      if (set === null) continue
      variables.push(set)
      facts.mention(`env_var:${set}`, 'env_var', set, { line: variable.line, column: variable.column })
      facts.relate(keyed(key), 'writes', keyed(`env_var:${set}`), variable.line, 0.95, 'environment of a container')
      reads('configmap', variable.textAt('valueFrom', 'configMapKeyRef', 'name'), variable.line, 'value of a variable')
      reads('secret', variable.textAt('valueFrom', 'secretKeyRef', 'name'), variable.line, 'value of a variable')
    }
    for (const from of container.itemsAt('envFrom')) {
      reads('configmap', from.textAt('configMapRef', 'name'), from.line, 'environment of a container')
      reads('secret', from.textAt('secretRef', 'name'), from.line, 'environment of a container')
    }
  }
  for (const volume of pod.itemsAt('volumes')) {
    for (const source of [volume, ...volume.itemsAt('projected', 'sources')]) {
      reads('configmap', source.textAt('configMap', 'name'), source.line, 'volume')
      reads('secret', source.textAt('secret', 'secretName') ?? source.textAt('secret', 'name'), source.line, 'volume')
    }
    const claim = volume.textAt('persistentVolumeClaim', 'claimName')
    if (claim !== null) {
      const claimed = keyed(`resource:PersistentVolumeClaim/${namespace}/${claim}`)
      facts.relate(keyed(key), 'depends_on', claimed, volume.line, 0.95, 'volume')
    }
  }
  for (const pull of pod.itemsAt('imagePullSecrets')) reads('secret', pull.textAt('name'), pull.line, 'image pull secret')
  return { images, ports, env: variables }
}
