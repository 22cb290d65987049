import { posix } from 'node:path'
import type { Attributes } from '../code/file-facts'
import { FactsCollector, keyed, THE_FILE } from '../data/collect-facts'
import type { ExtraFacts, FactsSource } from '../facts-source'
import { containedInFile } from './contained-facts'
import { mentionImage } from './image-name'
import { folderOf, repositoryPath, scriptPaths } from './script-paths'
import { readYaml, unreadable, type YamlValue } from './yaml-documents'

const VARIABLE = /\$\{?([A-Z_][A-Z0-9_]{1,80})/gi

/** Docker Compose: services with what they run, what they need and what they are told. Values of variables are never kept. */
export const compose: FactsSource = {
  id: 'compose',
  claims: (path) => /(?:^|\/)(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml$/i.test(path),
  read({ path, text }): ExtraFacts {
    const { roots, problem } = readYaml(text)
    const [root] = roots
    const services = root?.entriesAt('services') ?? []
    if (problem !== null && services.length === 0) throw unreadable(`line ${problem.line}: ${problem.message}`)
    const facts = new FactsCollector()
    const folder = folderOf(path)
    for (const { name, key, value } of services) if (value !== null) readService(facts, folder, name, key, value)
    for (const { name, key, value } of root?.entriesAt('secrets') ?? []) {
      facts.declare(secretKey(folder, name), 'secret', name, { line: key.line, column: key.column }, `secret ${name}`)
      relatePath(facts, secretKey(folder, name), 'reads', folder, value?.textAt('file') ?? null, key.line, 'secret of a file')
    }
    for (const item of root?.itemsAt('include') ?? []) {
      for (const included of item.text === null ? item.textsAt('path') : [item.text]) {
        const target = repositoryPath(folder, included)
        if (target !== null) facts.relate(THE_FILE, 'depends_on', { is: 'path', path: target }, item.line, 1, 'include')
      }
    }
    for (const [variable, line] of variablesOf(text)) {
      facts.mention(`env_var:${variable}`, 'env_var', variable, { line })
      facts.relate(THE_FILE, 'reads', keyed(`env_var:${variable}`), line, 0.95, 'variable of Compose')
    }
    return containedInFile(
      services.length === 0 ? facts.facts() : facts.facts({ fileAttributes: { compose: services.map(({ name }) => name) } }),
    )
  },
}

/** One file a project as a rule; files beside each other are one project. */
function serviceKey(folder: string, name: string): string {
  return `service:${folder === '' ? '' : `${folder}/`}${name}`
}

function secretKey(folder: string, name: string): string {
  return `secret:${folder === '' ? '' : `${folder}/`}${name}`
}

function readService(facts: FactsCollector, folder: string, name: string, key: YamlValue, service: YamlValue): void {
  const id = serviceKey(folder, name)
  const environment = namesOf(service.at('environment'))
  const image = service.at('image')
  const ports = service.itemsAt('ports').flatMap((port) => port.text ?? portText(port))
  const attributes: Attributes = {
    type: 'compose',
    ports,
    env: environment.map((variable) => variable.name),
    ...(image?.text && { images: [image.text] }),
    ...listed('profiles', service.textsAt('profiles')),
    ...listed('networks', [...service.textsAt('networks'), ...service.entriesAt('networks').map((entry) => entry.name)]),
  }
  facts.declare(id, 'service', name, { line: key.line, endLine: service.endLine, column: key.column }, `service ${name}`, attributes)
  for (const { name: other, line } of [...namesOf(service.at('depends_on')), ...namesOf(service.at('links'))]) {
    facts.relate(keyed(id), 'depends_on', keyed(serviceKey(folder, other.split(':')[0] ?? other)), line, 1, 'depends_on of Compose')
  }
  const imageKey = image?.text ? mentionImage(facts, image.text, image.line) : null
  if (imageKey !== null && image !== null) facts.relate(keyed(id), 'depends_on', keyed(imageKey), image.line, 1, 'image of a service')
  readBuild(facts, folder, id, imageKey, service.at('build'))
  for (const variable of environment) {
    facts.mention(`env_var:${variable.name}`, 'env_var', variable.name, { line: variable.line })
    facts.relate(keyed(id), 'writes', keyed(`env_var:${variable.name}`), variable.line, 0.95, 'environment of a service')
  }
  for (const file of [...service.textsAt('env_file'), ...service.itemsAt('env_file').flatMap((item) => item.textAt('path') ?? [])]) {
    relatePath(facts, id, 'reads', folder, file, service.at('env_file')?.line ?? key.line, 'env_file of a service')
  }
  for (const volume of service.itemsAt('volumes')) {
    const source = volume.text?.split(':')[0] ?? (volume.textAt('type') === 'bind' ? volume.textAt('source') : null)
    if (source?.startsWith('.') === true) relatePath(facts, id, 'reads', folder, source, volume.line, 'volume of a service')
  }
  for (const secret of service.itemsAt('secrets')) {
    const named = secret.text ?? secret.textAt('source')
    if (named !== null) facts.relate(keyed(id), 'reads', keyed(secretKey(folder, named)), secret.line, 1, 'secret of a service')
  }
  for (const field of ['command', 'entrypoint']) {
    const script = service.textsAt(field).join(' ')
    for (const target of scriptPaths(script, folder)) {
      facts.relate(keyed(id), 'references', { is: 'path', path: target }, service.at(field)?.line ?? key.line, 0.7, 'command of a service')
    }
  }
  const extended = service.at('extends')
  const base = extended?.textAt('service') ?? extended?.text ?? null
  const from = extended?.textAt('file') ?? null
  if (extended !== null && base !== null) {
    const where = from === null ? folder : repositoryPath(folder, from)
    if (where !== null) {
      const target = serviceKey(from === null ? folder : folderOf(where), base)
      if (target !== id) facts.relate(keyed(id), 'depends_on', keyed(target), extended.line, 1, 'extends of Compose')
    }
  }
}

function readBuild(facts: FactsCollector, folder: string, id: string, imageKey: string | null, build: YamlValue | null): void {
  if (build === null) return
  const context = build.text ?? build.textAt('context') ?? '.'
  if (/^[a-z]+:\/\/|^git@|\$/.test(context)) return
  const dockerfile = build.textAt('dockerfile') ?? 'Dockerfile'
  const target = repositoryPath(folder, posix.join(context, dockerfile))
  if (target === null) return
  facts.relate(keyed(id), 'depends_on', { is: 'path', path: target }, build.line, 1, 'build of a service')
  if (imageKey !== null) facts.relate(keyed(imageKey), 'depends_on', { is: 'path', path: target }, build.line, 0.95, 'build of an image')
}

/** Names of a list (`NAME=value`, `name`) or the keys of a map. */
function namesOf(value: YamlValue | null): { readonly name: string; readonly line: number }[] {
  if (value === null) return []
  const listed = value.items.flatMap((item) => (item.text === null ? [] : [{ name: item.text.split('=')[0] ?? '', line: item.line }]))
  return [...value.entries.map(({ name, key }) => ({ name, line: key.line })), ...listed]
}

function portText(port: YamlValue): string[] {
  const target = port.textAt('target')
  const published = port.textAt('published')
  return target === null ? [] : [published === null ? target : `${published}:${target}`]
}

function listed(name: string, texts: readonly string[]): Attributes {
  return texts.length === 0 ? {} : { [name]: texts }
}

function relatePath(
  facts: FactsCollector,
  id: string,
  kind: 'reads' | 'references',
  folder: string,
  written: string | null,
  line: number,
  method: string,
): void {
  const path = written === null ? null : repositoryPath(folder, written)
  if (path !== null) facts.relate(keyed(id), kind, { is: 'path', path }, line, 1, method)
}

function variablesOf(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const [index, line] of text.split('\n').entries()) {
    if (!line.includes('$') || /^\s*#/.test(line)) continue
    for (const [, name = ''] of line.replaceAll('$$', '').matchAll(VARIABLE)) if (!found.has(name)) found.set(name, index + 1)
  }
  return found
}
