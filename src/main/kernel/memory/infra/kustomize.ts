import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { containedInFile } from './contained-facts'
import { mentionImage } from './image-name'
import { folderOf, repositoryPath } from './script-paths'
import { readYaml, unreadable, type YamlValue } from './yaml-documents'

const LISTS = ['resources', 'bases', 'components', 'patchesStrategicMerge', 'configurations', 'crds', 'generators', 'transformers']

/** kustomization.yaml: the files and folders that it puts together, and what it generates. */
export const kustomize: FactsSource = {
  id: 'kustomize',
  claims: (path) => /(?:^|\/)kustomization(?:\.ya?ml)?$/i.test(path),
  read({ path, text }): ExtraFacts {
    const facts = new FactsCollector()
    const { roots, problem } = readYaml(text)
    const [root] = roots
    if (root === undefined || (problem !== null && !root.isMap))
      throw unreadable(problem === null ? 'it is empty' : `line ${problem.line}: ${problem.message}`)
    const folder = folderOf(path)
    const namespace = root.textAt('namespace') ?? 'default'
    for (const list of LISTS) for (const item of root.itemsAt(list)) use(facts, folder, item.text, item.line, list)
    for (const list of ['patches', 'patchesJson6902', 'replacements']) {
      for (const patch of root.itemsAt(list)) use(facts, folder, patch.textAt('path') ?? patch.text, patch.line, 'patch')
    }
    for (const [list, kind] of [
      ['configMapGenerator', 'configmap'],
      ['secretGenerator', 'secret'],
    ] as const) {
      for (const made of root.itemsAt(list)) generate(facts, folder, namespace, made, kind)
    }
    for (const image of root.itemsAt('images')) {
      const written = `${image.textAt('newName') ?? image.textAt('name') ?? ''}${image.textAt('newTag') === null ? '' : `:${image.textAt('newTag')}`}`
      const key = mentionImage(facts, written, image.line)
      if (key !== null) facts.relate(THE_FILE, 'depends_on', keyed(key), image.line, 0.95, 'image of a kustomization')
    }
    return containedInFile(facts.facts({ fileAttributes: { kustomize: true, namespace } }))
  },
}

function use(facts: FactsCollector, folder: string, written: string | null, line: number, method: string): void {
  const path = written === null ? null : repositoryPath(folder, written)
  if (path === null) return
  // A folder stands for the kustomization in it.
  const isFile = /\.(?:ya?ml|json|env|properties|txt|conf)$/i.test(path)
  for (const target of isFile ? [path] : [`${path}/kustomization.yaml`, `${path}/kustomization.yml`]) {
    facts.relate(THE_FILE, 'depends_on', { is: 'path', path: target }, line, 1, method)
  }
}

function generate(facts: FactsCollector, folder: string, namespace: string, made: YamlValue, kind: 'configmap' | 'secret'): void {
  const name = made.textAt('name')
  if (name === null) return
  const key = `${kind}:${made.textAt('namespace') ?? namespace}/${name}`
  const files = made.textsAt('files').map((file) => file.split('='))
  const keys = [...made.textsAt('literals').map((literal) => literal.split('=')[0] ?? ''), ...files.map(([first = '']) => first)]
  facts.declare(key, kind, name, { line: made.line, endLine: made.endLine }, `${kind} ${name}`, { generated: true, namespace, keys })
  const named = [...files.map((parts) => parts.at(-1) ?? ''), ...made.textsAt('envs'), ...made.textsAt('env')]
  for (const file of named) {
    const path = repositoryPath(folder, file)
    if (path !== null) facts.relate(keyed(key), 'reads', { is: 'path', path }, made.line, 1, 'generated from a file')
  }
}
